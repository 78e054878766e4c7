"""Finite numbers: inputs and losses that are not are told once, with the place where it began."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from flintglass import config
from flintglass.engines.engine import engine
from flintglass.errors import NotFinite, warn
from flintglass.program import Program
from flintglass.program.notation import expression
from flintglass.tracing.exposing import exposed
from flintglass.tracing.trace import Traced

_ADVICE = "A smaller learning rate, scaled inputs, or clipnorm= in the optimizer usually help"

_REASONS = {
    "log": "The logarithm takes numbers above 0: add a small one, or clip what it is taken of",
    "sqrt": "The square root takes numbers from 0 up: clip what it is taken of",
    "divide": "A divisor is 0, or nearly so: add a small number to the divisor, or use divide_no_nan",
}


def tell(message: str) -> None:
    """Warn or raise, as ``config.set_nan`` says."""
    if config.nan() == "raise":
        raise NotFinite(message)
    if config.nan() == "warn":
        warn(message, RuntimeWarning)


def forget_told(model: Any) -> None:
    """Warn of the next number that is not finite again."""
    for name in ("_told_inputs", "_told_loss"):
        object.__setattr__(model, name, False)


def _told(model: Any, name: str) -> bool:
    """True where nobody wants to hear of it (again)."""
    return config.nan() == "ignore" or (config.nan() == "warn" and getattr(model, name, False))


def check_inputs(model: Any, feed: Any) -> None:
    """Say, once for a model, where the first number of the data lies that is not finite."""
    if _told(model, "_told_inputs"):
        return
    for name, array in feed.named():
        if array.dtype.kind != "f":
            continue
        # A sum is finite where all are, but for overflow; only then is the array searched.
        with np.errstate(all="ignore"):
            if np.isfinite(array.sum(dtype="float64")):
                continue
        wrong = np.argwhere(~np.isfinite(array))
        if not len(wrong):
            continue
        position = tuple(int(i) for i in wrong[0])
        object.__setattr__(model, "_told_inputs", True)
        if feed.y:
            object.__setattr__(model, "_told_loss", True)  # why it will not be finite is known
        where = f"row {position[0]}" + (f", column {position[1]}" if len(position) > 1 else "")
        tell(
            f"{name} holds {array[position]} at {where} ({len(wrong)} such numbers in all); losses and weights "
            "will become nan from it. Remove or replace these rows, for example with np.nan_to_num"
        )
        return


# Copying a state takes about as long as a step on it where the weights are many and the batch is small.
MANY_STEPS, LITTLE_STATE = 20, 32 << 20


class LossWatch:
    """Watches the losses of the steps, and the weights; the first that is not finite is traced to its line.

    Steps are functions of state and batch alone, so an epoch that went wrong is repeated from its start,
    one step after the other, until the numbers are there that spoiled it.
    """

    def __init__(self, model: Any, steps: Any, place: str = "fit", count: int = 0) -> None:
        """count: how many steps an epoch has; 0 where nobody knows."""
        self.model = model
        self.steps = steps
        self._count = count
        self._snapshot: dict[int, np.ndarray] | None = None
        self._bad_step: int | None = None
        self._place = place
        self._weights: list[Any] | None = None  # those that a step changes; found when first needed

    @property
    def listens(self) -> bool:
        """True where the losses of the steps matter to somebody."""
        return not _told(self.model, "_told_loss")

    def begin_epoch(self, place: str) -> None:
        """Keep a copy of the state, from which a bad step can be reached again."""
        self._place = place
        self._bad_step = None
        kept = self.listens and self._keeps()
        self._snapshot = {id(v): v.storage.copy() for v in self.steps.variables} if kept else None

    def _keeps(self) -> bool:
        """False where a copy of the state would cost more than it is worth: much state, and few steps on it."""
        if config.nan() == "raise" or self._count == 0 or self._count >= MANY_STEPS:
            return True
        return sum(variable.storage.nbytes for variable in self.steps.variables) <= LITTLE_STATE

    def keep(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Memory for the state at the beginning of an epoch, with the state: whoever runs the epochs fills it."""
        self.begin_epoch("")
        if self._snapshot is None:
            return []
        return [(self._snapshot[id(variable)], variable.storage) for variable in self.steps.variables]

    def weights(self) -> list[np.ndarray]:
        """The weights that a step may spoil; none where they could not be traced to it."""
        if self._snapshot is None:
            return []
        return [variable.storage for variable in self._watched() if variable.storage.dtype.kind == "f"]

    def found(self, bad_step: int, place: str) -> None:
        """An epoch was run elsewhere: its first step with a bad loss (below 0: none), and what it is called."""
        self._bad_step, self._place = bad_step if bad_step >= 0 else None, place

    def after_step(self, step: int, outputs: Sequence[np.ndarray]) -> None:
        """Look at the loss of a step."""
        if self._bad_step is None and not math.isfinite(outputs[0]):
            self._bad_step = step

    @property
    def stops(self) -> bool:
        """True where training should end because of what was seen."""
        return self._bad_step is not None and config.nan() == "raise"

    def end_epoch(self, batches: Callable[[], Iterable[Any]]) -> None:
        """Tell of the first bad step of this epoch, where there was one."""
        if self._snapshot is None:
            if self._bad_step is not None and self.listens:
                object.__setattr__(self.model, "_told_loss", True)
                step = f"step {self._bad_step + 1} of {self._place}"
                tell(
                    f"the loss became nan or infinite in {step}. {_ADVICE}. (Of so large a network the state is not "
                    "kept for a closer look; config.set_nan('raise') keeps it, and names the line)"
                )
            return
        if self._bad_step is None and not self._weights_spoiled():
            return
        object.__setattr__(self.model, "_told_loss", True)
        if self.steps.traced is None:
            assert self._bad_step is not None
            tell(f"the loss became nan or infinite in step {self._bad_step + 1} of {self._place}. {_ADVICE}")
            return
        message, before = self._repeated(batches())
        if config.nan() == "raise":
            # The model keeps the weights from before the step that spoiled them.
            for variable, good in zip(self.steps.variables, before, strict=True):
                np.copyto(variable.storage, good)
        tell(message)

    def _weights_spoiled(self) -> bool:
        """True where a step with a finite loss left weights that are not (its gradient was not finite)."""
        assert self._snapshot is not None
        if self.steps.traced is None:
            return False
        spoiled = [v for v in self._watched() if _bad(v.storage) is not None]
        return any(_bad(self._snapshot[id(variable)]) is None for variable in spoiled)

    def _watched(self) -> list[Any]:
        if self._weights is None:
            weights = {id(variable) for variable in self.model.weights}
            self._weights = [variable for variable in self.steps.variables if id(variable) in weights]
        return self._weights

    def _repeated(self, batches: Iterable[Any]) -> tuple[str, list[np.ndarray]]:
        """What to say, and the state before the step that went wrong."""
        assert self._snapshot is not None
        variables = self.steps.variables
        state = [self._snapshot[id(variable)] for variable in variables]
        weights = {id(variable) for variable in self._watched()}
        watched = [i for i, v in enumerate(variables) if id(v) in weights and _bad(state[i]) is None]
        for step, batch in enumerate(batches):
            before = [array.copy() for array in state]
            traced: Traced = self.steps.program_for(batch.shapes[0][0])
            order = {id(variable): array for variable, array in zip(variables, state, strict=True)}
            arrays = traced.entering(batch.arrays())
            engine().execute(traced.program, [order[id(v)] for v in traced.variables], arrays)
            if step == self._bad_step or any(_bad(state[i]) is not None for i in watched):
                good = {id(variable): array for variable, array in zip(variables, before, strict=True)}
                place = first_bad_line(traced.program, [good[id(v)] for v in traced.variables], arrays)
                what = "the loss" if step == self._bad_step else "the weights"
                return f"{what} became nan or infinite in step {step + 1} of {self._place}: {place}", before
        return f"the loss became nan or infinite. {_ADVICE}", state


def first_bad_line(program: Program, state: Sequence[np.ndarray], inputs: Sequence[np.ndarray]) -> str:
    """Where the first value that is not finite arises in one run of a program, in words."""
    for values, arrays in ((program.state, state), (program.inputs, inputs)):
        for value, array in zip(values, arrays, strict=True):
            if _bad(array) is not None:
                return f"{value.name} already holds {_at(array)}. {_ADVICE}"
    shown = exposed(program)
    found = dict(zip(shown.outputs, engine().execute(shown, list(map(np.copy, state)), inputs), strict=True))
    bad = {value: array for value, array in found.items() if _bad(array) is not None}
    ends = [*program.outputs, *(operand for _, operand in program.updates)]
    spoiled: Any = next((end for end in ends if end in bad), None)
    if spoiled is None:
        return f"no single line of it could be made out. {_ADVICE}"
    # From the end back, through operands that are bad themselves, to a line that has none.
    makers = {output: line for line in program.instructions for output in line.outputs}
    while (earlier := next((item for item in makers[spoiled].values() if item in bad), None)) is not None:
        spoiled = earlier
    line = makers[spoiled]
    origin = f" (in {line.origin})" if line.origin else ""
    reason = _REASONS.get(line.primitive, _ADVICE)
    return f"it begins in the line {spoiled.name} = {expression(line)}{origin}, {_at(bad[spoiled])}. {reason}"


def _bad(array: np.ndarray) -> tuple[int, ...] | None:
    """Where the first element lies that is not finite; None where all are."""
    if array.dtype.kind != "f":
        return None
    with np.errstate(all="ignore"):
        if np.isfinite(array.sum(dtype="float64")):
            return None
    wrong = np.argwhere(~np.isfinite(array))
    return tuple(int(i) for i in wrong[0]) if len(wrong) else None


def _at(array: np.ndarray) -> str:
    position = _bad(array)
    assert position is not None
    where = ", ".join(f"{name} {i}" for name, i in zip(("row", "column"), position, strict=False))
    return f"{array[position]}" + (f" at {where}" if where else "")

"""Finite numbers: inputs and losses that are not are told once, with the place where it began."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from flintglass import config
from flintglass.engines.engine import engine
from flintglass.errors import NotFinite
from flintglass.program import Program
from flintglass.program.notation import expression
from flintglass.tracing.exposing import exposed
from flintglass.tracing.trace import Traced


def tell(message: str) -> None:
    """Warn or raise, as ``config.set_nan`` says."""
    if config.nan() == "raise":
        raise NotFinite(message)
    if config.nan() == "warn":
        warnings.warn(message, RuntimeWarning, stacklevel=6)


def check_inputs(model: Any, feed: Any) -> None:
    """Say, once for a model, where the first number of the data lies that is not finite."""
    if config.nan() == "ignore" or getattr(model, "_told_inputs", False):
        return
    for name, array in feed.named():
        if array.dtype.kind != "f":
            continue
        # A sum is finite where all are, but for overflow; only then is the array searched.
        with np.errstate(all="ignore"):
            total = array.sum(dtype="float64")
        if np.isfinite(total):
            continue
        wrong = np.argwhere(~np.isfinite(array))
        if not len(wrong):
            continue
        position = tuple(int(i) for i in wrong[0])
        object.__setattr__(model, "_told_inputs", True)
        where = f"row {position[0]}" + (f", column {position[1]}" if len(position) > 1 else "")
        tell(
            f"{name} holds {array[position]} at {where} ({len(wrong)} such numbers in all); losses and weights "
            "will become nan from it. Remove or replace these rows, for example with np.nan_to_num"
        )
        return


class LossWatch:
    """Watches the losses of the steps; the first that is not finite is traced back to its line."""

    def __init__(self, model: Any, traced: Traced, feed: Any) -> None:
        self.model = model
        self.traced = traced
        self._feed = feed
        self._snapshot: list[np.ndarray] | None = None
        self._bad_step: int | None = None
        self._quiet = config.nan() == "ignore"

    def moved_to(self, traced: Traced) -> LossWatch:
        """The same watch over another program of the model."""
        return LossWatch(self.model, traced, self._feed)

    def _is_done(self) -> bool:
        return self._quiet or (config.nan() == "warn" and getattr(self.model, "_told_loss", False))

    def begin_epoch(self, state: Sequence[np.ndarray]) -> None:
        """Keep a copy of the state, from which a bad step can be reached again."""
        self._bad_step = None
        self._snapshot = None if self._is_done() else [array.copy() for array in state]

    def after_step(self, step: int, outputs: Sequence[np.ndarray]) -> None:
        """Look at the loss of a step."""
        if self._bad_step is None and not math.isfinite(outputs[0]):
            self._bad_step = step

    @property
    def stops(self) -> bool:
        """True where training should end because of what was seen."""
        return self._bad_step is not None and config.nan() == "raise"

    def end_epoch(self, state: Sequence[np.ndarray], batches: Callable[[], Iterable[Any]]) -> None:
        """Tell of the first bad step of this epoch, where there was one."""
        if self._bad_step is None or self._snapshot is None:
            return
        object.__setattr__(self.model, "_told_loss", True)
        before = [array.copy() for array in self._snapshot]
        message = self._message(before, batches)
        if config.nan() == "raise":
            # The model keeps the weights from before the step that spoiled them.
            for array, good in zip(state, before, strict=True):
                np.copyto(array, good)
        tell(message)

    def _message(self, state: list[np.ndarray], batches: Callable[[], Iterable[Any]]) -> str:
        """Repeat the epoch from its start up to the bad step, and read every line of that."""
        program = self.traced.program
        for step, batch in enumerate(batches()):
            arrays = [
                array.astype(value.spec.dtype, copy=False)
                for array, value in zip(batch.arrays(), program.inputs, strict=True)
            ]
            if step == self._bad_step:
                return f"the loss became nan or infinite in step {step + 1} of the epoch: " + first_bad_line(
                    program, state, arrays
                )
            engine().execute(program, state, arrays)
        return "the loss became nan or infinite"


def first_bad_line(program: Program, state: Sequence[np.ndarray], inputs: Sequence[np.ndarray]) -> str:
    """Where the first value that is not finite arises in one run of a program, in words."""
    for values, arrays in ((program.state, state), (program.inputs, inputs)):
        for value, array in zip(values, arrays, strict=True):
            if _bad(array) is not None:
                return f"{value.name} already holds {_at(array)}. {_ADVICE}"
    shown = exposed(program)
    found = dict(zip(shown.outputs, engine().execute(shown, list(map(np.copy, state)), inputs), strict=True))
    for line in program.instructions:
        for value in line.outputs:
            if value in found and _bad(found[value]) is not None:
                origin = f" (in {line.origin})" if line.origin else ""
                text = f"{value.name} = {expression(line)}{origin}"
                return f"it begins in the line {text}, {_at(found[value])}. {_ADVICE}"
    return f"no single line of it could be made out. {_ADVICE}"


_ADVICE = "A smaller learning rate, scaled inputs, or clipnorm= in the optimizer usually help"


def _bad(array: np.ndarray) -> tuple[int, ...] | None:
    if array.dtype.kind != "f":
        return None
    wrong = np.argwhere(~np.isfinite(array))
    return tuple(int(i) for i in wrong[0]) if len(wrong) else None


def _at(array: np.ndarray) -> str:
    position = _bad(array)
    assert position is not None
    where = ", ".join(f"{name} {i}" for name, i in zip(("row", "column"), position, strict=False))
    return f"{array[position]}" + (f" at {where}" if where else "")


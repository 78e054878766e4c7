"""How a model's steps run: by one program for every size, by a program a size, or operation by operation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from flintglass.engines.engine import Feeding, Pass, engine
from flintglass.errors import NeedsConcrete, warn
from flintglass.models.eagerly import Eagerly
from flintglass.models.programs import Signature
from flintglass.program import Spec
from flintglass.tracing.structure import pack
from flintglass.tracing.trace import Traced

Listener = Callable[[int, Sequence[np.ndarray]], None]


def never() -> bool:
    """What a pass that nobody stops asks."""
    return False


class OneProgram:
    """Steps by one program, whatever the number of rows: the rule."""

    def __init__(self, model: Any, kind: str, signature: Signature, arrays: Sequence[np.ndarray], rows: int) -> None:
        self._programs = model._programs
        self._kind, self._signature = kind, signature
        self.traced = self.program_for(rows)

    def program_for(self, rows: int) -> Traced | None:
        """The program that a batch of so many rows is run by."""
        found: Traced = self._programs.get(self._kind, self._signature)
        return found

    @property
    def variables(self) -> list[Any]:
        """The variables that a step reads or changes."""
        assert self.traced is not None
        return self.traced.variables

    @property
    def output_specs(self) -> Sequence[Spec]:
        """What the outputs are."""
        assert self.traced is not None
        return self.traced.program.output_specs

    def fit(
        self,
        batches: Iterable[Feeding],
        on_step: Listener | None = None,
        before_step: Callable[[int], None] | None = None,
        stop: Callable[[], bool] = never,
    ) -> int:
        """Make a step with every batch; returns how many were made."""
        assert self.traced is not None
        return _pass(self.traced, batches, on_step, before_step, stop)

    def outputs(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The outputs for these inputs, from left to right."""
        traced = self.program_for(len(arrays[0]))
        assert traced is not None
        return engine().execute(traced.program, traced.state, traced.entering(arrays))

    def nested(self, arrays: Sequence[np.ndarray]) -> Any:
        """The outputs in the nesting in which the model returns them."""
        assert self.traced is not None
        return pack(self.traced.result, arrays)


class ProgramForEachSize(OneProgram):
    """Steps of a model whose Python asks how many rows there are: a program for each such number."""

    def program_for(self, rows: int) -> Traced | None:
        found: Traced = self._programs.get(self._kind, self._signature.at(rows))
        return found

    def fit(
        self,
        batches: Iterable[Feeding],
        on_step: Listener | None = None,
        before_step: Callable[[int], None] | None = None,
        stop: Callable[[], bool] = never,
    ) -> int:
        done = 0
        stopped = False

        def stops() -> bool:
            nonlocal stopped
            stopped = stop()
            return stopped

        for rows, group in groupby(batches, key=lambda batch: batch.shapes[0][0]):
            traced = self.program_for(rows)
            assert traced is not None
            done += _pass(traced, group, later(on_step, done), later(before_step, done), stops)
            if stopped:
                break
        return done


def later(listener: Any, steps: int) -> Any:
    """The listener of steps that are counted on from ``steps``."""
    return listener and (lambda step, *told: listener(steps + step, *told))


def _pass(traced: Traced, batches: Iterable[Feeding], on_step: Any, before_step: Any, stop: Any) -> int:
    captured = [tensor.array for tensor in traced.captures]
    if captured:
        batches = (_WithConstants(batch, captured) for batch in batches)
    return engine().fit(Pass(traced.program, traced.state, batches, on_step, before_step, stop))


class _WithConstants:
    """A batch followed by arrays that are the same for every batch."""

    def __init__(self, batch: Feeding, constants: Sequence[np.ndarray]) -> None:
        self._batch, self._constants = batch, constants
        self.shapes = (*batch.shapes, *(array.shape for array in constants))

    def arrays(self) -> list[np.ndarray]:
        """The rows, then the constants."""
        return [*self._batch.arrays(), *self._constants]

    def fill(self, targets: Sequence[np.ndarray]) -> None:
        """Write the rows and the constants into these arrays."""
        rows = len(targets) - len(self._constants)
        self._batch.fill(targets[:rows])
        for array, target in zip(self._constants, targets[rows:], strict=True):
            np.copyto(target, array, casting="unsafe")


Steps = OneProgram | Eagerly


def steps(model: Any, kind: str, signature: Signature, arrays: Sequence[np.ndarray], rows: int) -> Steps:
    """How ``train``, ``test`` or ``predict`` runs for this data, ``rows`` at a time.

    Where Python code of the model asks for the number of rows, a program is traced for each; where it
    asks for values, the model is run eagerly, and one warning names the line.
    """
    if model.run_eagerly:
        return Eagerly(model, kind, signature, arrays, rows)
    known = model._programs.manners
    key = (kind, model._programs.key())
    ways: list[Any] = [known[key]] if key in known else [OneProgram, ProgramForEachSize]
    for way in ways:
        try:
            found: Steps = way(model, kind, signature, arrays, rows)
        except NeedsConcrete as error:
            reason = error
            model.forget_losses()
            continue
        if way is not OneProgram:
            known[(kind, model._programs.key())] = way
        return found
    eager = Eagerly(model, kind, signature, arrays, rows)
    _say_once(model, reason)
    known[(kind, model._programs.key())] = Eagerly
    return eager


def _say_once(model: Any, reason: NeedsConcrete) -> None:
    if not vars(model).get("_told_eager"):
        object.__setattr__(model, "_told_eager", True)
        warn(
            f"model {model.name!r} is run eagerly, operation by operation, which is slower: its Python code needs "
            f"values, so it cannot become a program. {reason} (compile(run_eagerly=True) runs it so without this "
            "warning)"
        )

"""The native engine: programs run by the machine in C++; the same interface and the same results as the others."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from flintglass import config
from flintglass.engines.engine import (
    Array,
    Course,
    Engine,
    Epochs,
    Finished,
    Fitting,
    Pass,
    Paused,
    Predictor,
    one_line,
    sizes_of,
)
from flintglass.engines.native_engine.encoding import encode
from flintglass.engines.native_engine.machines import machine
from flintglass.program import Program, Spec

KEPT = 256


class NativeEngine(Engine):
    """Programs through the machine."""

    name = "native"

    def __init__(self) -> None:
        super().__init__()
        self.machine = machine()
        self._encoded: OrderedDict[Program, Any] = OrderedDict()
        self._applied: OrderedDict[Any, Any] = OrderedDict()
        self._threads = 0

    def bind(self, program: Program, sizes: Mapping[str, int]) -> Any:
        return self.machine.load(self.encoded(program), dict(sizes))

    def encoded(self, program: Program) -> Any:
        """The machine's own form of a program; recent ones are kept."""
        found = self._encoded.get(program)
        if found is None:
            found = self._encoded[program] = encode(program, self.machine)
            while len(self._encoded) > KEPT:
                self._encoded.popitem(last=False)
        return found

    def _use_threads(self) -> None:
        """Follow the setting, which costs nothing where it has not changed."""
        wanted = config.threads()
        if wanted != self._threads:
            self.machine.set_thread_count(wanted)
            self._threads = wanted

    def run(self, loaded: Any, state: Sequence[Array], inputs: Sequence[Array]) -> list[Array]:
        self._use_threads()
        found: list[Array] = loaded.run(list(state), list(inputs))
        return found

    def attempt(
        self, loaded: Any, state: Sequence[Array], inputs: Sequence[Array], kinds: Sequence[tuple[Any, Any]]
    ) -> list[Array] | None:
        self._use_threads()
        found: list[Array] | None = loaded.attempt(state, inputs)
        return found

    def apply(self, name: str, arrays: Sequence[Array], attributes: Mapping[str, Any]) -> list[Array]:
        key = (name, tuple((array.shape, array.dtype) for array in arrays), tuple(sorted(attributes.items())))
        loaded = self._applied.get(key)
        if loaded is None:
            specs = [Spec(array.shape, array.dtype.name) for array in arrays]
            loaded = self._applied[key] = self.bind(one_line(name, specs, attributes), {})
            while len(self._applied) > KEPT:
                self._applied.popitem(last=False)
        return self.run(loaded, [], arrays)

    def fit(self, work: Pass) -> int:
        self._use_threads()
        before, after, stop = work.before_step, work.on_step, work.stop
        state, step = list(work.state), 0
        for batch in work.source:
            if before is not None:
                before(step)
            arrays = batch.arrays()
            loaded = self.load(work.program, sizes_of(work.program, arrays))
            given = [
                array.astype(value.spec.dtype, copy=False)
                for array, value in zip(arrays, work.program.inputs, strict=True)
            ]
            outputs = loaded.run(state, given, training=True)
            if after is not None:
                after(step, outputs)
            step += 1
            if stop():
                break
        return step

    def predictor(self, program: Program, state: Sequence[Array]) -> Predictor | None:
        made: Predictor = self.machine.Predictor(self.encoded(program), list(state))
        return made

    def fitting(self, work: Epochs) -> Fitting | None:
        self._use_threads()
        return _Fitting(self, work)


class _Fitting:
    """Epochs in the machine."""

    def __init__(self, engine: NativeEngine, work: Epochs) -> None:
        self.work = work
        program, state = work.results
        settings = {
            "seed": work.training.seed,
            "first_epoch": work.first,
            "validated": [bool(flag) for flag in work.validated],
            "resets": list(work.resets),
            "kept": list(work.kept),
            "watched": list(work.watched),
        }
        self._fit = engine.machine.Fit(
            _course(engine, work.training),
            None if work.validation is None else _course(engine, work.validation),
            (engine.encoded(program), list(state)),
            settings,
        )
        self.outputs = self._fit.outputs

    @property
    def epoch(self) -> int:
        return int(self._fit.epoch)

    @property
    def step(self) -> int:
        return int(self._fit.step)

    @property
    def bad_step(self) -> int:
        return int(self._fit.bad_step)

    def run(self, until_epoch: int, seconds: float, steps: int, watch: bool, at_once: bool) -> Paused:
        return Paused(self._fit.run(until_epoch, seconds, steps, watch, at_once))

    def take_finished(self) -> list[Finished]:
        return [Finished(*found) for found in self._fit.take_finished()]


def _course(engine: NativeEngine, course: Course) -> tuple[Any, ...]:
    columns = [np.ascontiguousarray(column, column.dtype.newbyteorder("=")) for column in course.columns]
    return engine.encoded(course.program), list(course.state), columns, course.batch_size, course.steps

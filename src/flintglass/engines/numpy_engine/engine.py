"""The NumPy engine: runs programs line by line with one kernel a primitive; the reference for all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from flintglass.engines.engine import Engine, Pass, one_line, sizes_of
from flintglass.engines.numpy_engine.control import CONTROL
from flintglass.engines.numpy_engine.flatten import Flat, flatten
from flintglass.engines.numpy_engine.kernels import KERNELS
from flintglass.engines.numpy_engine.kernels.table import Array
from flintglass.engines.numpy_engine.plan import Plan
from flintglass.engines.numpy_engine.subnormals import switch
from flintglass.errors import FlintglassError
from flintglass.primitives import primitive
from flintglass.program import Program, Spec

IDLE_PLANS = 4


class Loaded:
    """A program with its sizes bound, and plans of it that are ready for a caller each."""

    def __init__(self, flat: Flat) -> None:
        self.flat = flat
        self.idle: list[Plan] = []

    def take(self, state: Sequence[Array]) -> Plan:
        """A plan for these state arrays that no other thread holds."""
        try:
            plan = self.idle.pop()
        except IndexError:
            return Plan(self.flat, state)
        if all(mine is theirs for mine, theirs in zip(plan.state, state, strict=True)):
            return plan
        return Plan(self.flat, state)

    def give_back(self, plan: Plan) -> None:
        """Keep a plan for the next caller."""
        if len(self.idle) < IDLE_PLANS:
            self.idle.append(plan)


class NumpyEngine(Engine):
    """Programs through NumPy."""

    name = "numpy"

    def bind(self, program: Program, sizes: Mapping[str, int]) -> Loaded:
        return Loaded(flatten(program, sizes))

    def run(self, loaded: Loaded, state: Sequence[Array], inputs: Sequence[Array]) -> list[Array]:
        plan = loaded.take(state)
        for buffer, array in zip(plan.inputs, inputs, strict=True):
            np.copyto(buffer, array)
        with np.errstate(all="ignore"):
            _run(plan)
        outputs = [array.copy() for array in plan.outputs]
        loaded.give_back(plan)
        return outputs

    def apply(self, name: str, arrays: Sequence[Array], attributes: Mapping[str, Any]) -> list[Array]:
        specs = [Spec(array.shape, array.dtype.name) for array in arrays]
        if name in CONTROL or name in ("call", "each"):
            return self.execute(one_line(name, specs, attributes), [], arrays)
        outputs = [np.empty(spec.shape, spec.dtype) for spec in primitive(name).specs(specs, attributes)]
        with np.errstate(all="ignore"):
            KERNELS[name](arrays, outputs, attributes)()
        return outputs

    def fit(self, work: Pass) -> int:
        flush, end = switch()
        plans: dict[tuple[tuple[int, ...], ...], tuple[Loaded, Plan]] = {}
        before, after, stop = work.before_step, work.on_step, work.stop
        step, shapes = 0, None
        with np.errstate(all="ignore"):
            for batch in work.source:
                if before is not None:
                    before(step)
                if batch.shapes is not shapes:
                    shapes = batch.shapes
                    if shapes not in plans:
                        loaded = self.load(work.program, sizes_of(work.program, batch.arrays()))
                        plans[shapes] = (loaded, loaded.take(work.state))
                    plan = plans[shapes][1]
                batch.fill(plan.inputs)
                try:
                    flush()
                    _run(plan)
                finally:
                    end()  # what callbacks and sources compute is theirs
                if after is not None:
                    after(step, plan.outputs)
                step += 1
                if stop():
                    break
        for loaded, plan in plans.values():
            loaded.give_back(plan)
        return step


def _run(plan: Plan) -> None:
    if plan.one_thread is None:
        _run_lines(plan)
    else:
        with plan.one_thread:
            _run_lines(plan)


def _run_lines(plan: Plan) -> None:
    """Run the plan; an error says which line it was."""
    thunks: Any = iter(plan.thunks)
    try:
        for thunk in thunks:
            thunk()
    except FlintglassError as error:
        position = len(plan.thunks) - thunks.__length_hint__() - 1
        line = plan.lines[position] if position < len(plan.lines) else None
        if line is not None and line.origin:
            error.args = (f"{error.args[0]} (in {line.origin}, line {line.primitive!r})", *error.args[1:])
        raise

"""Control flow of the NumPy engine: a choice, a loop, a scan, each over plans of its blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from flintglass.engines.numpy_engine.kernels.table import Array, Thunk
from flintglass.program import Program

# program -> a plan of it: has inputs and outputs (arrays) and run()
Load = Callable[[Program], Any]


def cond(arrays: Sequence[Array], outputs: Sequence[Array], attributes: Mapping[str, Any], load: Load) -> Thunk:
    plans = {True: load(attributes["true"]), False: load(attributes["false"])}
    choice, given = arrays[0], arrays[1:]

    def run() -> None:
        plan = plans[bool(choice[()])]
        _fill(plan.inputs, given)
        plan.run()
        _fill(outputs, plan.outputs)

    return run


def while_(arrays: Sequence[Array], outputs: Sequence[Array], attributes: Mapping[str, Any], load: Load) -> Thunk:
    condition, body = load(attributes["condition"]), load(attributes["body"])

    def run() -> None:
        _fill(outputs, arrays)
        while True:
            _fill(condition.inputs, outputs)
            condition.run()
            if not condition.outputs[0][()]:
                return
            _fill(body.inputs, outputs)
            body.run()
            _fill(outputs, body.outputs)

    return run


def scan(arrays: Sequence[Array], outputs: Sequence[Array], attributes: Mapping[str, Any], load: Load) -> Thunk:
    plan, length = load(attributes["body"]), attributes["length"]
    constants, carries = attributes.get("constants", 0), attributes.get("carries", 0)
    start = constants + carries
    steps = range(length - 1, -1, -1) if attributes.get("reverse") else range(length)

    def run() -> None:
        _fill(plan.inputs[:start], arrays[:start])
        _fill(outputs[:carries], arrays[constants:start])
        for step in steps:
            _fill(plan.inputs[start:], [rows[step] for rows in arrays[start:]])
            plan.run()
            _fill([stack[step, ...] for stack in outputs[carries:]], plan.outputs[carries:])
            results = [array.copy() for array in plan.outputs[:carries]]
            _fill(plan.inputs[constants:start], results)
            _fill(outputs[:carries], results)

    return run


def _fill(targets: Sequence[Array], sources: Sequence[Array]) -> None:
    for target, source in zip(targets, sources, strict=True):
        np.copyto(target, source)


CONTROL = {"cond": cond, "while": while_, "scan": scan}

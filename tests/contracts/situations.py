"""Programs of one block each, which the tests of control flow try: calls, choices, loops and scans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tests.contracts.support import generator_for, read_spec

from flintglass.primitives import Builder
from flintglass.program import Operand, Program, Size

SIZES = {"n": 4}
N = Size("n")
Body = Callable[..., Sequence[Operand]]


def block(name: str, specs: str, body: Body) -> Program:
    """The block of a function of (builder, operands...); the operands' types are separated by ``;``."""
    b = Builder(name)
    inputs = [b.input(f"x{i}", read_spec(text)) for i, text in enumerate(specs.split(";")) if text.strip()]
    return b.finish(list(body(b, *inputs)))


@dataclass
class Situation:
    """One control line: its inputs' types, its attributes, and numbers that its inputs must have."""

    primitive: str
    specs: str
    attributes: dict[str, Any]
    given: dict[int, Any] = field(default_factory=dict)

    def program(self) -> Program:
        """The inputs, the line, and its outputs."""
        return block("program", self.specs, lambda b, *x: b.emit_all(self.primitive, x, self.attributes))

    def arrays(self, seed: object = 0) -> list[np.ndarray]:
        """Inputs: floats of both signs, small whole numbers, or what is given."""
        generator = generator_for(self.primitive, self.specs, seed)
        arrays = []
        for position, value in enumerate(self.program().inputs):
            spec = value.spec.bind(SIZES)
            drawn = generator.uniform(0.2, 1.5, spec.shape) * generator.choice([-1.0, 1.0], spec.shape)
            if not spec.is_float:
                drawn = generator.integers(0, 2 if spec.dtype == "bool" else 4, spec.shape)
            arrays.append(np.asarray(self.given.get(position, drawn)).astype(spec.dtype).reshape(spec.shape))
        return arrays


def _two_results(b: Builder, x: Operand, w: Operand) -> Sequence[Operand]:
    y = b.multiply(x, w)
    return [b.sin(y), b.sum(y, axis=(0,)), y]


def _mixed(b: Builder, x: Operand, y: Operand) -> Sequence[Operand]:
    return [b.multiply(x, b.sin(y)), b.add(b.square(x), y)]


def _counted(b: Builder, x: Operand, k: Operand) -> Sequence[Operand]:
    return [b.multiply(b.square(x), b.cast(k, dtype="float64")), b.add(k, 1)]


def _step(b: Builder, w: Operand, h: Operand, count: Operand, x: Operand) -> Sequence[Operand]:
    """A recurrent step: a constant, a float carry, a whole carry, a row; two things stacked."""
    after = b.tanh(b.add(b.multiply(h, w), x))
    scaled = b.multiply(after, b.cast(count, dtype="float64"))
    return [after, b.add(count, 1), b.square(scaled), count]


def _no_rows(b: Builder, w: Operand, h: Operand) -> Sequence[Operand]:
    return [b.sin(b.multiply(h, w))]


def _only_rows(b: Builder, x: Operand) -> Sequence[Operand]:
    return [b.sum(b.square(x), axis=(0,)), b.literal(2.0, x)]


def _swapped(b: Builder, h: Operand, k: Operand, x: Operand) -> Sequence[Operand]:
    """The carries change places, and one is returned as it came."""
    return [b.multiply(k, x), h, h]


def _nested_step(b: Builder, w: Operand, h: Operand, x: Operand) -> Sequence[Operand]:
    flag = b.greater(b.sum(x, axis=(0,)), 0.0)
    chosen = b.emit("cond", flag, h, w, true=TRUE_ROW, false=FALSE_ROW)
    return [b.emit("call", chosen, x, body=PRODUCT), b.emit("each", x, h, body=EACH_ONE)]


TRUE_ROW = block("true", "float64[3];float64[3]", lambda b, h, w: [b.multiply(h, w)])
FALSE_ROW = block("false", "float64[3];float64[3]", lambda b, h, w: [b.sin(b.add(h, w))])
PRODUCT = block("product", "float64[3];float64[3]", lambda b, x, y: [b.multiply(x, y)])
EACH_ONE = block("one", "float64[];float64[]", lambda b, x, y: [b.multiply(b.exp(x), y)])
EACH_OF_EACH = block(
    "outer", "float64[];float64[]", lambda b, x, y: [b.tanh(b.emit("each", x, y, body=EACH_ONE)), b.add(x, 1.0)]
)
MIXED = block("mixed", "float64[];float64[]", _mixed)
TRUE = block("true", "float64[n, 3];float64[3]", lambda b, x, w: [b.multiply(x, w), b.sum(x, axis=(0, 1))])
FALSE = block("false", "float64[n, 3];float64[3]", lambda b, x, w: [b.sin(b.add(x, w)), b.sum(w, axis=(0,))])
SCAN = block("step", "float64[3];float64[3];int32[];float64[3]", _step)

SMOOTH = {
    "call": Situation(
        "call", "float64[n, 3];float64[3]", {"body": block("two", "float64[n, 3];float64[3]", _two_results)}
    ),
    "each": Situation("each", "float64[n, 3];float64[n, 3]", {"body": MIXED}),
    "each in each": Situation("each", "float64[n, 3];float64[3]", {"body": EACH_OF_EACH}),
    "each with a row": Situation("each", "float64[n, 3];float64[3]", {"body": MIXED}),
    "each with a number": Situation("each", "float64[];float64[n, 1]", {"body": MIXED}),
    "each with a whole number": Situation(
        "each", "float64[n, 3];int32[n, 1]", {"body": block("counted", "float64[];int32[]", _counted)}
    ),
    "cond, true": Situation("cond", "bool[];float64[n, 3];float64[3]", {"true": TRUE, "false": FALSE}, given={0: True}),
    "cond, false": Situation(
        "cond", "bool[];float64[n, 3];float64[3]", {"true": TRUE, "false": FALSE}, given={0: False}
    ),
    "scan": Situation(
        "scan",
        "float64[3];float64[3];int32[];float64[5, 3]",
        {"body": SCAN, "length": 5, "constants": 1, "carries": 2},
    ),
    "scan in reverse": Situation(
        "scan",
        "float64[3];float64[3];int32[];float64[5, 3]",
        {"body": SCAN, "length": 5, "constants": 1, "carries": 2, "reverse": True},
    ),
    "scan over the batch": Situation(
        "scan",
        "float64[3];float64[3];int32[];float64[n, 3]",
        {"body": SCAN, "length": N, "constants": 1, "carries": 2},
    ),
    "scan without rows": Situation(
        "scan",
        "float64[n];float64[n]",
        {"body": block("turn", "float64[n];float64[n]", _no_rows), "length": 3, "constants": 1, "carries": 1},
    ),
    "scan without carries": Situation(
        "scan", "float64[4, 3]", {"body": block("row", "float64[3]", _only_rows), "length": 4}
    ),
    "scan of one step": Situation(
        "scan", "float64[1, 3]", {"body": block("row", "float64[3]", _only_rows), "length": 1}
    ),
    "scan that swaps its carries": Situation(
        "scan",
        "float64[2];float64[2];float64[3, 2]",
        {"body": block("swapped", "float64[2];float64[2];float64[2]", _swapped), "length": 3, "carries": 2},
    ),
    "scan of cond, call and each": Situation(
        "scan",
        "float64[3];float64[3];float64[4, 3]",
        {
            "body": block("nested", "float64[3];float64[3];float64[3]", _nested_step),
            "length": 4,
            "constants": 1,
            "carries": 1,
        },
    ),
}
BELOW = block("below", "int32[];int32[];float64[n]", lambda b, i, end, x: [b.less(i, end)])
DOUBLED = block("doubled", "int32[];int32[];float64[n]", lambda b, i, end, x: [b.add(i, 1), end, b.multiply(x, 1.5)])
LOOPS = {
    "while": Situation("while", "int32[];int32[];float64[n]", {"condition": BELOW, "body": DOUBLED}, {0: 0, 1: 3}),
    "while that never runs": Situation(
        "while", "int32[];int32[];float64[n]", {"condition": BELOW, "body": DOUBLED}, {0: 7, 1: 3}
    ),
}
ALL = {**SMOOTH, **LOOPS}

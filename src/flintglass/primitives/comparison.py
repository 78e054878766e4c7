"""Comparisons, logic on their answers, and the choice between two values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flintglass.errors import ProgramError
from flintglass.primitives.base import (
    Attributes,
    Elementwise,
    Sample,
    Specs,
    broadcast_shapes,
    require_same_dtype,
)
from flintglass.primitives.builder import Builder
from flintglass.program import Instruction, Literal, Operand, Spec


def _ties(generator: Any, shapes: list[tuple[int, ...]]) -> list[Any]:
    """Small whole numbers, so that some are equal."""
    return [generator.integers(-1, 2, shape).astype("float64") for shape in shapes]


class Comparison(Elementwise, abstract=True):
    """A question about two numbers; the answer is a boolean. A nan is unequal to everything."""

    arity = 2
    kinds = "fiub"
    result = "bool"
    differentiable = False

    def samples(self) -> Sequence[Sample]:
        return (
            Sample(("float64[n, 3]", "float64[3]"), values=_ties),
            Sample(("float64[n, 3]", "float64[]")),
            Sample(("int32[n, 3]", "int32[n, 1]"), low=-2, high=2),
            Sample(("bool[n, 3]", "bool[3]")),
        )


class Equal(Comparison):
    """Whether x is equal to y."""


class NotEqual(Comparison):
    """Whether x differs from y."""


class Greater(Comparison):
    """Whether x is above y."""


class GreaterEqual(Comparison):
    """Whether x is above y or equal to it."""


class Less(Comparison):
    """Whether x is below y."""


class LessEqual(Comparison):
    """Whether x is below y or equal to it."""


class Logical(Elementwise, abstract=True):
    """A function of two booleans."""

    arity = 2
    kinds = "b"
    differentiable = False

    def samples(self) -> Sequence[Sample]:
        return Sample(("bool[n, 3]", "bool[n, 3]")), Sample(("bool[n, 3]", "bool[3]"))


class LogicalAnd(Logical):
    """Whether both x and y hold."""


class LogicalOr(Logical):
    """Whether x or y holds, or both."""


class LogicalXor(Logical):
    """Whether exactly one of x and y holds."""


class LogicalNot(Logical):
    """Whether x does not hold."""

    arity = 1

    def samples(self) -> Sequence[Sample]:
        return Sample(("bool[n, 3]",)), Sample(("bool[]",))


def _with_exceptions(generator: Any, shapes: list[tuple[int, ...]]) -> list[Any]:
    """Finite numbers, infinities and nans."""
    return [generator.choice([-1.0, 0.0, 2.5, float("inf"), -float("inf"), float("nan")], s) for s in shapes]


class Inquiry(Elementwise, abstract=True):
    """A question about one floating-point number."""

    kinds = "f"
    result = "bool"
    differentiable = False

    def samples(self) -> Sequence[Sample]:
        return (Sample(("float64[n, 3]",), values=_with_exceptions),)


class IsFinite(Inquiry):
    """Whether x is neither infinite nor nan."""


class IsNan(Inquiry):
    """Whether x is nan."""


class Select(Elementwise):
    """Where the condition holds, x; elsewhere y. The first operand is the boolean condition."""

    arity = 3

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        if len(inputs) != 3 or inputs[0].dtype != "bool":
            texts = ", ".join(str(item) for item in inputs)
            raise ProgramError(f"select takes a boolean condition and two values, not {texts}")
        require_same_dtype(self.name, inputs[1:])
        return (Spec(broadcast_shapes(self.name, inputs), inputs[1].dtype),)

    def gradient(self, b: Builder, line: Instruction, cotangents: Sequence[Operand | None]) -> Sequence[Operand | None]:
        g = cotangents[0]
        condition, x, y = line.operands
        if g is None or not x.spec.is_float:
            return [None, None, None]
        zero = b.literal(0.0, g)
        return (
            None,
            None if isinstance(x, Literal) else b.unbroadcast(b.select(condition, g, zero), x.spec),
            None if isinstance(y, Literal) else b.unbroadcast(b.select(condition, zero, g), y.spec),
        )

    def samples(self) -> Sequence[Sample]:
        return (
            Sample(("bool[n, 3]", "float64[n, 3]", "float64[n, 3]")),
            Sample(("bool[n, 1]", "float64[3]", "float64[]")),
            Sample(("bool[3]", "float64[n, 3]", "float64[n, 1]")),
            Sample(("bool[]", "int32[n, 3]", "int32[3]"), low=-9, high=9),
            Sample(("bool[n, 3]", "bool[n, 3]", "bool[n, 3]")),
        )

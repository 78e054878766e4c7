"""Arithmetic on each element: the four operations, powers, rounding and their kin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flintglass.primitives.base import Elementwise, Sample
from flintglass.primitives.builder import Builder
from flintglass.program import Instruction, Literal, Operand

PAIR = (
    Sample(("float64[n, 3]", "float64[n, 3]")),
    Sample(("float64[n, 3]", "float64[3]")),
    Sample(("float64[n, 1]", "float64[]")),
    Sample(("float64[n, 1]", "float64[1, 3]")),
)
WHOLE = (Sample(("int32[n, 3]", "int32[3]"), low=-9, high=9),)
SINGLE = (Sample(("float64[n, 3]",)), Sample(("float64[]",)))
WHOLE_SINGLE = (Sample(("int64[3]",), low=-9, high=9),)


class Binary(Elementwise, abstract=True):
    """An elementwise function of two operands."""

    arity = 2

    def samples(self) -> Sequence[Sample]:
        return PAIR + WHOLE


class Add(Binary):
    """The sum x + y."""

    def derivative(self, b: Builder, line: Instruction, g: Operand) -> Sequence[Operand | None]:
        return g, g


class Subtract(Binary):
    """The difference x - y."""

    def derivative(self, b: Builder, line: Instruction, g: Operand) -> Sequence[Operand | None]:
        return g, b.negative(g)


class Multiply(Binary):
    """The product x * y of each pair of elements."""

    def derivative(self, b: Builder, line: Instruction, g: Operand) -> Sequence[Operand | None]:
        x, y = line.operands
        return b.multiply(g, y), b.multiply(g, x)


class Divide(Binary):
    """The quotient x / y of floating-point numbers; x / 0 is infinite, or nan where x is 0."""

    kinds = "f"

    def derivative(self, b: Builder, line: Instruction, g: Operand) -> Sequence[Operand | None]:
        y = line.operands[1]
        return b.divide(g, y), b.negative(b.divide(b.multiply(g, line.outputs[0]), y))

    def samples(self) -> Sequence[Sample]:
        return tuple(Sample(item.specs, low=0.5, high=3.0) for item in PAIR)


class FloorDivide(Binary):
    """The quotient x / y rounded down; an integer divided by 0 gives 0. Its slope is 0."""

    def samples(self) -> Sequence[Sample]:
        return QUOTIENTS


class Remainder(Binary):
    """The remainder x - y * (x // y), which has the sign of y, as in Python; an integer's by 0 is 0."""

    def derivative(self, b: Builder, line: Instruction, g: Operand) -> Sequence[Operand | None]:
        x, y = line.operands
        return g, b.negative(b.multiply(g, b.floor_divide(x, y)))

    def samples(self) -> Sequence[Sample]:
        return QUOTIENTS


class Power(Binary):
    """The power x ** y; 0 ** 0 is 1. Integers take no negative exponent.

    The slope along y is taken as 0 where x is not above 0: there is no real one.
    """

    def derivative(self, b: Builder, line: Instruction, g: Operand) -> Sequence[Operand | None]:
        x, y = line.operands
        if isinstance(y, Literal):
            if y.value == 0:
                return None, None
            return b.multiply(b.multiply(g, y), b.power(x, b.literal(y.value - 1, y))), None
        # Where y is 0 the slope along x is 0, and x ** -1 could make it nan.
        lowered = b.select(b.equal(y, b.literal(0.0, y)), y, b.subtract(y, b.literal(1.0, y)))
        base = b.select(b.greater(x, b.literal(0.0, x)), x, b.literal(1.0, x))
        along_y = b.multiply(b.multiply(g, line.outputs[0]), b.log(base))
        return b.multiply(b.multiply(g, y), b.power(x, lowered)), along_y

    def samples(self) -> Sequence[Sample]:
        return tuple(Sample(item.specs, low=0.5, high=2.5) for item in PAIR) + (
            Sample(("int32[n, 3]", "int32[3]"), low=0, high=5),
        )


class Negative(Elementwise):
    """The opposite -x."""

    kinds = "fi"

    def derivative(self, b: Builder, line: Instruction, g: Operand) -> Sequence[Operand | None]:
        return (b.negative(g),)

    def samples(self) -> Sequence[Sample]:
        return SINGLE + WHOLE_SINGLE


class Maximum(Binary):
    """The larger of x and y; where they are equal, each gets half of the gradient; nan wins."""

    def derivative(self, b: Builder, line: Instruction, g: Operand) -> Sequence[Operand | None]:
        return _shared(b, line, g)


class Minimum(Binary):
    """The smaller of x and y; where they are equal, each gets half of the gradient; nan wins."""

    def derivative(self, b: Builder, line: Instruction, g: Operand) -> Sequence[Operand | None]:
        return _shared(b, line, g)


class Clip(Elementwise):
    """x, but not below low and not above high; outside, the gradient goes to the bound."""

    arity = 3

    def derivative(self, b: Builder, line: Instruction, g: Operand) -> Sequence[Operand | None]:
        x, low, high = line.operands
        inside, below, above = b.equal(x, line.outputs[0]), b.less(x, low), b.greater(x, high)
        return [b.select(chosen, g, b.literal(0.0, g)) for chosen in (inside, below, above)]

    def samples(self) -> Sequence[Sample]:
        return (
            Sample(("float64[n, 3]", "float64[]", "float64[]"), values=_with_bounds),
            Sample(("float64[n, 3]", "float64[3]", "float64[n, 1]"), values=_with_bounds),
        )


def _with_bounds(generator: Any, shapes: list[tuple[int, ...]]) -> list[Any]:
    """Numbers around two bounds, none of them near a bound."""
    low, high = generator.uniform(-1.2, -0.8, shapes[1]), generator.uniform(0.8, 1.2, shapes[2])
    return [generator.choice([-1.7, -0.4, 0.3, 1.6], shapes[0]), low, high]


def _dividends(generator: Any, shapes: list[tuple[int, ...]]) -> list[Any]:
    """Numerators of both signs, denominators of both signs and away from 0."""
    denominators = generator.uniform(0.7, 2.0, shapes[1]) * generator.choice([-1.0, 1.0], shapes[1])
    return [generator.uniform(-5.0, 5.0, shapes[0]), denominators]


QUOTIENTS = tuple(Sample(item.specs, values=_dividends) for item in PAIR) + (
    *WHOLE,
    Sample(("uint8[n, 3]", "uint8[3]"), low=0, high=9),
)


def _shared(b: Builder, line: Instruction, g: Operand) -> Sequence[Operand | None]:
    """The gradient goes to the operand that was taken, and by halves to two equal ones."""
    x, y = line.operands
    half = b.multiply(b.select(b.equal(x, y), b.literal(0.5, g), b.literal(1.0, g)), g)
    zero = b.literal(0.0, g)
    return b.select(b.equal(x, line.outputs[0]), half, zero), b.select(b.equal(y, line.outputs[0]), half, zero)


class Relu(Elementwise):
    """The rectifier: x where x is above 0, else 0. Its slope at 0 is 0, as in Keras."""

    kinds = "fi"

    def derivative(self, b: Builder, line: Instruction, g: Operand) -> Sequence[Operand | None]:
        x = line.operands[0]
        return (b.select(b.greater(x, b.literal(0.0, x)), g, b.literal(0.0, g)),)

    def samples(self) -> Sequence[Sample]:
        return (Sample(("float64[n, 3]",)), Sample(("int32[n, 3]",), low=-9, high=9))


class Absolute(Elementwise):
    """The absolute value |x|; its slope at 0 is 0."""

    def derivative(self, b: Builder, line: Instruction, g: Operand) -> Sequence[Operand | None]:
        return (b.multiply(g, b.sign(line.operands[0])),)

    def samples(self) -> Sequence[Sample]:
        return SINGLE + WHOLE_SINGLE


class Sign(Elementwise):
    """The sign of x: -1, 0 or 1. Its slope is 0."""

    def samples(self) -> Sequence[Sample]:
        return SINGLE + WHOLE_SINGLE


class Square(Elementwise):
    """The square x * x."""

    def derivative(self, b: Builder, line: Instruction, g: Operand) -> Sequence[Operand | None]:
        return (b.multiply(g, b.multiply(line.operands[0], 2.0)),)

    def samples(self) -> Sequence[Sample]:
        return SINGLE + WHOLE_SINGLE


class Sqrt(Elementwise):
    """The square root of x; nan where x is below 0."""

    kinds = "f"

    def derivative(self, b: Builder, line: Instruction, g: Operand) -> Sequence[Operand | None]:
        return (b.divide(b.multiply(g, b.literal(0.5, g)), line.outputs[0]),)

    def samples(self) -> Sequence[Sample]:
        return tuple(Sample(item.specs, low=0.5, high=3.0) for item in SINGLE)


class Rounding(Elementwise, abstract=True):
    """A floating-point number made whole; its slope is 0."""

    kinds = "f"

    def samples(self) -> Sequence[Sample]:
        return SINGLE


class Floor(Rounding):
    """The largest whole number that is not above x. Its slope is 0."""


class Ceil(Rounding):
    """The smallest whole number that is not below x. Its slope is 0."""


class Round(Rounding):
    """The whole number nearest to x; halves go to the even one. Its slope is 0."""

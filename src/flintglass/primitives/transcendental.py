"""Transcendental functions of each element: exponentials, logarithms, angles, sigmoid, erf."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from flintglass.primitives.base import Elementwise, Sample
from flintglass.primitives.builder import Builder
from flintglass.program import Instruction, Operand


class Curve(Elementwise, abstract=True):
    """A function y of one floating-point number x."""

    kinds = "f"
    low: ClassVar[float] = -2.0
    high: ClassVar[float] = 2.0

    def flow(self, b: Builder, x: Operand, y: Operand, g: Operand) -> Operand:
        """The cotangent of x from that of y."""
        raise NotImplementedError(self.name)

    def derivative(self, b: Builder, line: Instruction, g: Operand) -> Sequence[Operand | None]:
        return (self.flow(b, line.operands[0], line.outputs[0], g),)

    def samples(self) -> Sequence[Sample]:
        return tuple(Sample((text,), low=self.low, high=self.high) for text in ("float64[n, 3]", "float64[]"))


class Exp(Curve):
    """The exponential e ** x."""

    def flow(self, b: Builder, x: Operand, y: Operand, g: Operand) -> Operand:
        return b.multiply(g, y)


class Expm1(Curve):
    """The exponential less one, e ** x - 1, exact to the last digits for small x."""

    def flow(self, b: Builder, x: Operand, y: Operand, g: Operand) -> Operand:
        return b.multiply(g, b.add(y, 1.0))


class Log(Curve):
    """The natural logarithm of x; -inf at 0, nan below."""

    low, high = 0.3, 3.0

    def flow(self, b: Builder, x: Operand, y: Operand, g: Operand) -> Operand:
        return b.divide(g, x)


class Log1p(Curve):
    """The natural logarithm of 1 + x, exact to the last digits for small x."""

    low, high = -0.7, 3.0

    def flow(self, b: Builder, x: Operand, y: Operand, g: Operand) -> Operand:
        return b.divide(g, b.add(x, b.literal(1.0, x)))


class Sin(Curve):
    """The sine of x, in radians."""

    def flow(self, b: Builder, x: Operand, y: Operand, g: Operand) -> Operand:
        return b.multiply(g, b.cos(x))


class Cos(Curve):
    """The cosine of x, in radians."""

    def flow(self, b: Builder, x: Operand, y: Operand, g: Operand) -> Operand:
        return b.negative(b.multiply(g, b.sin(x)))


class Tan(Curve):
    """The tangent of x, in radians."""

    low, high = -1.2, 1.2

    def flow(self, b: Builder, x: Operand, y: Operand, g: Operand) -> Operand:
        return b.multiply(g, b.add(b.square(y), 1.0))


class Arcsin(Curve):
    """The angle in [-pi/2, pi/2] whose sine is x; nan outside [-1, 1]."""

    low, high = -0.8, 0.8

    def flow(self, b: Builder, x: Operand, y: Operand, g: Operand) -> Operand:
        return b.divide(g, b.sqrt(b.subtract(1.0, b.square(x))))


class Arccos(Curve):
    """The angle in [0, pi] whose cosine is x; nan outside [-1, 1]."""

    low, high = -0.8, 0.8

    def flow(self, b: Builder, x: Operand, y: Operand, g: Operand) -> Operand:
        return b.negative(b.divide(g, b.sqrt(b.subtract(1.0, b.square(x)))))


class Arctan(Curve):
    """The angle in [-pi/2, pi/2] whose tangent is x."""

    def flow(self, b: Builder, x: Operand, y: Operand, g: Operand) -> Operand:
        return b.divide(g, b.add(b.square(x), 1.0))


def _off_the_origin(generator: Any, shapes: list[tuple[int, ...]]) -> list[Any]:
    """Points of all four quadrants, none near an axis."""
    return [generator.uniform(0.4, 2.0, shape) * generator.choice([-1.0, 1.0], shape) for shape in shapes]


class Arctan2(Elementwise):
    """The angle in [-pi, pi] whose sine is x and whose cosine is y, but for a common factor above 0."""

    arity = 2
    kinds = "f"

    def derivative(self, b: Builder, line: Instruction, g: Operand) -> Sequence[Operand | None]:
        x, y = line.operands
        scaled = b.divide(g, b.add(b.square(x), b.square(y)))
        return b.multiply(scaled, y), b.negative(b.multiply(scaled, x))

    def samples(self) -> Sequence[Sample]:
        pairs = (
            ("float64[n, 3]", "float64[n, 3]"),
            ("float64[n, 3]", "float64[3]"),
            ("float64[]", "float64[n]"),
        )
        return tuple(Sample(pair, values=_off_the_origin) for pair in pairs)


class Sinh(Curve):
    """The hyperbolic sine of x."""

    def flow(self, b: Builder, x: Operand, y: Operand, g: Operand) -> Operand:
        return b.multiply(g, b.cosh(x))


class Cosh(Curve):
    """The hyperbolic cosine of x."""

    def flow(self, b: Builder, x: Operand, y: Operand, g: Operand) -> Operand:
        return b.multiply(g, b.sinh(x))


class Tanh(Curve):
    """The hyperbolic tangent of x."""

    def flow(self, b: Builder, x: Operand, y: Operand, g: Operand) -> Operand:
        return b.multiply(g, b.subtract(1.0, b.square(y)))


class Arcsinh(Curve):
    """The number whose hyperbolic sine is x."""

    def flow(self, b: Builder, x: Operand, y: Operand, g: Operand) -> Operand:
        return b.divide(g, b.sqrt(b.add(b.square(x), 1.0)))


class Arccosh(Curve):
    """The number from 0 up whose hyperbolic cosine is x; nan below 1."""

    low, high = 1.3, 4.0

    def flow(self, b: Builder, x: Operand, y: Operand, g: Operand) -> Operand:
        return b.divide(g, b.sqrt(b.subtract(b.square(x), 1.0)))


class Arctanh(Curve):
    """The number whose hyperbolic tangent is x; infinite at -1 and 1, nan beyond."""

    low, high = -0.8, 0.8

    def flow(self, b: Builder, x: Operand, y: Operand, g: Operand) -> Operand:
        return b.divide(g, b.subtract(1.0, b.square(x)))


class Sigmoid(Curve):
    """The logistic function 1 / (1 + e ** -x)."""

    def flow(self, b: Builder, x: Operand, y: Operand, g: Operand) -> Operand:
        return b.multiply(g, b.multiply(y, b.subtract(1.0, y)))


class Erf(Curve):
    """The error function of x: 2 / sqrt(pi) times the integral of e ** -t**2 from 0 to x."""

    def flow(self, b: Builder, x: Operand, y: Operand, g: Operand) -> Operand:
        density = b.exp(b.negative(b.square(x)))
        return b.multiply(g, b.multiply(density, 2.0 / math.sqrt(math.pi)))


class ErfInverse(Curve):
    """The number whose error function is x; infinite at -1 and 1, nan beyond."""

    low, high = -0.8, 0.8

    def flow(self, b: Builder, x: Operand, y: Operand, g: Operand) -> Operand:
        return b.multiply(g, b.multiply(b.exp(b.square(y)), math.sqrt(math.pi) / 2.0))

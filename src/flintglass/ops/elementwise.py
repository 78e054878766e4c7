"""Arithmetic on each element: sums, products, powers, rounding, and what is made of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flintglass.ops.common import countable, curve, floating, pair, single
from flintglass.tracing.blocks import each
from flintglass.tracing.tensor import Tensor, apply, binary, cast, convert, together
from flintglass.tracing.tensor import divide as _quotient

add = pair("add")
subtract = pair("subtract")
multiply = pair("multiply")
floor_divide = pair("floor_divide")
mod = pair("remainder", named="mod")
power = pair("power")
maximum = pair("maximum")
minimum = pair("minimum")
arctan2 = pair("arctan2")

negative = single("negative")
absolute = single("absolute")
sign = single("sign")
square = single("square")

sqrt = curve("sqrt")
exp = curve("exp")
expm1 = curve("expm1")
log = curve("log")
log1p = curve("log1p")
sin = curve("sin")
cos = curve("cos")
tan = curve("tan")
arcsin = curve("arcsin")
arccos = curve("arccos")
arctan = curve("arctan")
sinh = curve("sinh")
cosh = curve("cosh")
tanh = curve("tanh")
arcsinh = curve("arcsinh")
arccosh = curve("arccosh")
arctanh = curve("arctanh")
erf = curve("erf")
erfinv = curve("erf_inverse", named="erfinv")
floor = curve("floor")
ceil = curve("ceil")


def abs(x: Any) -> Tensor:
    """The absolute value of each element."""
    return absolute(x)


def divide(x1: Any, x2: Any) -> Tensor:
    """The quotient of floating-point numbers; whole numbers become floats first."""
    return _quotient(x1, x2)


def true_divide(x1: Any, x2: Any) -> Tensor:
    """The quotient of floating-point numbers; the same as ``divide``."""
    return _quotient(x1, x2)


def divide_no_nan(x1: Any, x2: Any) -> Tensor:
    """The quotient, and 0 where the divisor is 0."""
    x1, x2 = (floating(item) for item in (x1, x2))
    x1, x2 = together(x1, x2)
    is_zero = binary("equal", x2, 0.0)
    safe = apply("select", is_zero, *together(1.0, x2))
    return apply("select", is_zero, *together(0.0, _quotient(x1, safe)))


def reciprocal(x: Any) -> Tensor:
    """One divided by each element."""
    return _quotient(1.0, x)


def rsqrt(x: Any) -> Tensor:
    """One divided by the square root of each element."""
    return _quotient(1.0, sqrt(x))


def exp2(x: Any) -> Tensor:
    """Two to the power of each element."""
    return exp(floating(x) * math.log(2.0))


def log2(x: Any) -> Tensor:
    """The logarithm to the base 2."""
    return log(x) / math.log(2.0)


def log10(x: Any) -> Tensor:
    """The logarithm to the base 10."""
    return log(x) / math.log(10.0)


def logaddexp(x1: Any, x2: Any) -> Tensor:
    """log(e ** x1 + e ** x2), without overflow."""
    return each(_logaddexp, *together(floating(x1), floating(x2)), name="logaddexp")


def _logaddexp(x: Tensor, y: Tensor) -> Tensor:
    # Two equal infinities have no difference; they add up to themselves.
    difference = x - y
    difference = apply("select", apply("is_nan", difference), *together(0.0, difference))
    return binary("maximum", x, y) + log1p(exp(-absolute(difference)))


def hypot(x1: Any, x2: Any) -> Tensor:
    """The length of the vector (x1, x2)."""
    x1, x2 = together(floating(x1), floating(x2))
    return sqrt(square(x1) + square(x2))


def clip(x: Any, x_min: Any, x_max: Any) -> Tensor:
    """Each element, or the nearer bound where it lies outside [x_min, x_max]."""
    return apply("clip", *together(countable(x), x_min, x_max))


def round(x: Any, decimals: int = 0) -> Tensor:
    """Each element rounded to this many decimals; halves go to the even neighbour."""
    x = countable(x)
    if not x.spec.is_float:
        if decimals >= 0:
            return x
        return cast(round(floating(x), decimals), x.dtype)
    if decimals == 0:
        return apply("round", x)
    scale = 10.0**decimals
    return apply("round", x * scale) / scale


def trunc(x: Any) -> Tensor:
    """Each element without its fraction."""
    x = countable(x)
    return apply("select", x < 0, apply("ceil", x), apply("floor", x)) if x.spec.is_float else x


def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """The elements with nan and the infinities replaced; the infinities by the largest finite numbers."""
    x = convert(x)
    if not x.spec.is_float:
        return x
    limits = np.finfo(x.dtype)
    highest = float(limits.max) if posinf is None else posinf
    lowest = float(limits.min) if neginf is None else neginf
    for found, number in (
        (apply("is_nan", x), nan),
        (binary("equal", x, math.inf), highest),
        (binary("equal", x, -math.inf), lowest),
    ):
        x = apply("select", found, *together(number, x))
    return x


def bitwise_and(x: Any, y: Any) -> Tensor:
    """The bits that are set in both."""
    return convert(x) & y


def bitwise_or(x: Any, y: Any) -> Tensor:
    """The bits that are set in one or both."""
    return convert(x) | y


def bitwise_xor(x: Any, y: Any) -> Tensor:
    """The bits that are set in exactly one."""
    return convert(x) ^ y


def bitwise_not(x: Any) -> Tensor:
    """The bits that are not set."""
    return ~convert(x)


def left_shift(x: Any, y: Any) -> Tensor:
    """The bits moved up by y places."""
    return binary("shift_left", x, y)


def right_shift(x: Any, y: Any) -> Tensor:
    """The bits moved down by y places, the sign kept."""
    return binary("shift_right", x, y)


bitwise_left_shift = left_shift
bitwise_right_shift = right_shift

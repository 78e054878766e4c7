"""Rarer operations of keras.ops, each a few lines of the others: joins and turns, differences, angles, norms."""

from __future__ import annotations

import math
from typing import Any

from flintglass import config
from flintglass.errors import ShapeError
from flintglass.ops import comparison, creation, elementwise, reductions, shapes
from flintglass.ops.common import floating, normal_axis
from flintglass.tracing.tensor import Tensor, binary, cast, convert, together

# -- shapes


def dstack(xs: Any) -> Tensor:
    """Tensors joined along the third axis; vectors and matrices get one of extent 1."""
    return shapes.concatenate([_of_rank_three(convert(x)) for x in xs], 2)


def _of_rank_three(x: Tensor) -> Tensor:
    if x.ndim == 1:
        return shapes.reshape(x, (1, x.spec.shape[0], 1))
    return shapes.expand_dims(x, 2) if x.ndim == 2 else x


def hsplit(x: Any, indices_or_sections: Any) -> list[Tensor]:
    """The parts of the second axis; of the only one of a vector."""
    x = convert(x)
    return shapes.split(x, indices_or_sections, 0 if x.ndim == 1 else 1)


def vsplit(x: Any, indices_or_sections: Any) -> list[Tensor]:
    """The parts of the first axis."""
    return shapes.split(x, indices_or_sections, 0)


def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """The parts of an axis: so many, the first ones longer by 1 where it does not divide, or those from indices."""
    x = convert(x)
    if not isinstance(indices_or_sections, int):
        return shapes.split(x, indices_or_sections, axis)
    if indices_or_sections < 1:
        raise ShapeError(f"array_split: there is at least 1 part, not {indices_or_sections}")
    part, longer = divmod(int(x.spec.shape[normal_axis(axis, x.ndim)]), indices_or_sections)
    starts = [part * i + min(i, longer) for i in range(1, indices_or_sections)]
    return shapes.split(x, starts, axis)


def fliplr(x: Any) -> Tensor:
    """The elements of the second axis in reverse order."""
    return shapes.flip(x, 1)


def flipud(x: Any) -> Tensor:
    """The elements of the first axis in reverse order."""
    return shapes.flip(x, 0)


def rot90(array: Any, k: int = 1, axes: Any = (0, 1)) -> Tensor:
    """The tensor turned k times by 90 degrees, from the first of two axes towards the second."""
    x = convert(array)
    first, second = (normal_axis(axis, x.ndim) for axis in axes)
    if first == second:
        raise ShapeError(f"rot90: a plane has two axes, not axis {first} twice")
    for _ in range(k % 4):
        x = shapes.flip(shapes.swapaxes(x, first, second), first)
    return x


def diagflat(x: Any, k: int = 0) -> Tensor:
    """The matrix whose diagonal holds all elements of x."""
    return creation.diag(shapes.ravel(x), k)


def empty_like(x: Any, dtype: Any = None) -> Tensor:
    """Zeros in the shape of x: nothing here is left unset."""
    return creation.zeros_like(x, dtype)


# -- numbers


def diff(a: Any, n: int = 1, axis: int = -1) -> Tensor:
    """The difference of each element to the one before, n times."""
    x = convert(a)
    axis = normal_axis(axis, x.ndim)
    if n < 0:
        raise ValueError(f"diff: n counts how often differences are taken, from 0 up, not {n}")
    for _ in range(n):
        extent = x.spec.shape[axis]
        later, earlier = shapes.cut(x, axis, 1, extent), shapes.cut(x, axis, 0, extent - 1)
        x = comparison.not_equal(later, earlier) if x.dtype == "bool" else later - earlier
    return x


def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Tensor:
    """The integral along an axis by the rule of trapezoids; x says where the values lie, else dx how far apart."""
    y = floating(y)
    axis = normal_axis(axis, y.ndim)
    extent = y.spec.shape[axis]
    means = (shapes.cut(y, axis, 1, extent) + shapes.cut(y, axis, 0, extent - 1)) / 2.0
    if x is None:
        return reductions.sum(means * dx, axis)
    x = floating(x)
    steps = diff(x, 1, -1 if x.ndim == 1 else axis)
    if x.ndim == 1:
        steps = shapes.reshape(steps, (-1, *(1,) * (y.ndim - 1 - axis)))
    return reductions.sum(means * steps, axis)


def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10, dtype: Any = None, axis: int = 0
) -> Tensor:
    """Powers of the base whose exponents are evenly spaced."""
    found = elementwise.power(float(base), creation.linspace(start, stop, num, endpoint, axis=axis))
    return found if dtype is None else cast(found, dtype)


def cross(x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Tensor:
    """The vector at right angles to two vectors of 3 elements."""
    if axis is not None:
        axisa = axisb = axisc = axis
    x1, x2 = convert(x1), convert(x2)
    for x, place in ((x1, axisa), (x2, axisb)):
        if x.spec.shape[normal_axis(place, x.ndim)] != 3:
            raise ShapeError(f"cross takes vectors of 3 elements here; axis {place} of {list(x.spec.shape)} has not 3")
    a, b = shapes.unstack(x1, 3, axisa), shapes.unstack(x2, 3, axisb)
    return shapes.stack([a[i - 2] * b[i - 1] - a[i - 1] * b[i - 2] for i in range(3)], axisc)


def kron(x1: Any, x2: Any) -> Tensor:
    """Each element of x1 times the whole of x2, in its place."""
    x1, x2 = convert(x1), convert(x2)
    rank = max(x1.ndim, x2.ndim)
    left, right = ((1,) * (rank - x.ndim) + x.spec.shape for x in (x1, x2))
    spread = shapes.reshape(x1, [e for extent in left for e in (extent, 1)])
    product = spread * shapes.reshape(x2, [e for extent in right for e in (1, extent)])
    return shapes.reshape(product, [a * b for a, b in zip(left, right, strict=True)])


def cbrt(x: Any) -> Tensor:
    """The number whose third power is the element."""
    x = floating(x)
    return elementwise.sign(x) * elementwise.power(elementwise.absolute(x), 1.0 / 3.0)


def deg2rad(x: Any) -> Tensor:
    """Degrees as radians."""
    return floating(x) * (math.pi / 180.0)


def rad2deg(x: Any) -> Tensor:
    """Radians as degrees."""
    return floating(x) * (180.0 / math.pi)


def erfc(x: Any) -> Tensor:
    """1 - erf(x)."""
    return 1.0 - elementwise.erf(x)


def logaddexp2(x1: Any, x2: Any) -> Tensor:
    """log2(2 ** x1 + 2 ** x2), without overflow."""
    scale = math.log(2.0)
    return elementwise.logaddexp(floating(x1) * scale, floating(x2) * scale) / scale


def sinc(x: Any) -> Tensor:
    """sin(pi x) / (pi x), and 1 at 0."""
    x = floating(x) * math.pi
    is_zero = comparison.equal(x, 0.0)
    return comparison.where(is_zero, 1.0, elementwise.sin(x) / comparison.where(is_zero, 1.0, x))


def heaviside(x1: Any, x2: Any) -> Tensor:
    """0 below 0, 1 above, and x2 at 0; nan stays."""
    x1, x2 = together(floating(x1), floating(x2))
    found = comparison.where(x1 < 0.0, 0.0, comparison.where(x1 > 0.0, 1.0, x2))
    return comparison.where(comparison.isnan(x1), x1, cast(found, x1.dtype))


def fmax(x1: Any, x2: Any) -> Tensor:
    """The larger of two elements; the other where one is nan."""
    return _known_of("maximum", x1, x2)


def fmin(x1: Any, x2: Any) -> Tensor:
    """The smaller of two elements; the other where one is nan."""
    return _known_of("minimum", x1, x2)


def _known_of(name: str, x1: Any, x2: Any) -> Tensor:
    x1, x2 = (convert(x) for x in together(convert(x1), convert(x2)))
    found = binary(name, x1, x2)
    return comparison.where(comparison.isnan(x1), x2, comparison.where(comparison.isnan(x2), x1, found))


def isposinf(x: Any) -> Tensor:
    """Whether an element is the infinity above 0."""
    return comparison.equal(floating(x), math.inf)


def isneginf(x: Any) -> Tensor:
    """Whether an element is the infinity below 0."""
    return comparison.equal(floating(x), -math.inf)


# -- normalisations


def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: float | None = None
) -> Tensor:
    """The elements with mean 0 and variance 1 along the axes, times gamma, plus beta."""
    x = floating(x)
    mean, variance = reductions.moments(x, axis, keepdims=True)
    found = (x - mean) * elementwise.rsqrt(variance + _small(epsilon))
    found = found if gamma is None else found * gamma
    return found if beta is None else found + beta


def rms_normalization(x: Any, scale: Any = None, axis: Any = -1, epsilon: float | None = None) -> Tensor:
    """The elements divided by the root of their mean square along the axes, times scale."""
    x = floating(x)
    square = reductions.mean(elementwise.square(x), axis, keepdims=True)
    found = x * elementwise.rsqrt(square + _small(epsilon))
    return found if scale is None else found * scale


def _small(epsilon: float | None) -> float:
    return config.epsilon() if epsilon is None else float(epsilon)

"""Reductions along axes: sums, means, extremes, spreads, and running sums and products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flintglass.ops.common import countable, floating, normal_axes, normal_axis
from flintglass.program import Literal
from flintglass.tracing.tensor import Tensor, apply, binary, cast, convert, divide, together

Axis = Any  # None for all axes, an integer, or several; negative ones count from the last


def _reduce(name: str, x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    axes = normal_axes(axis, x.ndim)
    return apply(name, x, axis=axes, keepdims=bool(keepdims)) if axes else x


def _summable(x: Any) -> Tensor:
    """Whole numbers of at least 32 bits, so that sums have room."""
    x = convert(x)
    wider = {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}
    return cast(x, wider.get(x.dtype, x.dtype))


def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The sum over the axes."""
    return _reduce("sum", _summable(x), axis, keepdims)


def prod(x: Any, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Tensor:
    """The product over the axes."""
    return _reduce("prod", _summable(x if dtype is None else cast(x, dtype)), axis, keepdims)


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The arithmetic mean over the axes."""
    return _reduce("mean", floating(x), axis, keepdims)


def max(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Tensor:
    """The largest element over the axes, or ``initial`` where that is larger."""
    return _extreme("max", "maximum", x, axis, keepdims, initial)


def min(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Tensor:
    """The smallest element over the axes, or ``initial`` where that is smaller."""
    return _extreme("min", "minimum", x, axis, keepdims, initial)


def _extreme(name: str, of_two: str, x: Any, axis: Axis, keepdims: bool, initial: Any) -> Tensor:
    x = convert(x)
    if x.dtype == "bool":
        return cast(_extreme(name, of_two, cast(x, "int32"), axis, keepdims, initial), "bool")
    found = _reduce(name, x, axis, keepdims)
    return found if initial is None else cast(binary(of_two, found, initial), x.dtype)


def amax(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest element over the axes."""
    return max(x, axis, keepdims)


def amin(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest element over the axes."""
    return min(x, axis, keepdims)


def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether an element over the axes is true."""
    return _reduce("any", cast(x, "bool"), axis, keepdims)


def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether all elements over the axes are true."""
    return _reduce("all", cast(x, "bool"), axis, keepdims)


def count_nonzero(x: Any, axis: Axis = None) -> Tensor:
    """How many elements over the axes are not 0."""
    return _reduce("sum", cast(cast(x, "bool"), "int32"), axis, False)


def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The variance over the axes: the mean squared distance from the mean."""
    x = floating(x)
    return mean(apply("square", x - mean(x, axis, keepdims=True)), axis, keepdims)


def std(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The standard deviation over the axes."""
    return apply("sqrt", var(x, axis, keepdims))


def moments(x: Any, axes: Axis, keepdims: bool = False, synchronized: bool = False) -> tuple[Tensor, Tensor]:
    """The mean and the variance over the axes."""
    return mean(x, axes, keepdims), var(x, axes, keepdims)


def average(x: Any, axis: Axis = None, weights: Any = None) -> Tensor:
    """The mean over the axes, each element counting by its weight."""
    if weights is None:
        return mean(x, axis)
    x, weights = together(floating(x), convert(weights))
    if weights.ndim == 1 and x.ndim > 1:
        axes = normal_axes(axis, x.ndim)
        shape = [1] * x.ndim
        shape[axes[0]] = weights.spec.shape[0]
        weights = apply("reshape", weights, shape=tuple(shape))
    if weights.spec.shape != x.spec.shape:
        weights = apply("broadcast", weights, shape=x.spec.shape)
    return divide(sum(x * weights, axis), sum(weights, axis))


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The logarithm of the sum of exponentials over the axes, without overflow."""
    x = floating(x)
    highest = apply("stop_gradient", max(x, axis, keepdims=True))
    finite = apply("select", apply("is_finite", highest), highest, Literal(0.0, x.dtype))
    total = apply("log", sum(apply("exp", x - finite), axis, keepdims=True)) + finite
    return total if keepdims else _without(total, axis)


def _without(x: Tensor, axis: Axis) -> Tensor:
    """The tensor without the axes that a reduction kept."""
    axes = normal_axes(axis, x.ndim)
    shape = tuple(extent for i, extent in enumerate(x.spec.shape) if i not in axes)
    return apply("reshape", x, shape=shape)


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index (int32) of the first largest element along an axis; of all elements for None."""
    return _argument("argmax", x, axis, keepdims)


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index (int32) of the first smallest element along an axis; of all elements for None."""
    return _argument("argmin", x, axis, keepdims)


def _argument(name: str, x: Any, axis: int | None, keepdims: bool) -> Tensor:
    x = countable(x)
    shape = x.spec.shape
    if axis is None:
        x = apply("reshape", x, shape=(x.spec.size,))
        kept = (1,) * len(shape)
    else:
        kept = tuple(1 if i == normal_axis(axis, len(shape)) else extent for i, extent in enumerate(shape))
    found = apply(name, x, axis=normal_axis(0 if axis is None else axis, x.ndim))
    return apply("reshape", found, shape=kept) if keepdims else found


def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The running sum along an axis; over the flattened elements for None."""
    return _running("cumulative_sum", x, axis, dtype)


def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The running product along an axis; over the flattened elements for None."""
    return _running("cumulative_product", x, axis, dtype)


def _running(name: str, x: Any, axis: int | None, dtype: Any) -> Tensor:
    x = countable(x if dtype is None else cast(x, dtype))
    if axis is None:
        x, axis = apply("reshape", x, shape=(x.spec.size,)), 0
    return apply(name, x, axis=normal_axis(axis, x.ndim))


def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The norm of vectors (one axis) or matrices (two axes): 2 or Frobenius unless ``ord`` says otherwise."""
    x = floating(x)
    axes = normal_axes(axis, x.ndim)
    if ord is None or (ord == "fro" and len(axes) == 2) or (ord == 2 and len(axes) == 1):
        return apply("sqrt", sum(apply("square", x), axes, keepdims))
    size = apply("absolute", x)
    if len(axes) == 2:
        return _matrix_norm(size, ord, axes, keepdims)
    if ord == math.inf:
        return max(size, axes, keepdims)
    if ord == -math.inf:
        return min(size, axes, keepdims)
    if ord == 0:
        return sum(cast(binary("not_equal", x, 0.0), x.dtype), axes, keepdims)
    if ord == 1:
        return sum(size, axes, keepdims)
    return binary("power", sum(binary("power", size, float(ord)), axes, keepdims), 1.0 / ord)


def _matrix_norm(size: Tensor, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    """The largest (smallest for a negative order) sum over columns (order 1) or rows (order inf)."""
    if ord not in (1, -1, math.inf, -math.inf):
        raise ValueError(f"norm of a matrix takes ord 'fro', 1, -1, inf or -inf, not {ord!r}")
    summed, kept = axes if np.abs(ord) == 1 else axes[::-1]
    totals = sum(size, summed, keepdims=True)
    found = (max if ord > 0 else min)(totals, kept, keepdims=True)
    return found if keepdims else _without(found, axes)

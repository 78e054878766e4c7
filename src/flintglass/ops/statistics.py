"""Statistics of elements: medians and quantiles, ranges, and sums and means of those that are numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from flintglass.ops import comparison, elementwise, reductions, shapes, sorting
from flintglass.ops.common import floating, normal_axes
from flintglass.tracing.tensor import Tensor, cast, convert


def median(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The middle of the sorted elements, the mean of the two in the middle where their number is even."""
    return quantile(x, 0.5, axis, keepdims=keepdims)


def quantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """The value below which the share q of the elements lies; several q come first in the result's shape.

    method: what stands between two elements: ``linear``, ``lower``, ``higher``, ``nearest``, ``midpoint``.
    """
    x, shares = floating(x), np.asarray(q, dtype="float64")
    if method not in _BETWEEN:
        raise ValueError(f"quantile: method is one of {', '.join(_BETWEEN)}, not {method!r}")
    if not ((shares >= 0) & (shares <= 1)).all():
        raise ValueError(f"quantile: q is a share from 0 to 1, or several, not {q!r}")
    axes = normal_axes(axis, x.ndim)
    kept = tuple(1 if i in axes else extent for i, extent in enumerate(x.spec.shape))
    others = [i for i in range(x.ndim) if i not in axes]
    count = math.prod(int(x.spec.shape[i]) for i in axes)
    rows = shapes.reshape(shapes.transpose(x, [*others, *axes]), (*(x.spec.shape[i] for i in others), count))
    known = comparison.logical_not(reductions.any(comparison.isnan(rows), -1))
    rows = sorting.sort(rows, -1)
    found = [_at(rows, float(share) * (count - 1), method) for share in shares.reshape(-1)]
    found = [comparison.where(known, item, math.nan) for item in found]
    shown = [shapes.reshape(item, kept) if keepdims else item for item in found]
    return shown[0] if shares.ndim == 0 else shapes.stack(shown, 0)


_BETWEEN: dict[str, Callable[[float], float]] = {
    "linear": lambda rest: rest,
    "lower": lambda rest: 0.0,
    "higher": lambda rest: 1.0 if rest else 0.0,
    "nearest": lambda rest: 0.0,
    "midpoint": lambda rest: 0.5 if rest else 0.0,
}


def _at(rows: Tensor, place: float, method: str) -> Tensor:
    last = rows.ndim - 1
    low = int(np.round(place)) if method == "nearest" else math.floor(place)
    share = _BETWEEN[method](place - low)
    below = shapes.squeeze(shapes.cut(rows, last, low, low + 1), last)
    if not share:
        return below
    above = shapes.squeeze(shapes.cut(rows, last, low + 1, low + 2), last)
    return below + (above - below) * share


def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The distance from the smallest element to the largest."""
    return reductions.max(x, axis, keepdims) - reductions.min(x, axis, keepdims)


def nansum(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The sum of the elements that are numbers."""
    return reductions.sum(_filled(x, 0.0), axis, keepdims)


def nanprod(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The product of the elements that are numbers."""
    return reductions.prod(_filled(x, 1.0), axis, keepdims)


def nanmean(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The mean of the elements that are numbers; nan where none is."""
    x = floating(x)
    count = reductions.sum(cast(comparison.logical_not(comparison.isnan(x)), x.dtype), axis, keepdims)
    return nansum(x, axis, keepdims) / count


def nanvar(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The variance of the elements that are numbers."""
    x = floating(x)
    return nanmean(elementwise.square(x - nanmean(x, axis, True)), axis, keepdims)


def nanstd(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The standard deviation of the elements that are numbers."""
    return elementwise.sqrt(nanvar(x, axis, keepdims))


def nanmax(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The largest of the elements that are numbers; nan where none is."""
    return _extreme(reductions.max, -math.inf, x, axis, keepdims)


def nanmin(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The smallest of the elements that are numbers; nan where none is."""
    return _extreme(reductions.min, math.inf, x, axis, keepdims)


def _extreme(of: Any, other: float, x: Any, axis: Any, keepdims: bool) -> Tensor:
    x = convert(x)
    if not x.spec.is_float:
        found: Tensor = of(x, axis, keepdims)
        return found
    none = reductions.all(comparison.isnan(x), axis, keepdims)
    return comparison.where(none, math.nan, of(_filled(x, other), axis, keepdims))


def _filled(x: Any, number: float) -> Tensor:
    x = convert(x)
    return comparison.where(comparison.isnan(x), number, x) if x.spec.is_float else x

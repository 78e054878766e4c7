"""Order: sorting, the largest, and questions about ranks."""

from __future__ import annotations

from typing import Any

import numpy as np

from flintglass.ops.common import countable, normal_axis
from flintglass.ops.reductions import sum as _sum
from flintglass.tracing.tensor import Tensor, apply, binary, cast, convert


def sort(x: Any, axis: int = -1) -> Tensor:
    """The elements in rising order along an axis; nan comes last."""
    x = countable(x)
    return apply("sort", x, axis=normal_axis(axis, x.ndim))


def argsort(x: Any, axis: int | None = -1) -> Tensor:
    """The indices (int32) that sort an axis, or the flat tensor for None; equal elements keep their order."""
    x = countable(x)
    if axis is None:
        x, axis = apply("reshape", x, shape=(x.spec.size,)), 0
    return apply("argsort", x, axis=normal_axis(axis, x.ndim))


def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """The k largest along the last axis, the largest first, and their indices (int32)."""
    return apply("top_k", countable(x), k=k)


def in_top_k(targets: Any, predictions: Any, k: int) -> Tensor:
    """Whether the target of each row is among its k highest predictions; ties count as among them."""
    targets, predictions = cast(targets, "int32"), convert(predictions)
    last = predictions.ndim - 1
    own = apply("gather", predictions, targets, axis=last, batch=last)
    own = apply("reshape", own, shape=(*own.spec.shape, 1))
    higher = _sum(cast(predictions > own, "int32"), -1)
    finite = apply("is_finite", apply("reshape", own, shape=own.spec.shape[:-1]))
    return apply("logical_and", binary("less", higher, k), finite)


def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Tensor:
    """Where each value would be inserted into a sorted vector: how many of its elements lie below (or
    at, for ``side="right"``) the value."""
    values, sequence = convert(values), convert(sorted_sequence)
    column = apply("reshape", values, shape=(*values.spec.shape, 1))
    below = binary("less" if side == "left" else "less_equal", sequence, column)
    return _sum(cast(below, "int32"), -1)


def digitize(x: Any, bins: Any) -> Tensor:
    """The number of the bin in which each element lies, 0 below the first edge."""
    return searchsorted(bins, x, side="right")


def unique(
    x: Any,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """The different elements, sorted (eager only)."""
    if size is not None:
        raise ValueError("unique: `size` is not supported; the result has as many elements as there are")
    wanted: Any = {
        "return_index": return_index,
        "return_inverse": return_inverse,
        "return_counts": return_counts,
        "axis": axis,
    }
    found = np.unique(convert(x).array, **wanted)
    return tuple(convert(item) for item in found) if isinstance(found, tuple) else convert(found)

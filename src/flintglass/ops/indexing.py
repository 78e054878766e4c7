"""Elements chosen by index: taken, written, summed by segment; and padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from flintglass.errors import NeedsConcrete, ShapeError
from flintglass.ops.common import countable, normal_axis
from flintglass.ops.shapes import broadcast_to, concatenate, cut, flip, ravel, reshape, shape_of
from flintglass.program import Literal, Size
from flintglass.tracing.tensor import Tensor, apply, binary, cast, convert


def _indices(indices: Any, extent: Any) -> Tensor:
    """Indices from 0 up: known ones below 0 count from the end, as do unknown ones of a signed dtype."""
    found = convert(indices)
    if found.spec.is_float or found.dtype == "bool":
        found = cast(found, "int32")
    if isinstance(extent, Size) or found.dtype.startswith("u"):
        return found
    if not found.is_placeholder and found.trace is None and not hasattr(found, "storage"):
        array = found.array
        return convert(np.where(array < 0, array + extent, array).astype(array.dtype)) if (array < 0).any() else found
    return found


def take(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """The elements at these indices along an axis; of the flat tensor for None.

    Indices known beforehand may count from the end (-1). One outside the axis raises IndexOutOfRange.
    """
    x = ravel(x) if axis is None else convert(x)
    axis = normal_axis(0 if axis is None else axis, x.ndim)
    return apply("gather", x, _indices(indices, x.spec.shape[axis]), axis=axis, batch=0)


def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """For each place, the element of the axis that the index at the same place names."""
    x, indices = convert(x), convert(indices)
    if axis is None:
        x, indices, axis = ravel(x), ravel(indices), 0
    axis = normal_axis(axis, x.ndim)
    if indices.ndim != x.ndim:
        raise ShapeError(f"take_along_axis: indices of rank {x.ndim} expected, not {indices.ndim}")
    last = x.ndim - 1
    indices = _indices(indices, x.spec.shape[axis])
    if axis != last:
        order = tuple(last if i == axis else axis if i == last else i for i in range(x.ndim))
        x, indices = apply("transpose", x, axes=order), apply("transpose", indices, axes=order)
    found = apply("gather", _led(x, indices, last), indices, axis=last, batch=last)
    return found if axis == last else apply("transpose", found, axes=order)


def _led(x: Tensor, indices: Tensor, count: int) -> Tensor:
    """x with its first axes stretched to those of the indices."""
    wanted = (*indices.spec.shape[:count], *x.spec.shape[count:])
    return x if wanted == x.spec.shape else broadcast_to(x, wanted)


def get_item(x: Any, key: Any) -> Tensor:
    """``x[key]``."""
    return convert(x)[key]


def slice(inputs: Any, start_indices: Any, shape: Any) -> Tensor:
    """The block of this shape that begins at these indices."""
    x = convert(inputs)
    for axis, (start, extent) in enumerate(zip(_whole(start_indices), shape_of(shape), strict=True)):
        if (start, extent) != (0, x.spec.shape[axis]):
            x = cut(x, axis, start, start + extent)
    return x


def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Tensor:
    """The tensor with a block written over, from these indices on."""
    x = convert(inputs)
    updates = cast(updates, x.dtype)
    starts = _whole(start_indices)
    widths = [
        (start, extent - start - written)
        for start, extent, written in zip(starts, x.spec.shape, updates.spec.shape, strict=True)
    ]
    inside = pad(apply("broadcast", Literal(True, "bool"), shape=updates.spec.shape), widths)
    return apply("select", inside, pad(updates, widths), x)


def _whole(indices: Any) -> list[int]:
    return [int(item) for item in (indices.array if isinstance(indices, Tensor) else indices)]


def scatter(indices: Any, values: Any, shape: Any) -> Tensor:
    """Zeros of this shape, with each row of values added at the place that its row of indices names."""
    values = countable(values)
    start = apply("broadcast", Literal(0, values.dtype), shape=shape_of(shape))
    return scatter_update(start, indices, values, reduction="add")


def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Tensor:
    """The tensor with each row of updates written at the place that its row of indices names.

    reduction: None replaces (places must not repeat), "add" adds.
    """
    x, indices = convert(inputs), convert(indices)
    updates = cast(updates, x.dtype)
    depth = indices.spec.shape[-1]
    rest = x.spec.shape[depth:]
    flat = _flat_places(indices, x.spec.shape[:depth])
    table = reshape(x, (-1, *rest)) if depth > 1 else x
    rows = reshape(updates, (-1, *rest))
    if reduction == "add":
        return reshape(apply("scatter_add", table, flat, rows, axis=0, batch=0), x.spec.shape)
    if reduction is not None:
        raise ValueError(f"scatter_update: reduction is None or 'add', not {reduction!r}")
    number = "int32" if x.dtype == "bool" else x.dtype
    zeros = apply("broadcast", Literal(0, number), shape=table.spec.shape)
    placed = cast(apply("scatter_add", zeros, flat, cast(rows, number), axis=0, batch=0), x.dtype)
    ones = apply("broadcast", Literal(1, "int32"), shape=flat.spec.shape)
    none = apply("broadcast", Literal(0, "int32"), shape=table.spec.shape[:1])
    written = apply("scatter_add", none, flat, ones, axis=0, batch=0) > 0
    written = apply("reshape", written, shape=(*written.spec.shape, *(1,) * len(rest)))
    return reshape(apply("select", written, placed, table), x.spec.shape)


def _flat_places(indices: Tensor, extents: Sequence[Any]) -> Tensor:
    """The row numbers of places given one coordinate a column."""
    rows = reshape(indices, (-1, len(extents)))
    flat: Any = 0
    for axis, extent in enumerate(extents):
        column = reshape(cut(rows, 1, axis, axis + 1), (-1,))
        column = _indices(column, extent)
        flat = column if axis == 0 else flat * extent + column
    return flat


def segment_sum(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """The sum of the rows that carry the same number, one result a number from 0 on."""
    data, ids = countable(data), cast(segment_ids, "int32")
    if num_segments is None:
        if not ids.is_concrete:
            raise NeedsConcrete("segment_sum needs `num_segments` while a program is traced")
        num_segments = int(ids.array.max(initial=-1)) + 1
    start = apply("broadcast", Literal(0, data.dtype), shape=(num_segments, *data.spec.shape[1:]))
    return apply("scatter_add", start, ids, data, axis=0, batch=0)


def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Tensor:
    """How often each number from 0 on occurs, or the sum of the weights of its occurrences (eager only)."""
    array = convert(x).array
    given = None if weights is None else convert(weights)
    counted = np.bincount(array, None if given is None else given.array, minlength)
    return convert(counted.astype("int32" if given is None else given.dtype))


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Tensor:
    """The tensor with elements added at the ends of its axes.

    pad_width: an integer, a pair (before, after), or one pair an axis. mode: "constant" (0 unless given),
    "reflect" (mirrored at the last element) or "symmetric" (mirrored behind it).
    """
    x = convert(x)
    if mode not in ("constant", "reflect", "symmetric"):
        raise ValueError(f"pad: mode is 'constant', 'reflect' or 'symmetric', not {mode!r}")
    widths = _widths(pad_width, x.ndim)
    if mode == "constant":
        low, high = (tuple(shape_of(side)) for side in zip(*widths, strict=True)) if widths else ((), ())
        return apply("pad", x, low=low, high=high, value=constant_values or None)
    for axis, (before, after) in enumerate(widths):
        parts = _mirrored(x, axis, before, after, int(mode == "reflect"))
        x = concatenate([part for part in parts if part is not None], axis)
    return x


def _widths(pad_width: Any, rank: int) -> list[tuple[int, int]]:
    if isinstance(pad_width, int):
        return [(pad_width, pad_width)] * rank
    widths = list(pad_width)
    if len(widths) == 2 and all(isinstance(width, int) for width in widths):
        return [(widths[0], widths[1])] * rank
    pairs = [(width, width) if isinstance(width, int) else tuple(width) for width in widths]
    pairs = pairs * rank if len(pairs) == 1 else pairs
    if len(pairs) != rank or any(len(pair) != 2 for pair in pairs):
        raise ShapeError(f"pad: pad_width is a number, a pair, or one pair for each of {rank} axes, not {pad_width!r}")
    return pairs


def _mirrored(x: Tensor, axis: int, before: int, after: int, skip: int) -> tuple[Tensor | None, Tensor, Tensor | None]:
    extent = int(x.spec.shape[axis])
    first = flip(cut(x, axis, skip, skip + before), axis) if before else None
    last = flip(cut(x, axis, extent - skip - after, extent - skip), axis) if after else None
    return first, x, last


def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element of x1 is among those of x2."""
    x1 = convert(x1)
    column = apply("reshape", x1, shape=(*x1.spec.shape, 1))
    found = apply("any", binary("equal", column, ravel(x2)), axis=(x1.ndim,))
    return apply("logical_not", found) if invert else found

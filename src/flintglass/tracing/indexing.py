"""Indexing a tensor as NumPy does: integers, slices, None, Ellipsis, integer arrays, one boolean mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from flintglass.errors import NeedsConcrete, ShapeError
from flintglass.program import Size
from flintglass.tracing.tensor import Tensor, apply, convert


def index(tensor: Tensor, key: Any) -> Tensor:
    """``tensor[key]``."""
    keys = list(key) if isinstance(key, tuple) else [key]
    for item in keys:
        if isinstance(item, (str, dict, float)):
            raise TypeError(f"a tensor is indexed by whole numbers, slices, None, ... and arrays of them, not {item!r}")
    if any(_is_mask(item) for item in keys):
        return _by_mask(tensor, keys)
    keys = _without_ellipsis(tensor, keys)
    tensor, keys, arrays = _basic(tensor, keys)
    if not arrays:
        return tensor
    if len(arrays) > 1:
        return _by_many(tensor, arrays)
    axis, indices = arrays[0]
    return apply("gather", tensor, _not_negative(indices, tensor.spec.shape[axis]), axis=axis, batch=0)


def _is_mask(item: Any) -> bool:
    return isinstance(item, (Tensor, np.ndarray)) and str(item.dtype) == "bool"


def _by_mask(tensor: Tensor, keys: list[Any]) -> Tensor:
    if len(keys) != 1:
        raise ShapeError("a boolean mask is the only index; index the other axes in a second step")
    mask = np.asarray(keys[0])
    positions = np.nonzero(mask)
    flat = np.ravel_multi_index(positions, mask.shape).astype("int32")
    rest = tensor.spec.shape[mask.ndim :]
    rows = apply("reshape", tensor, shape=(mask.size, *rest))
    return apply("gather", rows, convert(flat), axis=0, batch=0)


def _without_ellipsis(tensor: Tensor, keys: list[Any]) -> list[Any]:
    taken = sum(item is not None and item is not Ellipsis for item in keys)
    missing = tensor.ndim - taken
    if missing < 0:
        raise ShapeError(f"too many indices ({taken}) for a tensor of shape {tensor.shape}")
    if Ellipsis in [item if not isinstance(item, (Tensor, np.ndarray)) else 0 for item in keys]:
        at = next(i for i, item in enumerate(keys) if item is Ellipsis)
        return [*keys[:at], *[slice(None)] * missing, *keys[at + 1 :]]
    return [*keys, *[slice(None)] * missing]


def _basic(tensor: Tensor, keys: list[Any]) -> tuple[Tensor, list[Any], list[tuple[int, Tensor]]]:
    """Apply slices, integers and None; what is left are (axis, index array) pairs."""
    start, stop, step, flipped = [], [], [], []
    shape: list[Any] = []
    arrays: list[tuple[int, Tensor]] = []
    axis = 0
    for item in keys:
        if item is None:
            shape.append(1)
            continue
        extent = tensor.spec.shape[axis]
        low, high, stride, flip = _bounds(item, extent)
        start.append(low)
        stop.append(high)
        step.append(stride)
        flipped += [axis] if flip else []
        if isinstance(item, (Tensor, np.ndarray, list)) and np.ndim(item) > 0:
            arrays.append((len(shape), convert(item)))
        if not isinstance(item, (int, np.integer)) and not _is_scalar_tensor(item):
            shape.append(extent if low is None else -(-(high - low) // stride))
        axis += 1
    if any(low is not None for low in start):
        tensor = apply("slice", tensor, start=tuple(start), stop=tuple(stop), step=tuple(step))
    if flipped:
        tensor = apply("reverse", tensor, axis=tuple(flipped))
    if tuple(shape) != tensor.spec.shape:
        tensor = apply("reshape", tensor, shape=tuple(shape))
    return tensor, keys, arrays


def _is_scalar_tensor(item: Any) -> bool:
    return isinstance(item, (Tensor, np.ndarray)) and item.ndim == 0


def _bounds(item: Any, extent: Any) -> tuple[Any, Any, int, bool]:
    """(start, stop, step, flipped) of one index; None for a whole axis."""
    if isinstance(item, slice):
        if item == slice(None):
            return None, None, 1, False
        if isinstance(extent, Size):
            raise NeedsConcrete(f"an axis of the size {extent} can only be taken whole while tracing")
        low, high, stride = item.indices(extent)
        count = len(range(low, high, stride))
        if stride > 0:
            return low, max(low, high), stride, False
        # A negative step reads the same elements forwards, then flips them.
        last = low + (count - 1) * stride
        return (last, low + 1, -stride, True) if count else (0, 0, 1, False)
    if isinstance(item, (int, np.integer)) or _is_scalar_tensor(item):
        number = int(item)
        if isinstance(extent, Size):
            raise NeedsConcrete(f"row {number} of an axis of the size {extent} cannot be taken while tracing")
        if not -extent <= number < extent:
            raise IndexError(f"index {number} is outside an axis of extent {extent}")
        return number % extent, number % extent + 1, 1, False
    return None, None, 1, False


def _not_negative(indices: Tensor, extent: Any) -> Tensor:
    """Indices counted from the end become indices from the start, where the numbers are known."""
    if indices.is_concrete and isinstance(extent, int):
        array = indices.array
        return convert(np.where(array < 0, array + extent, array))
    return indices


def _by_many(tensor: Tensor, arrays: list[tuple[int, Tensor]]) -> Tensor:
    """Several index arrays over the leading axes: ``x[rows, columns]``."""
    axes = [axis for axis, _ in arrays]
    if axes != list(range(len(axes))):
        raise ShapeError("several index arrays are supported on the leading axes only; transpose first")
    extents = tensor.spec.shape[: len(axes)]
    flat: Any = 0
    for (_, indices), extent in zip(arrays, extents, strict=True):
        flat = flat * extent + _not_negative(indices, extent)
    rows = apply("reshape", tensor, shape=(_product(extents), *tensor.spec.shape[len(axes) :]))
    return apply("gather", rows, flat, axis=0, batch=0)


def _product(extents: Any) -> Any:
    total: Any = 1
    for extent in extents:
        total = total * extent
    return total

"""The same elements in another shape or order, and tensors joined and cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from flintglass.errors import ShapeError
from flintglass.ops.common import normal_axes, normal_axis
from flintglass.program import Dimension, Shape, Size
from flintglass.program.size import dimension
from flintglass.program.size import divide as _exact_quotient
from flintglass.tracing import allowance
from flintglass.tracing.tensor import Tensor, apply, convert, together

_INDICES_OF_AN_OPERATION = 100  # that are made while a network is described


def shape_of(shape: Any) -> Shape:
    """A shape from an integer, a size, or a sequence of them."""
    if isinstance(shape, str):
        raise ShapeError(f"a shape is a number or a tuple of numbers, not the text {shape!r}")
    if isinstance(shape, (int, Size)) or not hasattr(shape, "__len__"):
        shape = (shape,)
    return tuple(dimension(extent) for extent in shape)


def shape(x: Any) -> tuple[Any, ...]:
    """The shape; a size that is known only when the program runs is an expression of named sizes."""
    x = convert(x)
    return x.spec.shape if x.is_placeholder else x.shape


def size(x: Any) -> Any:
    """How many elements."""
    return convert(x).spec.size


def ndim(x: Any) -> int:
    """How many axes."""
    return convert(x).ndim


def reshape(x: Any, newshape: Any) -> Tensor:
    """The elements, in the same order, in another shape; one extent may be -1 (or None): what is left."""
    x = convert(x)
    wanted = list(newshape) if isinstance(newshape, (list, tuple)) else [newshape]
    unknown = [i for i, extent in enumerate(wanted) if not isinstance(extent, Size) and extent in (-1, None)]
    if len(unknown) > 1:
        raise ShapeError(f"reshape: only one extent can be left open, not {len(unknown)} of {wanted}")
    known = [dimension(extent) for i, extent in enumerate(wanted) if i not in unknown]
    if unknown:
        known.insert(unknown[0], _left_over(x, known, wanted))
    return apply("reshape", x, shape=tuple(known))


def _left_over(x: Tensor, known: Sequence[Dimension], wanted: Sequence[Any]) -> Dimension:
    total: Dimension = 1
    for extent in known:
        total = total * extent
    found = _exact_quotient(x.spec.size, total)
    if found is None:
        raise ShapeError(f"reshape: {list(x.spec.shape)} does not divide into {wanted}")
    return found


def ravel(x: Any) -> Tensor:
    """All elements along one axis."""
    return reshape(x, (-1,))


def squeeze(x: Any, axis: Any = None) -> Tensor:
    """The tensor without axes of extent 1: all of them, or those named."""
    x = convert(x)
    single = tuple(i for i, extent in enumerate(x.spec.shape) if extent == 1)
    axes = single if axis is None else normal_axes(axis, x.ndim)
    for item in axes:
        if item not in single:
            raise ShapeError(f"squeeze: axis {item} of {list(x.spec.shape)} has not the extent 1")
    return apply("reshape", x, shape=tuple(e for i, e in enumerate(x.spec.shape) if i not in axes))


def expand_dims(x: Any, axis: Any) -> Tensor:
    """The tensor with new axes of extent 1, at these places of the result."""
    x = convert(x)
    count = len(axis) if isinstance(axis, (list, tuple)) else 1
    places = normal_axes(axis, x.ndim + count)
    extents = list(x.spec.shape)
    for place in places:
        extents.insert(place, 1)
    return apply("reshape", x, shape=tuple(extents))


def transpose(x: Any, axes: Any = None) -> Tensor:
    """The axes in another order; reversed if none is given."""
    x = convert(x)
    order = range(x.ndim)[::-1] if axes is None else [normal_axis(axis, x.ndim) for axis in axes]
    return apply("transpose", x, axes=tuple(order))


def swapaxes(x: Any, axis1: int, axis2: int) -> Tensor:
    """Two axes exchanged."""
    x = convert(x)
    order = list(range(x.ndim))
    first, second = normal_axis(axis1, x.ndim), normal_axis(axis2, x.ndim)
    order[first], order[second] = order[second], order[first]
    return apply("transpose", x, axes=tuple(order))


def moveaxis(x: Any, source: Any, destination: Any) -> Tensor:
    """Axes moved to other places, the rest in their order."""
    x = convert(x)
    sources = [normal_axis(a, x.ndim) for a in (source if isinstance(source, (list, tuple)) else [source])]
    places = destination if isinstance(destination, (list, tuple)) else [destination]
    order = [axis for axis in range(x.ndim) if axis not in sources]
    for place, axis in sorted(zip((normal_axis(p, x.ndim) for p in places), sources, strict=True)):
        order.insert(place, axis)
    return apply("transpose", x, axes=tuple(order))


def broadcast_to(x: Any, shape: Any) -> Tensor:
    """The tensor stretched to a shape as NumPy does: axes of extent 1 repeat."""
    return apply("broadcast", convert(x), shape=shape_of(shape))


def concatenate(xs: Any, axis: int = 0) -> Tensor:
    """Tensors one after the other along an axis."""
    tensors = together(*_some("concatenate", xs))
    if len(tensors) == 1:
        return tensors[0]
    return apply("concatenate", *tensors, axis=normal_axis(axis, tensors[0].ndim))


def _some(place: str, xs: Any) -> list[Tensor]:
    tensors = [convert(x) for x in xs]
    if not tensors:
        raise ShapeError(f"{place} was given an empty list; it takes one tensor or more")
    return tensors


def append(x1: Any, x2: Any, axis: int | None = None) -> Tensor:
    """x2 after x1 along an axis; both flat for None."""
    return concatenate([ravel(x1), ravel(x2)]) if axis is None else concatenate([x1, x2], axis)


def stack(x: Any, axis: int = 0) -> Tensor:
    """Tensors of one shape side by side along a new axis."""
    tensors = _some("stack", x)
    place = normal_axis(axis, tensors[0].ndim + 1)
    return concatenate([expand_dims(tensor, place) for tensor in tensors], place)


def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """The tensors that lie side by side along an axis."""
    x = convert(x)
    axis = normal_axis(axis, x.ndim)
    count = int(x.spec.shape[axis])
    if num is not None and num != count:
        raise ShapeError(f"unstack: the axis {axis} of {list(x.spec.shape)} holds {count} tensors, not {num}")
    return [squeeze(part, axis) for part in split(x, count, axis)]


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """The parts of an axis: so many equal ones, or those that begin at these indices."""
    x = convert(x)
    axis = normal_axis(axis, x.ndim)
    extent = x.spec.shape[axis]
    if isinstance(indices_or_sections, int):
        part = _exact_quotient(extent, indices_or_sections)
        if part is None:
            raise ShapeError(f"split: an axis of extent {extent} has no {indices_or_sections} equal parts")
        allowance.work(indices_or_sections)
        starts = [part * i for i in range(indices_or_sections)]
    else:
        starts = [0, *(int(i) for i in indices_or_sections)]
    stops = [*starts[1:], extent]
    return [cut(x, axis, low, high) for low, high in zip(starts, stops, strict=True)]


def cut(x: Tensor, axis: int, start: Dimension, stop: Dimension) -> Tensor:
    """The elements from start up to stop along one axis."""
    whole: list[Any] = [None] * x.ndim
    return apply(
        "slice",
        x,
        start=(*whole[:axis], start, *whole[axis + 1 :]),
        stop=(*whole[:axis], stop, *whole[axis + 1 :]),
    )


def flip(x: Any, axis: Any = None) -> Tensor:
    """The elements in reverse order along axes; along all of them for None."""
    x = convert(x)
    return apply("reverse", x, axis=normal_axes(axis, x.ndim))


def roll(x: Any, shift: Any, axis: Any = None) -> Tensor:
    """The elements moved along axes; those that leave at one end enter at the other."""
    x = convert(x)
    if axis is None:
        return reshape(roll(ravel(x), shift, 0), x.spec.shape)
    axes = [normal_axis(a, x.ndim) for a in (axis if isinstance(axis, (list, tuple)) else [axis])]
    shifts = list(shift) if isinstance(shift, (list, tuple)) else [shift] * len(axes)
    for place, distance in zip(axes, shifts, strict=True):
        extent = int(x.spec.shape[place])
        at = -int(distance) % extent if extent else 0
        if at:
            x = concatenate([cut(x, place, at, extent), cut(x, place, 0, at)], place)
    return x


def tile(x: Any, repeats: Any) -> Tensor:
    """The tensor repeated as a whole, so many times along each axis."""
    x = convert(x)
    counts = [repeats] if isinstance(repeats, int) else list(repeats)
    rank = len(counts) if len(counts) > x.ndim else x.ndim
    counts = [1] * (rank - len(counts)) + counts
    extents = (1,) * (rank - x.ndim) + x.spec.shape
    spread = tuple(e for extent in extents for e in (1, extent))
    target = tuple(e for count, extent in zip(counts, extents, strict=True) for e in (count, extent))
    stretched = apply("broadcast", apply("reshape", x, shape=spread), shape=target)
    final = tuple(count * extent for count, extent in zip(counts, extents, strict=True))
    return apply("reshape", stretched, shape=final)


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Tensor:
    """Each element repeated along an axis; of the flat tensor for None."""
    x = convert(x)
    if axis is None:
        x, axis = ravel(x), 0
    axis = normal_axis(axis, x.ndim)
    if isinstance(repeats, (list, tuple)) and len(repeats) == 1:
        repeats = repeats[0]
    if not isinstance(repeats, int):
        counts = convert(repeats).array.reshape(-1)
        allowance.work(sum(counts.tolist()) // _INDICES_OF_AN_OPERATION)
        places = np.repeat(np.arange(len(counts), dtype="int32"), counts)
        return apply("gather", x, convert(places), axis=axis, batch=0)
    extents = x.spec.shape
    column = apply("reshape", x, shape=(*extents[: axis + 1], 1, *extents[axis + 1 :]))
    wide = apply("broadcast", column, shape=(*extents[: axis + 1], repeats, *extents[axis + 1 :]))
    return apply("reshape", wide, shape=(*extents[:axis], extents[axis] * repeats, *extents[axis + 1 :]))


def hstack(xs: Any) -> Tensor:
    """Tensors joined along the second axis; vectors along their only one."""
    tensors = _some("hstack", xs)
    return concatenate(tensors, 0 if tensors[0].ndim == 1 else 1)


def vstack(xs: Any) -> Tensor:
    """Tensors joined along the first axis; vectors become rows."""
    tensors = [convert(x) for x in xs]
    return concatenate([expand_dims(t, 0) if t.ndim == 1 else t for t in tensors], 0)

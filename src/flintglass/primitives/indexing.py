"""Indexing: elements chosen, and added to, by integer values that are computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from flintglass.errors import ProgramError, ShapeError
from flintglass.primitives.base import (
    Attributes,
    Primitive,
    Sample,
    Specs,
    normal_axis,
    require_kind,
    require_same_dtype,
)
from flintglass.primitives.builder import Builder
from flintglass.primitives.shapes import spread_all
from flintglass.program import Dimension, Instruction, Operand, Shape, Spec, Value


def gathered_shape(place: str, x: Spec, indices: Spec, attributes: Attributes) -> Shape:
    """The shape of the elements of ``x`` at ``indices``; an error where the two do not fit together."""
    axis, shared = attributes["axis"], attributes.get("batch", 0)
    require_kind(place, indices.dtype, "iu")
    if normal_axis(place, axis, x.rank) != axis:
        raise ShapeError(f"{place}: axis {axis} counts from 0")
    if not 0 <= shared <= min(axis, indices.rank):
        raise ShapeError(
            f"{place}: batch={shared} shared axes must all come before axis {axis} of {list(x.shape)} "
            f"and be axes of the indices, {list(indices.shape)}"
        )
    if x.shape[:shared] != indices.shape[:shared]:
        raise ShapeError(
            f"{place}: the first {shared} axes of {list(x.shape)} and of the indices, "
            f"{list(indices.shape)}, must be equal"
        )
    return (*x.shape[:axis], *indices.shape[shared:], *x.shape[axis + 1 :])


class Gather(Primitive):
    """The elements of x at integer indices along one axis.

    axis: of x, the one that is indexed. batch: how many first axes x and the indices share; there each
    index chooses from its own part of x. The result has the shape x[:axis] + indices[batch:] +
    x[axis+1:]. An index below 0 or beyond the axis raises IndexOutOfRange.
    """

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        if len(inputs) != 2:
            raise ProgramError(f"gather takes a value and indices, not {len(inputs)} operands")
        x, indices = inputs
        return (Spec(gathered_shape(self.name, x, indices, attributes), x.dtype),)

    def gradient(self, b: Builder, line: Instruction, cotangents: Sequence[Operand | None]) -> Sequence[Operand | None]:
        (x, indices), (g,) = line.operands, cotangents
        if g is None or not x.spec.is_float:
            return [None, None]
        return [b.scatter_add(b.zeros(x.spec), indices, g, **line.attributes), None]

    def batch(
        self, b: Builder, operands: Sequence[Operand], batched: Sequence[bool], attributes: Attributes
    ) -> tuple[Value, ...]:
        axis, shared = attributes["axis"], attributes.get("batch", 0)
        if not batched[1] and not shared:
            return b.emit_all(self.name, operands, {"axis": axis + 1})
        if not batched[0] and not shared:
            # The new axis arrives where the indexed one was; it belongs in front.
            (chosen,) = b.emit_all(self.name, operands, attributes)
            rest = (i for i in range(chosen.spec.rank) if i != axis)
            return (b.transpose(chosen, axes=(axis, *rest)),) if axis else (chosen,)
        pair = spread_all(b, operands, batched)
        return b.emit_all(self.name, pair, {"axis": axis + 1, "batch": shared + 1})

    def samples(self) -> Sequence[Sample]:
        return tuple(
            Sample((x, indices), attributes, values=_with_indices(attributes["axis"]))
            for x, indices, attributes, _ in CASES
        )


class ScatterAdd(Primitive):
    """x with updates added to its elements at integer indices along one axis, in the order of the rows.

    axis, batch: as in gather; the updates have the shape that gather would give. An index that occurs
    several times adds several times. One below 0 or beyond the axis raises IndexOutOfRange.
    """

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        if len(inputs) != 3:
            raise ProgramError(f"scatter_add takes a value, indices and updates, not {len(inputs)} operands")
        x, indices, updates = inputs
        require_same_dtype(self.name, [x, updates])
        require_kind(self.name, x.dtype, "fiu")
        wanted = gathered_shape(self.name, x, indices, attributes)
        if updates.shape != wanted:
            raise ShapeError(f"scatter_add: updates of shape {list(wanted)} expected, not {list(updates.shape)}")
        return (x,)

    def gradient(self, b: Builder, line: Instruction, cotangents: Sequence[Operand | None]) -> Sequence[Operand | None]:
        (x, indices, _), (g,) = line.operands, cotangents
        if g is None or not x.spec.is_float:
            return [None, None, None]
        return [g, None, b.gather(g, indices, **line.attributes)]

    def batch(
        self, b: Builder, operands: Sequence[Operand], batched: Sequence[bool], attributes: Attributes
    ) -> tuple[Value, ...]:
        axis, shared = attributes["axis"] + 1, attributes.get("batch", 0)
        if batched[1] or shared:
            every = spread_all(b, operands, batched)
            return b.emit_all(self.name, every, {"axis": axis, "batch": shared + 1})
        # The same indices serve every row.
        x, updates = spread_all(b, operands[::2], batched[::2])
        return b.emit_all(self.name, (x, operands[1], updates), {"axis": axis})

    def samples(self) -> Sequence[Sample]:
        return tuple(
            Sample((x, indices, updates), attributes, values=_with_indices(attributes["axis"]))
            for x, indices, attributes, updates in CASES
        )


def scatter_along(b: Builder, indices: Operand, updates: Operand, axis: int, extent: Dimension) -> Operand:
    """Zeros, of this extent along ``axis``, with ``updates`` added to each row at its own ``indices``."""
    indices, updates = (_moved(b, item, axis, -1) for item in (indices, updates))
    last = indices.spec.rank - 1
    zeros = b.zeros(Spec((*indices.spec.shape[:-1], extent), updates.spec.dtype))
    return _moved(b, b.scatter_add(zeros, indices, updates, axis=last, batch=last), last, axis)


def _moved(b: Builder, x: Operand, axis: int, to: int) -> Operand:
    """``x`` with one axis elsewhere; no line where it is there already."""
    to %= x.spec.rank
    order = [other for other in range(x.spec.rank) if other != axis]
    order.insert(to, axis)
    return x if axis == to else b.transpose(x, axes=tuple(order))


# x, the indices, the attributes, and the shape that gather gives.
CASES = (
    ("float64[5, 2]", "int32[n]", {"axis": 0}, "float64[n, 2]"),
    ("float64[n, 3]", "int64[2]", {"axis": 1}, "float64[n, 2]"),
    ("float64[5]", "int32[n, 2]", {"axis": 0}, "float64[n, 2]"),
    ("float64[5]", "int32[]", {"axis": 0}, "float64[]"),
    ("float64[2, 3, 2]", "uint8[n]", {"axis": 1}, "float64[2, n, 2]"),
    ("float64[n, 3]", "int32[n]", {"axis": 1, "batch": 1}, "float64[n]"),
    ("float64[n, 3]", "int32[n, 2]", {"axis": 1, "batch": 1}, "float64[n, 2]"),
    ("float64[n, 2, 3, 2]", "int32[n, 2]", {"axis": 2, "batch": 1}, "float64[n, 2, 2, 2]"),
    ("float64[n, 2, 3]", "int32[n, 2, 4]", {"axis": 2, "batch": 2}, "float64[n, 2, 4]"),
    ("int32[4, 2]", "int32[3]", {"axis": 0}, "int32[3, 2]"),
)


def _with_indices(axis: int) -> Callable[[np.random.Generator, list[tuple[int, ...]]], list[np.ndarray]]:
    """Draws x, indices into its ``axis``, and whatever follows."""

    def values(generator: np.random.Generator, shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
        drawn: list[np.ndarray] = [np.round(generator.uniform(-9, 9, shape), 1) for shape in shapes]
        drawn[1] = generator.integers(0, shapes[0][axis], shapes[1])
        return drawn

    return values

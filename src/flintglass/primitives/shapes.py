"""Shapes: the same numbers arranged otherwise, and the numbers that shapes themselves give."""

from __future__ import annotations

from collections.abc import Sequence

from flintglass.errors import ProgramError, ShapeError
from flintglass.primitives.base import Attributes, Primitive, Sample, Specs, broadcast_shapes
from flintglass.primitives.builder import Builder
from flintglass.program import Dimension, Instruction, Operand, Shape, Size, Spec, Value
from flintglass.program.spec import spec

N = Size("n")


def spread(b: Builder, operand: Operand, extent: Dimension) -> Operand:
    """``operand`` repeated along a new first axis of this extent."""
    return b.emit("broadcast", operand, shape=(extent, *operand.spec.shape))


def batch_extent(operands: Sequence[Operand], batched: Sequence[bool]) -> Dimension:
    """The extent of the batch axis, which every batched operand has first."""
    return next(operand.spec.shape[0] for operand, flag in zip(operands, batched, strict=True) if flag)


def spread_all(b: Builder, operands: Sequence[Operand], batched: Sequence[bool]) -> list[Operand]:
    """The operands, those repeated that do not carry the batch, so that all carry it."""
    extent = batch_extent(operands, batched)
    return [item if flag else spread(b, item, extent) for item, flag in zip(operands, batched, strict=True)]


class Rearrangement(Primitive, abstract=True):
    """A function of one operand that moves, repeats or drops elements and computes nothing."""

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        if len(inputs) != 1:
            raise ProgramError(f"{self.name} takes 1 operand, not {len(inputs)}")
        return (Spec(self.shape(inputs[0].shape, attributes), inputs[0].dtype),)

    def gradient(self, b: Builder, line: Instruction, cotangents: Sequence[Operand | None]) -> Sequence[Operand | None]:
        (x,), (g,) = line.operands, cotangents
        if g is None or not x.spec.is_float or not isinstance(x, Value):
            return [None]
        return [self.back(b, g, x.spec.shape, line.attributes)]

    def batch(
        self, b: Builder, operands: Sequence[Operand], batched: Sequence[bool], attributes: Attributes
    ) -> tuple[Value, ...]:
        return b.emit_all(self.name, operands, self.lifted(operands[0].spec.shape[0], attributes))

    def shape(self, shape: Shape, attributes: Attributes) -> Shape:
        """The shape of the output."""
        raise NotImplementedError(self.name)

    def back(self, b: Builder, g: Operand, shape: Shape, attributes: Attributes) -> Operand:
        """The cotangent of the operand, whose shape this is."""
        raise NotImplementedError(self.name)

    def lifted(self, extent: Dimension, attributes: Attributes) -> Attributes:
        """The attributes that do the same to an operand with a new first axis of this extent."""
        raise NotImplementedError(self.name)


class Reshape(Rearrangement):
    """The same elements in the same order, in another shape.

    shape: the new dimensions, as many elements as before. With named sizes, the two counts must be the
    same expression: (n, 6) may become (6*n,) or (n, 2, 3).
    """

    def shape(self, shape: Shape, attributes: Attributes) -> Shape:
        before, after = Spec(shape, "float32"), spec(attributes["shape"], "float32")
        if before.size != after.size:
            raise ShapeError(
                f"reshape: {list(shape)} holds {before.size} elements and {list(after.shape)} holds "
                f"{after.size}; the counts must be equal"
            )
        return after.shape

    def back(self, b: Builder, g: Operand, shape: Shape, attributes: Attributes) -> Operand:
        return b.reshape(g, shape)

    def lifted(self, extent: Dimension, attributes: Attributes) -> Attributes:
        return {"shape": (extent, *attributes["shape"])}

    def samples(self) -> Sequence[Sample]:
        return (
            Sample(("float64[n, 6]",), {"shape": (N, 2, 3)}),
            Sample(("float64[n, 6]",), {"shape": (6 * N,)}),
            Sample(("float64[3, 2]",), {"shape": (1, 6, 1)}),
            Sample(("float64[1, 1]",), {"shape": ()}),
            Sample(("int32[2, 2]",), {"shape": (4,)}),
        )


class Broadcast(Rearrangement):
    """The operand repeated along new first axes, and along its axes of extent 1, as NumPy broadcasts.

    shape: the dimensions of the result.
    """

    def shape(self, shape: Shape, attributes: Attributes) -> Shape:
        wanted = spec(attributes["shape"], "float32")
        given = Spec(shape, "float32")
        if given.rank > wanted.rank or broadcast_shapes(self.name, [given, wanted]) != wanted.shape:
            raise ShapeError(
                f"broadcast: {list(shape)} does not stretch to {list(wanted.shape)}; "
                "aligned at the last axis, each extent must be 1 or equal"
            )
        return wanted.shape

    def back(self, b: Builder, g: Operand, shape: Shape, attributes: Attributes) -> Operand:
        return b.unbroadcast(g, Spec(shape, g.spec.dtype))

    def batch(
        self, b: Builder, operands: Sequence[Operand], batched: Sequence[bool], attributes: Attributes
    ) -> tuple[Value, ...]:
        extent, *rest = operands[0].spec.shape
        wanted = tuple(attributes["shape"])
        ones = (1,) * (len(wanted) - len(rest))
        aligned = b.reshape(operands[0], (extent, *ones, *rest))
        return b.emit_all(self.name, [aligned], {"shape": (extent, *wanted)})

    def samples(self) -> Sequence[Sample]:
        return (
            Sample(("float64[3]",), {"shape": (N, 3)}),
            Sample(("float64[n, 1]",), {"shape": (N, 3)}),
            Sample(("float64[]",), {"shape": (2, N)}),
            Sample(("float64[2, 1, 3]",), {"shape": (2, 4, 3)}),
            Sample(("int32[1]",), {"shape": (2, 2)}),
        )


class Transpose(Rearrangement):
    """The axes in another order.

    axes: a permutation; axis ``i`` of the result is axis ``axes[i]`` of the operand.
    """

    def shape(self, shape: Shape, attributes: Attributes) -> Shape:
        axes = attributes["axes"]
        if sorted(axes) != list(range(len(shape))):
            raise ShapeError(f"transpose: {axes} is no order of the {len(shape)} axes of {list(shape)}")
        return tuple(shape[axis] for axis in axes)

    def back(self, b: Builder, g: Operand, shape: Shape, attributes: Attributes) -> Operand:
        axes = attributes["axes"]
        return b.transpose(g, axes=tuple(axes.index(axis) for axis in range(len(axes))))

    def lifted(self, extent: Dimension, attributes: Attributes) -> Attributes:
        return {"axes": (0, *(axis + 1 for axis in attributes["axes"]))}

    def samples(self) -> Sequence[Sample]:
        return (
            Sample(("float64[n, 3]",), {"axes": (1, 0)}),
            Sample(("float64[n, 3, 2]",), {"axes": (1, 2, 0)}),
            Sample(("float64[2, 3]",), {"axes": (0, 1)}),
            Sample(("int32[2, 3]",), {"axes": (1, 0)}),
        )


class Reverse(Rearrangement):
    """The elements in the opposite order along some axes.

    axis: a tuple of axes, ascending.
    """

    def shape(self, shape: Shape, attributes: Attributes) -> Shape:
        require_axes(self.name, attributes["axis"], len(shape))
        return shape

    def back(self, b: Builder, g: Operand, shape: Shape, attributes: Attributes) -> Operand:
        return b.reverse(g, axis=attributes["axis"])

    def lifted(self, extent: Dimension, attributes: Attributes) -> Attributes:
        return {"axis": tuple(axis + 1 for axis in attributes["axis"])}

    def samples(self) -> Sequence[Sample]:
        return (
            Sample(("float64[n, 3]",), {"axis": (0,)}),
            Sample(("float64[n, 3]",), {"axis": (0, 1)}),
            Sample(("int32[3]",), {"axis": (0,)}),
        )


def require_axes(place: str, axes: Sequence[int], rank: int) -> None:
    """Raise ShapeError unless ``axes`` is an ascending tuple of axes of a value of this rank."""
    if not isinstance(axes, tuple) or list(axes) != sorted(set(axes)) or any(not 0 <= axis < rank for axis in axes):
        raise ShapeError(
            f"{place}: axis={axes!r} is no ascending tuple of axes of a value of rank {rank}; axes count from 0"
        )

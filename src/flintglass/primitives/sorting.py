"""Order: sorted values, the positions that sort them, and the position or the rank of the best."""

from __future__ import annotations

from collections.abc import Sequence

from flintglass.errors import ProgramError, ShapeError
from flintglass.primitives.base import Attributes, Primitive, Sample, Specs, require_kind
from flintglass.primitives.builder import Builder
from flintglass.primitives.indexing import scatter_along
from flintglass.primitives.reductions import distinct
from flintglass.primitives.shapes import require_axes
from flintglass.program import Instruction, Operand, Spec, Value


class Ordering(Primitive, abstract=True):
    """A function of the order of the elements along one axis, counted from 0: the attribute axis."""

    kinds = "fiu"

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        if len(inputs) != 1:
            raise ProgramError(f"{self.name} takes 1 operand, not {len(inputs)}")
        require_kind(self.name, inputs[0].dtype, self.kinds)
        require_axes(self.name, (attributes["axis"],), inputs[0].rank)
        return (self.result(inputs[0], attributes["axis"]),)

    def result(self, x: Spec, axis: int) -> Spec:
        """The type of the output."""
        raise NotImplementedError(self.name)

    def batch(
        self, b: Builder, operands: Sequence[Operand], batched: Sequence[bool], attributes: Attributes
    ) -> tuple[Value, ...]:
        return b.emit_all(self.name, operands, {**attributes, "axis": attributes["axis"] + 1})

    def samples(self) -> Sequence[Sample]:
        return (
            *(Sample(("float64[n, 3]",), {"axis": axis}, values=distinct) for axis in (0, 1)),
            Sample(("float64[2, n, 3]",), {"axis": 1}, values=distinct),
            Sample(("int32[n, 3]",), {"axis": 0}, low=-2, high=2),
        )


class Sort(Ordering):
    """The elements in ascending order along one axis (the attribute axis); nan comes last."""

    def result(self, x: Spec, axis: int) -> Spec:
        return x

    def gradient(self, b: Builder, line: Instruction, cotangents: Sequence[Operand | None]) -> Sequence[Operand | None]:
        (x,), (g,), axis = line.operands, cotangents, line.attributes["axis"]
        if g is None or not x.spec.is_float:
            return [None]
        return [scatter_along(b, b.argsort(x, axis=axis), g, axis, x.spec.shape[axis])]


class Argsort(Ordering):
    """The positions, as int32, of the elements in ascending order along one axis (the attribute axis).

    Equal elements keep their order; nan comes last.
    """

    differentiable = False

    def result(self, x: Spec, axis: int) -> Spec:
        return Spec(x.shape, "int32")


class Position(Ordering, abstract=True):
    """The place of one element along an axis, which the result no longer has."""

    differentiable = False

    def result(self, x: Spec, axis: int) -> Spec:
        if x.shape[axis] == 0:
            raise ShapeError(f"{self.name}: {list(x.shape)} has no elements along axis {axis}")
        return Spec(x.shape[:axis] + x.shape[axis + 1 :], "int32")


class Argmax(Position):
    """The position, as int32, of the largest element along one axis (the attribute axis).

    The first of equal ones; nan counts as the largest.
    """


class Argmin(Position):
    """The position, as int32, of the smallest element along one axis (the attribute axis).

    The first of equal ones; nan counts as the smallest.
    """


class TopK(Primitive):
    """The k largest elements along the last axis in descending order, and their positions as int32.

    k: how many, from 0 up to the extent of the axis. Of equal elements, the first comes first; nan counts
    as the largest.
    """

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        if len(inputs) != 1 or not inputs[0].rank:
            raise ProgramError("top_k takes 1 operand, of rank 1 or more")
        (x,), k = inputs, attributes["k"]
        require_kind(self.name, x.dtype, "fiu")
        if k < 0 or (isinstance(x.shape[-1], int) and k > x.shape[-1]):
            raise ShapeError(f"top_k: k={k} elements cannot be taken from the last axis of {list(x.shape)}")
        shape = (*x.shape[:-1], k)
        return Spec(shape, x.dtype), Spec(shape, "int32")

    def gradient(self, b: Builder, line: Instruction, cotangents: Sequence[Operand | None]) -> Sequence[Operand | None]:
        (x,), g = line.operands, cotangents[0]
        if g is None or not x.spec.is_float:
            return [None]
        return [scatter_along(b, line.outputs[1], g, x.spec.rank - 1, x.spec.shape[-1])]

    def batch(
        self, b: Builder, operands: Sequence[Operand], batched: Sequence[bool], attributes: Attributes
    ) -> tuple[Value, ...]:
        return b.emit_all(self.name, operands, attributes)

    def samples(self) -> Sequence[Sample]:
        return (
            Sample(("float64[n, 5]",), {"k": 2}, values=distinct),
            Sample(("float64[5]",), {"k": 5}, values=distinct),
            Sample(("int32[n, 5]",), {"k": 3}, low=-2, high=2),
        )

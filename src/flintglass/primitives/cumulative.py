"""Running totals along one axis, and the like."""

from __future__ import annotations

from collections.abc import Sequence

from flintglass.errors import ProgramError
from flintglass.primitives.base import Attributes, Primitive, Sample, Specs, require_kind
from flintglass.primitives.builder import Builder
from flintglass.primitives.indexing import scatter_along
from flintglass.primitives.reductions import distinct, sparse
from flintglass.primitives.shapes import require_axes
from flintglass.program import Instruction, Literal, Operand, Spec, Value

ATTRIBUTES = ({"axis": 0}, {"axis": 1}, {"axis": 1, "reverse": True})


class Cumulative(Primitive, abstract=True):
    """Each element combined with all before it along one axis.

    axis: counted from 0. reverse: with all after it instead.
    """

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        if len(inputs) != 1:
            raise ProgramError(f"{self.name} takes 1 operand, not {len(inputs)}")
        require_kind(self.name, inputs[0].dtype, "fiu")
        require_axes(self.name, (attributes["axis"],), inputs[0].rank)
        return (inputs[0],)

    def gradient(self, b: Builder, line: Instruction, cotangents: Sequence[Operand | None]) -> Sequence[Operand | None]:
        (x,), (g,) = line.operands, cotangents
        return [None if g is None or not x.spec.is_float else self.flow(b, line, g)]

    def flow(self, b: Builder, line: Instruction, g: Operand) -> Operand:
        """The cotangent of the operand."""
        raise NotImplementedError(self.name)

    def batch(
        self, b: Builder, operands: Sequence[Operand], batched: Sequence[bool], attributes: Attributes
    ) -> tuple[Value, ...]:
        return b.emit_all(self.name, operands, {**attributes, "axis": attributes["axis"] + 1})

    def samples(self) -> Sequence[Sample]:
        real = tuple(Sample(("float64[n, 3]",), attributes) for attributes in ATTRIBUTES)
        return real + (Sample(("int32[n, 3]",), {"axis": 0}, low=-9, high=9),)


class CumulativeSum(Cumulative):
    """The sum of each element and all before it."""

    def flow(self, b: Builder, line: Instruction, g: Operand) -> Operand:
        axis, reverse = line.attributes["axis"], line.attributes.get("reverse", False)
        return b.cumulative_sum(g, axis=axis, reverse=not reverse)


class CumulativeProduct(Cumulative):
    """The product of each element and all before it; its gradient is right where elements are 0.

    exclusive: the element itself is left out, so that the first product is 1.
    """

    def flow(self, b: Builder, line: Instruction, g: Operand) -> Operand:
        # The slope of product j by element i is product j with a 1 in place of element i, or 0 where
        # element i is no factor of it. Nothing is divided; the price is the square of the axis' extent.
        (x,), attributes, dtype = line.operands, line.attributes, g.spec.dtype
        axis, rank = attributes["axis"], x.spec.rank
        extent = x.spec.shape[axis]
        square = (extent, extent, *(1,) * (rank - axis - 1))
        element = b.iota(shape=square, axis=0, dtype="int32")
        product = b.iota(shape=square, axis=1, dtype="int32")
        several = b.reshape(x, (*x.spec.shape[:axis], 1, *x.spec.shape[axis:]))
        factors = b.select(b.equal(element, product), b.literal(1.0, g), several)
        slopes = b.cumulative_product(factors, **{**attributes, "axis": axis + 1})
        first, last = (product, element) if attributes.get("reverse") else (element, product)
        compare = b.less if attributes.get("exclusive") else b.less_equal
        spread = b.reshape(g, several.spec.shape)
        flows = b.select(compare(first, last), b.multiply(slopes, spread), Literal(0.0, dtype))
        return b.sum(flows, axis=(axis + 1,))

    def samples(self) -> Sequence[Sample]:
        exclusive = tuple(Sample(("float64[n, 3]",), {**item, "exclusive": True}) for item in ATTRIBUTES)
        zeros = Sample(("float64[n, 3]",), {"axis": 0}, values=sparse)
        return (*super().samples(), *exclusive, zeros)


class CumulativeMaximum(Cumulative):
    """The largest of each element and all before it, nan from the first nan on.

    The gradient goes to the element that was largest, the last one to come where several were.
    """

    def flow(self, b: Builder, line: Instruction, g: Operand) -> Operand:
        (x,), (y,), axis = line.operands, line.outputs, line.attributes["axis"]
        if line.attributes.get("reverse"):
            x, y, g = (b.reverse(item, axis=(axis,)) for item in (x, y, g))
        position = b.iota(shape=x.spec.shape, axis=axis, dtype="int32")
        reached = b.select(b.equal(x, y), position, Literal(0, "int32"))
        source = b.cumulative_maximum(reached, axis=axis)
        flow = scatter_along(b, source, g, axis, x.spec.shape[axis])
        return b.reverse(flow, axis=(axis,)) if line.attributes.get("reverse") else flow

    def samples(self) -> Sequence[Sample]:
        real = tuple(Sample(("float64[n, 3]",), attributes, values=distinct) for attributes in ATTRIBUTES)
        return real + (Sample(("int32[n, 3]",), {"axis": 0}, low=-9, high=9),)

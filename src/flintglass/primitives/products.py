"""Products of matrices."""

from __future__ import annotations

from collections.abc import Sequence

from flintglass.errors import ProgramError, ShapeError
from flintglass.primitives.base import (
    Attributes,
    Primitive,
    Sample,
    Specs,
    align,
    broadcast_shapes,
    require_kind,
    require_same_dtype,
)
from flintglass.primitives.builder import Builder
from flintglass.program import Dimension, Instruction, Operand, Shape, Spec, Value
from flintglass.program.spec import FLOATS


class Matmul(Primitive):
    """The product of matrices, those of the last two axes; the axes before them broadcast.

    transpose_a, transpose_b: the operand's last two axes change places first (written ``x^T``).
    accumulate: a floating-point dtype in which the products are summed, before they are rounded to the
    operands' own.
    """

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        if len(inputs) != 2:
            raise ProgramError(f"matmul takes 2 operands, not {len(inputs)}")
        require_same_dtype(self.name, inputs)
        require_kind(self.name, inputs[0].dtype, "fiu")
        if attributes.get("accumulate", "float64") not in FLOATS:
            raise ProgramError(f"matmul sums in a floating-point dtype, not {attributes['accumulate']!r}")
        a, b = inputs
        if a.rank < 2 or b.rank < 2:
            raise ShapeError(
                f"matmul: operands of rank 2 or more expected, not {list(a.shape)} and {list(b.shape)}; "
                "give a vector a second axis of extent 1"
            )
        flags = attributes.get("transpose_a", False), attributes.get("transpose_b", False)
        rows, inner = _ends(a, flags[0])
        other, columns = _ends(b, flags[1])
        if inner != other:
            raise ShapeError(_misfit(a, b, flags))
        leading = [Spec(item.shape[:-2], item.dtype) for item in inputs]
        return (Spec((*broadcast_shapes(self.name, leading), rows, columns), a.dtype),)

    def gradient(self, b: Builder, line: Instruction, cotangents: Sequence[Operand | None]) -> Sequence[Operand | None]:
        (left, right), (g,) = line.operands, cotangents
        if g is None or not left.spec.is_float:
            return [None, None]
        attributes = line.attributes
        flipped = attributes.get("transpose_a", False), attributes.get("transpose_b", False)
        accumulate = attributes.get("accumulate")

        def product(x: Operand, y: Operand, transpose_x: bool, transpose_y: bool) -> Operand:
            return b.matmul(x, y, transpose_a=transpose_x, transpose_b=transpose_y, accumulate=accumulate)

        if flipped[0]:
            to_left = product(right, g, flipped[1], True)
        else:
            to_left = product(g, right, False, not flipped[1])
        if left.spec.rank > 2 and right.spec.rank == 2 and not flipped[0]:
            # The leading axes are rows of the same product: one large product instead of many and a sum.
            left, g = (b.reshape(x, _merged(x)) for x in (left, g))
        if flipped[1]:
            to_right = product(g, left, True, flipped[0])
        else:
            to_right = product(left, g, not flipped[0], False)
        return [
            b.unbroadcast(flow, operand.spec) if isinstance(operand, Value) else None
            for flow, operand in zip((to_left, to_right), line.operands, strict=True)
        ]

    def batch(
        self, b: Builder, operands: Sequence[Operand], batched: Sequence[bool], attributes: Attributes
    ) -> tuple[Value, ...]:
        return b.emit_all(self.name, align(b, operands, batched), attributes)

    def samples(self) -> Sequence[Sample]:
        first, second = {"transpose_a": True}, {"transpose_b": True}
        return (
            Sample(("float64[n, 3]", "float64[3, 2]")),
            Sample(("float64[n, 3]", "float64[n, 2]"), first),
            Sample(("float64[n, 3]", "float64[2, 3]"), second),
            Sample(("float64[3, n]", "float64[2, 3]"), {**first, **second}),
            Sample(("float64[n, 1]", "float64[1, 4]")),
            Sample(("float64[n, 2, 3]", "float64[3, 2]")),
            Sample(("float64[n, 2, 3]", "float64[2, 3]"), second),
            Sample(("float64[n, 3, 2]", "float64[3, 2]"), first),
            Sample(("float64[2, 3]", "float64[n, 3, 1]")),
            Sample(("float64[2, 1, 2, 3]", "float64[n, 3, 2]")),
            Sample(("float64[1, 2, 3]", "float64[n, 2, 3]"), second),
            Sample(("float64[n, 3]", "float64[3, 2]"), {"accumulate": "float64"}),
            Sample(("int32[2, 3]", "int32[3, 2]"), low=-9, high=9),
        )


def _ends(item: Spec, transpose: bool) -> tuple[Dimension, Dimension]:
    """The rows and the columns of the matrices, after the transposition."""
    rows, columns = item.shape[-2:]
    return (columns, rows) if transpose else (rows, columns)


def _merged(x: Operand) -> Shape:
    """The shape with all axes but the last as one."""
    return (Spec(x.spec.shape[:-1], x.spec.dtype).size, x.spec.shape[-1])


def _misfit(a: Spec, b: Spec, flags: tuple[bool, bool]) -> str:
    """The sentence about two matrices whose inner extents differ."""
    texts = [f"{list(item.shape)}{'^T' if flag else ''}" for item, flag in zip((a, b), flags, strict=True)]
    # A transposition swaps the two axes; those of a matrix are its first and its last.
    first, second = (
        "last" if last else "first" if item.rank == 2 else "second-to-last"
        for item, last in ((a, not flags[0]), (b, flags[1]))
    )
    return (
        f"matmul: {' and '.join(texts)} do not fit together: the {first} axis of the first "
        f"({_ends(a, flags[0])[1]}) must equal the {second} of the second ({_ends(b, flags[1])[0]})"
    )

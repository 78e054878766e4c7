"""Systems of linear equations and determinants, of the host's tier.

In float32 or float64, of each matrix of a stack.
"""

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
    require_same_dtype,
)
from flintglass.primitives.builder import Builder
from flintglass.primitives.matrices import Cotangents, OfMatrix, matrices, require_matrices, turned, unit
from flintglass.program import Instruction, Operand, Spec, Value


class HostSolve(Primitive):
    """The x of a @ x = b, for each matrix a and each column of b; the leading axes broadcast.

    A singular a gives nan for all its columns.
    """

    tier = "host"

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        if len(inputs) != 2:
            raise ProgramError(f"{self.name} takes 2 operands, not {len(inputs)}")
        require_same_dtype(self.name, inputs)
        a, b = inputs
        require_matrices(self.name, a, square=True)
        require_matrices(self.name, b, square=False)
        if a.shape[-1] != b.shape[-2]:
            raise ShapeError(
                f"{self.name}: {list(a.shape)} and {list(b.shape)} do not fit together: the second needs as many rows "
                f"(it has {b.shape[-2]}) as the matrix has ({a.shape[-1]})"
            )
        leading = broadcast_shapes(self.name, [Spec(item.shape[:-2], item.dtype) for item in inputs])
        return (Spec((*leading, *b.shape[-2:]), a.dtype),)

    def gradient(self, b: Builder, line: Instruction, cotangents: Cotangents) -> Cotangents:
        (a, right), (found,), (g,) = line.operands, line.outputs, cotangents
        if g is None:
            return [None, None]
        to_right = b.host_solve(turned(b, a), g)
        to_a = b.negative(b.matmul(to_right, found, transpose_b=True))
        return [b.unbroadcast(to_a, a.spec), b.unbroadcast(to_right, right.spec)]

    def batch(
        self, b: Builder, operands: Sequence[Operand], batched: Sequence[bool], attributes: Attributes
    ) -> tuple[Value, ...]:
        return b.emit_all(self.name, align(b, operands, batched), attributes)

    def samples(self) -> Sequence[Sample]:
        pairs = (
            ("float64[3, 3]", "float64[3, 2]"),
            ("float64[n, 2, 2]", "float64[n, 2, 1]"),
            ("float64[3, 3]", "float64[n, 3, 1]"),
            ("float64[2, 1, 2, 2]", "float64[n, 2, 3]"),
            ("float64[n, n]", "float64[n, 2]"),
        )
        return tuple(Sample(pair, values=matrices) for pair in pairs)


class HostDeterminant(OfMatrix):
    """The determinant.

    Its gradient goes through the inverse: it is nan where the matrix is singular.
    """

    def parts(self, x: Spec) -> tuple[Spec, ...]:
        return (Spec(x.shape[:-2], x.dtype),)

    def back(self, b: Builder, x: Operand, found: Sequence[Value], cotangents: Cotangents) -> Operand | None:
        return b.multiply(_inverse_turned(b, x), _scalars(b, b.multiply(cotangents[0], found[0])))


class HostLogDeterminant(OfMatrix):
    """The sign of the determinant (1, -1, or 0 of a singular matrix), and the logarithm of its size (then -inf).

    The gradient of the second is the inverse, turned: nan where the matrix is singular. The sign has none.
    """

    def parts(self, x: Spec) -> tuple[Spec, ...]:
        return (Spec(x.shape[:-2], x.dtype),) * 2

    def back(self, b: Builder, x: Operand, found: Sequence[Value], cotangents: Cotangents) -> Operand | None:
        g = cotangents[1]
        return None if g is None else b.multiply(_inverse_turned(b, x), _scalars(b, g))


def _scalars(b: Builder, x: Operand) -> Operand:
    return b.reshape(x, (*x.spec.shape, 1, 1))


def _inverse_turned(b: Builder, x: Operand) -> Operand:
    return b.host_solve(turned(b, x), unit(b, x))

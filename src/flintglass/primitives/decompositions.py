"""Decompositions of matrices, of the host's tier: factors, eigenvalues, singular values.

In float32 or float64, of each matrix of a stack; a matrix for which there is none gives nan.
"""

from __future__ import annotations

from collections.abc import Sequence

from flintglass.primitives.base import Sample
from flintglass.primitives.builder import Builder
from flintglass.primitives.matrices import (
    Cotangents,
    OfMatrix,
    column,
    matrices,
    mirrored,
    positive,
    row,
    smaller,
    symmetric,
    turned,
    unit,
)
from flintglass.program import Dimension, Operand, Spec, Value


class HostCholesky(OfMatrix):
    """The lower triangular factor l, with l @ l^T = (x + x^T)/2.

    Where that is not positive definite, all of l is nan.
    """

    def parts(self, x: Spec) -> tuple[Spec, ...]:
        return (x,)

    def back(self, b: Builder, x: Operand, found: Sequence[Value], cotangents: Cotangents) -> Operand | None:
        (factor,), (g,) = found, cotangents
        across = turned(b, factor)
        inner = mirrored(b, b.matmul(factor, g, transpose_a=True))
        return b.multiply(b.host_solve(across, turned(b, b.host_solve(across, inner))), 0.5)

    def samples(self) -> Sequence[Sample]:
        return tuple(Sample(item.specs, values=positive) for item in super().samples())


class HostEigh(OfMatrix):
    """The eigenvalues of (x + x^T)/2, ascending, and its eigenvectors, the columns of the second output.

    What flows back from the eigenvectors divides by the differences of the eigenvalues: it is nan or infinite
    where two are equal. What flows from the eigenvalues alone is finite always. The sign of an eigenvector
    is LAPACK's choice.
    """

    def parts(self, x: Spec) -> tuple[Spec, ...]:
        return Spec(x.shape[:-1], x.dtype), x

    def back(self, b: Builder, x: Operand, found: Sequence[Value], cotangents: Cotangents) -> Operand | None:
        (values, vectors), (to_values, to_vectors) = found, cotangents
        if to_vectors is None:
            return b.matmul(b.multiply(vectors, row(b, to_values)), vectors, transpose_b=True)
        one = unit(b, values)
        turning = b.matmul(vectors, to_vectors, transpose_a=True)
        apart = b.multiply(b.add(b.subtract(row(b, values), column(b, values)), one), 2.0)
        inner = b.divide(b.subtract(turning, turned(b, turning)), apart)
        if to_values is not None:
            inner = b.add(inner, b.multiply(one, row(b, to_values)))
        return b.matmul(b.matmul(vectors, inner), vectors, transpose_b=True)

    def samples(self) -> Sequence[Sample]:
        return tuple(Sample(item.specs, values=symmetric) for item in super().samples())


class HostQr(OfMatrix):
    """The factors q, whose columns are orthonormal, and r, upper triangular, with q @ r = x; reduced.

    q is (rows, k) and r (k, columns), k the smaller of the two. The gradient needs the first k columns of x to be
    independent, and is nan where r has a 0 on its diagonal. The signs are LAPACK's choice.
    """

    square = False

    def parts(self, x: Spec) -> tuple[Spec, ...]:
        *stack, rows, columns = x.shape
        inner = smaller(self.name, x)
        return Spec((*stack, rows, inner), x.dtype), Spec((*stack, inner, columns), x.dtype)

    def back(self, b: Builder, x: Operand, found: Sequence[Value], cotangents: Cotangents) -> Operand | None:
        (q, r), (to_q, to_r) = found, cotangents
        inner, columns = r.spec.shape[-2:]
        if inner == columns:
            return self._of_tall(b, q, r, to_q, to_r)
        # x is [first, rest] and r is [square, q^T @ rest]: q and the square are the factors of the first alone.
        square, rest = _columns(b, r, 0, inner), _columns(b, x, inner, columns)
        if to_r is None:
            to_first = self._of_tall(b, q, square, to_q, None)
            return b.concatenate(to_first, b.zeros(rest.spec), axis=x.spec.rank - 1)
        to_square, to_rest = _columns(b, to_r, 0, inner), _columns(b, to_r, inner, columns)
        more = b.matmul(rest, to_rest, transpose_b=True)
        to_first = self._of_tall(b, q, square, more if to_q is None else b.add(to_q, more), to_square)
        return b.concatenate(to_first, b.matmul(q, to_rest), axis=x.spec.rank - 1)

    def _of_tall(self, b: Builder, q: Operand, r: Operand, to_q: Operand | None, to_r: Operand | None) -> Operand:
        """The cotangent of q @ r, where r is square; one of theirs at least is there."""
        parts = []
        if to_r is not None:
            parts.append(b.matmul(r, to_r, transpose_b=True))
        if to_q is not None:
            parts.append(b.negative(b.matmul(to_q, q, transpose_a=True)))
        outer = b.matmul(q, mirrored(b, parts[0] if len(parts) == 1 else b.add(*parts)))
        if to_q is not None:
            outer = b.add(to_q, outer)
        return turned(b, b.host_solve(r, turned(b, outer)))

    def samples(self) -> Sequence[Sample]:
        texts = ("float64[3, 3]", "float64[n, 3, 2]", "float64[2, 4]", "float64[2, n, 2, 3]", "float64[n, n]")
        return tuple(Sample((text,), values=matrices) for text in texts)


class HostSvd(OfMatrix):
    """The factors u, s and vh with u @ diag(s) @ vh = x: singular values s, descending; reduced.

    u is (rows, k), s is (k,) and vh is (k, columns), k the smaller of the two; the columns of u and the rows of vh are
    orthonormal. What flows back from u and vh divides by the differences of the squares of s, and by s where x
    is not square: it is nan or infinite where two are equal, or one is 0. What flows from s alone is
    finite always. The signs are LAPACK's choice.
    """

    square = False

    def parts(self, x: Spec) -> tuple[Spec, ...]:
        *stack, rows, columns = x.shape
        inner = smaller(self.name, x)
        shapes = ((*stack, rows, inner), (*stack, inner), (*stack, inner, columns))
        return tuple(Spec(shape, x.dtype) for shape in shapes)

    def back(self, b: Builder, x: Operand, found: Sequence[Value], cotangents: Cotangents) -> Operand | None:
        (u, s, vh), (to_u, to_s, to_vh) = found, cotangents
        if to_u is None and to_vh is None:
            return b.matmul(b.multiply(u, row(b, to_s)), vh)
        (rows, columns), inner = x.spec.shape[-2:], s.spec.shape[-1]
        one, across, down = unit(b, s), row(b, s), column(b, s)
        apart = b.add(b.multiply(b.subtract(across, down), b.add(across, down)), one)
        terms: list[Operand] = [] if to_s is None else [b.multiply(one, row(b, to_s))]
        more: list[Operand] = []
        if to_u is not None:
            turning = b.matmul(u, to_u, transpose_a=True)
            terms.append(b.multiply(b.divide(b.subtract(turning, turned(b, turning)), apart), across))
            if rows != inner:
                more.append(b.matmul(b.divide(b.subtract(to_u, b.matmul(u, turning)), across), vh))
        if to_vh is not None:
            turning = b.matmul(vh, to_vh, transpose_b=True)
            terms.append(b.multiply(b.divide(b.subtract(turning, turned(b, turning)), apart), down))
            if columns != inner:
                beside = b.subtract(to_vh, b.matmul(turning, vh, transpose_a=True))
                more.append(b.matmul(u, b.divide(beside, down)))
        total = b.matmul(b.matmul(u, _sum(b, terms)), vh)
        return _sum(b, [total, *more])

    def samples(self) -> Sequence[Sample]:
        texts = ("float64[3, 3]", "float64[n, 3, 2]", "float64[2, 4]", "float64[2, n, 2, 3]", "float64[n, n]")
        return tuple(Sample((text,), values=matrices) for text in texts)


def _columns(b: Builder, x: Operand, start: Dimension, stop: Dimension) -> Operand:
    whole = (None,) * (x.spec.rank - 1)
    return b.slice(x, start=(*whole, start), stop=(*whole, stop))


def _sum(b: Builder, terms: Sequence[Operand]) -> Operand:
    total = terms[0]
    for term in terms[1:]:
        total = b.add(total, term)
    return total

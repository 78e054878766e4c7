"""Linear algebra: inverses, determinants, systems of equations, factors of matrices.

The last two axes hold the matrices, the axes before them the stack. A matrix for which there is no result (singular,
not positive definite) gives nan, as it does inside Keras's compiled steps; ``config.set_nan("raise")`` says
where it arose.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from flintglass.errors import ShapeError
from flintglass.ops.common import floating, like
from flintglass.ops.control import stop_gradient
from flintglass.ops.creation import eye, tril, triu
from flintglass.ops.shapes import concatenate, cut, expand_dims, squeeze
from flintglass.program import Dimension
from flintglass.tracing.tensor import Tensor, apply, together


def _turned(x: Tensor) -> Tensor:
    """The matrices with rows and columns exchanged."""
    return apply("transpose", x, axes=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def _product(a: Tensor, b: Tensor, **turned: bool) -> Tensor:
    """The product of matrices, with transpose_a or transpose_b."""
    return apply("matmul", a, b, **turned)


def _unit(like: Tensor, axis: int = -1) -> Tensor:
    """The unit matrix of as many rows as the tensor has elements along an axis."""
    extent: Any = like.spec.shape[axis]
    return eye(extent, dtype=like.dtype)


# -- square matrices


def inv(x: Any) -> Tensor:
    """The inverses of square matrices; nan for singular ones."""
    x = _matrices("inv", floating(x))
    return apply("host_solve", x, _unit(x))


def det(x: Any) -> Tensor:
    """The determinants of square matrices. The gradient of a singular one's is nan."""
    return apply("host_determinant", _matrices("det", floating(x)))


def slogdet(x: Any) -> tuple[Tensor, Tensor]:
    """The signs of the determinants, and the logarithms of their sizes: 0 and -inf for singular matrices."""
    sign, logarithm = apply("host_log_determinant", _matrices("slogdet", floating(x)))
    return sign, logarithm


def cholesky(x: Any, upper: bool = False) -> Tensor:
    """The lower triangular l with l @ l^T = (x + x^T)/2, or its transpose where ``upper``; nan where there is none."""
    factor = apply("host_cholesky", _matrices("cholesky", floating(x)))
    return _turned(factor) if upper else factor


def cholesky_inverse(x: Any, upper: bool = False) -> Tensor:
    """The inverse of l @ l^T, where l is the lower triangle of x; where ``upper``, of u^T @ u with the upper one."""
    x = _matrices("cholesky_inverse", floating(x))
    inverse = apply("host_solve", _turned(triu(x)) if upper else tril(x), _unit(x))
    return _product(inverse, inverse, transpose_a=True)


def eigh(x: Any) -> tuple[Tensor, Tensor]:
    """The eigenvalues of (x + x^T)/2, ascending, and the eigenvectors as columns.

    The gradient of the eigenvectors is nan or infinite where eigenvalues are equal; that of the eigenvalues is
    always finite.
    """
    values, vectors = apply("host_eigh", _matrices("eigh", floating(x)))
    return values, vectors


# -- systems of equations


def solve(a: Any, b: Any) -> Tensor:
    """The x of a @ x = b: b is one vector, or matrices whose columns are solved for; nan for a singular a."""
    a, b = together(a, b, floating=True)
    _matrices("solve", a)
    if b.ndim == 1:
        return squeeze(apply("host_solve", a, expand_dims(b, -1)), -1)
    if b.ndim == a.ndim - 1 and b.spec.shape == a.spec.shape[:-1]:
        raise ShapeError(
            f"solve: b of shape {list(b.spec.shape)} is read as one matrix, not as a vector for each matrix of "
            f"{list(a.spec.shape)}; write b[..., None] for vectors"
        )
    return apply("host_solve", a, b)


def solve_triangular(a: Any, b: Any, lower: bool = False) -> Tensor:
    """The x of a @ x = b with the upper triangle of a alone, or the lower one; b is a vector for each a, or matrices.

    A 0 on the diagonal gives nan.
    """
    a, b = together(a, b, floating=True)
    _matrices("solve_triangular", a)
    a = tril(a) if lower else triu(a)
    if b.ndim in (1, a.ndim - 1):
        return squeeze(apply("host_solve", a, expand_dims(b, -1)), -1)
    return apply("host_solve", a, b)


def lstsq(a: Any, b: Any, rcond: float | None = None) -> Tensor:
    """The x for which a @ x is nearest to b (the sum of squares is least); of several such, the shortest.

    a: one matrix. b: a vector, or a matrix whose columns are solved for. rcond: singular values below this share of the
    largest count as 0; the rounding error of the dtype times the larger extent if left out. The gradient is
    that of a matrix whose rank does not change.
    """
    a, b = together(a, b, floating=True)
    if a.ndim != 2 or b.ndim not in (1, 2):
        raise ShapeError(
            f"lstsq: one matrix and a vector or a matrix expected, not {list(a.spec.shape)} and {list(b.spec.shape)}"
        )
    if b.ndim == 1:
        return squeeze(lstsq(a, expand_dims(b, -1), rcond), -1)
    u, s, vh, kept = _inner(a, rcond)
    fixed = stop_gradient(b)
    shortest = _product(vh, s * _product(u, fixed, transpose_a=True), transpose_a=True)
    # Its gradient is that of the normal equations, which nothing of u, s and vh enters: they are constants
    # here, and so equal singular values do no harm. Where a has not full rank, ones stand in for what is missing.
    if a.spec.shape[0] == u.spec.shape[-1]:
        square = _product(a, a, transpose_b=True) + _outside(u, kept)
        solution = _product(a, apply("host_solve", square, b), transpose_a=True)
    else:
        square = _product(a, a, transpose_a=True) + _outside(_turned(vh), kept)
        rest = b - _product(a, shortest)
        solution = apply("host_solve", square, _product(a, rest, transpose_a=True))
    return shortest + (solution - stop_gradient(solution))


def _inner(a: Tensor, rcond: float | None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The factors of a constant a, with 1/s (0 for those left out) as a column in place of s; which are kept."""
    u, s, vh = apply("host_svd", stop_gradient(a))
    if rcond is None:
        larger = max(int(extent) for extent in a.spec.shape)
        rcond = float(np.finfo(a.dtype).eps) * larger
    s = expand_dims(s, -1)
    kept = apply("logical_and", s >= s[:1] * rcond, s > 0)
    return u, apply("select", kept, apply("divide", like(s, 1), s), like(s, 0)), vh, kept


def _outside(columns: Tensor, kept: Tensor) -> Tensor:
    """The projection onto what is orthogonal to those of the orthonormal columns that are kept."""
    inside = apply("select", _turned(kept), columns, like(columns, 0))
    return _unit(columns, 0) - _product(inside, inside, transpose_b=True)


# -- factors


def qr(x: Any, mode: str = "reduced") -> tuple[Tensor, Tensor]:
    """The factors q, with orthonormal columns, and r, upper triangular, of q @ r = x.

    mode: "reduced", or "complete" for a square q and an r with rows of zeros. Which orthonormal columns complete q is
    open; gradients are those of functions that do not depend on the choice.
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: mode='reduced' or 'complete' expected, not {mode!r}")
    q, r = apply("host_qr", floating(x))
    missing = q.spec.shape[-2] - q.spec.shape[-1]
    if mode == "reduced" or missing == 0:
        return q, r
    zeros = apply("broadcast", like(r, 0), shape=(*r.spec.shape[:-2], missing, r.spec.shape[-1]))
    return _completed(q), concatenate([r, zeros], -2)


def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """The factors u, s and vh of u @ diag(s) @ vh = x, with the singular values s, descending.

    compute_uv: False for s alone. full_matrices: u and vh are square. Which orthonormal columns (rows) complete them
    is open; gradients are those of functions that do not depend on the choice. The gradients of u and vh
    are nan or infinite where singular values are equal; that of s is always finite.
    """
    u, s, vh = apply("host_svd", floating(x))
    if not compute_uv:
        return s
    return (_completed(u), s, _turned(_completed(_turned(vh)))) if full_matrices else (u, s, vh)


def _completed(columns: Tensor) -> Tensor:
    """A square matrix that begins with these orthonormal columns."""
    *stack, rows, count = columns.spec.shape
    if rows == count:
        return columns
    basis = apply("broadcast", _unit(columns, -2), shape=(*stack, rows, rows))
    q, _ = apply("host_qr", stop_gradient(concatenate([columns, basis], -1)))
    others = cut(q, q.ndim - 1, count, rows)
    # As a function of the columns: the others, made orthogonal to them and to each other, which they are already.
    others = others - _product(columns, _product(columns, others, transpose_a=True))
    factor = apply("host_cholesky", _product(others, others, transpose_a=True))
    others = _turned(apply("host_solve", factor, _turned(others)))
    return concatenate([columns, others], -1)


def _matrices(place: str, x: Tensor) -> Tensor:
    """The tensor, where it holds square matrices."""
    rows: Dimension | None = x.spec.shape[-2] if x.ndim > 1 else None
    if rows is None or rows != x.spec.shape[-1]:
        raise ShapeError(f"{place}: square matrices expected, not {list(x.spec.shape)}")
    return x

"""Stacks of matrices: the rule for their shapes, what gradients of linear algebra share, matrices to try them on.

The last two axes hold the matrices, the axes before them the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from flintglass.errors import NeedsConcrete, ProgramError, ShapeError
from flintglass.primitives.base import Attributes, Primitive, Sample, Specs
from flintglass.primitives.builder import Builder
from flintglass.program import Dimension, Instruction, Operand, Spec, Value

Cotangents = Sequence[Operand | None]


class OfMatrix(Primitive, abstract=True):
    """A function of each matrix of a stack."""

    tier = "host"
    square = True  # whether the matrix has to be

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        if len(inputs) != 1:
            raise ProgramError(f"{self.name} takes 1 operand, not {len(inputs)}")
        require_matrices(self.name, inputs[0], self.square)
        return self.parts(inputs[0])

    def parts(self, x: Spec) -> tuple[Spec, ...]:
        """The types of the outputs."""
        raise NotImplementedError(self.name)

    def gradient(self, b: Builder, line: Instruction, cotangents: Cotangents) -> Cotangents:
        if all(g is None for g in cotangents):
            return [None]
        return [self.back(b, line.operands[0], line.outputs, cotangents)]

    def back(self, b: Builder, x: Operand, found: Sequence[Value], cotangents: Cotangents) -> Operand | None:
        """The cotangent of the operand; one of the outputs' at least is there."""
        raise NotImplementedError(self.name)

    def batch(
        self, b: Builder, operands: Sequence[Operand], batched: Sequence[bool], attributes: Attributes
    ) -> tuple[Value, ...]:
        return b.emit_all(self.name, operands, attributes)

    def samples(self) -> Sequence[Sample]:
        texts = ("float64[3, 3]", "float64[n, 2, 2]", "float64[2, n, 1, 1]", "float64[n, n]")
        return tuple(Sample((text,), values=matrices) for text in texts)


# -- rules


def require_matrices(place: str, x: Spec, square: bool) -> None:
    """Raise where this is no stack of matrices of float32 or float64, or of square ones where they have to be."""
    if x.dtype not in ("float32", "float64"):
        raise ProgramError(f"{place} takes float32 or float64, not {x.dtype}; cast the operand first")
    if x.rank < 2:
        raise ShapeError(f"{place}: matrices expected, of rank 2 or more, not {list(x.shape)}")
    if square and x.shape[-1] != x.shape[-2]:
        raise ShapeError(f"{place}: square matrices expected, not {x.shape[-2]} by {x.shape[-1]}, of {list(x.shape)}")


def smaller(place: str, x: Spec) -> Dimension:
    """The smaller of rows and columns; it has to be known."""
    rows, columns = x.shape[-2:]
    if rows == columns:
        return rows
    if isinstance(rows, int) and isinstance(columns, int):
        return min(rows, columns)
    raise NeedsConcrete(
        f"{place}: whether the matrices of {list(x.shape)} have more rows or more columns depends on a size that has "
        "no number while the program is traced; give the matrices' own axes numbers"
    )


def turned(b: Builder, x: Operand) -> Operand:
    """The matrices with rows and columns exchanged."""
    leading = tuple(range(x.spec.rank - 2))
    return b.transpose(x, axes=(*leading, len(leading) + 1, len(leading)))


def mirrored(b: Builder, x: Operand) -> Operand:
    """The symmetric matrices with the lower triangles of these."""
    rows, columns = (b.iota(shape=x.spec.shape[-2:], axis=axis, dtype="int32") for axis in (0, 1))
    return b.select(b.greater_equal(rows, columns), x, turned(b, x))


def unit(b: Builder, vector: Operand) -> Operand:
    """The unit matrix with as many rows as the vectors have elements."""
    shape = (vector.spec.shape[-1],) * 2
    rows, columns = (b.iota(shape=shape, axis=axis, dtype="int32") for axis in (0, 1))
    return b.cast(b.equal(rows, columns), dtype=vector.spec.dtype)


def row(b: Builder, x: Operand | None) -> Operand:
    """The vectors as matrices of one row."""
    assert x is not None
    return b.reshape(x, (*x.spec.shape[:-1], 1, x.spec.shape[-1]))


def column(b: Builder, x: Operand) -> Operand:
    """The vectors as matrices of one column."""
    return b.reshape(x, (*x.spec.shape, 1))


# -- samples


def matrices(generator: np.random.Generator, shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """Matrices whose singular values are 1, 1.5, 2, ..."""
    return [_made(generator, shape, lambda count: 1.0 + 0.5 * np.arange(count)) for shape in shapes]


def _made(generator: np.random.Generator, shape: tuple[int, ...], values: Callable[[int], np.ndarray]) -> np.ndarray:
    """Matrices of these singular values, and a number of each size."""
    left = np.linalg.qr(generator.normal(size=(*shape[:-1], shape[-2])))[0]
    right = np.linalg.qr(generator.normal(size=(*shape[:-2], shape[-1], shape[-1])))[0]
    count = min(shape[-2:])
    return (left[..., :count] * values(count)) @ right[..., :count].swapaxes(-1, -2)


def symmetric(generator: np.random.Generator, shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """Matrices whose symmetric part has the eigenvalues -1, -0.25, 0.5, ...; the other part is not 0."""
    return [_of_symmetric_part(generator, shape, -1.0) for shape in shapes]


def positive(generator: np.random.Generator, shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """Matrices whose symmetric part has the eigenvalues 0.75, 1.5, 2.25, ...; the other part is not 0."""
    return [_of_symmetric_part(generator, shape, 0.75) for shape in shapes]


def _of_symmetric_part(generator: np.random.Generator, shape: tuple[int, ...], lowest: float) -> np.ndarray:
    vectors = np.linalg.qr(generator.normal(size=shape))[0]
    other = generator.normal(size=shape)
    values = lowest + 0.75 * np.arange(shape[-1])
    return (vectors * values) @ vectors.swapaxes(-1, -2) + other - other.swapaxes(-1, -2)

"""Reductions: many elements to one, along some axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from flintglass.errors import ProgramError, ShapeError
from flintglass.primitives.base import Attributes, Primitive, Sample, Specs, require_kind
from flintglass.primitives.builder import Builder
from flintglass.primitives.shapes import require_axes
from flintglass.program import Dimension, Instruction, Operand, Shape, Spec, Value

AXES = (
    ("float64[n, 3]", {"axis": (0,)}),
    ("float64[n, 3]", {"axis": (1,), "keepdims": True}),
    ("float64[n, 3]", {"axis": (0, 1)}),
    ("float64[2, n, 3]", {"axis": (0, 2)}),
    ("float64[2, n, 3]", {"axis": (0, 1), "keepdims": True}),
)


class Reduction(Primitive, abstract=True):
    """A function of all elements along some axes.

    axis: a tuple of axes, ascending, counted from 0. keepdims: they stay, with extent 1.
    """

    kinds: ClassVar[str] = "fiu"

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        if len(inputs) != 1:
            raise ProgramError(f"{self.name} takes 1 operand, not {len(inputs)}")
        (x,) = inputs
        require_kind(self.name, x.dtype, self.kinds)
        require_axes(self.name, attributes["axis"], x.rank)
        kept = kept_shape(x.shape, attributes["axis"])
        if attributes.get("keepdims"):
            return (Spec(kept, x.dtype),)
        return (Spec(tuple(e for i, e in enumerate(x.shape) if i not in attributes["axis"]), x.dtype),)

    def gradient(self, b: Builder, line: Instruction, cotangents: Sequence[Operand | None]) -> Sequence[Operand | None]:
        (x,), (g,) = line.operands, cotangents
        if g is None or not x.spec.is_float or not isinstance(x, Value):
            return [None]
        g = self.scaled(b, line, g)
        return [self.flow(b, line, b.reshape(g, kept_shape(x.spec.shape, line.attributes["axis"])))]

    def scaled(self, b: Builder, line: Instruction, g: Operand) -> Operand:
        """The cotangent of the output, times what is the same for every element of the operand."""
        return g

    def flow(self, b: Builder, line: Instruction, g: Operand) -> Operand | None:
        """The cotangent of the operand; ``g`` has extent 1 along the axes that are gone."""
        return None

    def batch(
        self, b: Builder, operands: Sequence[Operand], batched: Sequence[bool], attributes: Attributes
    ) -> tuple[Value, ...]:
        axes = tuple(axis + 1 for axis in attributes["axis"])
        return b.emit_all(self.name, operands, {**attributes, "axis": axes})

    def samples(self) -> Sequence[Sample]:
        real = tuple(Sample((text,), attributes) for text, attributes in AXES)
        return real + (Sample(("int32[n, 3]",), {"axis": (0,)}, low=-9, high=9),)


def kept_shape(shape: Shape, axes: Sequence[int]) -> Shape:
    """``shape`` with extent 1 along ``axes``."""
    return tuple(1 if axis in axes else extent for axis, extent in enumerate(shape))


def count_along(shape: Shape, axes: Sequence[int]) -> Dimension:
    """How many elements are reduced to one."""
    return Spec(tuple(shape[axis] for axis in axes), "float32").size


class Sum(Reduction):
    """The sum; of no elements 0. Integers stay in their dtype and wrap around."""

    def flow(self, b: Builder, line: Instruction, g: Operand) -> Operand | None:
        return b.broadcast(g, shape=line.operands[0].spec.shape)


class Mean(Reduction):
    """The arithmetic mean of floating-point numbers; of no elements nan."""

    kinds = "f"

    def scaled(self, b: Builder, line: Instruction, g: Operand) -> Operand:
        count = count_along(line.operands[0].spec.shape, line.attributes["axis"])
        return b.divide(g, b.extent(count, g.spec.dtype))

    def flow(self, b: Builder, line: Instruction, g: Operand) -> Operand | None:
        return b.broadcast(g, shape=line.operands[0].spec.shape)

    def samples(self) -> Sequence[Sample]:
        return super().samples()[:-1]


class Extremum(Reduction, abstract=True):
    """One of the elements; equal ones share its gradient evenly."""

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        specs = super().specs(inputs, attributes)
        if 0 in [inputs[0].shape[axis] for axis in attributes["axis"]]:
            shape = list(inputs[0].shape)
            raise ShapeError(f"{self.name}: {shape} has no elements along {attributes['axis']}")
        return specs

    def flow(self, b: Builder, line: Instruction, g: Operand) -> Operand | None:
        (x,), axes = line.operands, line.attributes["axis"]
        best = b.reshape(line.outputs[0], kept_shape(x.spec.shape, axes))
        chosen = b.cast(b.equal(x, best), dtype=x.spec.dtype)
        share = b.divide(g, b.sum(chosen, axis=axes, keepdims=True))
        return b.multiply(chosen, share)

    def samples(self) -> Sequence[Sample]:
        real = tuple(Sample((text,), attributes, values=distinct) for text, attributes in AXES)
        return real + (Sample(("int32[n, 3]",), {"axis": (0,)}, low=-9, high=9),)


def distinct(generator: np.random.Generator, shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """Numbers in random order, no two of an array closer than 0.25."""
    sizes = [int(np.prod(shape)) for shape in shapes]
    return [
        (generator.permutation(size) * 0.25 - size / 8).reshape(shape)
        for size, shape in zip(sizes, shapes, strict=True)
    ]


class Max(Extremum):
    """The largest element, nan if there is one; equal ones share the gradient evenly."""


class Min(Extremum):
    """The smallest element, nan if there is one; equal ones share the gradient evenly."""


class Prod(Reduction):
    """The product; of no elements 1. Its gradient is right where elements are 0."""

    def flow(self, b: Builder, line: Instruction, g: Operand) -> Operand | None:
        # The slope of each element is the product of those before it and of those after it, so nothing
        # is divided. The axes are made one first, the last, along which the products accumulate.
        (x,), axes = line.operands, line.attributes["axis"]
        shape = x.spec.shape
        order = tuple(axis for axis in range(len(shape)) if axis not in axes) + axes
        arranged = tuple(shape[axis] for axis in order)
        row = b.reshape(b.transpose(x, axes=order), (*arranged[: len(shape) - len(axes)], count_along(shape, axes)))
        last = row.spec.rank - 1
        before = b.cumulative_product(row, axis=last, exclusive=True)
        after = b.cumulative_product(row, axis=last, exclusive=True, reverse=True)
        others = b.reshape(b.multiply(before, after), arranged)
        back = tuple(order.index(axis) for axis in range(len(shape)))
        return b.multiply(b.transpose(others, axes=back), g)

    def samples(self) -> Sequence[Sample]:
        with_zeros = Sample(("float64[n, 3]",), {"axis": (1,)}, values=sparse)
        return (*super().samples(), with_zeros)


def sparse(generator: np.random.Generator, shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """Numbers of which about a third are 0."""
    return [generator.uniform(0.5, 2.0, shape) * (generator.random(shape) > 0.35) for shape in shapes]


class Logical(Reduction, abstract=True):
    """A reduction of booleans."""

    kinds = "b"
    differentiable = False

    def samples(self) -> Sequence[Sample]:
        return (
            Sample(("bool[n, 3]",), {"axis": (0,)}),
            Sample(("bool[n, 3]",), {"axis": (0, 1)}),
            Sample(("bool[n, 3]",), {"axis": (1,), "keepdims": True}),
        )


class Any(Logical):
    """True where an element is True; of no elements False."""


class All(Logical):
    """True where every element is True; of no elements True."""

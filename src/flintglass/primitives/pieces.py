"""Pieces: parts cut out of a value, values put side by side, margins around one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flintglass.errors import NeedsConcrete, ProgramError, ShapeError
from flintglass.primitives.base import (
    Attributes,
    Primitive,
    Sample,
    Specs,
    normal_axis,
    require_same_dtype,
)
from flintglass.primitives.builder import Builder
from flintglass.primitives.shapes import Rearrangement, spread_all
from flintglass.program import Dimension, Instruction, Operand, Shape, Size, Spec, Value

N = Size("n")


class Slice(Rearrangement):
    """The elements from ``start`` up to, not including, ``stop``, every ``step``-th, along each axis.

    start, stop: a tuple each, one entry an axis; None and None take the axis whole. They count from 0 and
    lie within the axis. step: a tuple of numbers from 1 up; absent where all are 1. Along an axis with a
    named size, start and stop may be expressions of it that lie within it for all sizes from 1 up, and the
    step is 1.
    """

    def shape(self, shape: Shape, attributes: Attributes) -> Shape:
        start, stop, step = _ranges(shape, attributes)
        return tuple(
            _extent(axis, extent, first, end, stride)
            for axis, (extent, first, end, stride) in enumerate(zip(shape, start, stop, step, strict=True))
        )

    def back(self, b: Builder, g: Operand, shape: Shape, attributes: Attributes) -> Operand:
        start, _, step = _ranges(shape, attributes)
        g = _stretched(b, g, step)
        # The last stride may reach beyond the axis; what is there is padding.
        kept = tuple(
            min(e, s - first) if isinstance(e, int) and isinstance(s, int) and isinstance(first, int) else e
            for e, s, first in zip(g.spec.shape, shape, start, strict=True)
        )
        if kept != g.spec.shape:
            g = b.slice(g, start=(0,) * len(kept), stop=kept)
        high = tuple(s - first - e for s, first, e in zip(shape, start, kept, strict=True))
        return g if not any(start + high) else b.pad(g, low=start, high=high)

    def lifted(self, extent: Dimension, attributes: Attributes) -> Attributes:
        steps = {"step": (1, *attributes["step"])} if "step" in attributes else {}
        return {"start": (None, *attributes["start"]), "stop": (None, *attributes["stop"]), **steps}

    def samples(self) -> Sequence[Sample]:
        return (
            Sample(("float64[n, 5]",), {"start": (None, 1), "stop": (None, 4)}),
            Sample(("float64[n, 5]",), {"start": (None, 0), "stop": (None, 5), "step": (1, 2)}),
            Sample(("float64[n, 7, 6]",), {"start": (None, 1, 0), "stop": (None, 6, 4), "step": (1, 3, 2)}),
            Sample(("float64[6]",), {"start": (2,), "stop": (6,), "step": (5,)}),
            Sample(("float64[n, 2]",), {"start": (1, None), "stop": (N, None)}),
            Sample(("int32[4, 4]",), {"start": (1, 0), "stop": (3, 1)}),
        )


def _ranges(shape: Shape, attributes: Attributes) -> tuple[Shape, Shape, tuple[int, ...]]:
    """start, stop and step for each axis, with the Nones of whole axes filled in."""
    rank = len(shape)
    start, stop = attributes["start"], attributes["stop"]
    step = attributes.get("step", (1,) * rank)
    if not len(start) == len(stop) == len(step) == rank:
        raise ShapeError(
            f"slice: start={start}, stop={stop} and step={step} must have one entry "
            f"for each of the {rank} axes of {list(shape)}"
        )
    return (
        tuple(0 if item is None else item for item in start),
        tuple(extent if item is None else item for item, extent in zip(stop, shape, strict=True)),
        tuple(step),
    )


def _extent(axis: int, extent: Dimension, start: Dimension, stop: Dimension, step: int) -> Dimension:
    """How many elements are taken along one axis; an error where the range does not lie within it."""
    known = all(isinstance(item, int) for item in (extent, start, stop))
    inside = all(_is_natural(item) for item in (start, stop - start, extent - stop))
    if step < 1 or (known and not inside):
        raise ShapeError(
            f"slice: {start} up to {stop} by {step} does not lie within axis {axis}, "
            f"which has {extent} elements; 0 <= start <= stop <= {extent} and step >= 1 expected"
        )
    if not inside or not (known or step == 1):
        raise NeedsConcrete(
            f"slice: whether {start} up to {stop} by {step} lies within axis {axis} depends on its size "
            f"{extent}, which has no number while the program is traced; take the axis whole"
        )
    return stop - start if step == 1 else -((start - stop) // step)


def _is_natural(value: Dimension) -> bool:
    """Whether it is 0 or more for all sizes from 1 up: in terms of what is above 1, nothing is subtracted."""
    if isinstance(value, Size):
        above_one: dict[str, Any] = {name: Size(name) + 1 for name in value.names}
        value = value.bind(above_one)
    return value >= 0 if isinstance(value, int) else all(factor >= 0 for _, factor in value.terms)


def _stretched(b: Builder, g: Operand, step: Sequence[int]) -> Operand:
    """``g`` with ``step - 1`` zeros after each element."""
    wide = [axis for axis, stride in enumerate(step) if stride > 1]
    if not wide:
        return g
    split: list[Dimension] = []
    high: list[int] = []
    for extent, stride in zip(g.spec.shape, step, strict=True):
        split += [extent, 1] if stride > 1 else [extent]
        high += [0, stride - 1] if stride > 1 else [0]
    spaced = b.pad(b.reshape(g, split), low=(0,) * len(high), high=tuple(high))
    return b.reshape(spaced, (extent * stride for extent, stride in zip(g.spec.shape, step, strict=True)))


class Pad(Rearrangement):
    """The operand with a margin of one number around it.

    low, high: how many elements go before and after it along each axis. value: the number; 0 if absent.
    """

    def shape(self, shape: Shape, attributes: Attributes) -> Shape:
        low, high = attributes["low"], attributes["high"]
        if not len(low) == len(high) == len(shape) or any(isinstance(e, int) and e < 0 for e in low + high):
            raise ShapeError(
                f"pad: low={low} and high={high} must have one entry from 0 up "
                f"for each of the {len(shape)} axes of {list(shape)}"
            )
        return tuple(extent + before + after for extent, before, after in zip(shape, low, high, strict=True))

    def back(self, b: Builder, g: Operand, shape: Shape, attributes: Attributes) -> Operand:
        low = attributes["low"]
        stop = tuple(before + extent for before, extent in zip(low, shape, strict=True))
        return b.slice(g, start=low, stop=stop)

    def lifted(self, extent: Dimension, attributes: Attributes) -> Attributes:
        return {**attributes, "low": (0, *attributes["low"]), "high": (0, *attributes["high"])}

    def samples(self) -> Sequence[Sample]:
        return (
            Sample(("float64[n, 2]",), {"low": (0, 1), "high": (0, 2)}),
            Sample(("float64[n, 2]",), {"low": (1, 0), "high": (2, 0), "value": 1.5}),
            Sample(("float64[3]",), {"low": (0,), "high": (0,)}),
            Sample(("int32[2, 2]",), {"low": (1, 1), "high": (0, 1), "value": -1}),
        )


class Concatenate(Primitive):
    """The operands one after another along one axis.

    axis: counted from 0; the operands have equal extents along all the others.
    """

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        if not inputs:
            raise ProgramError("concatenate takes at least 1 operand")
        require_same_dtype(self.name, inputs)
        axis, first = normal_axis(self.name, attributes["axis"], inputs[0].rank), inputs[0].shape
        total: Dimension = 0
        for item in inputs:
            if item.rank != len(first) or _without(item.shape, axis) != _without(first, axis):
                raise ShapeError(
                    f"concatenate: {list(first)} and {list(item.shape)} do not fit together: "
                    f"all axes but axis {axis} must be equal"
                )
            total = total + item.shape[axis]
        return (Spec((*first[:axis], total, *first[axis + 1 :]), inputs[0].dtype),)

    def gradient(self, b: Builder, line: Instruction, cotangents: Sequence[Operand | None]) -> Sequence[Operand | None]:
        (g,), axis = cotangents, line.attributes["axis"]
        if g is None or not line.operands[0].spec.is_float:
            return [None] * len(line.operands)
        whole = (None,) * axis, (None,) * (g.spec.rank - axis - 1)
        flows: list[Operand] = []
        reached: Dimension = 0
        for operand in line.operands:
            start, reached = reached, reached + operand.spec.shape[axis]
            ends = ((*whole[0], end, *whole[1]) for end in (start, reached))
            flows.append(b.slice(g, start=next(ends), stop=next(ends)))
        return flows

    def batch(
        self, b: Builder, operands: Sequence[Operand], batched: Sequence[bool], attributes: Attributes
    ) -> tuple[Value, ...]:
        return b.emit_all(self.name, spread_all(b, operands, batched), {"axis": attributes["axis"] + 1})

    def samples(self) -> Sequence[Sample]:
        return (
            Sample(("float64[n, 2]", "float64[n, 3]"), {"axis": 1}),
            Sample(("float64[n, 2]", "float64[3, 2]", "float64[n, 2]"), {"axis": 0}),
            Sample(("float64[2]",), {"axis": 0}),
            Sample(("int32[2, 1]", "int32[2, 2]"), {"axis": 1}),
        )


def _without(shape: Shape, axis: int) -> Shape:
    return shape[:axis] + shape[axis + 1 :]

"""What a primitive is: one class with its effect, shape rule, gradient, batch rule and samples."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from flintglass.errors import ProgramError, ShapeError, nearest
from flintglass.program import Dimension, Instruction, Literal, Operand, Shape, Spec, Value

if TYPE_CHECKING:
    from flintglass.primitives.builder import Builder

Attributes = Mapping[str, Any]
Specs = Sequence[Spec]

PRIMITIVES: dict[str, Primitive] = {}


@dataclass(frozen=True)
class Sample:
    """Inputs on which the contract tests try a primitive.

    specs: the inputs' types as text, ``"float64[n, 3]"``; ``n`` is bound to 4 where it stands.
    low, high: the range that random inputs are drawn from (uniform; integers inclusive of low only).
    values: draws the inputs where a range does not do: ``values(generator, shapes) -> list of arrays``.
    """

    specs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    low: float = -2.0
    high: float = 2.0
    values: Callable[[Any, list[tuple[int, ...]]], list[Any]] | None = None


class Primitive:
    """A line of a program. Subclasses are the language; each registers itself under its snake_case name.

    The docstring's first line is the effect. ``specs`` is the shape rule: the types of the outputs from
    the types of the inputs, or an error. ``gradient`` appends, in other primitives, the lines that turn
    the cotangents of the outputs into those of the operands (None where nothing flows). ``batch``
    appends the lines that do the same for a whole batch along a new first axis.
    """

    name: ClassVar[str] = ""
    tier: ClassVar[str] = "core"
    elementwise: ClassVar[bool] = False
    differentiable: ClassVar[bool] = True

    def __init_subclass__(cls, abstract: bool = False, name: str | None = None) -> None:
        super().__init_subclass__()
        if abstract:
            return
        cls.name = name or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
        if cls.name in PRIMITIVES:
            raise ProgramError(f"two primitives are called {cls.name!r}")
        PRIMITIVES[cls.name] = cls()

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        """The types of the outputs."""
        raise NotImplementedError(self.name)

    def gradient(self, b: Builder, line: Instruction, cotangents: Sequence[Operand | None]) -> Sequence[Operand | None]:
        """The cotangent of each operand; one entry an operand."""
        return [None] * len(line.operands)

    def batch(
        self, b: Builder, operands: Sequence[Operand], batched: Sequence[bool], attributes: Attributes
    ) -> tuple[Value, ...]:
        """The outputs for a batch: batched operands, and every output, carry it as their first axis."""
        raise NotImplementedError(self.name)

    def samples(self) -> Sequence[Sample]:
        """What the contract tests try it on."""
        raise NotImplementedError(self.name)


def primitive(name: str) -> Primitive:
    """The primitive of this name; an unknown one raises ProgramError with the nearest."""
    try:
        return PRIMITIVES[name]
    except KeyError:
        raise ProgramError(f"there is no primitive {name!r}. {nearest(name, PRIMITIVES)}") from None


def types_of(line: Instruction) -> tuple[Spec, ...]:
    """The types that the primitive's shape rule gives to the outputs of ``line``."""
    return tuple(primitive(line.primitive).specs([operand.spec for operand in line.operands], line.attributes))


class Elementwise(Primitive, abstract=True):
    """A function of each element; operands of different shapes are broadcast as NumPy does."""

    elementwise = True
    arity: ClassVar[int] = 1
    kinds: ClassVar[str] = "fiu"  # which kinds of dtype it takes: f(loat), i(nt), u(int), b(ool)
    result: ClassVar[str | None] = None  # the dtype of the output, where it is not that of the inputs

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        if len(inputs) != self.arity:
            raise ProgramError(f"{self.name} takes {self.arity} operands, not {len(inputs)}")
        dtype = inputs[0].dtype
        require_same_dtype(self.name, inputs)
        require_kind(self.name, dtype, self.kinds)
        return (Spec(broadcast_shapes(self.name, inputs), self.result or dtype),)

    def gradient(self, b: Builder, line: Instruction, cotangents: Sequence[Operand | None]) -> Sequence[Operand | None]:
        g = cotangents[0]
        if g is None or not line.operands[0].spec.is_float:
            return [None] * len(line.operands)
        flows = self.derivative(b, line, g)
        return [
            None if flow is None or isinstance(operand, Literal) else b.unbroadcast(flow, operand.spec)
            for flow, operand in zip(flows, line.operands, strict=True)
        ]

    def derivative(self, b: Builder, line: Instruction, g: Operand) -> Sequence[Operand | None]:
        """The cotangents of the operands, before they are summed to the operands' own shapes."""
        return [None] * len(line.operands)

    def batch(
        self, b: Builder, operands: Sequence[Operand], batched: Sequence[bool], attributes: Attributes
    ) -> tuple[Value, ...]:
        return b.emit_all(self.name, align(b, operands, batched), attributes)


def align(b: Builder, operands: Sequence[Operand], batched: Sequence[bool]) -> list[Operand]:
    """Batched operands with ones after the batch axis, so that they broadcast as their rows would."""
    inner = max(operand.spec.rank - int(flag) for operand, flag in zip(operands, batched, strict=True))
    aligned: list[Operand] = []
    for operand, flag in zip(operands, batched, strict=True):
        shape = operand.spec.shape
        missing = inner - (len(shape) - 1)
        if flag and missing:
            operand = b.emit("reshape", operand, shape=(shape[0], *(1,) * missing, *shape[1:]))
        aligned.append(operand)
    return aligned


def broadcast_shapes(place: str, inputs: Specs) -> Shape:
    """NumPy's broadcasting: aligned at the last axis, an extent of 1 stretches."""
    rank = max(item.rank for item in inputs)
    shape: list[Dimension] = [1] * rank
    for item in inputs:
        for axis, extent in enumerate(item.shape, start=rank - item.rank):
            if extent == 1 or shape[axis] == extent:
                continue
            if shape[axis] != 1:
                texts = " and ".join(str(list(i.shape)) for i in inputs)
                raise ShapeError(
                    f"{place}: the shapes {texts} do not fit together: axis {axis - rank} has "
                    f"{shape[axis]} in one and {extent} in another; extents must be equal, or 1"
                )
            shape[axis] = extent
    return tuple(shape)


KINDS = {"f": "a floating-point", "i": "a signed integer", "u": "an unsigned integer", "b": "the boolean"}


def kind(dtype: str) -> str:
    """f, i, u or b."""
    return dtype[0]


def require_kind(place: str, dtype: str, kinds: str) -> None:
    """Raise where a primitive does not take this dtype."""
    if kind(dtype) not in kinds:
        wanted = " or ".join(KINDS[item] for item in kinds)
        raise ProgramError(f"{place} takes {wanted} dtype, not {dtype}; cast the operand first")


def require_same_dtype(place: str, inputs: Specs) -> None:
    """Raise where operands that must share a dtype do not."""
    dtypes = {item.dtype for item in inputs}
    if len(dtypes) > 1:
        raise ProgramError(f"{place}: operands of one dtype expected, not {sorted(dtypes)}; cast one of them")


def normal_axis(place: str, axis: int, rank: int) -> int:
    """A non-negative axis; out of range raises ShapeError."""
    if not -rank <= axis < rank:
        raise ShapeError(f"{place}: axis {axis} does not exist in a value of rank {rank}")
    return axis % rank

"""An instruction: one line of a program, ``outputs = primitive(operands, attributes)``, and whose it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from flintglass.program.spec import Spec

if TYPE_CHECKING:
    from flintglass.program.program import Program


@dataclass(frozen=True, slots=True)
class Value:
    """A name and its type; a name is defined once in a program."""

    name: str
    spec: Spec

    def __hash__(self) -> int:
        return hash(self.name)  # a name is defined once; tables of values are read thousands of times a trace

    def __str__(self) -> str:
        return self.name


class Literal:
    """A scalar written in the program itself, rounded to its dtype: ``0.5``, ``1e-07``, ``True``."""

    __slots__ = ("spec", "text", "value")

    def __init__(self, value: bool | int | float, dtype: str) -> None:
        with np.errstate(all="ignore"):  # what is too large for the dtype is infinite
            rounded: Any = np.asarray(value).astype(dtype)[()]
        self.spec = Spec((), dtype)
        self.value: bool | int | float = rounded.item()
        # The shortest decimal that reads back as the same number of this dtype.
        self.text: str = (
            np.format_float_positional(rounded, unique=True, trim="0")
            if (dtype.startswith("float") and np.isfinite(rounded) and 1e-4 <= abs(self.value) < 1e7)
            else str(rounded)
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Literal) and (self.spec, self.text) == (other.spec, other.text)

    def __hash__(self) -> int:
        return hash((self.spec, self.text))

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Literal({self.text}, {self.spec.dtype!r})"


Operand = Value | Literal


@dataclass(frozen=True, slots=True)
class Instruction:
    """``outputs = primitive(operands, **attributes)``.

    Attributes are integers, floats, strings, ``True``, tuples of these and of sizes, or Programs (the
    bodies of blocks). An attribute that is None or False is the same as one that is absent, and is
    never kept. ``origin`` names the layer, loss or optimizer that the line belongs to.
    """

    outputs: tuple[Value, ...]
    primitive: str
    operands: tuple[Operand, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    origin: str = ""

    def blocks(self) -> Iterator[tuple[str, Program]]:
        """The attributes that are programs, by name."""
        for name in sorted(self.attributes):
            if hasattr(self.attributes[name], "instructions"):
                yield name, self.attributes[name]

    def values(self) -> Iterator[Value]:
        """The operands that are values, literals left out."""
        return (operand for operand in self.operands if isinstance(operand, Value))

    def __hash__(self) -> int:
        attributes = tuple(sorted((name, hash(value)) for name, value in self.attributes.items()))
        return hash((self.outputs, self.primitive, self.operands, attributes, self.origin))


def canonical(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes in the one form that programs keep: no None, no False, lists as tuples, sorted by name."""
    kept: dict[str, Any] = {}
    for name in sorted(attributes):
        value = attributes[name]
        if value is None or value is False:
            continue
        kept[name] = tuple(value) if isinstance(value, list) else value
    return kept

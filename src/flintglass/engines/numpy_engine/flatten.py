"""Flatten: a program becomes numbered slots and lines, blocks inlined, named sizes bound to numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from flintglass.primitives import PRIMITIVES
from flintglass.program import Instruction, Literal, Operand, Program, Size, Spec, Value
from flintglass.program.size import bind


@dataclass
class Line:
    """A line over slots. ``text`` is what an error says of it."""

    primitive: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    attributes: Mapping[str, Any]
    origin: str = ""


@dataclass
class Flat:
    """A program over slots: their types, their literals, and the lines."""

    specs: list[Spec] = field(default_factory=list)
    literals: dict[int, np.ndarray] = field(default_factory=dict)
    slots_of_literals: dict[Literal, int] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    known: dict[Any, tuple[int, ...]] = field(default_factory=dict)
    state: list[int] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    updates: list[tuple[int, int]] = field(default_factory=list)
    sizes: Mapping[str, int] = field(default_factory=dict)

    def slot(self, spec: Spec) -> int:
        """A new slot of this type."""
        self.specs.append(spec)
        return len(self.specs) - 1

    def literal(self, literal: Literal) -> int:
        """The slot that holds this number for good."""
        if literal not in self.slots_of_literals:
            slot = self.slots_of_literals[literal] = self.slot(literal.spec)
            array = self.literals[slot] = np.asarray(literal.value, literal.spec.dtype)
            array.flags.writeable = False
        return self.slots_of_literals[literal]


def flatten(program: Program, sizes: Mapping[str, int]) -> Flat:
    """The program over slots with its sizes bound; ``call`` is inlined, ``each`` kept for grouping."""
    flat = Flat(sizes=dict(sizes))
    table: dict[Value, int] = {}
    for values, slots in ((program.state, flat.state), (program.inputs, flat.inputs)):
        for value in values:
            table[value] = flat.slot(value.spec.bind(sizes))
            slots.append(table[value])
    _append(flat, program, table, sizes)
    flat.outputs = [_slot(flat, operand, table) for operand in program.outputs]
    flat.updates = [(table[value], _slot(flat, operand, table)) for value, operand in program.updates]
    return flat


def _slot(flat: Flat, operand: Operand, table: Mapping[Value, int]) -> int:
    return flat.literal(operand) if isinstance(operand, Literal) else table[operand]


def _append(flat: Flat, program: Program, table: dict[Value, int], sizes: Mapping[str, int]) -> None:
    for line in program.instructions:
        inputs = tuple(_slot(flat, operand, table) for operand in line.operands)
        if line.primitive == "call":
            body = line.attributes["body"]
            inner = dict(zip(body.inputs, inputs, strict=True))
            _append(flat, body, inner, sizes)
            results = [_slot(flat, operand, inner) for operand in body.outputs]
            table.update(zip(line.outputs, results, strict=True))
            continue
        # A block may compute again what its caller, or its gradient, has computed: one line serves both.
        key = (line.primitive, inputs, tuple(line.attributes.items()))
        outputs = flat.known.get(key)
        if outputs is None:
            outputs = flat.known[key] = tuple(flat.slot(value.spec.bind(sizes)) for value in line.outputs)
            flat.lines.append(Line(line.primitive, inputs, outputs, bound_attributes(line, sizes), line.origin))
        table.update(zip(line.outputs, outputs, strict=True))


def bound_attributes(line: Instruction, sizes: Mapping[str, int]) -> dict[str, Any]:
    """The attributes with named sizes replaced by numbers; blocks are bound when they are loaded."""
    return {name: _bound(value, sizes) for name, value in line.attributes.items()}


def _bound(value: Any, sizes: Mapping[str, int]) -> Any:
    if isinstance(value, Size):
        return bind(value, sizes)
    if isinstance(value, tuple):
        return tuple(_bound(item, sizes) for item in value)
    return value


def spread_each(flat: Flat, line: Line) -> list[Line]:
    """The lines of an ``each`` block over whole arrays: elementwise primitives take any shape."""
    body: Program = line.attributes["body"]
    table: dict[Value, int] = dict(zip(body.inputs, line.inputs, strict=True))
    lines: list[Line] = []
    for inner in body.instructions:
        inputs = tuple(_slot(flat, operand, table) for operand in inner.operands)
        specs = PRIMITIVES[inner.primitive].specs([flat.specs[slot] for slot in inputs], inner.attributes)
        outputs = tuple(flat.slot(spec) for spec in specs)
        table.update(zip(inner.outputs, outputs, strict=True))
        expanded = Line(inner.primitive, inputs, outputs, inner.attributes, line.origin)
        lines += spread_each(flat, expanded) if inner.primitive == "each" else [expanded]
    for operand, output in zip(body.outputs, line.outputs, strict=True):
        source = _slot(flat, operand, table)
        maker = next((made for made in lines if source in made.outputs), None)
        if maker is not None and flat.specs[source] == flat.specs[output] and source not in line.outputs:
            _rename(lines, source, output)
            table = {value: output if slot == source else slot for value, slot in table.items()}
        else:
            shape = flat.specs[output].shape
            lines.append(Line("broadcast", (source,), (output,), {"shape": shape}, line.origin))
    return lines


def _rename(lines: list[Line], source: int, target: int) -> None:
    for line in lines:
        line.inputs = tuple(target if slot == source else slot for slot in line.inputs)
        line.outputs = tuple(target if slot == source else slot for slot in line.outputs)

"""Names for reading: values are renumbered in order, and called what the network calls them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from flintglass.program import Instruction, Operand, Program, Value
from flintglass.program.notation import RESERVED
from flintglass.program.program import substitute

# What simplify adds to the name of an array for the name of the single number that fills it.
SINGLE = ".single"


def named(program: Program, wanted: Mapping[str, str]) -> Program:
    """The program with wished-for names where they are free, and v1, v2, ... for the rest.

    A wish ``d_@x`` means ``d_`` and whatever the value that was called ``x`` is called now.
    """
    taken = {value.name for value in program.state + program.inputs} | RESERVED
    table: dict[Value, Operand] = {}
    lines: list[Instruction] = []
    count = 0
    reserved = set(wanted.values())
    settled = {value.name: value.name for value in program.state + program.inputs}
    for line in program.instructions:
        outputs = []
        for value in line.outputs:
            name = wanted.get(value.name, "")
            if name.startswith("d_@"):
                name = f"d_{settled[name[3:]]}" if name[3:] in settled else ""
            number, base = 2, name
            while name and name in taken:
                # What comes after w' is w''.
                name, number = (f"{name}'" if base.endswith("'") else f"{base}_{number}"), number + 1
            while not name:
                count += 1
                candidate = f"v{count}"
                name = "" if candidate in taken or candidate in reserved else candidate
            taken.add(name)
            settled[value.name] = name
            outputs.append(Value(name, value.spec))
            table[value] = outputs[-1]
        operands = tuple(substitute(operand, table) for operand in line.operands)
        lines.append(replace(line, outputs=tuple(outputs), operands=operands))
    return program.rewritten(lines, table)


def renumbered(program: Program) -> Program:
    """The program with its numbers in order again after lines have gone; other names stay."""
    inner = [value.name for line in program.instructions for value in line.outputs]
    wanted: dict[str, str] = {}
    for name in inner:
        of_number = name.startswith("d_") and is_number(name[2:])
        if of_number and name[2:] in inner:
            wanted[name] = f"d_@{name[2:]}"
        elif not of_number and not is_number(name):
            wanted[name] = name
    return named(program, wanted)


def is_number(name: str) -> bool:
    """True for ``v12``: a value that was given no name of its own."""
    return re.fullmatch(rf"v\d+({re.escape(SINGLE)})*", name) is not None

"""A digest of what a program computes: equal for programs that differ in nothing but names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from flintglass.program.instruction import Literal, Operand
from flintglass.program.program import Program
from flintglass.program.size import Size


def digest(program: Program) -> str:
    """64 hexadecimal digits; a setting that is written into the program, such as a rate of dropout, changes them."""
    return _digest(program, {})


def _digest(program: Program, blocks: dict[Program, str]) -> str:
    if program not in blocks:
        lines = "\n".join(_lines(program, blocks))
        blocks[program] = hashlib.sha256(lines.encode()).hexdigest()
    return blocks[program]


def _lines(program: Program, blocks: dict[Program, str]) -> Iterator[str]:
    numbers: dict[Operand, int] = {}

    def told(operand: Operand) -> str:
        if isinstance(operand, Literal):
            return f"{operand.value!r} {operand.spec}"
        return f"%{numbers.setdefault(operand, len(numbers))}"

    for kind, values in (("state", program.state), ("input", program.inputs)):
        yield from (f"{kind} {told(value)} {value.spec}" for value in values)
    for line in program.instructions:
        given = ", ".join(told(operand) for operand in line.operands)
        settings = ", ".join(f"{name}={_told(line.attributes[name], blocks)}" for name in sorted(line.attributes))
        made = ", ".join(f"{told(value)} {value.spec}" for value in line.outputs)
        yield f"{made} = {line.primitive}({given}; {settings})"
    yield "return " + ", ".join(told(operand) for operand in program.outputs)
    yield from (f"{told(value)} becomes {told(operand)}" for value, operand in program.updates)


def _told(attribute: Any, blocks: dict[Program, str]) -> str:
    if isinstance(attribute, Program):
        return _digest(attribute, blocks)
    if isinstance(attribute, tuple):
        return f"({', '.join(_told(item, blocks) for item in attribute)})"
    return str(attribute.terms) if isinstance(attribute, Size) else repr(attribute)

"""The verifier: every name defined once and before it is read, every type what the primitive's rule says."""

from __future__ import annotations

import re
from collections.abc import Callable

from flintglass.errors import FlintglassError, ProgramError
from flintglass.program.instruction import Instruction, Literal, Operand, Value
from flintglass.program.notation import NAME, RESERVED
from flintglass.program.program import Program
from flintglass.program.spec import Spec

# (instruction) -> the specs that the primitive's shape rule gives to its outputs
TypeRule = Callable[[Instruction], tuple[Spec, ...]]


def verify(program: Program, types: TypeRule) -> None:
    """Raise ProgramError, naming the line, where the program or one of its blocks breaks a rule."""
    names: dict[str, Program] = {}
    for block in (program, *program.blocks()):
        if names.setdefault(block.name, block) != block:
            raise ProgramError(f"two different blocks are called {block.name!r}")
        _verify_one(block, types)


def _verify_one(program: Program, types: TypeRule) -> None:
    defined: dict[str, Value] = {}

    def define(value: Value, where: str) -> None:
        if not re.fullmatch(NAME, value.name) or value.name in RESERVED:
            raise ProgramError(f"{where}: {value.name!r} is no name; use letters, digits, _ and .")
        if value.name in defined:
            raise ProgramError(f"{where}: the name {value.name!r} is defined twice")
        defined[value.name] = value

    def read(operand: Operand, where: str) -> None:
        if not isinstance(operand, Literal) and defined.get(operand.name) != operand:
            raise ProgramError(f"{where}: {operand.name!r} is read but not defined above with that type")

    for value in program.state + program.inputs:
        define(value, f"{program.name}, inputs")
    for number, line in enumerate(program.instructions):
        where = f"{program.name}, instruction {number} ({line.primitive})"
        for operand in line.operands:
            read(operand, where)
        try:
            expected, found = tuple(types(line)), tuple(value.spec for value in line.outputs)
        except (FlintglassError, LookupError) as error:
            raise ProgramError(f"{where}: {error}") from error
        if expected != found:
            raise ProgramError(f"{where}: the rule gives {_texts(expected)}, the line says {_texts(found)}")
        for value in line.outputs:
            define(value, where)
    for operand in program.outputs:
        read(operand, f"{program.name}, return")
    _verify_updates(program, read)


def _verify_updates(program: Program, read: Callable[[Operand, str], None]) -> None:
    updated: set[Value] = set()
    for value, operand in program.updates:
        where = f"{program.name}, update {value.name}"
        if value not in program.state:
            raise ProgramError(f"{where}: it is not a value of state")
        if value in updated:
            raise ProgramError(f"{where}: it is updated twice")
        updated.add(value)
        read(operand, where)
        if operand.spec != value.spec:
            raise ProgramError(f"{where}: {operand.spec} cannot replace {value.spec}")


def _texts(specs: tuple[Spec, ...]) -> str:
    return ", ".join(str(item) for item in specs) or "nothing"

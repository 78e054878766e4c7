"""A program with its named sizes bound to numbers, its blocks included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flintglass.program import Instruction, Literal, Operand, Program, Size, Value
from flintglass.program.size import bind


def bound(program: Program, sizes: Mapping[str, int]) -> Program:
    """The same program for arrays of these sizes."""
    return _Binding(sizes).program(program)


class _Binding:
    """Binds each block once, so that a block that is called twice stays one block."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = sizes
        self.known: dict[Program, Program] = {}

    def program(self, program: Program) -> Program:
        if program not in self.known:
            self.known[program] = replace(
                program,
                inputs=tuple(map(self.value, program.inputs)),
                state=tuple(map(self.value, program.state)),
                instructions=tuple(map(self.line, program.instructions)),
                outputs=tuple(map(self.operand, program.outputs)),
                updates=tuple((self.value(value), self.operand(to)) for value, to in program.updates),
            )
        return self.known[program]

    def line(self, line: Instruction) -> Instruction:
        return replace(
            line,
            outputs=tuple(map(self.value, line.outputs)),
            operands=tuple(map(self.operand, line.operands)),
            attributes={name: self.attribute(value) for name, value in line.attributes.items()},
        )

    def value(self, value: Value) -> Value:
        return Value(value.name, value.spec.bind(self.sizes))

    def operand(self, operand: Operand) -> Operand:
        return operand if isinstance(operand, Literal) else self.value(operand)

    def attribute(self, value: Any) -> Any:
        if isinstance(value, Size):
            return bind(value, self.sizes)
        if isinstance(value, tuple):
            return tuple(map(self.attribute, value))
        return self.program(value) if isinstance(value, Program) else value

"""Encoding: a program in the form in which the machine takes it, numbered values in place of names."""

from __future__ import annotations

from typing import Any

from flintglass.engines.native_engine.host import host_call
from flintglass.primitives import PRIMITIVES
from flintglass.program import Instruction, Literal, Operand, Program, Size

WHOLE_AXIS = -1
HOST = "host"  # the attribute under which the machine looks for a function of ours that computes the line


def encode(program: Program, machine: Any) -> Any:
    """The machine's own program; equal blocks become one, since the machine tells blocks apart by identity."""
    return _Encoder(machine, {}).encode(program)


class _Encoder:
    def __init__(self, machine: Any, blocks: dict[Program, Any]) -> None:
        self._machine = machine
        self._blocks = blocks
        self._values: list[tuple[str, list[Any], Any]] = []
        self._positions: dict[Operand, int] = {}

    def encode(self, program: Program) -> Any:
        state = [self._position(value) for value in program.state]
        inputs = [self._position(value) for value in program.inputs]
        lines = [
            (
                line.primitive,
                [self._position(operand) for operand in line.operands],
                [self._position(value) for value in line.outputs],
                self._attributes(line),
                line.origin,
            )
            for line in program.instructions
        ]
        outputs = [self._position(operand) for operand in program.outputs]
        updates = [(self._position(value), self._position(operand)) for value, operand in program.updates]
        return self._machine.program(program.name, self._values, lines, state, inputs, outputs, updates)

    def _position(self, operand: Operand) -> int:
        if operand not in self._positions:
            self._positions[operand] = len(self._values)
            literal = operand.value if isinstance(operand, Literal) else None
            shape = [_dimension(extent) for extent in operand.spec.shape]
            self._values.append((operand.spec.dtype, shape, literal))
        return self._positions[operand]

    def _attributes(self, line: Instruction) -> dict[str, Any]:
        given = {name: self._attribute(value) for name, value in line.attributes.items()}
        if PRIMITIVES[line.primitive].tier == "host":
            given[HOST] = host_call(line.primitive, tuple(sorted(line.attributes.items())))
        return given

    def _attribute(self, value: Any) -> Any:
        if isinstance(value, Program):
            if value not in self._blocks:
                self._blocks[value] = _Encoder(self._machine, self._blocks).encode(value)
            return self._blocks[value]
        if isinstance(value, tuple):
            return tuple(_dimension(item) for item in value)
        return _dimension(value)


def _dimension(value: Any) -> Any:
    """A size as a list of (coefficient, names), the None of a whole axis as -1; anything else as it is."""
    if value is None:
        return WHOLE_AXIS
    if isinstance(value, Size):
        return [(coefficient, list(names)) for names, coefficient in value.terms]
    return value

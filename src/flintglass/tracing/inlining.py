"""Inlining: the bodies of ``call`` and ``each`` take the place of the lines that call them."""

from __future__ import annotations

from flintglass.primitives import Builder
from flintglass.program import Literal, Operand, Program, Value
from flintglass.tracing.naming import is_number, named


def inlined(program: Program) -> Program:
    """The same computation without named blocks; results keep their names."""
    b = Builder(program.name)
    b.state, b.inputs = list(program.state), list(program.inputs)
    b.reserve(value.name for value in program.state + program.inputs)
    table: dict[Value, Operand] = {value: value for value in program.state + program.inputs}
    names: dict[str, str] = {}
    _append(b, program, table, names)

    def look_up(operand: Operand) -> Operand:
        return operand if isinstance(operand, Literal) else table[operand]

    updates = [(value, look_up(operand)) for value, operand in program.updates]
    outputs = [look_up(operand) for operand in program.outputs]
    return named(b.finish(outputs, program.output_names, updates), names)


def _append(b: Builder, program: Program, table: dict[Value, Operand], names: dict[str, str]) -> None:
    for line in program.instructions:
        operands = [item if isinstance(item, Literal) else table[item] for item in line.operands]
        with b.belonging_to(line.origin or b.origin):
            if line.primitive in ("call", "each"):
                body = line.attributes["body"]
                inner: dict[Value, Operand] = dict(zip(body.inputs, operands, strict=True))
                _append(b, body, inner, {})
                results = [item if isinstance(item, Literal) else inner[item] for item in body.outputs]
            else:
                results = list(b.emit_all(line.primitive, operands, line.attributes))
        for value, result in zip(line.outputs, results, strict=True):
            table[value] = result
            if isinstance(result, Value) and not is_number(value.name):
                names.setdefault(result.name, value.name)

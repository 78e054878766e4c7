"""The listing: a program as text that reads like mathematics, the same text every time."""

from __future__ import annotations

from flintglass.program.instruction import Literal, Operand
from flintglass.program.notation import expression
from flintglass.program.program import Program

TYPE_COLUMN = 46


def listing(program: Program) -> str:
    """The text of a program and, below it, of each of its blocks once; ``parse`` reads it back."""
    parts = ["\n".join(_lines(program, "program"))]
    parts += ["\n".join(_lines(block, "block")) for block in program.blocks()]
    return "\n\n".join(parts)


def _lines(program: Program, kind: str) -> list[str]:
    lines = [f"{kind} {program.name}"]
    for role, values in (("state", program.state), ("input", program.inputs)):
        lines += [_typed(f"  {role} {value.name}", str(value.spec)) for value in values]
    origin = ""
    for instruction in program.instructions:
        if instruction.origin != origin:
            origin = instruction.origin
            lines.append(f"  [{origin}]")
        names = ", ".join(value.name for value in instruction.outputs)
        specs = ", ".join(str(value.spec) for value in instruction.outputs)
        lines.append(_typed(f"    {names} = {expression(instruction)}", specs))
    lines += [f"  update {value.name} <- {_operand(operand)}" for value, operand in program.updates]
    lines += [
        f"  return {name} = {_operand(operand)}"
        for name, operand in zip(program.output_names, program.outputs, strict=True)
    ]
    return lines


def _typed(text: str, spec: str) -> str:
    return f"{text:<{TYPE_COLUMN}} : {spec}"


def _operand(operand: Operand) -> str:
    return f"{operand.text}:{operand.spec.dtype}" if isinstance(operand, Literal) else operand.name

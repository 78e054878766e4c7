"""Finished: what a program needs only while it may still be differentiated is taken out of it."""

from __future__ import annotations

from dataclasses import replace

from flintglass.program import Instruction, Operand, Program, Value
from flintglass.program.program import substitute
from flintglass.tracing.block_names import with_blocks
from flintglass.tracing.naming import renumbered
from flintglass.tracing.simplify import simplify


def finished(program: Program) -> Program:
    """The program, and its blocks, without stop_gradient lines and without blocks' gradients of their own."""
    done: dict[Program, Program] = {}

    def finish(block: Program) -> Program:
        if block not in done:
            done[block] = renumbered(with_blocks(simplify(_forward(block)), finish))
        return done[block]

    return with_blocks(simplify(_forward(program)), finish)


def _forward(program: Program) -> Program:
    table: dict[Value, Operand] = {}
    lines: list[Instruction] = []
    for line in program.instructions:
        line = replace(line, operands=tuple(substitute(operand, table) for operand in line.operands))
        if line.primitive == "stop_gradient":
            table[line.outputs[0]] = line.operands[0]
            continue
        if line.primitive == "call" and "gradient" in line.attributes:
            line = replace(line, attributes={"body": line.attributes["body"]})
        lines.append(line)
    return program.rewritten(lines, table)

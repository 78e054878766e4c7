"""Trimming: a block line loses the results that nobody reads, and the operands that its bodies do not read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from flintglass.primitives import types_of
from flintglass.program import Instruction, Program, Value

Simplify = Callable[[Program], Program]
# How many operands come before those that are given to the bodies.
TRIMMED = {"call": 0, "each": 0, "cond": 1}


def trimmed(line: Instruction, read: Collection[Value], simplify: Simplify) -> Instruction:
    """The line with only the results in ``read`` and only the operands that these need.

    A call with a gradient of its own stays whole: the gradient speaks of all results and operands.
    """
    if line.primitive not in TRIMMED or "gradient" in line.attributes:
        return line
    return _without_operands(_without_results(line, read, simplify))


def _without_results(line: Instruction, read: Collection[Value], simplify: Simplify) -> Instruction:
    kept = [position for position, value in enumerate(line.outputs) if value in read]
    if len(kept) == len(line.outputs):
        return line
    blocks = {name: simplify(_returning(block, kept)) for name, block in line.blocks()}
    outputs = tuple(line.outputs[position] for position in kept)
    return replace(line, outputs=outputs, attributes={**line.attributes, **blocks})


def _returning(block: Program, kept: Sequence[int]) -> Program:
    return replace(
        block,
        outputs=tuple(block.outputs[position] for position in kept),
        output_names=tuple(block.output_names[position] for position in kept),
    )


def _without_operands(line: Instruction) -> Instruction:
    first = TRIMMED[line.primitive]
    blocks = dict(line.blocks())
    reads = [_read_inputs(block) for block in blocks.values()]
    kept = [i for i in range(len(line.operands) - first) if any(i in positions for positions in reads)]
    if len(kept) == len(line.operands) - first:
        return line
    operands = (*line.operands[:first], *(line.operands[first + i] for i in kept))
    fewer = {name: replace(block, inputs=tuple(block.inputs[i] for i in kept)) for name, block in blocks.items()}
    shorter = replace(line, operands=operands, attributes={**line.attributes, **fewer})
    # An operand that is not read may still give the results of ``each`` their shape.
    if line.primitive == "each" and (not kept or types_of(shorter) != types_of(line)):
        return line
    return shorter


def _read_inputs(block: Program) -> set[int]:
    read = {value for inner in block.instructions for value in inner.values()} | set(block.outputs)
    return {position for position, value in enumerate(block.inputs) if value in read}

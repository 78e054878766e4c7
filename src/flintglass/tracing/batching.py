"""Batching: a program for one example becomes the program for a whole batch of them."""

from __future__ import annotations

from collections.abc import Sequence

from flintglass.primitives import Builder, primitive
from flintglass.program import Dimension, Literal, Operand, Program, Spec, Value
from flintglass.tracing.simplify import simplify


def batch_lines(
    b: Builder, program: Program, given: Sequence[Operand], batched: Sequence[bool]
) -> tuple[list[Operand], list[bool]]:
    """Append the lines of ``program`` for a batch; batched operands carry it as their first axis."""
    table: dict[Operand, Operand] = dict(zip(program.inputs, given, strict=True))
    flags: dict[Operand, bool] = dict(zip(program.inputs, batched, strict=True))
    for line in program.instructions:
        operands = [table.get(operand, operand) for operand in line.operands]
        marks = [flags.get(operand, False) for operand in line.operands]
        with b.belonging_to(line.origin):
            if any(marks):
                outputs = primitive(line.primitive).batch(b, operands, marks, line.attributes)
            else:
                outputs = b.emit_all(line.primitive, operands, line.attributes)
        table.update(zip(line.outputs, outputs, strict=True))
        flags.update((value, any(marks)) for value in line.outputs)
    return (
        [operand if isinstance(operand, Literal) else table[operand] for operand in program.outputs],
        [flags.get(operand, False) for operand in program.outputs],
    )


def batch_block(body: Program, batched: Sequence[bool], size: Dimension) -> Program:
    """The block for a batch of ``size``: marked inputs and all outputs carry the batch as their first axis."""
    b = Builder(f"{body.name}_batched")
    given: list[Value] = [
        b.input(value.name, Spec((size, *value.spec.shape), value.spec.dtype) if flag else value.spec)
        for value, flag in zip(body.inputs, batched, strict=True)
    ]
    outputs, flags = batch_lines(b, body, given, batched)
    rows = [
        operand if flag else b.emit("broadcast", operand, shape=(size, *operand.spec.shape))
        for operand, flag in zip(outputs, flags, strict=True)
    ]
    return simplify(b.finish(rows, body.output_names))


Builder.batch_block = staticmethod(batch_block)

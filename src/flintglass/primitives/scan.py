"""Scan: a loop of fixed length that carries values along and stacks what each step returns."""

from __future__ import annotations

from collections.abc import Sequence

from flintglass.errors import ProgramError
from flintglass.primitives.base import Attributes, Specs
from flintglass.primitives.builder import Builder
from flintglass.primitives.control import Block, _require, _with_cotangents
from flintglass.program import Instruction, Operand, Program, Spec, Value


class Scan(Block):
    """A loop over the first axis. Operands: ``constants`` values that every step sees, ``carries`` values
    that each step replaces, then arrays of which step i sees row i. The block ``body`` returns the new
    carries and then what is stacked along a new first axis of ``length``. ``reverse`` goes from the
    last row to the first."""

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        body, length = attributes["body"], attributes["length"]
        constants, carries = attributes.get("constants", 0), attributes.get("carries", 0)
        rows = inputs[constants + carries :]
        for item in rows:
            if not item.shape or item.shape[0] != length:
                raise ProgramError(f"scan {body.name}: {item} has not the length {length}")
        _require("scan", body, [*inputs[: constants + carries], *(Spec(i.shape[1:], i.dtype) for i in rows)])
        carried, stacked = body.output_specs[:carries], body.output_specs[carries:]
        if carried != tuple(inputs[constants : constants + carries]):
            raise ProgramError(f"scan {body.name}: the body must return its carries with their own types")
        return carried + tuple(Spec((length, *item.shape), item.dtype) for item in stacked)

    def gradient(self, b: Builder, line: Instruction, cotangents: Sequence[Operand | None]) -> Sequence[Operand | None]:
        """A second scan, backwards, that computes each step again from its carries and reverses it."""
        split = _Split(line)
        before = b.emit_all("scan", line.operands, {**line.attributes, "body": split.remembering()})
        remembered = before[len(before) - split.carries :] if split.carries else ()
        arriving = _with_cotangents(b, line, cotangents)
        d_carries, d_stacked = arriving[: split.float_carries], arriving[split.float_carries :]
        sums = [b.zeros(value.spec) for value in split.constants_in if value.spec.is_float]
        backward = {
            "body": split.backward(b.reverse_block(split.body)),
            "length": line.attributes["length"],
            "constants": len(split.constants_in),
            "carries": len(sums) + len(d_carries),
            "reverse": not line.attributes.get("reverse", False),
        }
        given = [*split.operands[0], *sums, *d_carries, *remembered, *split.operands[2], *d_stacked]
        flows = iter(b.emit_all("scan", given, backward))
        return [next(flows) if operand.spec.is_float else None for operand in line.operands]

    def batch(
        self, b: Builder, operands: Sequence[Operand], batched: Sequence[bool], attributes: Attributes
    ) -> tuple[Value, ...]:
        size = next(o.spec.shape[0] for o, flag in zip(operands, batched, strict=True) if flag)
        constants, carries = attributes.get("constants", 0), attributes.get("carries", 0)
        given: list[Operand] = []
        flags: list[bool] = []
        for position, (operand, flag) in enumerate(zip(operands, batched, strict=True)):
            carried = constants <= position < constants + carries
            if carried and not flag:
                # A carry may become different from row to row: it is given a row each from the start.
                operand, flag = b.emit("broadcast", operand, shape=(size, *operand.spec.shape)), True
            elif flag and position >= constants + carries:
                operand = b.emit("transpose", operand, axes=_swap_first_two(operand.spec.rank))
            given.append(operand)
            flags.append(flag)
        body = b.batch_block(attributes["body"], flags, size)
        outputs = b.emit_all("scan", given, {**attributes, "body": body})
        stacked = (b.emit("transpose", value, axes=_swap_first_two(value.spec.rank)) for value in outputs[carries:])
        return (*outputs[:carries], *stacked)


def _swap_first_two(rank: int) -> tuple[int, ...]:
    return (1, 0, *range(2, rank))


class _Split:
    """A scan's body with its inputs and outputs by role."""

    def __init__(self, line: Instruction) -> None:
        self.body: Program = line.attributes["body"]
        constants, self.carries = line.attributes.get("constants", 0), line.attributes.get("carries", 0)
        start = constants + self.carries
        self.operands = (line.operands[:constants], line.operands[constants:start], line.operands[start:])
        self.constants_in = self.body.inputs[:constants]
        self.carries_in = self.body.inputs[constants:start]
        self.rows_in = self.body.inputs[start:]
        self.float_carries = sum(value.spec.is_float for value in self.carries_in)

    def remembering(self) -> Program:
        """The body that also returns its carries as they were before the step."""
        body = self.body
        return Program(f"{body.name}_remembering", body.inputs, body.instructions, body.outputs + self.carries_in)

    def backward(self, reversed_body: Program) -> Program:
        """One step back: the sums of the constants' cotangents, the carries' cotangents, the rows'."""
        b = Builder(f"{self.body.name}_backward")
        constants = [b.input(value.name, value.spec) for value in self.constants_in]
        sums = [b.input(f"sum_{v.name}", v.spec) for v in self.constants_in if v.spec.is_float]
        d_carries = [b.input(f"d_{v.name}", v.spec) for v in self.carries_in if v.spec.is_float]
        carries = [b.input(value.name, value.spec) for value in self.carries_in]
        rows = [b.input(value.name, value.spec) for value in self.rows_in]
        stacked = self.body.outputs[self.carries :]
        d_stacked = [b.input(f"d_row{i}", o.spec) for i, o in enumerate(stacked) if o.spec.is_float]
        given = [*constants, *carries, *rows, *d_carries, *d_stacked]
        flows = list(b.emit_all("call", given, {"body": reversed_body}))
        count = len(sums)
        totals = [b.add(total, flow) for total, flow in zip(sums, flows[:count], strict=True)]
        return b.finish([*totals, *flows[count:]])

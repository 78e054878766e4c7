"""Blocks: a named body called, or applied to each element; a choice, a loop, a scan of fixed length."""

from __future__ import annotations

from collections.abc import Sequence

from flintglass.errors import ProgramError
from flintglass.primitives.base import (
    PRIMITIVES,
    Attributes,
    Primitive,
    Sample,
    Specs,
    align,
    broadcast_shapes,
)
from flintglass.primitives.builder import Builder
from flintglass.program import Instruction, Operand, Program, Spec, Value


class Block(Primitive, abstract=True):
    """A primitive whose attributes hold programs; the contract tests of control flow try it."""

    def samples(self) -> Sequence[Sample]:
        return ()


def _require(place: str, body: Program, inputs: Specs) -> None:
    expected = tuple(value.spec for value in body.inputs)
    if expected != tuple(inputs):
        raise ProgramError(
            f"{place} {body.name}: the body takes {', '.join(map(str, expected))}, "
            f"but is given {', '.join(map(str, inputs))}"
        )
    if body.state:
        raise ProgramError(f"{place} {body.name}: a block has no state of its own")


def _with_cotangents(b: Builder, line: Instruction, cotangents: Sequence[Operand | None]) -> list[Operand]:
    """Cotangents of the float outputs, zeros where nothing arrived."""
    return [
        b.zeros(value.spec) if g is None else g
        for value, g in zip(line.outputs, cotangents, strict=True)
        if value.spec.is_float
    ]


def _spread(operands: Sequence[Operand], flows: Sequence[Operand]) -> list[Operand | None]:
    """One entry an operand from one a float operand."""
    remaining = iter(flows)
    return [next(remaining) if operand.spec.is_float else None for operand in operands]


class Call(Block):
    """The outputs of the block ``body``. The block ``gradient``, where given, is its own derivative."""

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        _require("call", attributes["body"], inputs)
        return attributes["body"].output_specs

    def gradient(self, b: Builder, line: Instruction, cotangents: Sequence[Operand | None]) -> Sequence[Operand | None]:
        body = line.attributes.get("gradient") or b.reverse_block(line.attributes["body"])
        given = [*line.operands, *_with_cotangents(b, line, cotangents)]
        return _spread(line.operands, b.emit_all("call", given, {"body": body}))

    def batch(
        self, b: Builder, operands: Sequence[Operand], batched: Sequence[bool], attributes: Attributes
    ) -> tuple[Value, ...]:
        size = next(o.spec.shape[0] for o, flag in zip(operands, batched, strict=True) if flag)
        blocks = {"body": b.batch_block(attributes["body"], batched, size)}
        if "gradient" in attributes:
            own = attributes["gradient"]
            arriving = [True] * (len(own.inputs) - len(operands))
            rows = b.batch_block(own, [*batched, *arriving], size)
            flags = [flag for operand, flag in zip(operands, batched, strict=True) if operand.spec.is_float]
            blocks["gradient"] = _summed_where_shared(rows, flags)
        return b.emit_all("call", operands, blocks)


def _summed_where_shared(rows: Program, batched: Sequence[bool]) -> Program:
    """The block with its outputs summed over the rows where all rows share the operand."""
    b, inputs = _same_inputs(rows, "summed")
    flows = b.emit_all("call", inputs, {"body": rows})
    return b.finish(
        [flow if flag else b.emit("sum", flow, axis=(0,)) for flow, flag in zip(flows, batched, strict=True)]
    )


class Each(Block):
    """The block ``body``, written for scalars, applied to every element; operands broadcast."""

    elementwise = True

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        body: Program = attributes["body"]
        _require("each", body, [Spec((), item.dtype) for item in inputs])
        for line in body.instructions:
            if not PRIMITIVES[line.primitive].elementwise:
                raise ProgramError(f"each {body.name}: {line.primitive} is not a function of each element")
        shape = broadcast_shapes(f"each {body.name}", inputs)
        return tuple(Spec(shape, spec.dtype) for spec in body.output_specs)

    def gradient(self, b: Builder, line: Instruction, cotangents: Sequence[Operand | None]) -> Sequence[Operand | None]:
        body = b.reverse_block(line.attributes["body"])
        given = [*line.operands, *_with_cotangents(b, line, cotangents)]
        flows = b.emit_all("each", given, {"body": body})
        return [
            flow if flow is None else b.unbroadcast(flow, operand.spec)
            for flow, operand in zip(_spread(line.operands, flows), line.operands, strict=True)
        ]

    def batch(
        self, b: Builder, operands: Sequence[Operand], batched: Sequence[bool], attributes: Attributes
    ) -> tuple[Value, ...]:
        return b.emit_all("each", align(b, operands, batched), attributes)


class Cond(Block):
    """The block ``true`` of the operands after the first where that is True, else the block ``false``."""

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        if inputs[0] != Spec((), "bool"):
            raise ProgramError(f"cond: the first operand is a bool[], not {inputs[0]}")
        true, false = attributes["true"], attributes["false"]
        _require("cond", true, inputs[1:])
        _require("cond", false, inputs[1:])
        if true.output_specs != false.output_specs:
            raise ProgramError(
                f"cond: the branches return {', '.join(map(str, true.output_specs))} and "
                f"{', '.join(map(str, false.output_specs))}; they must agree"
            )
        return true.output_specs

    def gradient(self, b: Builder, line: Instruction, cotangents: Sequence[Operand | None]) -> Sequence[Operand | None]:
        blocks = {key: b.reverse_block(line.attributes[key]) for key in ("true", "false")}
        given = [*line.operands, *_with_cotangents(b, line, cotangents)]
        return [None, *_spread(line.operands[1:], b.emit_all("cond", given, blocks))]

    def batch(
        self, b: Builder, operands: Sequence[Operand], batched: Sequence[bool], attributes: Attributes
    ) -> tuple[Value, ...]:
        size = next(o.spec.shape[0] for o, flag in zip(operands, batched, strict=True) if flag)
        blocks = {key: b.batch_block(attributes[key], batched[1:], size) for key in ("true", "false")}
        if not batched[0]:
            return b.emit_all("cond", operands, blocks)
        # Rows choose for themselves: both branches are computed, and each row takes its own.
        true, false = (b.emit_all("call", operands[1:], {"body": blocks[key]}) for key in ("true", "false"))
        return tuple(
            b.emit_all("select", align(b, [operands[0], x, y], [True] * 3))[0] for x, y in zip(true, false, strict=True)
        )


class While(Block):
    """The operands, replaced by the block ``body`` of them again and again while the block ``condition`` says True."""

    differentiable = False

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        condition, body = attributes["condition"], attributes["body"]
        _require("while", condition, inputs)
        _require("while", body, inputs)
        if condition.output_specs != (Spec((), "bool"),):
            raise ProgramError("while: the condition returns one bool[]")
        if body.output_specs != tuple(inputs):
            raise ProgramError(
                f"while: the body takes {', '.join(map(str, inputs))} and returns "
                f"{', '.join(map(str, body.output_specs))}; they must agree"
            )
        return tuple(inputs)

    def gradient(self, b: Builder, line: Instruction, cotangents: Sequence[Operand | None]) -> Sequence[Operand | None]:
        raise ProgramError(
            "while has no gradient, since its number of steps is not known; use scan (a fixed length) instead"
        )

    def batch(
        self, b: Builder, operands: Sequence[Operand], batched: Sequence[bool], attributes: Attributes
    ) -> tuple[Value, ...]:
        size = next(o.spec.shape[0] for o, flag in zip(operands, batched, strict=True) if flag)
        rows = [
            operand if flag else b.emit("broadcast", operand, shape=(size, *operand.spec.shape))
            for operand, flag in zip(operands, batched, strict=True)
        ]
        everyone = [True] * len(rows)
        condition = b.batch_block(attributes["condition"], everyone, size)
        body = b.batch_block(attributes["body"], everyone, size)
        return b.emit_all("while", rows, {"condition": _any_row(condition), "body": _rows_that_go_on(condition, body)})


def _any_row(condition: Program) -> Program:
    """A condition that holds while it holds for any row."""
    b, inputs = _same_inputs(condition, "any_row")
    (flags,) = b.emit_all("call", inputs, {"body": condition})
    return b.finish([b.any(flags, axis=(0,))])


def _rows_that_go_on(condition: Program, body: Program) -> Program:
    """A body that changes only the rows whose condition still holds."""
    b, inputs = _same_inputs(body, "rows")
    (flags,) = b.emit_all("call", inputs, {"body": condition})
    after = b.emit_all("call", inputs, {"body": body})
    return b.finish(
        [
            b.emit_all("select", align(b, [flags, new, old], [True] * 3))[0]
            for new, old in zip(after, inputs, strict=True)
        ]
    )


def _same_inputs(block: Program, name: str) -> tuple[Builder, list[Value]]:
    b = Builder(f"{block.name}_{name}")
    return b, [b.input(value.name, value.spec) for value in block.inputs]

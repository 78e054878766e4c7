"""The gradient: a reverse pass over the lines of a program, appended to it in the same primitives."""

from __future__ import annotations

from collections.abc import Sequence

from flintglass.primitives import Builder, primitive
from flintglass.program import Instruction, Literal, Operand, Program, Value
from flintglass.tracing.naming import is_number, named
from flintglass.tracing.simplify import simplify

PREFIX = "gradient of "


def reverse(
    b: Builder,
    outputs: Sequence[Operand],
    cotangents: Sequence[Operand],
    wrt: Sequence[Operand],
    names: dict[str, str] | None = None,
) -> list[Operand | None]:
    """Append the lines that compute d(sum of outputs * cotangents) / d(wrt); None where nothing flows.

    names, where given, receives the names under which the gradients read well: ``d_kernel`` of ``kernel``.
    """
    flowing: dict[Operand, Operand] = {}
    for output, cotangent in zip(outputs, cotangents, strict=True):
        _accumulate(b, flowing, output, cotangent)
    for line in reversed(_between(b.instructions, wrt)):
        arriving = [flowing.get(value) for value in line.outputs]
        if all(item is None for item in arriving):
            continue
        origin = line.origin if not line.origin or line.origin.startswith(PREFIX) else PREFIX + line.origin
        with b.belonging_to(origin):
            if names is not None:
                _call(names, line.outputs, arriving)
            flows = primitive(line.primitive).gradient(b, line, arriving)
            for operand, flow in zip(line.operands, flows, strict=True):
                if flow is not None and isinstance(operand, Value):
                    _accumulate(b, flowing, operand, flow)
    found = [flowing.get(item) for item in wrt]
    if names is not None:
        _call(
            names,
            [item for item in wrt if isinstance(item, Value)],
            [flowing.get(item) for item in wrt if isinstance(item, Value)],
        )
    return found


def _between(lines: Sequence[Instruction], wrt: Sequence[Operand]) -> list[Instruction]:
    """The lines through which the outputs depend on ``wrt``."""
    reached = {item for item in wrt if isinstance(item, Value)}
    kept = []
    for line in lines:
        if any(operand in reached for operand in line.values()):
            reached.update(line.outputs)
            kept.append(line)
    return kept


def _accumulate(b: Builder, flowing: dict[Operand, Operand], target: Operand, flow: Operand) -> None:
    if isinstance(target, Literal) or not target.spec.is_float:
        return
    flowing[target] = b.add(flowing[target], flow) if target in flowing else flow


def _call(names: dict[str, str], values: Sequence[Value], gradients: Sequence[Operand | None]) -> None:
    """Wish that each gradient be called after its value; the value's own name is settled later."""
    for value, gradient in zip(values, gradients, strict=True):
        if isinstance(gradient, Value):
            names.setdefault(gradient.name, f"d_@{value.name}")


def reverse_block(body: Program) -> Program:
    """The block that turns a body's inputs and its outputs' cotangents into its float inputs' cotangents.

    Inputs: those of the body, then a cotangent for each float output. Outputs: one for each float input
    (zeros where nothing flows).
    """
    b = Builder(f"{body.name}_gradient")
    b.inputs = list(body.inputs)
    b.instructions = list(body.instructions)
    b.reserve(value.name for value in body.inputs)
    b.reserve(value.name for line in body.instructions for value in line.outputs)
    floats = [operand for operand in body.outputs if operand.spec.is_float]
    cotangents = [b.input(f"d_result{i or ''}", operand.spec) for i, operand in enumerate(floats)]
    wrt = [value for value in body.inputs if value.spec.is_float]
    inner = (value.name for line in body.instructions for value in line.outputs)
    names = {name: name for name in inner if not is_number(name)}
    gradients = reverse(b, floats, cotangents, wrt, names)
    outputs = [
        b.zeros(value.spec) if gradient is None else gradient for value, gradient in zip(wrt, gradients, strict=True)
    ]
    return named(simplify(b.finish(outputs, [f"d_{value.name}" for value in wrt])), names)


Builder.reverse_block = staticmethod(reverse_block)

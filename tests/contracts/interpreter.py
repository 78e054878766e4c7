"""A naive interpreter, which the tests believe: one line after the other, nothing planned, nothing shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tests.contracts.support import Arrays, bound, computed

from flintglass.program import Literal, Operand, Program, Value


def interpret(
    program: Program,
    inputs: Sequence[np.ndarray],
    state: Sequence[np.ndarray] = (),
    sizes: Mapping[str, int] | None = None,
) -> tuple[Arrays, Arrays]:
    """The outputs, and the state as it is after the run; the arrays given stay as they are."""
    sizes = sizes or {}
    known: dict[Value, np.ndarray] = {}

    def look_up(operand: Operand) -> np.ndarray:
        return np.asarray(operand.value, operand.spec.dtype) if isinstance(operand, Literal) else known[operand]

    for value, array in zip(program.inputs + program.state, [*inputs, *state], strict=True):
        known[value] = np.array(array, value.spec.dtype)
    for line in program.instructions:
        operands = [look_up(operand) for operand in line.operands]
        attributes = bound(line.attributes, sizes)
        if line.primitive in CONTROL:
            results = CONTROL[line.primitive](operands, attributes, sizes)
        else:
            results = computed(line.primitive, operands, attributes)
        for value, result in zip(line.outputs, results, strict=True):
            expected = value.spec.bind(sizes)
            known[value] = np.array(np.broadcast_to(result, expected.shape), expected.dtype)
    updates = {value: look_up(operand) for value, operand in program.updates}
    after = [updates.get(value, known[value]).copy() for value in program.state]
    return [look_up(operand).copy() for operand in program.outputs], after


def _call(operands: Arrays, attributes: Mapping[str, Any], sizes: Mapping[str, int]) -> Arrays:
    return interpret(attributes["body"], operands, sizes=sizes)[0]


def _each(operands: Arrays, attributes: Mapping[str, Any], sizes: Mapping[str, int]) -> Arrays:
    """The body of one element after the other."""
    body: Program = attributes["body"]
    rows = np.broadcast_arrays(*operands)
    outputs = [np.empty(rows[0].shape, spec.dtype) for spec in body.output_specs]
    for place in np.ndindex(rows[0].shape):
        for output, number in zip(outputs, interpret(body, [row[place] for row in rows])[0], strict=True):
            output[place] = number
    return outputs


def _cond(operands: Arrays, attributes: Mapping[str, Any], sizes: Mapping[str, int]) -> Arrays:
    branch = "true" if operands[0] else "false"
    return interpret(attributes[branch], operands[1:], sizes=sizes)[0]


def _while(operands: Arrays, attributes: Mapping[str, Any], sizes: Mapping[str, int]) -> Arrays:
    while interpret(attributes["condition"], operands, sizes=sizes)[0][0]:
        operands = interpret(attributes["body"], operands, sizes=sizes)[0]
    return operands


def _scan(operands: Arrays, attributes: Mapping[str, Any], sizes: Mapping[str, int]) -> Arrays:
    body: Program = attributes["body"]
    constants, carries = attributes.get("constants", 0), attributes.get("carries", 0)
    start = constants + carries
    fixed, carried, rows = operands[:constants], operands[constants:start], operands[start:]
    length = attributes["length"]
    stacks = [np.zeros((length, *spec.bind(sizes).shape), spec.dtype) for spec in body.output_specs[carries:]]
    for step in reversed(range(length)) if attributes.get("reverse") else range(length):
        results = interpret(body, [*fixed, *carried, *(row[step] for row in rows)], sizes=sizes)[0]
        carried = results[:carries]
        for stack, result in zip(stacks, results[carries:], strict=True):
            stack[step] = result
    return [*carried, *stacks]


CONTROL = {"call": _call, "each": _each, "cond": _cond, "while": _while, "scan": _scan}

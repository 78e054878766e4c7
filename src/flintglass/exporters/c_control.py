"""How blocks are written in C: functions that are called, chosen between, or repeated; one row of a table each."""

from __future__ import annotations

from flintglass.exporters.c_body import Body
from flintglass.exporters.c_loops import loop, shape_of
from flintglass.exporters.c_rows import row
from flintglass.program import Instruction, Operand, Spec


def _started(body: Body, line: Instruction) -> tuple[list[str], list[str], list[str]]:
    """The declarations of the outputs, the operands as arrays, and the outputs' names."""
    lines = [text for value in line.outputs for text in body.declared(value)]
    given = []
    for operand in line.operands:
        before, word = body.pointer(operand)
        lines += before
        given.append(word)
    return lines, given, [body.array(value) for value in line.outputs]


def _copy(target: str, source: str, spec: Spec) -> list[str]:
    if spec.count == 1:
        return [f"{target}[0] = {source}[0];"]
    return loop("i", spec.count, [f"{target}[i] = {source}[i];"])


@row
def call(body: Body, line: Instruction) -> list[str]:
    lines, given, names = _started(body, line)
    return lines + body.call(line.attributes["body"], [*given, *names])


@row
def cond(body: Body, line: Instruction) -> list[str]:
    lines, given, names = _started(body, line)
    branches = [body.call(line.attributes[key], [*given[1:], *names]) for key in ("true", "false")]
    true, false = ([f"    {text}" for text in branch] for branch in branches)
    return [*lines, f"if ({given[0]}[0]) {{", *true, "} else {", *false, "}"]


@row
def while_(body: Body, line: Instruction) -> list[str]:
    lines, given, names = _started(body, line)
    specs = [value.spec for value in line.outputs]
    go, declared = body.temporary("go", Spec((), "bool"))
    lines.append(declared)
    following = []
    for name, start, spec in zip(names, given, specs, strict=True):
        lines += _copy(name, start, spec)
        word, declared = body.temporary(f"next_{name}", spec)
        lines.append(declared)
        following.append(word)
    inner = body.call(line.attributes["condition"], [*names, go])
    inner += [f"if (!{go}[0])", "    break;", *body.call(line.attributes["body"], [*names, *following])]
    for name, new, spec in zip(names, following, specs, strict=True):
        inner += _copy(name, new, spec)
    return [*lines, "for (;;) {", *(f"    {text}" for text in inner), "}"]


@row
def scan(body: Body, line: Instruction) -> list[str]:
    lines, given, names = _started(body, line)
    constants, carries = line.attributes.get("constants", 0), line.attributes.get("carries", 0)
    start, length = constants + carries, line.attributes["length"]
    step, following, carried = body.words.new("step"), [], line.outputs[:carries]
    for name, first, value in zip(names, given[constants:start], carried, strict=False):
        lines += _copy(name, first, value.spec)
        word, declared = body.temporary(f"next_{name}", value.spec)
        lines.append(declared)
        following.append(word)
    row_of = f"({length - 1} - {step})" if line.attributes.get("reverse") else step
    rows = [_row(name, operand, row_of) for name, operand in zip(given[start:], line.operands[start:], strict=True)]
    stacks = [_row(name, value, row_of) for name, value in zip(names[carries:], line.outputs[carries:], strict=True)]
    arguments = [*given[:constants], *names[:carries], *rows, *following, *stacks]
    inner = body.call(line.attributes["body"], arguments)
    for name, new, value in zip(names, following, carried, strict=False):
        inner += _copy(name, new, value.spec)
    return lines + loop(step, length, inner)


def _row(name: str, operand: Operand, step: str) -> str:
    size = Spec(shape_of(operand.spec)[1:], operand.spec.dtype).count
    return f"{name} + {step} * {size}" if size != 1 else f"{name} + {step}"

"""Simplify: drop what nobody reads, merge twins, fold constants, prefer attributes to copies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from flintglass.engines.engine import engine
from flintglass.primitives import PRIMITIVES
from flintglass.program import Instruction, Literal, Operand, Program, Spec, Value
from flintglass.program.program import substitute
from flintglass.tracing.naming import SINGLE
from flintglass.tracing.trimming import trimmed

Definitions = Mapping[Value, Instruction]
Rule = Callable[[Instruction, Definitions], "Instruction | list[Instruction] | Operand | None"]
RULES: dict[str, list[Rule]] = {}


def simplify(program: Program) -> Program:
    """An equal program with fewer lines; every rewriting is exact in floating point."""
    while True:
        simpler = _drop_unread(_rewrite(program))
        if simpler.instructions == program.instructions:
            return simpler
        program = simpler


def _rewrite(program: Program) -> Program:
    table: dict[Value, Operand] = {}
    definitions: dict[Value, Instruction] = {}
    twins: dict[tuple[object, ...], Instruction] = {}
    lines: list[Instruction] = []
    for original in program.instructions:
        line = original
        operands = tuple(substitute(operand, table) for operand in line.operands)
        if operands != line.operands:
            line = replace(line, operands=operands)
        folded = _fold(line, definitions)
        if isinstance(folded, (Value, Literal)):
            table[line.outputs[0]] = folded
            continue
        *before, line = folded if isinstance(folded, list) else [folded]
        lines += before
        key = (line.primitive, line.operands, tuple(line.attributes.items()))
        twin = twins.get(key)
        if twin is not None:
            table.update(zip(line.outputs, twin.outputs, strict=True))
            continue
        twins[key] = line
        definitions.update(dict.fromkeys(line.outputs, line))
        lines.append(line)
    return program.rewritten(lines, table)


def _fold(line: Instruction, definitions: Definitions) -> Instruction | list[Instruction] | Operand:
    """The line (or lines), rewritten by the first rules that fit, or the operand that it amounts to."""
    if line.operands and all(isinstance(item, Literal) for item in line.operands):
        known = _computed(line)
        if known is not None:
            return known
    for rule in RULES.get(line.primitive, ()):
        result = rule(line, definitions)
        if isinstance(result, Instruction):
            line = result
        elif result is not None:
            return result
    return line


def _computed(line: Instruction) -> Literal | None:
    """The result of a line of literals, where it is one scalar and every engine gives the same bits."""
    exact = {"add", "subtract", "multiply", "divide", "negative", "sqrt", "square", "cast", "maximum", "minimum"}
    if line.primitive not in exact or len(line.outputs) != 1 or line.outputs[0].spec.shape:
        return None
    arrays = [np.asarray(item.value, item.spec.dtype) for item in line.operands if isinstance(item, Literal)]
    with np.errstate(all="ignore"):
        result = engine("numpy").apply(line.primitive, arrays, line.attributes)[0]
    return Literal(result.item(), line.outputs[0].spec.dtype)


def _drop_unread(program: Program) -> Program:
    read = {item for item in program.outputs if isinstance(item, Value)}
    read |= {operand for _, operand in program.updates if isinstance(operand, Value)}
    lines: list[Instruction] = []
    for line in reversed(program.instructions):
        if any(value in read for value in line.outputs):
            line = trimmed(line, read, simplify)
            read.update(line.values())
            lines.append(line)
    updated = {value for value, _ in program.updates}
    return replace(
        program,
        instructions=tuple(reversed(lines)),
        state=tuple(value for value in program.state if value in read or value in updated),
        updates=tuple((value, operand) for value, operand in program.updates if operand != value),
    )


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Enter a rewriting for these primitives."""

    def enter(function: Rule) -> Rule:
        for name in names:
            RULES.setdefault(name, []).append(function)
        return function

    return enter


def _is(operand: Operand, number: float) -> bool:
    return isinstance(operand, Literal) and operand.value == number and not isinstance(operand.value, bool)


def _unless_broadcast(line: Instruction, operand: Operand) -> Operand | None:
    return operand if operand.spec == line.outputs[0].spec else None


@rule("multiply", "divide")
def _times_one(line: Instruction, definitions: Definitions) -> Operand | None:
    x, y = line.operands
    if _is(y, 1):
        return _unless_broadcast(line, x)
    if line.primitive == "multiply" and _is(x, 1):
        return _unless_broadcast(line, y)
    return None


@rule("subtract")
def _minus_zero(line: Instruction, definitions: Definitions) -> Operand | None:
    # Not -0.0: -0.0 - -0.0 is 0.0.
    zero = _is(line.operands[1], 0) and not str(line.operands[1]).startswith("-")
    return _unless_broadcast(line, line.operands[0]) if zero else None


@rule("power")
def _small_power(line: Instruction, definitions: Definitions) -> Instruction | Operand | None:
    x, exponent = line.operands
    if _is(exponent, 1):
        return _unless_broadcast(line, x)
    if _is(exponent, 2) and x.spec == line.outputs[0].spec:
        return replace(line, primitive="square", operands=(x,))
    return None


@rule("negative")
def _twice_negative(line: Instruction, definitions: Definitions) -> Operand | None:
    inner = definitions.get(line.operands[0])  # type: ignore[arg-type]
    return inner.operands[0] if inner and inner.primitive == "negative" else None


@rule("reshape", "cast", "broadcast", "slice")
def _nothing_changes(line: Instruction, definitions: Definitions) -> Operand | None:
    return _unless_broadcast(line, line.operands[0])


@rule("reverse")
def _along_no_axis(line: Instruction, definitions: Definitions) -> Operand | None:
    return None if line.attributes["axis"] else line.operands[0]


@rule("transpose")
def _same_order(line: Instruction, definitions: Definitions) -> Operand | None:
    axes = line.attributes["axes"]
    return line.operands[0] if axes == tuple(range(len(axes))) else None


@rule("reshape")
def _reshape_twice(line: Instruction, definitions: Definitions) -> Instruction | None:
    inner = definitions.get(line.operands[0])  # type: ignore[arg-type]
    if inner and inner.primitive == "reshape":
        return replace(line, operands=inner.operands)
    return None


@rule("reshape")
def _reshape_of_one_number(line: Instruction, definitions: Definitions) -> Instruction | None:
    """One number spread over an array has every shape as easily."""
    inner = definitions.get(line.operands[0])  # type: ignore[arg-type]
    if inner and inner.primitive == "broadcast" and not inner.operands[0].spec.shape:
        return replace(line, primitive="broadcast", operands=inner.operands)
    return None


@rule("broadcast")
def _spread_of_one_number(line: Instruction, definitions: Definitions) -> Instruction | None:
    """A number that was only given axes of extent 1, or spread before, is spread at once."""
    inner = definitions.get(line.operands[0])  # type: ignore[arg-type]
    if inner and inner.primitive in ("reshape", "broadcast") and not inner.operands[0].spec.shape:
        return replace(line, operands=inner.operands)
    return None


@rule("sum", "mean", "max", "min")
def _reduce_all_of_reshaped(line: Instruction, definitions: Definitions) -> Instruction | None:
    """Reducing everything does not need another shape first."""
    inner = definitions.get(line.operands[0])  # type: ignore[arg-type]
    if inner is None or line.outputs[0].spec.shape or not _only_reshapes(line, inner):
        return None
    axes = tuple(range(inner.operands[0].spec.rank))
    return replace(line, operands=inner.operands, attributes={"axis": axes})


def _only_reshapes(line: Instruction, inner: Instruction) -> bool:
    """True where ``inner`` changes no number that ``line`` reduces; a total of one number makes -0.0 a 0.0 only."""
    totals = {"sum", "mean"}
    return inner.primitive == "reshape" or ({line.primitive, inner.primitive} <= totals and _drops_ones(inner))


def _drops_ones(line: Instruction) -> bool:
    return all(line.operands[0].spec.shape[axis] == 1 for axis in line.attributes["axis"])


@rule("sum", "mean", "max", "min", "prod")
def _reduce_single(line: Instruction, definitions: Definitions) -> Instruction | Operand | None:
    """Reducing axes of extent 1 only drops them."""
    x = line.operands[0]
    if not _drops_ones(line) or (line.primitive in ("sum", "mean") and not _never_negative_zero(x, definitions)):
        return None
    shape = line.outputs[0].spec.shape
    return x if shape == x.spec.shape else replace(line, primitive="reshape", attributes={"shape": shape})


def _never_negative_zero(operand: Operand, definitions: Definitions) -> bool:
    """A sum begins with 0.0, so that the sum of -0.0 alone is 0.0."""
    inner = definitions.get(operand)  # type: ignore[arg-type]
    while inner is not None and inner.primitive == "reshape":
        inner = definitions.get(inner.operands[0])  # type: ignore[arg-type]
    return not operand.spec.is_float or (
        inner is not None and inner.primitive in ("square", "absolute", "exp", "sum", "mean")
    )


@rule("cast")
def _size_in_its_own_dtype(line: Instruction, definitions: Definitions) -> Instruction | None:
    inner = definitions.get(line.operands[0])  # type: ignore[arg-type]
    dtype = line.outputs[0].spec.dtype
    if inner is None or inner.primitive != "extent" or dtype not in ("float32", "float64"):
        return None
    return replace(inner, outputs=line.outputs, attributes={**inner.attributes, "dtype": dtype}, origin=line.origin)


@rule("matmul")
def _fold_transposition(line: Instruction, definitions: Definitions) -> Instruction | None:
    """A product of a transposed matrix says so in an attribute, and no copy is made."""
    operands, attributes = list(line.operands), dict(line.attributes)
    for position, flag in enumerate(("transpose_a", "transpose_b")):
        inner = definitions.get(operands[position])  # type: ignore[arg-type]
        if inner is None or inner.primitive != "transpose":
            continue
        axes = inner.attributes["axes"]
        rank = len(axes)
        if axes == (*range(rank - 2), rank - 1, rank - 2):
            operands[position] = inner.operands[0]
            if not attributes.pop(flag, False):
                attributes[flag] = True
    if tuple(operands) == line.operands:
        return None
    return replace(line, operands=tuple(operands), attributes=dict(sorted(attributes.items())))


def _read_through_broadcast(line: Instruction, definitions: Definitions) -> Instruction | None:
    """An elementwise line broadcasts by itself, where another operand already has the full shape."""
    operands = list(line.operands)
    for position, operand in enumerate(operands):
        inner = definitions.get(operand)  # type: ignore[arg-type]
        if inner is None or inner.primitive != "broadcast":
            continue
        trial = [*operands[:position], inner.operands[0], *operands[position + 1 :]]
        if not any(isinstance(item, Value) for item in trial):
            continue
        specs = PRIMITIVES[line.primitive].specs([item.spec for item in trial], line.attributes)
        if tuple(specs) == tuple(value.spec for value in line.outputs):
            operands = trial
    return None if tuple(operands) == line.operands else replace(line, operands=tuple(operands))


@rule("add", "subtract", "multiply", "divide", "negative")
def _spread_after_computing(line: Instruction, definitions: Definitions) -> list[Instruction] | None:
    """What is computed from single numbers that are spread is computed once, then spread."""
    (output,) = line.outputs
    sources = [_single(operand, definitions) for operand in line.operands]
    if not output.spec.shape or any(source is None for source in sources):
        return None
    number = Value(f"{output.name}{SINGLE}", Spec((), output.spec.dtype))
    computed = replace(line, outputs=(number,), operands=tuple(source for source in sources if source is not None))
    spread = Instruction((output,), "broadcast", (number,), {"shape": output.spec.shape}, line.origin)
    return [computed, spread]


def _single(operand: Operand, definitions: Definitions) -> Operand | None:
    """The one number that the operand is, or that is spread over it."""
    if not operand.spec.shape:
        return operand
    inner = definitions.get(operand)  # type: ignore[arg-type]
    spread = inner is not None and inner.primitive == "broadcast" and not inner.operands[0].spec.shape
    return inner.operands[0] if inner is not None and spread else None


for _name, _primitive in PRIMITIVES.items():
    if _primitive.elementwise:
        rule(_name)(_read_through_broadcast)

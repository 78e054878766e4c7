"""Arithmetic: how elements of sums, products, powers, choices and reductions are written."""

from __future__ import annotations

import numpy as np

from flintglass.glass.elements import MANY_TERMS, Elements, Index, rule
from flintglass.glass.formula import (
    COMPARISON,
    SUM,
    Binary,
    Choice,
    Constant,
    Extreme,
    Formula,
    Function,
    Negative,
    Power,
    Sum,
)
from flintglass.program import Instruction, Operand
from flintglass.program.notation import INFIX


@rule("add")
def _add(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    x, y = at.elementwise(line, index)
    if isinstance(x, Sum):
        return Sum(number, x.terms, [*x.kept, y], x.places)
    return Sum(number, [x, y])


@rule("subtract")
def _subtract(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    x, y = at.elementwise(line, index)
    return Binary(number, "-", x, y, SUM)


@rule("multiply")
def _multiply(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    x, y = at.elementwise(line, index)
    for share, other in ((x, y), (y, x)):
        gathered = _factor_over_count(share, other, number)
        if gathered is not None:
            return gathered
    return Binary(number, "*", x, y)


def _factor_over_count(share: Formula, other: Formula, number: float) -> Formula | None:
    """``2/n * e`` for ``1/n * (e * 2)``: the gradient of a mean of squares as textbooks write it."""
    if not (isinstance(share, Binary) and share.symbol == "/" and isinstance(other, Binary) and other.symbol == "*"):
        return None
    if not isinstance(share.left, Constant) or share.left.value != 1:
        return None
    for factor, rest in ((other.left, other.right), (other.right, other.left)):
        if isinstance(factor, Constant):
            ratio = Binary(factor.value / share.right.value, "/", factor, share.right)
            return Binary(number, "*", ratio, rest)
    return None


@rule("divide")
def _divide(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    x, y = at.elementwise(line, index)
    return Binary(number, "/", x, y)


@rule("negative")
def _negative(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    return Negative(number, at.elementwise(line, index)[0])


@rule("square")
def _square(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    return Power(number, at.elementwise(line, index)[0], Constant(2))


@rule("power")
def _power(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    return Power(number, *at.elementwise(line, index))


@rule("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")
def _compare(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    x, y = at.elementwise(line, index)
    return Binary(number, INFIX[line.primitive], x, y, COMPARISON)


@rule("select")
def _select(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    return Choice(number, *at.elementwise(line, index))


@rule("matmul")
def _matmul(at: Elements, line: Instruction, index: Index, number: float) -> Formula | None:
    a, b = line.operands
    flip_a, flip_b = line.attributes.get("transpose_a"), line.attributes.get("transpose_b")
    shape = at.evidence.shape(a)
    count = shape[-2] if flip_a else shape[-1]
    if count > MANY_TERMS:
        return None
    *batch, row, column = index

    def element(operand: Operand, first: int, second: int) -> Formula:
        rank = len(at.evidence.shape(operand))
        lead = at.aligned(operand, (*batch, 0, 0))[: rank - 2]
        return at.operand(operand, (*lead, first, second), line)

    terms: list[Formula] = []
    for k in range(count):
        x = element(a, k, row) if flip_a else element(a, row, k)
        y = element(b, column, k) if flip_b else element(b, k, column)
        # A weight is written before what it weighs.
        first, second = (x, y) if flip_a else (y, x)
        terms.append(Binary(x.value * y.value, "*", first, second))
    return Sum(number, terms)


@rule("sum", "mean", "max", "min", "prod", "any", "all")
def _reduce(at: Elements, line: Instruction, index: Index, number: float) -> Formula | None:
    x, axes = line.operands[0], line.attributes["axis"]
    shape = at.evidence.shape(x)
    extents = [shape[axis] for axis in axes]
    count = int(np.prod(extents))
    if count > MANY_TERMS:
        return None
    kept = [i for axis, i in enumerate(index) if axis not in axes] if line.attributes.get("keepdims") else list(index)
    terms, places = [], []
    for position in np.ndindex(*extents):
        places.append(tuple(i for i, extent in zip(position, extents, strict=True) if extent > 1))
        inner = list(kept)
        for axis, i in zip(axes, position, strict=True):
            inner.insert(axis, i)
        terms.append(at.operand(x, tuple(inner), line))
    if count == 1:
        return terms[0]
    return _reduced(line.primitive, terms, places, number)


def _reduced(name: str, terms: list[Formula], places: list[tuple[int, ...]], number: float) -> Formula:
    if name == "sum":
        return Sum(number, terms, places=places)
    if name == "mean":
        added = Sum(sum(term.value for term in terms), terms, places=places)
        return Binary(number, "/", added, Constant(len(terms)))
    return (Extreme if name in ("max", "min") else Function)(number, name, terms)

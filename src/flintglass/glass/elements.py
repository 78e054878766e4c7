"""Elements: how one element of a line's output follows from elements of its operands."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from flintglass.glass.evidence import Evidence
from flintglass.glass.formula import (
    PRODUCT,
    SUM,
    Choice,
    Formula,
    Function,
    Infix,
    Negative,
    Power,
    Product,
    Sum,
)
from flintglass.primitives import PRIMITIVES
from flintglass.program import Instruction, Operand, Value
from flintglass.program.notation import INFIX

Index = tuple[int, ...]
MANY_TERMS = 100_000  # longer sums are shown as a function of the whole value


class Elements:
    """Writes formulas of a run. Values of ``leaves`` and of other parts of the program end the recursion."""

    def __init__(self, evidence: Evidence, leaves: set[Value]) -> None:
        self.evidence = evidence
        self.leaves = leaves

    def result(self, value: Value, index: Index) -> Formula:
        """How this element of a line's output came about."""
        line = self.evidence.maker(value)
        number = self.evidence.number(value, index)
        if line is None:
            return Formula(number)
        rule = RULES.get(line.primitive)
        if rule is not None:
            found = rule(self, line, index, number)
            if found is not None:
                return found
        if PRIMITIVES[line.primitive].elementwise:
            operands = [self.operand(item, self._aligned(item, index), line) for item in line.operands]
            return Function(number, line.primitive, operands)
        return Function(number, f"{line.primitive} of {', '.join(map(str, line.operands))}", ())

    def operand(self, operand: Operand, index: Index, reader: Instruction) -> Formula:
        """An operand's element: its own formula where it belongs to the same part, else its number."""
        line = self.evidence.maker(operand)
        if line is None or line.origin != reader.origin or operand in self.leaves:
            return Formula(self.evidence.number(operand, index))
        assert isinstance(operand, Value)
        return self.result(operand, index)

    def _aligned(self, operand: Operand, index: Index) -> Index:
        """The index in an operand that was broadcast to the output."""
        shape = self.evidence.shape(operand)
        inner = index[len(index) - len(shape) :]
        return tuple(0 if extent == 1 else i for i, extent in zip(inner, shape, strict=True))

    def elementwise(self, line: Instruction, index: Index) -> list[Formula]:
        """The operands' elements of an elementwise line."""
        return [self.operand(item, self._aligned(item, index), line) for item in line.operands]


Rule = Callable[[Elements, Instruction, Index, float], "Formula | None"]
RULES: dict[str, Rule] = {}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Enter how elements of these primitives are written."""

    def enter(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, function))
        return function

    return enter


@rule("add")
def _add(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    x, y = at.elementwise(line, index)
    if isinstance(x, Sum):
        return Sum(number, x.terms, [*x.kept, y])
    return Sum(number, [x, y])


@rule("subtract")
def _subtract(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    return Infix(number, "-", tuple(at.elementwise(line, index)), SUM)  # type: ignore[arg-type]


@rule("multiply")
def _multiply(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    return Product(number, tuple(at.elementwise(line, index)))  # type: ignore[arg-type]


@rule("divide")
def _divide(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    return Infix(number, "/", tuple(at.elementwise(line, index)), PRODUCT)  # type: ignore[arg-type]


@rule("negative")
def _negative(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    return Negative(number, at.elementwise(line, index)[0])


@rule("square")
def _square(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    return Power(number, at.elementwise(line, index)[0], Formula(2))


@rule("power")
def _power(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    x, y = at.elementwise(line, index)
    return Power(number, x, y)


@rule("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")
def _compare(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    return Infix(number, INFIX[line.primitive], tuple(at.elementwise(line, index)), 0)  # type: ignore[arg-type]


@rule("select")
def _select(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    condition, x, y = at.elementwise(line, index)
    return Choice(number, condition, (x, y))


@rule("cast", "stop_gradient")
def _same(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    return at.elementwise(line, index)[0]


@rule("extent")
def _extent(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    return Formula(number)


@rule("reshape")
def _reshape(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    x = line.operands[0]
    shape = at.evidence.shape(line.outputs[0])
    flat = int(np.ravel_multi_index(index, shape)) if index else 0
    inner = at.evidence.shape(x)
    return at.operand(x, tuple(int(i) for i in np.unravel_index(flat, inner)) if inner else (), line)


@rule("broadcast")
def _broadcast(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    return at.elementwise(line, index)[0]


@rule("transpose")
def _transpose(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    axes = line.attributes["axes"]
    inner = [0] * len(axes)
    for position, axis in enumerate(axes):
        inner[axis] = index[position]
    return at.operand(line.operands[0], tuple(inner), line)


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
        shape = at.evidence.shape(operand)
        lead = at._aligned(operand, (*batch, 0, 0))[: len(shape) - 2]
        return at.operand(operand, (*lead, first, second), line)

    terms: list[Formula] = []
    for k in range(count):
        x = element(a, k, row) if flip_a else element(a, row, k)
        y = element(b, column, k) if flip_b else element(b, k, column)
        # A weight is written before what it weighs.
        factors = (y, x) if not flip_a else (x, y)
        terms.append(Product(x.value * y.value, factors))
    return Sum(number, terms)


@rule("sum", "mean")
def _reduce(at: Elements, line: Instruction, index: Index, number: float) -> Formula | None:
    x, axes = line.operands[0], line.attributes["axis"]
    shape = at.evidence.shape(x)
    extents = [shape[axis] for axis in axes]
    count = int(np.prod(extents))
    if count > MANY_TERMS:
        return None
    kept = list(index)
    if line.attributes.get("keepdims"):
        kept = [i for axis, i in enumerate(index) if axis not in axes]
    terms = []
    for position in np.ndindex(*extents):
        inner = list(kept)
        for axis, i in zip(axes, position, strict=True):
            inner.insert(axis, i)
        terms.append(at.operand(x, tuple(inner), line))
    total = Sum(sum(term.value for term in terms), terms)
    if line.primitive == "sum" or count == 1:
        return Sum(number, terms) if count > 1 else terms[0]
    return Infix(number, "/", (total, Formula(count)), PRODUCT)


@rule("relu", "maximum", "minimum", "exp", "log", "sqrt", "tanh", "sigmoid", "absolute")
def _function(at: Elements, line: Instruction, index: Index, number: float) -> Formula:
    return Function(number, line.primitive, at.elementwise(line, index))


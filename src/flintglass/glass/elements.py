"""Elements: how one element of a line's output follows from elements of its operands."""

from __future__ import annotations

from collections.abc import Callable

from flintglass.glass.evidence import Evidence
from flintglass.glass.formula import Constant, Formula, Function, Words
from flintglass.primitives import PRIMITIVES
from flintglass.program import Instruction, Literal, Operand, Value

Index = tuple[int, ...]
MANY_TERMS = 100_000  # longer sums are told in words
SPOKEN = {"absolute": "abs", "maximum": "max", "minimum": "min"}  # as Python calls them
DEEP = 60  # operations inside each other; what lies deeper stands as its number


class Elements:
    """Writes formulas of a run. Values of ``leaves`` and of other parts of the program end the recursion."""

    def __init__(self, evidence: Evidence, leaves: set[Value]) -> None:
        self.evidence = evidence
        self.leaves = leaves
        self._depth = 0

    def result(self, value: Value, index: Index) -> Formula:
        """How this element of a line's output came about."""
        line = self.evidence.maker(value)
        number = self.evidence.number(value, index)
        if line is None:
            return Formula(number)
        if value in self.evidence.draws.drawn:
            seeds = ", ".join(self.evidence.draws.sources(value))
            return Words(number, f"drawn from {seeds}" if seeds else "drawn")
        rule = RULES.get(line.primitive)
        if rule is not None and len(line.outputs) == 1:
            found = rule(self, line, index, number)
            if found is not None:
                return found
        if PRIMITIVES[line.primitive].elementwise:
            name = SPOKEN.get(line.primitive, line.primitive)
            return Function(number, name, self.elementwise(line, index))
        return self.words(line, number)

    def words(self, line: Instruction, number: float) -> Formula:
        """What is said where no formula of elements would be readable."""
        operands = ", ".join(self.evidence.label(operand) for operand in line.operands)
        return Words(number, f"{line.primitive} of {operands}" if operands else line.primitive)

    def operand(self, operand: Operand, index: Index, reader: Instruction) -> Formula:
        """An operand's element: its own formula where it belongs to the same part, else its number."""
        if isinstance(operand, Literal):
            return Constant(operand.value)
        line = self.evidence.maker(operand)
        known = operand in self.leaves or self.evidence.is_repeated(operand)
        if line is None or line.origin != reader.origin or known or self._depth >= DEEP:
            return Formula(self.evidence.number(operand, index))
        self._depth += 1
        try:
            return self.result(operand, index)
        finally:
            self._depth -= 1

    def aligned(self, operand: Operand, index: Index) -> Index:
        """The index in an operand that was broadcast to the output."""
        shape = self.evidence.shape(operand)
        inner = index[len(index) - len(shape) :]
        return tuple(0 if extent == 1 else i for i, extent in zip(inner, shape, strict=True))

    def elementwise(self, line: Instruction, index: Index) -> list[Formula]:
        """The operands' elements of an elementwise line."""
        return [self.operand(item, self.aligned(item, index), line) for item in line.operands]


Rule = Callable[[Elements, Instruction, Index, float], Formula | None]
RULES: dict[str, Rule] = {}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Enter how elements of these primitives are written; a rule that returns None leaves it to words."""

    def enter(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, function))
        return function

    return enter

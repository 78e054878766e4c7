"""Formulas: the tree of an element's computation, written with its numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

SUM, PRODUCT, SIGN, POWER, ATOM = 1, 2, 3, 4, 5  # how tightly a text binds


@dataclass
class Style:
    """How formulas are written: significant digits, and how many terms a sum shows."""

    digits: int = 4
    terms: int = 6

    def number(self, value: float | bool) -> str:
        """A number with the style's digits; whole numbers in full."""
        if isinstance(value, (bool, np.bool_)):
            return str(bool(value))
        if float(value).is_integer() and abs(value) < 1e7:
            return str(int(value))
        if not 1e-4 <= abs(value) < 1e7:
            return f"{value:.{self.digits}g}"
        # So many digits that count, but never less than hundredths.
        decimals = max(2, self.digits - 1 - math.floor(math.log10(abs(value))))
        text = f"{value:.{decimals}f}"
        return text.rstrip("0").rstrip(".")


@dataclass
class Formula:
    """A number and how it came about. ``value`` is what the engine computed."""

    value: float

    def text(self, style: Style) -> tuple[str, int]:
        """The formula as text, and how tightly its outermost operation binds."""
        text = style.number(self.value)
        return text, SIGN if text.startswith("-") else ATOM


@dataclass
class Sum(Formula):
    """Terms added up; ``kept`` ones (a bias) are shown even where a long sum is folded."""

    terms: list[Formula] = field(default_factory=list)
    kept: list[Formula] = field(default_factory=list)

    def text(self, style: Style) -> tuple[str, int]:
        shown, folded = self.terms, []
        if len(self.terms) > style.terms + 2:
            ordered = sorted(self.terms, key=lambda term: -abs(term.value))
            shown, folded = ordered[: style.terms], ordered[style.terms :]
        text = ""
        for term in shown:
            text = _joined(text, term, style)
        if folded:
            rest = sum(term.value for term in folded)
            text += f" + ({len(folded)} more terms: {style.number(rest)})"
        for term in self.kept:
            text = _joined(text, term, style)
        return text or "0", SUM


@dataclass
class Product(Formula):
    """Two factors."""

    factors: tuple[Formula, Formula] = field(default_factory=tuple)  # type: ignore[arg-type]

    def text(self, style: Style) -> tuple[str, int]:
        left = _bound(self.factors[0], style, PRODUCT, first=True)
        return f"{left}*{_bound(self.factors[1], style, POWER)}", PRODUCT


@dataclass
class Infix(Formula):
    """Two operands with a symbol between them: a quotient, a comparison, a difference."""

    symbol: str = ""
    operands: tuple[Formula, Formula] = field(default_factory=tuple)  # type: ignore[arg-type]
    binds: int = PRODUCT

    def text(self, style: Style) -> tuple[str, int]:
        left = _bound(self.operands[0], style, self.binds, first=True)
        right = _bound(self.operands[1], style, self.binds + 1)
        space = " " if self.binds <= SUM else ""
        return f"{left}{space}{self.symbol}{space}{right}", self.binds


@dataclass
class Function(Formula):
    """A named function of operands: ``relu(...)``."""

    name: str = ""
    operands: Sequence[Formula] = ()

    def text(self, style: Style) -> tuple[str, int]:
        inner = ", ".join(operand.text(style)[0] for operand in self.operands)
        return f"{self.name}({inner})", ATOM


@dataclass
class Power(Formula):
    """A base raised to a power: ``(3 - 5)**2``."""

    base: Formula = field(default_factory=lambda: Formula(0.0))
    exponent: Formula = field(default_factory=lambda: Formula(1.0))

    def text(self, style: Style) -> tuple[str, int]:
        return f"{_bound(self.base, style, ATOM)}**{_bound(self.exponent, style, ATOM)}", POWER


@dataclass
class Choice(Formula):
    """One of two operands, by a condition."""

    condition: Formula = field(default_factory=lambda: Formula(1.0))
    options: tuple[Formula, Formula] = field(default_factory=tuple)  # type: ignore[arg-type]

    def text(self, style: Style) -> tuple[str, int]:
        yes, condition, no = (
            item.text(style)[0] for item in (self.options[0], self.condition, self.options[1])
        )
        return f"({yes} if {condition} else {no})", ATOM


@dataclass
class Negative(Formula):
    """The opposite of an operand."""

    operand: Formula = field(default_factory=lambda: Formula(0.0))

    def text(self, style: Style) -> tuple[str, int]:
        return f"-{_bound(self.operand, style, POWER)}", SIGN


def _bound(formula: Formula, style: Style, least: int, first: bool = False) -> str:
    """The text, in brackets where it binds less tightly than its place asks."""
    text, binds = formula.text(style)
    fits = binds >= least if binds != SIGN else first
    return text if fits and (first or not text.startswith("-")) else f"({text})"


def _joined(text: str, term: Formula, style: Style) -> str:
    """``text + term``, with a minus where the term's text begins with one."""
    added, binds = term.text(style)
    if binds < SUM or (isinstance(term, Infix) and term.binds < SUM):
        added = f"({added})"
    if not text:
        return added
    return f"{text} - {added[1:]}" if added.startswith("-") else f"{text} + {added}"

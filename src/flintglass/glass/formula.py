"""Formulas: the tree of an element's computation, written with its numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

# How tightly a text binds: words least, an atom most.
WORDS, COMPARISON, SUM, PRODUCT, SIGN, POWER, ATOM = range(7)


@dataclass
class Style:
    """How formulas are written: significant digits, and how many terms a sum shows."""

    digits: int = 4
    terms: int = 6

    def number(self, value: float | bool) -> str:
        """A number with the style's digits; whole numbers in full, integers (a seed, a count) always."""
        if isinstance(value, (bool, np.bool_)):
            return str(bool(value))
        if isinstance(value, (int, np.integer)):
            return str(int(value))
        if float(value).is_integer() and abs(value) < 1e7:
            return str(int(value))
        if not 1e-4 <= abs(value) < 1e7:
            return f"{value:.{self.digits}g}"
        # So many digits that count, but never less than hundredths.
        decimals = max(2, self.digits - 1 - math.floor(math.log10(abs(value))))
        text = f"{value:.{decimals}f}"
        return text.rstrip("0").rstrip(".")

    def folds(self, count: int) -> bool:
        """True where so many terms are too many: folding one or two would not make a text shorter."""
        return count > self.terms + 2


@dataclass
class Formula:
    """A number and how it came about. ``value`` is what the engine computed."""

    value: float

    def text(self, style: Style) -> tuple[str, int]:
        """The formula as text, and how tightly its outermost operation binds."""
        text = style.number(self.value)
        return text, SIGN if text.startswith("-") else ATOM


@dataclass
class Constant(Formula):
    """A number that stands in the program itself; it has more digits: 0.9999999 is not 1."""

    def text(self, style: Style) -> tuple[str, int]:
        return super().text(replace(style, digits=max(style.digits, 7)))


@dataclass
class Sum(Formula):
    """Terms added up; ``kept`` ones (a bias) are shown even where a long sum is folded.

    places: where each term stands in what is summed, its number unless given; said where a long sum is folded,
    since the terms are in another order then.
    """

    terms: Sequence[Formula] = ()
    kept: Sequence[Formula] = ()
    places: Sequence[tuple[int, ...]] = ()

    def text(self, style: Style) -> tuple[str, int]:
        text = ""
        if style.folds(len(self.terms)):
            text = self._folded(style)
        else:
            for term in self.terms:
                text = _joined(text, term, style)
        for term in self.kept:
            text = _joined(text, term, style)
        return text or "0", SUM

    def _folded(self, style: Style) -> str:
        """The largest terms, each with its place, and what the others add up to."""
        ordered = sorted(range(len(self.terms)), key=lambda k: -abs(self.terms[k].value))
        shown = [k for k in ordered[: style.terms] if self.terms[k].value]
        text = ""
        for k in shown:
            place = self.places[k] if self.places else (k,)
            text = _joined(text, self.terms[k], style, f" [{', '.join(map(str, place))}]" if place else "")
        rest = style.number(sum(self.terms[k].value for k in ordered[len(shown) :]))
        folded = f"({len(ordered) - len(shown)} {'more ' if shown else ''}terms: {rest})"
        return f"{text} + {folded}" if text else folded


@dataclass
class Binary(Formula):
    """Two operands with a symbol between them: a product, a quotient, a difference, a comparison."""

    symbol: str
    left: Formula
    right: Formula
    binds: int = PRODUCT

    def text(self, style: Style) -> tuple[str, int]:
        # Comparisons in a row would mean something else in Python; a product needs no brackets on its right.
        left = _bound(self.left, style, self.binds + (self.binds == COMPARISON), first=True)
        right = _bound(self.right, style, POWER if self.symbol == "*" else self.binds + 1)
        space = " " if self.binds <= SUM else ""
        return f"{left}{space}{self.symbol}{space}{right}", self.binds


@dataclass
class Function(Formula):
    """A named function of operands: ``relu(...)``."""

    name: str
    operands: Sequence[Formula]

    def text(self, style: Style) -> tuple[str, int]:
        inner = ", ".join(operand.text(style)[0] for operand in self.operands)
        return f"{self.name}({inner})", ATOM


@dataclass
class Extreme(Function):
    """The largest (or smallest) of operands; of many, the ones next to it are shown."""

    def text(self, style: Style) -> tuple[str, int]:
        if not style.folds(len(self.operands)):
            return super().text(style)
        ordered = sorted(self.operands, key=lambda operand: operand.value, reverse=self.name == "max")
        inner = ", ".join(operand.text(style)[0] for operand in ordered[: style.terms])
        rest = len(ordered) - style.terms
        return f"{self.name}({inner}, {rest} {'smaller' if self.name == 'max' else 'larger'} ones)", ATOM


@dataclass
class Words(Formula):
    """What no formula of elements says: ``argmax of classes``."""

    words: str

    def text(self, style: Style) -> tuple[str, int]:
        return self.words, WORDS


@dataclass
class Power(Formula):
    """A base raised to a power: ``(3 - 5)**2``."""

    base: Formula
    exponent: Formula

    def text(self, style: Style) -> tuple[str, int]:
        return f"{_bound(self.base, style, ATOM)}**{_bound(self.exponent, style, ATOM)}", POWER


@dataclass
class Choice(Formula):
    """One of two operands, by a condition."""

    condition: Formula
    yes: Formula
    no: Formula

    def text(self, style: Style) -> tuple[str, int]:
        yes, condition, no = (item.text(style)[0] for item in (self.yes, self.condition, self.no))
        return f"({yes} if {condition} else {no})", ATOM


@dataclass
class Negative(Formula):
    """The opposite of an operand."""

    operand: Formula

    def text(self, style: Style) -> tuple[str, int]:
        return f"-{_bound(self.operand, style, POWER)}", SIGN


def _bound(formula: Formula, style: Style, least: int, first: bool = False) -> str:
    """The text, in brackets where it binds less tightly than its place asks."""
    text, binds = formula.text(style)
    fits = binds >= least if binds != SIGN else first
    return text if fits and (first or not text.startswith("-")) else f"({text})"


def _joined(text: str, term: Formula, style: Style, place: str = "") -> str:
    """``text + term``, with a minus where the term's text begins with one; ``place`` is said behind the term."""
    added, binds = term.text(style)
    if binds < SUM or (place and binds == SUM):
        added = f"({added})"
    added += place
    if not text:
        return added
    return f"{text} - {added[1:]}" if added.startswith("-") else f"{text} + {added}"


def folds(formula: Formula, style: Style) -> bool:
    """True where some sum inside is folded, and so in another order."""
    if isinstance(formula, Sum) and style.folds(len(formula.terms)):
        return True
    inner = (
        item for field in vars(formula).values() for item in (field if isinstance(field, (list, tuple)) else [field])
    )
    return any(folds(item, style) for item in inner if isinstance(item, Formula))

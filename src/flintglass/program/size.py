"""A dimension: an integer, or a polynomial of named sizes such as ``n`` (the batch) or ``20*n + 1``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from numbers import Integral
from typing import Any, TypeGuard, Union

from flintglass.errors import NeedsConcrete, ShapeError

Monomial = tuple[str, ...]
Dimension = Union[int, "Size"]
# Of one size. A product has as many terms as those of its factors multiplied, each with the names of both: a few
# products of products would fill any memory.
MOST_TERMS, MOST_NAMES = 1024, 64


class Size:
    """A polynomial of named sizes with integer coefficients, kept in one canonical form.

    Arithmetic gives an ``int`` as soon as no name is left. Asking for the number itself raises
    ``NeedsConcrete``: a program is traced once, for every batch.
    """

    __slots__ = ("terms",)

    def __init__(self, name: str | None = None, *, terms: Mapping[Monomial, int] | None = None) -> None:
        self.terms: tuple[tuple[Monomial, int], ...] = (
            (((name,), 1),) if name is not None else tuple(sorted((terms or {}).items()))
        )

    @property
    def names(self) -> frozenset[str]:
        """The named sizes that it depends on."""
        return frozenset(name for monomial, _ in self.terms for name in monomial)

    def bind(self, sizes: Mapping[str, int]) -> Dimension:
        """The same dimension with the given names replaced by numbers."""
        total: Dimension = 0
        for monomial, coefficient in self.terms:
            product: Dimension = coefficient
            for name in monomial:
                product = product * (sizes[name] if name in sizes else Size(name))
            total = total + product
        return total

    def __add__(self, other: Any) -> Any:
        if not is_dimension(other):
            return NotImplemented
        terms = dict(self.terms)
        for monomial, coefficient in _terms(other):
            terms[monomial] = terms.get(monomial, 0) + coefficient
        return self._like(_canonical(terms))

    def __mul__(self, other: Any) -> Any:
        if not is_dimension(other):
            return NotImplemented
        terms: dict[Monomial, int] = {}
        others = _terms(other)
        if len(self.terms) * len(others) > MOST_TERMS or _degree(self.terms) + _degree(others) > MOST_NAMES:
            raise ShapeError(f"a size would be a product of more than {MOST_TERMS} terms or {MOST_NAMES} named sizes")
        for left, a in self.terms:
            for right, b in others:
                monomial = tuple(sorted(left + right))
                terms[monomial] = terms.get(monomial, 0) + a * b
        return self._like(_canonical(terms))

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> Any:
        return self * -1

    def __sub__(self, other: Any) -> Any:
        return self + (-other) if is_dimension(other) else NotImplemented

    def __rsub__(self, other: Any) -> Any:
        return (-self) + other if is_dimension(other) else NotImplemented

    def __floordiv__(self, other: Any) -> Any:
        return self._quotient(self, other) if is_dimension(other) else NotImplemented

    def __rfloordiv__(self, other: Any) -> Any:
        return self._quotient(other, self) if is_dimension(other) else NotImplemented

    def _quotient(self, dividend: Dimension, divisor: Dimension) -> Dimension:
        quotient = divide(dividend, divisor)
        if quotient is None:
            raise NeedsConcrete(f"{dividend} // {divisor} is not a whole expression of the named sizes")
        return self._like(quotient)

    def _like(self, result: Dimension) -> Dimension:
        """The result of arithmetic as a size of the same class."""
        return result if type(result) in (int, type(self)) else type(self)(terms=dict(result.terms))  # type: ignore[union-attr]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Size) and self.terms == other.terms

    def __hash__(self) -> int:
        return hash(self.terms)

    def __index__(self) -> int:
        raise NeedsConcrete(
            f"the size {self} has no number while the program is traced: it is bound when the program runs"
        )

    __int__ = __index__

    def __bool__(self) -> bool:
        return True

    def __str__(self) -> str:
        # Terms of higher degree first, as mathematics is written.
        ordered = sorted(self.terms, key=lambda term: (-len(term[0]), term[0]))
        text = ""
        for monomial, coefficient in ordered:
            factors = [str(abs(coefficient))] if abs(coefficient) != 1 or not monomial else []
            term = "*".join(factors + list(monomial))
            sign = "-" if coefficient < 0 else "+"
            text += (f" {sign} " if text else ("-" if coefficient < 0 else "")) + term
        return text

    __repr__ = __str__


def is_dimension(value: object) -> TypeGuard[Dimension]:
    """True for a Size and for a whole number, NumPy's among them; False for a bool, a float, a tensor."""
    return isinstance(value, (Size, Integral)) and not isinstance(value, bool)


def _terms(value: Dimension) -> tuple[tuple[Monomial, int], ...]:
    if isinstance(value, Size):
        return value.terms
    return (((), int(value)),)


def _degree(terms: tuple[tuple[Monomial, int], ...]) -> int:
    return max((len(monomial) for monomial, _ in terms), default=0)


def _canonical(terms: Mapping[Monomial, int]) -> Dimension:
    kept = {monomial: coefficient for monomial, coefficient in terms.items() if coefficient}
    if not kept or set(kept) == {()}:
        return kept.get((), 0)
    return Size(terms=kept)


def divide(dividend: Dimension, divisor: Dimension) -> Dimension | None:
    """The exact quotient of two dimensions, or None where there is none (only monomials divide)."""
    if isinstance(dividend, int) and isinstance(divisor, int):
        return dividend // divisor if divisor and dividend % divisor == 0 else None
    if isinstance(dividend, int) and dividend == 0:
        return 0
    if isinstance(dividend, Size) and isinstance(divisor, Size) and dividend == divisor:
        return 1
    parts = _terms(divisor)
    if len(parts) != 1:
        return None
    monomial, coefficient = parts[0]
    result: dict[Monomial, int] = {}
    for term, value in _terms(dividend):
        left = list(term)
        for name in monomial:
            if name not in left:
                return None
            left.remove(name)
        if coefficient == 0 or value % coefficient:
            return None
        result[tuple(left)] = value // coefficient
    return _canonical(result)


def dimension(value: object) -> Dimension:
    """A dimension from an integer, a Size, or its text (``"20*n + 1"``)."""
    if isinstance(value, Size):
        return Size(terms=dict(value.terms)) if type(value) is not Size else value
    if isinstance(value, str):
        return _from_text(value)
    number = int(value)  # type: ignore[call-overload]
    if number < 0:
        raise ShapeError(f"a dimension is a number from 0 up, not {number}")
    return number


def _from_text(text: str) -> Dimension:
    total: Dimension = 0
    for sign, term in re.findall(r"([+-]?)\s*([\w*]+)", text):
        product: Dimension = -1 if sign == "-" else 1
        for factor in term.split("*"):
            product = product * (int(factor) if factor.isdigit() else Size(factor))
        total = total + product
    return total


def bind(value: Dimension, sizes: Mapping[str, int]) -> Dimension:
    """``value`` with named sizes replaced by numbers."""
    return value.bind(sizes) if isinstance(value, Size) else value

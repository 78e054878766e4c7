"""An allowance: how many numbers and operations may come of a description that somebody else wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from math import prod

from flintglass.errors import FlintglassError


class TooMuch(FlintglassError, ValueError):
    """A description asks for more than its allowance."""


class Allowance:
    """What is left of ``numbers`` (elements of variables) and ``operations`` (calls of layers, lines traced).

    replaced: whether other numbers will take the place of those that weights start with, which are zeros then.
    """

    def __init__(self, numbers: int, operations: int, why: str, replaced: bool = False) -> None:
        self.numbers, self.operations, self.why, self.replaced = numbers, operations, why, replaced

    def take(self, path: str, shape: Sequence[int]) -> None:
        """Take the elements of a variable of this shape, before it is made; TooMuch where they are not there."""
        asked = prod(int(extent) for extent in shape)
        if asked > self.numbers:
            raise TooMuch(f"{path} would hold {asked} numbers (its shape is {tuple(shape)}), but {self.why}")
        self.numbers -= asked

    def work(self, amount: int = 1) -> None:
        """Take one operation, or as many as something costs."""
        self.operations -= amount
        if self.operations < 0:
            raise TooMuch("the network has more operations than a description may ask for")


current: ContextVar[Allowance | None] = ContextVar("allowance", default=None)


@contextmanager
def granting(allowance: Allowance | None) -> Iterator[None]:
    """Inside, variables and operations are taken from this allowance; None grants all."""
    token = current.set(allowance)
    try:
        yield
    finally:
        current.reset(token)

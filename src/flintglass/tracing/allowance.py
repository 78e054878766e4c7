"""An allowance: how many numbers and operations may come of a description that somebody else wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from math import prod
from typing import Any

from flintglass.errors import FlintglassError

# What no array of NumPy goes beyond. A description's shapes do not either, or each line could double the length of the
# numbers that tell them.
MOST_AXES, LARGEST_EXTENT = 64, 2**63 - 1


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

    def draw(self, path: str, shape: Sequence[int], price: float) -> None:
        """Take what first values cost beyond their number, before they are drawn. price: of one, in plain numbers."""
        cost = int(prod(int(extent) for extent in shape) * max(0.0, price - 1.0))
        if cost > self.numbers:
            raise TooMuch(
                f"the first values of {path} (its shape is {tuple(shape)}) take as long to draw as {cost} plain "
                f"numbers, but {self.why}"
            )
        self.numbers -= cost

    def work(self, amount: int = 1) -> None:
        """Take one operation, or as many as something costs."""
        self.operations -= amount
        if self.operations < 0:
            raise TooMuch("the network has more operations than a description may ask for")

    def trace(self, shape: Sequence[Any]) -> None:
        """Take the work of a line that gives a value of this shape; TooMuch where no array could have it."""
        if len(shape) > MOST_AXES:
            raise TooMuch(f"a value would have {len(shape)} axes, and an array has {MOST_AXES} at most")
        for extent in shape:
            numbers = [extent] if isinstance(extent, int) else [number for _, number in extent.terms]
            if any(abs(number) > LARGEST_EXTENT for number in numbers):
                raise TooMuch("an axis of a value would be longer than that of any array (2**63 - 1)")
        self.work(max(1, len(shape) // 2))  # a slice of 40 axes takes 16 times as long as one of 2


current: ContextVar[Allowance | None] = ContextVar("allowance", default=None)


def work(cost: int = 1) -> None:
    """Take so many operations of the present allowance, where there is one: called before what they cost is spent."""
    granted = current.get()
    if granted is not None:
        granted.work(cost)


@contextmanager
def granting(allowance: Allowance | None) -> Iterator[None]:
    """Inside, variables and operations are taken from this allowance; None grants all."""
    token = current.set(allowance)
    try:
        yield
    finally:
        current.reset(token)

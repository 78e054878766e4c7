"""Functions of the bits of whole numbers."""

from __future__ import annotations

from collections.abc import Sequence

from flintglass.primitives.base import Elementwise, Sample


class Bitwise(Elementwise, abstract=True):
    """A function of the bits of two whole numbers."""

    arity = 2
    kinds = "iu"
    differentiable = False

    def samples(self) -> Sequence[Sample]:
        return (
            Sample(("int32[n, 3]", "int32[3]"), low=-99, high=99),
            Sample(("uint32[n, 3]", "uint32[n, 3]"), low=0, high=2**32),
            Sample(("uint64[n]", "uint64[]"), low=0, high=99),
        )


class BitwiseAnd(Bitwise):
    """The bits that are set in both x and y."""


class BitwiseOr(Bitwise):
    """The bits that are set in x or y, or both."""


class BitwiseXor(Bitwise):
    """The bits that are set in exactly one of x and y."""


class BitwiseNot(Bitwise):
    """The bits that are not set in x."""

    arity = 1

    def samples(self) -> Sequence[Sample]:
        return Sample(("int32[n, 3]",), low=-99, high=99), Sample(("uint8[n]",), low=0, high=255)


class Shift(Bitwise, abstract=True):
    """The bits of x moved by y places."""

    def samples(self) -> Sequence[Sample]:
        return (
            Sample(("int32[n, 3]", "int32[3]"), low=0, high=40),
            Sample(("uint32[n, 3]", "uint32[]"), low=0, high=40),
        )


class ShiftLeft(Shift):
    """The bits of x moved y places up; by the width of x or more gives 0."""


class ShiftRight(Shift):
    """The bits of x moved y places down, the sign kept; by the width of x or more gives 0 or -1."""

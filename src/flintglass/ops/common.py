"""What operations share: one dtype for the operands, axes counted from 0, functions made from primitives."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from flintglass.errors import ShapeError
from flintglass.primitives import primitive
from flintglass.program import Literal
from flintglass.tracing.promotion import result_dtype
from flintglass.tracing.tensor import Tensor, apply, binary, cast, convert

Unary = Callable[[Any], Tensor]
Pair = Callable[[Any, Any], Tensor]


def floating(x: Any) -> Tensor:
    """The tensor with a floating-point dtype: whole numbers and booleans take the default float."""
    x = convert(x)
    return x if x.spec.is_float else cast(x, result_dtype(x.dtype, "float"))


def countable(x: Any) -> Tensor:
    """The tensor with a dtype that arithmetic takes: booleans become int32."""
    x = convert(x)
    return cast(x, "int32") if x.dtype == "bool" else x


def like(x: Tensor, number: Any) -> Literal:
    """A number as a literal of the tensor's dtype."""
    return Literal(number, x.dtype)


def curve(name: str, **names: str) -> Unary:
    """An operation that is a primitive of one floating-point operand."""

    def function(x: Any) -> Tensor:
        return apply(name, floating(x))

    return _dressed(function, name, names.get("named", name))


def single(name: str) -> Unary:
    """An operation that is a primitive of one number of any kind."""

    def function(x: Any) -> Tensor:
        return apply(name, countable(x))

    return _dressed(function, name, name)


def pair(name: str, named: str | None = None) -> Pair:
    """An operation that is a primitive of two operands, after promotion."""

    def function(x1: Any, x2: Any) -> Tensor:
        return binary(name, x1, x2)

    return _dressed(function, name, named or name)


def logical(name: str) -> Pair:
    """An operation on two truth values; numbers count as true unless they are 0."""

    def function(x1: Any, x2: Any) -> Tensor:
        return apply(name, cast(x1, "bool"), cast(x2, "bool"))

    return _dressed(function, name, name)


def _dressed(function: Any, name: str, named: str) -> Any:
    function.__name__ = function.__qualname__ = named
    function.__module__ = sys._getframe(2).f_globals["__name__"]  # where it gets its name: pickle looks there
    function.__doc__ = primitive(name).__doc__
    return function


def normal_axis(axis: Any, rank: int) -> int:
    """The axis counted from 0; one that does not exist raises ShapeError."""
    number = int(axis)
    if not -rank <= number < rank:
        raise ShapeError(f"the axis {number} does not exist in a tensor of rank {rank}")
    return number % rank


def normal_axes(axis: Any, rank: int) -> tuple[int, ...]:
    """Axes counted from 0, in order: all of them for None, one for an integer."""
    if axis is None:
        return tuple(range(rank))
    axes = axis if isinstance(axis, (list, tuple)) else (axis,)
    normal = sorted({normal_axis(item, rank) for item in axes})
    if len(normal) != len(axes):
        raise ShapeError(f"the axes {tuple(axes)} name one axis twice")
    return tuple(normal)

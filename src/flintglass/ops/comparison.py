"""Questions about each element, logic on the answers, and the choice between two values."""

from __future__ import annotations

import math
from typing import Any

from flintglass.ops.common import logical, pair
from flintglass.ops.reductions import all as _all
from flintglass.tracing.tensor import Tensor, apply, binary, cast, convert, together

equal = pair("equal")
not_equal = pair("not_equal")
greater = pair("greater")
greater_equal = pair("greater_equal")
less = pair("less")
less_equal = pair("less_equal")
logical_and = logical("logical_and")
logical_or = logical("logical_or")
logical_xor = logical("logical_xor")


def logical_not(x: Any) -> Tensor:
    """Whether each element is false."""
    return apply("logical_not", cast(x, "bool"))


def isnan(x: Any) -> Tensor:
    """Whether each element is not a number."""
    return _inquiry("is_nan", x)


def isfinite(x: Any) -> Tensor:
    """Whether each element is neither infinite nor nan."""
    return _inquiry("is_finite", x)


def isinf(x: Any) -> Tensor:
    """Whether each element is infinite."""
    x = convert(x)
    return binary("equal", apply("absolute", x), math.inf) if x.spec.is_float else _inquiry("is_nan", x)


def _inquiry(name: str, x: Any) -> Tensor:
    """The answer of a primitive for floats; whole numbers are cast to the smallest float first."""
    x = convert(x)
    return apply(name, x if x.spec.is_float else cast(x, "float32"))


def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether |x1 - x2| is at most atol + rtol * |x2|, or both are equal."""
    x1, x2 = together(convert(x1), convert(x2), floating=True)
    near = apply("absolute", x1 - x2) <= apply("absolute", x2) * rtol + atol
    near = apply("logical_and", near, apply("is_finite", x2)) | binary("equal", x1, x2)
    return near | (apply("is_nan", x1) & apply("is_nan", x2)) if equal_nan else near


def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether all elements are close in the sense of ``isclose``."""
    return _all(isclose(x1, x2, rtol, atol, equal_nan))


def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """x1 where the condition holds, elsewhere x2; with neither, the indices where it holds (eager only)."""
    condition = cast(condition, "bool")
    if (x1 is None) != (x2 is None):
        raise ValueError("where takes both `x1` and `x2`, or neither")
    if x1 is None:
        return tuple(convert(index.astype("int32")) for index in condition.array.nonzero())
    return apply("select", condition, *together(x1, x2))


def nonzero(x: Any) -> tuple[Tensor, ...]:
    """The indices of the elements that are not 0, one tensor an axis (eager only)."""
    return where(x)


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Tensor:
    """For each element, the choice of the first condition that holds, or the default."""
    result = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = where(condition, choice, result)
    return result

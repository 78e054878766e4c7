"""The blocks of optimizers: how they are run, their names, and the names of the values in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flintglass import config
from flintglass.tracing import context
from flintglass.tracing.blocks import each
from flintglass.tracing.tensor import Tensor, cast
from flintglass.tracing.variable import Variable


def block_name(name: str, dtype: str) -> str:
    """``adam`` for the default float, ``adam_float64`` for another: a program's blocks differ in name."""
    return name if dtype == config.floatx() else f"{name}_{dtype}"


def called(tensor: Tensor, name: str) -> Tensor:
    """The tensor, with this name in the listing that is being written, if one is."""
    if context.active() is not None:
        context.active().name(tensor, name)
    return tensor


def move(
    block: Callable[..., Any], variable: Variable, gradient: Tensor, slots: Sequence[Variable] = (), *more: Any
) -> None:
    """Assign a weight and its slots what ``block(w, d, *slots, *more)`` returns: w', then the new slots."""
    gradient = cast(gradient, variable.dtype)
    found = each(block, variable, gradient, *slots, *more, name=block_name(block.__name__, variable.dtype))
    for target, value in zip([variable, *slots], found if isinstance(found, tuple) else (found,), strict=True):
        target.assign(value)

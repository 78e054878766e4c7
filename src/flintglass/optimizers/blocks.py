"""The blocks of optimizers: their names, and the names of the values in them."""

from __future__ import annotations

from flintglass import config
from flintglass.tracing import context
from flintglass.tracing.tensor import Tensor


def block_name(name: str, dtype: str) -> str:
    """``adam`` for the default float, ``adam_float64`` for another: a program's blocks differ in name."""
    return name if dtype == config.floatx() else f"{name}_{dtype}"


def called(tensor: Tensor, name: str) -> Tensor:
    """The tensor, with this name in the listing that is being written, if one is."""
    if context.active() is not None:
        context.active().name(tensor, name)
    return tensor

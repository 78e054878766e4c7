"""Activations that differ from the operation of the same name, or have none."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.ops.common import floating
from flintglass.ops.graph import BENT_RELU, joining
from flintglass.program import Literal
from flintglass.tracing.blocks import each
from flintglass.tracing.tensor import Tensor, apply, convert


def linear(x: Any) -> Tensor:
    """x itself."""
    return convert(x)


def exponential(x: Any) -> Tensor:
    """e ** x."""
    return ops.exp(x)


def gelu(x: Any, approximate: bool = False) -> Tensor:
    """x times the probability that a standard normal lies below it; by tanh where approximate."""
    return ops.gelu(x, approximate=approximate)


def _relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """x where it is above the threshold, at most ``max_value``; below it, the slope times x - threshold."""
    if negative_slope == 0.0 and threshold == 0.0:
        if max_value is None:
            return ops.relu(x)
        return ops.relu6(x) if max_value == 6 else ops.clip(ops.relu(x), 0.0, float(max_value))
    if threshold == 0.0 and max_value is None:
        return ops.leaky_relu(x, negative_slope)
    x = floating(x)
    settings = [negative_slope, threshold, float("inf") if max_value is None else max_value]
    return each(_bent, x, *(Literal(setting, x.dtype) for setting in settings), name="relu")


relu = joining("relu", _relu, BENT_RELU)


def _bent(x: Tensor, slope: Tensor, threshold: Tensor, highest: Tensor) -> Tensor:
    above = apply("select", x > threshold, x, Literal(0.0, x.dtype))
    below = apply("select", x < threshold, (x - threshold) * slope, Literal(0.0, x.dtype))
    return apply("minimum", above, highest) + below

"""Weights whose vectors along an axis keep a length: the incoming weights of a unit, for axis 0."""

from __future__ import annotations

from typing import Any

from flintglass import config, ops
from flintglass.constraints.base import Constraint
from flintglass.ops.common import floating
from flintglass.tracing.tensor import Tensor


def lengths(w: Tensor, axis: Any) -> Tensor:
    """The Euclidean norms along the axis, which stays with extent 1."""
    return ops.sqrt(ops.sum(ops.square(w), axis=axis, keepdims=True))


class UnitNorm(Constraint):
    """Vectors along the axis are scaled to length 1."""

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        w = floating(w)
        return w / (lengths(w, self.axis) + config.epsilon())

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}


class MaxNorm(Constraint):
    """Vectors along the axis that are longer than ``max_value`` are scaled to that length."""

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        w = floating(w)
        found = lengths(w, self.axis)
        return w * (ops.clip(found, 0.0, self.max_value) / (found + config.epsilon()))

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": self.axis}


class MinMaxNorm(Constraint):
    """Vectors along the axis go, by the share ``rate`` of the way, to a length within the two bounds."""

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        w = floating(w)
        found = lengths(w, self.axis)
        desired = ops.clip(found, self.min_value, self.max_value) * self.rate + found * (1 - self.rate)
        return w * (desired / (found + config.epsilon()))

    def get_config(self) -> dict[str, Any]:
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}

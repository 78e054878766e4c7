"""Losses of overlap, for segmentation: one number for all elements, or one for each place of the axes left."""

from __future__ import annotations

from typing import Any

from flintglass import config, ops
from flintglass.losses.shapes import paired
from flintglass.losses.wrapper import NamedLoss
from flintglass.tracing.tensor import Tensor


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Tensor:
    """1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred)), the sums over ``axis`` (None: over all)."""
    y_true, y_pred = paired("dice", y_true, y_pred)
    shared = ops.sum(y_true * y_pred, axis=axis)
    size = ops.sum(y_true, axis=axis) + ops.sum(y_pred, axis=axis)
    return 1.0 - shared * 2.0 / (size + config.epsilon())


def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Tensor:
    """1 - shared / (shared + alpha * missed + beta * invented), the sums over ``axis`` (None: over all).

    shared is sum(y_true * y_pred), missed sum(y_true * (1 - y_pred)), invented sum(y_pred * (1 - y_true)).
    Source: Salehi and others, "Tversky loss function for image segmentation" (2017).
    """
    y_true, y_pred = paired("tversky", y_true, y_pred)
    shared = ops.sum(y_true * y_pred, axis=axis)
    missed = ops.sum((1.0 - y_pred) * y_true, axis=axis)
    invented = ops.sum(y_pred * (1.0 - y_true), axis=axis)
    return 1.0 - shared / (shared + missed * alpha + invented * beta + config.epsilon())


class Dice(NamedLoss):
    """1 less the share that predicted and true regions have in common."""

    kept = ("axis",)

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dice, name=name, reduction=reduction, dtype=dtype, axis=axis)
        self.axis = axis


class Tversky(NamedLoss):
    """1 less the Tversky index, which weighs what was missed (alpha) against what was invented (beta)."""

    kept = ("alpha", "beta", "axis")

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(tversky, name=name, reduction=reduction, dtype=dtype, alpha=alpha, beta=beta, axis=axis)
        self.alpha = alpha
        self.beta = beta
        self.axis = axis

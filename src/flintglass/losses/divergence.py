"""The Kullback-Leibler divergence: how much the predicted distribution misses of the target's."""

from __future__ import annotations

from typing import Any

from flintglass import config, ops
from flintglass.losses.shapes import paired
from flintglass.losses.wrapper import NamedLoss
from flintglass.tracing.tensor import Tensor


def kl_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """For each row, the sum of y_true * log(y_true / y_pred), both kept within [epsilon, 1]."""
    y_true, y_pred = (ops.clip(item, config.epsilon(), 1.0) for item in paired("kl_divergence", y_true, y_pred))
    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)


class KLDivergence(NamedLoss):
    """The mean divergence of predicted distributions from the targets."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "kl_divergence", dtype: Any = None
    ) -> None:
        super().__init__(kl_divergence, name=name, reduction=reduction, dtype=dtype)

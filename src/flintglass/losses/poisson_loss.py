"""The Poisson loss: the surprise of counts, up to a constant, where the prediction is their mean."""

from __future__ import annotations

from typing import Any

from flintglass import config, ops
from flintglass.losses.shapes import paired
from flintglass.losses.wrapper import NamedLoss
from flintglass.tracing.tensor import Tensor


def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """For each row, the mean of y_pred - y_true * log(y_pred + epsilon); predictions are positive."""
    y_true, y_pred = paired("poisson", y_true, y_pred)
    return ops.mean(y_pred - y_true * ops.log(y_pred + config.epsilon()), axis=-1)


class Poisson(NamedLoss):
    """The mean surprise of counts whose means are predicted."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "poisson", dtype: Any = None
    ) -> None:
        super().__init__(poisson, name=name, reduction=reduction, dtype=dtype)

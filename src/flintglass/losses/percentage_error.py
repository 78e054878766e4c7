"""The mean absolute percentage error: 100 times the mean of |y_true - y_pred| / |y_true|."""

from __future__ import annotations

from typing import Any

from flintglass import config, ops
from flintglass.losses.shapes import paired
from flintglass.losses.wrapper import NamedLoss
from flintglass.tracing.tensor import Tensor


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """For each row, the mean error in percent of the target; targets nearer to 0 than epsilon count as it."""
    y_true, y_pred = paired("mean_absolute_percentage_error", y_true, y_pred)
    share = (y_true - y_pred) / ops.maximum(ops.absolute(y_true), config.epsilon())
    return ops.mean(ops.absolute(share), axis=-1) * 100.0


class MeanAbsolutePercentageError(NamedLoss):
    """The mean error in percent of the targets."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_percentage_error, name=name, reduction=reduction, dtype=dtype)

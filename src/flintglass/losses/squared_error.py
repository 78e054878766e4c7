"""The mean squared error: the mean over the outputs of (y_true - y_pred) ** 2."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.losses.shapes import paired
from flintglass.losses.wrapper import NamedLoss
from flintglass.tracing.tensor import Tensor


def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """For each row, the mean of the squared differences along the last axis."""
    y_true, y_pred = paired("mean_squared_error", y_true, y_pred)
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


class MeanSquaredError(NamedLoss):
    """The mean of the squared differences between targets and predictions."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_error, name=name, reduction=reduction, dtype=dtype)

"""The mean squared logarithmic error: the mean over the outputs of (log(1 + y_true) - log(1 + y_pred)) ** 2."""

from __future__ import annotations

from typing import Any

from flintglass import config, ops
from flintglass.losses.shapes import paired
from flintglass.losses.wrapper import NamedLoss
from flintglass.tracing.tensor import Tensor


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """For each row, the mean squared difference of the logarithms of 1 + y; numbers below epsilon count as it."""
    y_true, y_pred = paired("mean_squared_logarithmic_error", y_true, y_pred)
    return ops.mean(ops.square(_logarithm(y_pred) - _logarithm(y_true)), axis=-1)


def _logarithm(y: Tensor) -> Tensor:
    return ops.log1p(ops.maximum(y, config.epsilon()))


class MeanSquaredLogarithmicError(NamedLoss):
    """The mean squared difference of the logarithms of 1 + y: errors count by their ratio to the target."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, name=name, reduction=reduction, dtype=dtype)

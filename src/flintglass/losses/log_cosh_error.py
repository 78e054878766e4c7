"""The log-cosh loss: about e ** 2 / 2 for small errors and |e| - log(2) for large ones, smooth everywhere."""

from __future__ import annotations

import math
from typing import Any

from flintglass import ops
from flintglass.losses.shapes import paired
from flintglass.losses.wrapper import NamedLoss
from flintglass.tracing.tensor import Tensor


def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    """For each row, the mean of log(cosh(y_pred - y_true)) along the last axis."""
    y_true, y_pred = paired("log_cosh", y_true, y_pred)
    error = y_pred - y_true
    # cosh itself would overflow from 90 on in float32.
    return ops.mean(error + ops.softplus(error * -2.0) - math.log(2.0), axis=-1)


class LogCosh(NamedLoss):
    """The mean of the logarithms of the hyperbolic cosines of the errors."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "log_cosh",
        dtype: Any = None,
    ) -> None:
        super().__init__(log_cosh, name=name, reduction=reduction, dtype=dtype)

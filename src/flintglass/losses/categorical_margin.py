"""The categorical hinge loss: the right class should lead every other class by 1."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.losses.categorical import check_distributions
from flintglass.losses.shapes import paired
from flintglass.losses.wrapper import NamedLoss, checked
from flintglass.tracing.tensor import Tensor


@checked(check_distributions)
def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """For each row, max(1 + the best of the wrong classes - the right one, 0); targets are one-hot."""
    y_true, y_pred = paired("categorical_hinge", y_true, y_pred)
    right = ops.sum(y_true * y_pred, axis=-1)
    wrong = ops.max((1.0 - y_true) * y_pred, axis=-1)
    return ops.maximum(wrong - right + 1.0, 0.0)


class CategoricalHinge(NamedLoss):
    """The mean distance by which the right class misses a lead of 1."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "categorical_hinge", dtype: Any = None
    ) -> None:
        super().__init__(categorical_hinge, name=name, reduction=reduction, dtype=dtype)

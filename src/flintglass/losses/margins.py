"""Hinge losses: a prediction on the right side of 0, at least 1 away from it, costs nothing."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from flintglass import ops
from flintglass.losses.shapes import paired
from flintglass.losses.wrapper import NamedLoss, checked
from flintglass.tracing.tensor import Tensor


def check_signs(place: str, y_true: np.ndarray, output_shape: Sequence[Any], **settings: Any) -> None:
    """Warn, with the first row and value, where a target is neither -1 nor 1 (nor the 0 of a 0 and a 1)."""
    outside = ~np.isin(y_true, (-1, 0, 1))
    if not outside.any():
        return
    position = tuple(int(i) for i in np.argwhere(outside)[0])
    row = f"row {position[0]}" if position else "the target"
    warnings.warn(
        f"{place}: {row} of the targets is {y_true[position]}, and {int(outside.sum())} of {y_true.size} targets are "
        f"neither -1 nor 1 (or 0 and 1). Give the two classes these numbers, or use a loss for numbers "
        f"(mean_squared_error) or for classes (sparse_categorical_crossentropy)",
        stacklevel=2,
    )


def _shortfall(place: str, y_true: Any, y_pred: Any) -> Tensor:
    """How far each prediction falls short of the margin: max(1 - y_true * y_pred, 0)."""
    y_true, y_pred = paired(place, y_true, y_pred)
    # Targets that are all 0 or 1 stand for -1 and 1; Keras asks this of the batch as a whole, too.
    is_binary = ops.all(ops.logical_or(ops.equal(y_true, 0.0), ops.equal(y_true, 1.0)))
    signs = ops.where(is_binary, y_true * 2.0 - 1.0, y_true)
    return ops.maximum(1.0 - signs * y_pred, 0.0)


@checked(check_signs)
def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """For each row, the mean of max(1 - y_true * y_pred, 0); targets are -1 and 1, or 0 and 1."""
    return ops.mean(_shortfall("hinge", y_true, y_pred), axis=-1)


@checked(check_signs)
def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """For each row, the mean of max(1 - y_true * y_pred, 0) ** 2; targets are -1 and 1, or 0 and 1."""
    return ops.mean(ops.square(_shortfall("squared_hinge", y_true, y_pred)), axis=-1)


class Hinge(NamedLoss):
    """The mean distance by which predictions fall short of the margin."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "hinge", dtype: Any = None
    ) -> None:
        super().__init__(hinge, name=name, reduction=reduction, dtype=dtype)


class SquaredHinge(NamedLoss):
    """The mean of the squared distances by which predictions fall short of the margin."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "squared_hinge", dtype: Any = None
    ) -> None:
        super().__init__(squared_hinge, name=name, reduction=reduction, dtype=dtype)

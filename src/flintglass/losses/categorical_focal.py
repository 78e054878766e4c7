"""Categorical focal cross-entropy: surprises of classes count the less, the surer they were predicted.

Source: Lin and others, "Focal Loss for Dense Object Detection" (2017).
"""

from __future__ import annotations

from typing import Any

from flintglass import config, ops
from flintglass.losses.categorical import check_distributions
from flintglass.losses.shapes import paired
from flintglass.losses.wrapper import NamedLoss, checked
from flintglass.tracing.tensor import Tensor


@checked(check_distributions)
def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """For each row, -sum(alpha * (1 - p) ** gamma * y_true * log(p)) over the classes.

    p is y_pred (with ``from_logits`` its softmax) divided by its sum and kept within [epsilon, 1 - epsilon].
    """
    y_true, y_pred = paired("categorical_focal_crossentropy", y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + label_smoothing / y_pred.spec.shape[axis]
    if from_logits:
        y_pred = ops.softmax(y_pred, axis=axis)
    share = y_pred / ops.sum(y_pred, axis=axis, keepdims=True)
    share = ops.clip(share, config.epsilon(), 1.0 - config.epsilon())
    return -ops.sum(ops.power(1.0 - share, gamma) * alpha * y_true * ops.log(share), axis=axis)


class CategoricalFocalCrossentropy(NamedLoss):
    """The mean surprise of one-hot targets, with less weight on those that are predicted well already."""

    kept = ("from_logits", "label_smoothing", "axis", "alpha", "gamma")

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            categorical_focal_crossentropy,
            name=name,
            reduction=reduction,
            dtype=dtype,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )
        self.alpha = alpha
        self.gamma = gamma
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

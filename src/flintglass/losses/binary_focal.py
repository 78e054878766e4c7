"""Binary focal cross-entropy: surprises count the less, the surer the right answer was predicted.

Source: Lin and others, "Focal Loss for Dense Object Detection" (2017).
"""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.losses.binary import check_probabilities
from flintglass.losses.shapes import paired
from flintglass.losses.wrapper import NamedLoss, checked
from flintglass.tracing.tensor import Tensor


@checked(check_probabilities)
def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """For each row, the mean of the binary cross-entropies times (1 - probability of the truth) ** gamma.

    With ``apply_class_balancing`` yes counts ``alpha`` times and no ``1 - alpha`` times.
    """
    y_true, y_pred = paired("binary_focal_crossentropy", y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    if not y_true.ndim:
        y_true = ops.broadcast_to(y_true, y_pred.spec.shape)
    share = ops.sigmoid(y_pred) if from_logits else y_pred
    of_truth = y_true * share + (1.0 - y_true) * (1.0 - share)
    losses = ops.power(1.0 - of_truth, gamma) * ops.binary_crossentropy(y_true, share)
    if apply_class_balancing:
        losses = losses * (y_true * alpha + (1.0 - y_true) * (1.0 - alpha))
    return ops.mean(losses, axis=axis)


class BinaryFocalCrossentropy(NamedLoss):
    """The mean surprise of yes-or-no targets, with less weight on those that are predicted well already."""

    kept = ("from_logits", "label_smoothing", "axis", "apply_class_balancing", "alpha", "gamma")

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            binary_focal_crossentropy,
            name=name,
            reduction=reduction,
            dtype=dtype,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )
        self.apply_class_balancing = apply_class_balancing
        self.alpha = alpha
        self.gamma = gamma
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

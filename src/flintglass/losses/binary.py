"""Binary cross-entropy: the surprise of each yes or no that was predicted with a probability."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from flintglass import ops
from flintglass.losses.shapes import paired
from flintglass.losses.wrapper import NamedLoss, checked
from flintglass.tracing.tensor import Tensor


def check_probabilities(place: str, y_true: np.ndarray, output_shape: Sequence[Any], **settings: Any) -> None:
    """Warn, with the first row and value, where a target is no probability."""
    outside = ~((y_true >= 0) & (y_true <= 1))
    if not outside.any():
        return
    position = tuple(int(i) for i in np.argwhere(outside)[0])
    row = f"row {position[0]}" if position else "the target"
    warnings.warn(
        f"{place}: {row} of the targets is {y_true[position]}, and {int(outside.sum())} of {y_true.size} "
        f"targets lie outside [0, 1]; a target is the probability of yes. Scale them, or use a loss for "
        f"numbers (mean_squared_error) or for classes (sparse_categorical_crossentropy)",
        stacklevel=2,
    )


@checked(check_probabilities)
def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """For each row, the mean of -y_true * log(p) - (1 - y_true) * log(1 - p) along ``axis``.

    p is y_pred kept within [epsilon, 1 - epsilon], or the sigmoid of y_pred with ``from_logits``.
    ``label_smoothing`` draws targets towards one half by this share.
    """
    y_true, y_pred = paired("binary_crossentropy", y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    if not y_true.ndim:
        y_true = ops.broadcast_to(y_true, y_pred.spec.shape)
    return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits), axis=axis)


class BinaryCrossentropy(NamedLoss):
    """The mean surprise of yes-or-no targets; predictions are probabilities, or logits if it is told so."""

    kept = ("from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        settings = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(binary_crossentropy, name=name, reduction=reduction, dtype=dtype, **settings)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

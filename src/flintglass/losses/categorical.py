"""Categorical cross-entropy: the surprise of one-hot targets, or of any distribution over the classes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from flintglass import ops
from flintglass.errors import ShapeError
from flintglass.losses.shapes import mismatch, same_rank, text
from flintglass.losses.wrapper import NamedLoss, checked
from flintglass.ops.common import floating
from flintglass.tracing.tensor import Tensor, cast, convert


def check_distributions(place: str, y_true: np.ndarray, output_shape: Sequence[Any], **settings: Any) -> None:
    """Raise ShapeError where the targets are labels in place of distributions."""
    shape = y_true.shape
    if len(shape) == 1 and tuple(output_shape)[-1:] == (1,):
        return
    if len(shape) != len(output_shape) or shape[-1] != output_shape[-1]:
        raise ShapeError(_explained(place, shape, output_shape))


def _explained(place: str, y_true: Sequence[Any], y_pred: Sequence[Any]) -> str:
    """What is wrong with the shapes; labels in place of one-hot rows have a message of their own."""
    classes = y_pred[-1] if len(y_pred) else 1
    is_label = len(y_true) == len(y_pred) - 1 or (len(y_true) == len(y_pred) and y_true[-1] == 1)
    if not is_label or classes == 1:
        return mismatch(place, y_true, y_pred)
    return (
        f"{place}: the targets y_true have the shape {text(y_true)}, one label a row, and the predictions "
        f"y_pred have {text(y_pred)}, {classes} classes. This loss expects one-hot rows of {classes}: use "
        f"sparse_categorical_crossentropy with these labels, or to_categorical(y, {classes})"
    )


@checked(check_distributions)
def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """For each row, -sum(y_true * log(p)) over the classes.

    p is y_pred divided by its sum and kept within [epsilon, 1 - epsilon], or the softmax of y_pred with
    ``from_logits``. ``label_smoothing`` spreads this share of each target evenly over the classes.
    """
    y_pred = floating(y_pred)
    y_true, y_pred = same_rank(cast(convert(y_true), y_pred.dtype), y_pred)
    if y_true.spec.shape != y_pred.spec.shape:
        raise ShapeError(_explained("categorical_crossentropy", y_true.spec.shape, y_pred.spec.shape))
    classes = y_pred.spec.shape[axis]
    if classes == 1:
        warnings.warn(
            "categorical_crossentropy: the predictions have a single class, whose probability is always 1. "
            "Use binary_crossentropy with one sigmoid output, or two outputs",
            stacklevel=2,
        )
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + label_smoothing / classes
    return ops.categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


class CategoricalCrossentropy(NamedLoss):
    """The mean surprise of one-hot targets; predictions are probabilities, or logits if it is told so."""

    kept = ("from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        settings = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(categorical_crossentropy, name=name, reduction=reduction, dtype=dtype, **settings)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

"""Accuracies: the share of predictions that match, for values, yes and no, one-hot rows and labels."""

from __future__ import annotations

from typing import Any

from flintglass import config, ops
from flintglass.losses.shapes import aligned
from flintglass.losses.sparse_categorical import require_labels
from flintglass.metrics.averages import NamedMean
from flintglass.tracing.tensor import Tensor, cast, convert


def accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where the prediction is the target, else 0."""
    y_pred = convert(y_pred)
    y_true, y_pred = aligned("accuracy", cast(convert(y_true), y_pred.dtype), y_pred)
    return cast(ops.equal(y_true, y_pred), config.floatx())


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Tensor:
    """1 where the prediction is above the threshold and the target 1, or not above it and 0; else 0."""
    y_true, y_pred = aligned("binary_accuracy", convert(y_true), convert(y_pred))
    return cast(ops.equal(y_true, cast(ops.greater(y_pred, threshold), y_true.dtype)), config.floatx())


def categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where the largest prediction of a row stands at the largest target, else 0."""
    y_true, y_pred = aligned("categorical_accuracy", convert(y_true), convert(y_pred))
    return cast(ops.equal(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1)), config.floatx())


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where the largest prediction of a row stands at the label, else 0."""
    y_true, y_pred = convert(y_true), convert(y_pred)
    require_labels("sparse_categorical_accuracy", y_true.spec.shape, y_pred.spec.shape)
    labels = ops.squeeze(y_true, -1) if y_true.ndim == y_pred.ndim else y_true
    return cast(ops.equal(labels, ops.argmax(y_pred, axis=-1)), config.floatx())


class Accuracy(NamedMean):
    """The share of predictions that are equal to their targets."""

    direction = "up"

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name=name, dtype=dtype)


class BinaryAccuracy(NamedMean):
    """The share of yes-or-no predictions, cut at the threshold, that are right."""

    direction = "up"

    def __init__(self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(binary_accuracy, name=name, dtype=dtype, threshold=threshold)
        self.threshold = threshold


class CategoricalAccuracy(NamedMean):
    """The share of rows whose largest prediction is the one-hot target's class."""

    direction = "up"

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name=name, dtype=dtype)


class SparseCategoricalAccuracy(NamedMean):
    """The share of rows whose largest prediction is the labelled class."""

    direction = "up"

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name=name, dtype=dtype)

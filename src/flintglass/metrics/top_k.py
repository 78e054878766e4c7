"""Top-k accuracies: the share of rows whose class is among the k largest predictions."""

from __future__ import annotations

from typing import Any

from flintglass import config, ops
from flintglass.losses.shapes import aligned
from flintglass.losses.sparse_categorical import require_labels
from flintglass.metrics.averages import NamedMean
from flintglass.tracing.tensor import Tensor, cast, convert


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """1 where fewer than k predictions of a row are above that of the one-hot target's class, else 0."""
    y_true, y_pred = aligned("top_k_categorical_accuracy", convert(y_true), convert(y_pred))
    return sparse_top_k_categorical_accuracy(ops.argmax(y_true, axis=-1), y_pred, k=k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Tensor:
    """1 where fewer than k predictions of a row are above that of the label, else 0.

    With ``from_sorted_ids`` the predictions are classes, the likeliest first.
    """
    y_pred = convert(y_pred)
    labels = cast(convert(y_true), y_pred.dtype if from_sorted_ids else "int32")
    if not from_sorted_ids:
        require_labels("sparse_top_k_categorical_accuracy", labels.spec.shape, y_pred.spec.shape)
    if labels.ndim == y_pred.ndim:
        labels = ops.squeeze(labels, -1)
    if from_sorted_ids:
        found = ops.any(ops.equal(ops.expand_dims(labels, -1), y_pred[..., :k]), axis=-1)
    else:
        found = ops.in_top_k(labels, y_pred, k=k)
    return cast(found, config.floatx())


class TopKCategoricalAccuracy(NamedMean):
    """The share of rows whose one-hot target's class is among the k largest predictions."""

    direction = "up"

    def __init__(self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(top_k_categorical_accuracy, name=name, dtype=dtype, k=k)
        self.k = k


class SparseTopKCategoricalAccuracy(NamedMean):
    """The share of rows whose labelled class is among the k largest predictions."""

    direction = "up"

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(
            sparse_top_k_categorical_accuracy, name=name, dtype=dtype, k=k, from_sorted_ids=from_sorted_ids
        )
        self.k = k
        self.from_sorted_ids = from_sorted_ids

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; ``from_sorted_ids`` only where it is set."""
        settings = super().get_config()
        if not self.from_sorted_ids:
            del settings["from_sorted_ids"]
        return settings

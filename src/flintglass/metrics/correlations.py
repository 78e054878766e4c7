"""How well predictions move with targets: cosine similarity, Pearson's and the concordance correlation."""

from __future__ import annotations

from typing import Any

from flintglass import config, ops
from flintglass.losses.cosine import cosine_similarity
from flintglass.losses.shapes import paired
from flintglass.metrics.averages import NamedMean
from flintglass.tracing.tensor import Tensor


def _likeness(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """The cosine of the angle; the loss of that name is its negative, to be made small."""
    return -cosine_similarity(y_true, y_pred, axis=axis)


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Pearson's correlation along ``axis``: 1 where y_pred grows in a straight line with y_true; nan for a constant."""
    y_true, y_pred = (y - ops.mean(y, axis=axis, keepdims=True) for y in paired("pearson_correlation", y_true, y_pred))
    spread = ops.std(y_true, axis=axis) * ops.std(y_pred, axis=axis)
    return ops.mean(y_true * y_pred, axis=axis) / spread


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Lin's concordance correlation along ``axis``: 1 only where y_pred is y_true."""
    y_true, y_pred = paired("concordance_correlation", y_true, y_pred)
    means = [ops.mean(y, axis=axis, keepdims=True) for y in (y_true, y_pred)]
    shared = ops.mean((y_true - means[0]) * (y_pred - means[1]), axis=axis)
    apart = ops.squeeze(ops.square(means[0] - means[1]), axis)
    return shared * 2.0 / (ops.var(y_true, axis=axis) + ops.var(y_pred, axis=axis) + apart + config.epsilon())


class CosineSimilarity(NamedMean):
    """The mean cosine of the angle between targets and predictions."""

    direction = "up"

    def __init__(self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(_likeness, name=name, dtype=dtype, axis=axis)
        self.axis = axis

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; ``axis``, which Keras leaves out, where it is not the last."""
        settings = super().get_config()
        if self.axis == -1:
            del settings["axis"]
        return settings


class PearsonCorrelation(NamedMean):
    """The mean of Pearson's correlations of targets and predictions."""

    direction = "up"

    def __init__(self, name: str | None = "pearson_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(pearson_correlation, name=name, dtype=dtype, axis=axis)
        self.axis = axis


class ConcordanceCorrelation(NamedMean):
    """The mean of Lin's concordance correlations of targets and predictions."""

    direction = "up"

    def __init__(self, name: str | None = "concordance_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(concordance_correlation, name=name, dtype=dtype, axis=axis)
        self.axis = axis

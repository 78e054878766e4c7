"""The cosine loss: -1 where prediction and target point the same way, 1 where they point apart."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.losses.shapes import paired
from flintglass.losses.wrapper import NamedLoss
from flintglass.tracing.tensor import Tensor


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """The negative cosine of the angle between y_true and y_pred, vectors along ``axis``; 0 for a vector of zeros."""
    y_true, y_pred = paired("cosine_similarity", y_true, y_pred)
    return -ops.sum(ops.normalize(y_true, axis=axis) * ops.normalize(y_pred, axis=axis), axis=axis)


class CosineSimilarity(NamedLoss):
    """The mean negative cosine between targets and predictions."""

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(cosine_similarity, name=name, reduction=reduction, dtype=dtype, axis=axis)
        self.axis = axis

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; ``axis``, which Keras leaves out, where it is not the last."""
        return {**super().get_config(), **({} if self.axis == -1 else {"axis": self.axis})}

"""The circle loss: embeddings of one class draw near, those of different classes apart.

Source: Sun and others, "Circle Loss: A Unified Perspective of Pair Similarity Optimization" (2020).
"""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.errors import ShapeError
from flintglass.losses.shapes import text
from flintglass.losses.wrapper import NamedLoss, checked
from flintglass.ops.common import floating
from flintglass.tracing.tensor import Tensor, cast, convert

# In the place of minus infinity, whose difference from itself would make the gradient nan.
_NEVER = -1e30


@checked(labels=True)
def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Tensor:
    """For each row, how much the farthest of its class and the nearest of another class are out of place.

    y_true: a whole number a row, its class. y_pred: an embedding a row, of length 1. The others are the rows of
    the batch, or ``ref_labels`` and ``ref_embeddings``. Rows whose loss is 0 are masked out of means.
    """
    y_pred = floating(y_pred)
    labels = _vector(y_true, y_pred)
    others = y_pred if ref_embeddings is None else cast(ref_embeddings, y_pred.dtype)
    of_others = labels if ref_labels is None else _vector(ref_labels, others)
    distance = ops.maximum(1.0 - ops.matmul(y_pred, ops.transpose(others)), 0.0)
    same = ops.equal(ops.expand_dims(labels, 1), ops.expand_dims(of_others, 0))
    different = ops.logical_not(same)
    if remove_diagonal:
        rows, columns = same.spec.shape
        same = ops.logical_and(same, ops.logical_not(ops.eye(rows, columns, dtype="bool")))
    attracted = (distance + margin) * (distance - margin) * gamma
    repelled = ops.maximum(1.0 + margin - distance, 0.0) * (1.0 - margin - distance) * gamma
    losses = ops.softplus(_highest(attracted, same) + _highest(repelled, different))
    losses.mask = losses > 0.0
    return losses


def _vector(labels: Any, embeddings: Tensor) -> Tensor:
    """One label a row, as a vector."""
    found = cast(convert(labels), "int32")
    if embeddings.ndim != 2 or found.spec.shape not in (embeddings.spec.shape[:1], (*embeddings.spec.shape[:1], 1)):
        raise ShapeError(
            f"circle: the labels have the shape {text(found.spec.shape)}, the embeddings "
            f"{text(embeddings.spec.shape)}. Expected are one whole number a row, (n,) or (n, 1), and one vector "
            f"a row, (n, d): give integer classes as y_true, and end the model with a vector"
        )
    return ops.squeeze(found, -1) if found.ndim == 2 else found


def _highest(values: Tensor, where: Tensor) -> Tensor:
    """For each row, the soft maximum of the values where the mask holds; ``_NEVER`` where it holds nowhere."""
    return ops.logsumexp(ops.where(where, values, _NEVER), axis=1)


class Circle(NamedLoss):
    """The mean of the circle losses of those rows that are not yet in their place."""

    kept = ("gamma", "margin", "remove_diagonal")

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "circle",
        dtype: Any = None,
    ) -> None:
        settings = {"gamma": gamma, "margin": margin, "remove_diagonal": remove_diagonal}
        super().__init__(circle, name=name, reduction=reduction, dtype=dtype, **settings)
        self.gamma = gamma
        self.margin = margin
        self.remove_diagonal = remove_diagonal

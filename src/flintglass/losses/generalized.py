"""Generalized cross-entropy: between the absolute error and the cross-entropy, for labels that may be wrong.

Source: Zhang and Sabuncu, "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels" (2018).
"""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.losses.sparse_categorical import check_labels, require_labels
from flintglass.losses.wrapper import NamedLoss, checked
from flintglass.ops.common import floating
from flintglass.tracing.tensor import Tensor, cast, convert


@checked(check_labels, labels=True)
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Tensor:
    """For each row, (1 - p ** q) / q, p the predicted probability of the class that y_true names."""
    labels, y_pred = cast(convert(y_true), "int32"), floating(y_pred)
    require_labels("categorical_generalized_cross_entropy", labels.spec.shape, y_pred.spec.shape)
    if labels.ndim == y_pred.ndim:
        labels = ops.squeeze(labels, -1)
    share = ops.sum(y_pred * ops.one_hot(labels, y_pred.spec.shape[-1], dtype=y_pred.dtype), axis=-1)
    return (1.0 - ops.power(share, q)) / q


class CategoricalGeneralizedCrossEntropy(NamedLoss):
    """The mean of (1 - p ** q) / q: the cross-entropy for q near 0, the absolute error for q near 1."""

    kept = ("q",)

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        if not 0 < q < 1:
            raise ValueError(
                f"CategoricalGeneralizedCrossEntropy: q lies between 0 and 1, both left out, and is not {q!r}. Near 0 "
                f"is the cross-entropy, near 1 the absolute error"
            )
        super().__init__(categorical_generalized_cross_entropy, name=name, reduction=reduction, dtype=dtype, q=q)
        self.q = q

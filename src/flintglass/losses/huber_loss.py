"""The Huber loss: squared for errors up to delta, linear beyond, so that outliers pull less."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.losses.shapes import paired
from flintglass.losses.wrapper import NamedLoss
from flintglass.tracing.tensor import Tensor


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Tensor:
    """For each row, the mean of e ** 2 / 2 where |e| <= delta, else of delta * |e| - delta ** 2 / 2."""
    y_true, y_pred = paired("huber", y_true, y_pred)
    error = y_pred - y_true
    size = ops.absolute(error)
    inner = ops.square(error) * 0.5
    outer = size * delta - 0.5 * delta * delta
    return ops.mean(ops.where(size <= delta, inner, outer), axis=-1)


class Huber(NamedLoss):
    """The mean of errors that count squared up to ``delta`` and linearly beyond."""

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(huber, name=name, reduction=reduction, dtype=dtype, delta=delta)
        self.delta = delta

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; ``delta``, which Keras leaves out, where it is not 1."""
        return {**super().get_config(), **({} if self.delta == 1.0 else {"delta": self.delta})}

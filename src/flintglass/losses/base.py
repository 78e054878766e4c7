"""The Loss: one number, or one a row, that says how far the predictions are from the targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from flintglass.losses.reduction import reduced, require_reduction
from flintglass.names import automatic_name, snake_case
from flintglass.tracing.promotion import standard_dtype
from flintglass.tracing.structure import map_leaves
from flintglass.tracing.tensor import Tensor, cast, convert
from flintglass.tracing.tracking import Tracked


class Loss(Tracked):
    """The base of losses. A subclass writes ``call(y_true, y_pred)``, which returns one loss a row.

    name: how the loss is called in logs; the class's name in snake_case unless given.
    reduction: ``"sum_over_batch_size"`` or ``"mean"`` (the mean over all rows), ``"sum"``,
    ``"mean_with_sample_weight"`` (the weighted mean), ``"none"`` or None (one loss a row).
    dtype: what the loss is computed in; the default float unless given.
    """

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ) -> None:
        self.name = name or automatic_name(snake_case(type(self).__name__))
        self.reduction = require_reduction(reduction)
        self._dtype = standard_dtype(getattr(dtype, "compute_dtype", dtype))

    @property
    def dtype(self) -> str:
        """The dtype of the computation."""
        return self._dtype

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The reduced loss of targets and predictions, each row counted ``sample_weight`` times."""
        masks = [getattr(y_pred, "mask", None)]
        losses = convert(self.call(self._targets(y_true), self._tensors(y_pred)))
        masks.append(losses.mask)
        present = [mask for mask in masks if mask is not None]
        mask = present[0] & present[1] if len(present) == 2 else present[0] if present else None
        return reduced(self.name, cast(losses, self.dtype), sample_weight, mask, self.reduction)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One loss for each row; to be written by subclasses."""
        raise NotImplementedError(f"{type(self).__name__} must define call(y_true, y_pred)")

    def check(self, y_true: np.ndarray, output_shape: Sequence[Any]) -> None:
        """Raise DataError or ShapeError where the targets cannot be meant for this loss.

        Called once, before training, with all targets and the model's output shape.
        """

    def _targets(self, y_true: Any) -> Any:
        return self._tensors(y_true)

    def _tensors(self, values: Any) -> Any:
        """The tensors, in the loss's dtype; a list of numbers is one tensor, a list of arrays several."""
        several = isinstance(values, dict) or (
            isinstance(values, (list, tuple)) and any(getattr(item, "ndim", 0) for item in values)
        )
        return map_leaves(self._tensor, values) if several else self._tensor(values)

    def _tensor(self, value: Any) -> Tensor:
        return cast(convert(value), self.dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """The loss with these constructor arguments."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"

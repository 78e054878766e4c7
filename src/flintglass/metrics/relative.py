"""The mean relative error: errors in units that are given for each output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flintglass import ops
from flintglass.errors import ShapeError
from flintglass.losses.shapes import paired, text
from flintglass.metrics.averages import Mean
from flintglass.tracing.tensor import cast, convert


class MeanRelativeError(Mean):
    """The mean of |y_true - y_pred| / normalizer; 0 where the normalizer is 0.

    normalizer: a number for all outputs, or one for each column of the predictions.
    """

    direction = "down"

    def __init__(self, normalizer: float | Sequence[float], name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name or "mean_relative_error", dtype=dtype)
        self.normalizer = normalizer.tolist() if hasattr(normalizer, "tolist") else normalizer

    def update_state(  # type: ignore[override]  # a mean of values takes those alone
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Add the relative errors of a batch; each row counts ``sample_weight`` times."""
        y_true, y_pred = paired(self.name, y_true, cast(convert(y_pred), self.dtype))
        size, unit = ops.absolute(y_true - y_pred), self.normalizer
        if isinstance(unit, (int, float)):
            error = ops.divide_no_nan(size, float(unit))
        elif len(unit) != y_pred.spec.shape[-1]:
            raise ShapeError(
                f"{self.name}: the normalizer has {len(unit)} numbers, the predictions have the shape "
                f"{text(y_pred.spec.shape)}. Give one number for each column, or one for all"
            )
        else:
            columns = [ops.divide_no_nan(size[..., i : i + 1], float(item)) for i, item in enumerate(unit)]
            error = ops.concatenate(columns, axis=-1)
        super().update_state(error, sample_weight=sample_weight)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "normalizer": self.normalizer}

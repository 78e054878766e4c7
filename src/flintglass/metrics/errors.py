"""Metrics of numbers: squared, absolute, percentage, logarithmic and log-cosh errors, and the root of the first."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.losses.absolute_error import mean_absolute_error
from flintglass.losses.log_cosh_error import log_cosh
from flintglass.losses.logarithmic_error import mean_squared_logarithmic_error
from flintglass.losses.percentage_error import mean_absolute_percentage_error
from flintglass.losses.shapes import paired
from flintglass.losses.squared_error import mean_squared_error
from flintglass.metrics.averages import Mean, NamedMean
from flintglass.tracing.tensor import Tensor, cast, convert


class MeanSquaredError(NamedMean):
    """The mean of the squared differences."""

    direction = "down"

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(mean_squared_error, name=name, dtype=dtype)


class MeanAbsoluteError(NamedMean):
    """The mean of the absolute differences."""

    direction = "down"

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(mean_absolute_error, name=name, dtype=dtype)


class MeanAbsolutePercentageError(NamedMean):
    """The mean of the errors in percent of the targets."""

    direction = "down"

    def __init__(self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None) -> None:
        super().__init__(mean_absolute_percentage_error, name=name, dtype=dtype)


class MeanSquaredLogarithmicError(NamedMean):
    """The mean of the squared differences of the logarithms of 1 + y."""

    direction = "down"

    def __init__(self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None) -> None:
        super().__init__(mean_squared_logarithmic_error, name=name, dtype=dtype)


class LogCoshError(NamedMean):
    """The mean of the logarithms of the hyperbolic cosines of the errors."""

    direction = "down"

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        super().__init__(log_cosh, name=name, dtype=dtype)


class RootMeanSquaredError(Mean):
    """The square root of the mean of the squared differences, in the unit of the targets."""

    direction = "down"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def update_state(  # type: ignore[override]  # a mean of values takes those alone
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Add the squared differences of a batch; each row counts ``sample_weight`` times."""
        y_true, y_pred = paired("root_mean_squared_error", y_true, cast(convert(y_pred), self.dtype))
        super().update_state(ops.square(y_pred - y_true), sample_weight=sample_weight)

    def result(self) -> Tensor:
        """The root of the mean so far."""
        return ops.sqrt(super().result())

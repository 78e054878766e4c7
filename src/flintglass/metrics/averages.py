"""Sum and Mean over everything seen since the last reset, and the mean of a function's values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flintglass import ops
from flintglass.identifiers import function_dictionary
from flintglass.losses.reduction import how_many, masked_weight, require_fitting_weight
from flintglass.losses.shapes import same_rank
from flintglass.metrics.base import Metric
from flintglass.tracing.tensor import Tensor, cast, convert


def one_a_row(
    place: str, values: Any, sample_weight: Any, reduce: Callable[..., Tensor], dtype: str
) -> tuple[Tensor, Tensor | None]:
    """Values and weights reduced to one a row; the values are multiplied by the weights."""
    values, weight = cast(convert(values), dtype), None
    if sample_weight is not None:
        values, weight = same_rank(values, cast(convert(sample_weight), dtype))
        rank = weight.ndim
        if values.ndim > rank:
            values = reduce(values, axis=tuple(range(rank, values.ndim)))
        require_fitting_weight(place, values, weight)
        weight = ops.broadcast_to(weight, values.spec.shape)
        values = values * weight
        if rank > 1:
            weight = reduce(weight, axis=tuple(range(1, rank)))
    if values.ndim > 1:
        values = reduce(values, axis=tuple(range(1, values.ndim)))
    return values, weight


class Sum(Metric):
    """The sum of all values."""

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values, each times its weight."""
        values, _ = one_a_row(self.name, values, sample_weight, ops.sum, self.dtype)
        self.total.assign_add(ops.sum(values))

    def result(self) -> Tensor:
        """The sum so far."""
        return self.total.value


class Mean(Metric):
    """The mean of all values; 0 before the first."""

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", name="total")
        self.count = self.add_variable((), "zeros", name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values; each counts ``sample_weight`` times."""
        values, weight = one_a_row(self.name, values, sample_weight, ops.mean, self.dtype)
        rows = values.spec.shape[0] if values.ndim else 1
        self.total.assign_add(ops.sum(values))
        self.count.assign_add(how_many(rows, self.dtype) if weight is None else ops.sum(weight))

    def result(self) -> Tensor:
        """The mean so far."""
        return ops.divide_no_nan(self.total, self.count)


class MeanMetricWrapper(Mean):
    """The mean of ``fn(y_true, y_pred, **settings)``, which returns one value a row."""

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **settings: Any) -> None:
        super().__init__(name=name, dtype=dtype)
        self._fn = fn
        self._settings = settings

    def update_state(  # type: ignore[override]  # a mean of values takes those alone
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Add the function's values for a batch; each row counts ``sample_weight`` times."""
        mask = getattr(y_pred, "mask", None)
        values = self._fn(y_true, y_pred, **self._settings)
        if mask is not None:
            weight = None if sample_weight is None else cast(convert(sample_weight), self.dtype)
            sample_weight = masked_weight(weight, mask, self.dtype, "sum")
        super().update_state(values, sample_weight=sample_weight)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; the function by its name."""
        return {**super().get_config(), "fn": function_dictionary(self._fn), **self._settings}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """The metric with these constructor arguments."""
        from flintglass.metrics.registry import FUNCTIONS

        if isinstance(config.get("fn"), dict):
            config = {**config, "fn": FUNCTIONS.from_dictionary(config["fn"])}
        return cls(**config)


class NamedMean(MeanMetricWrapper):
    """A metric class of its own: its configuration holds its settings and no function."""

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**Metric.get_config(self), **self._settings}

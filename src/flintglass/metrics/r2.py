"""R2: the share of the targets' variance that the predictions explain."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.errors import ShapeError
from flintglass.losses.reduction import how_many
from flintglass.losses.shapes import aligned, text
from flintglass.metrics.base import Metric
from flintglass.metrics.weights import spread
from flintglass.tracing.tensor import Tensor, cast, convert
from flintglass.tracing.variable import Variable

AGGREGATIONS = ("uniform_average", "variance_weighted_average", None)


class R2Score(Metric):
    """1 - the squared errors / the squared distances from the mean; 1 is perfect, 0 as good as the mean.

    class_aggregation: how the scores of the columns become one: "uniform_average", or
    "variance_weighted_average"; None keeps one a column. num_regressors: where not 0, the score is adjusted
    for so many predictors, as long as there are more numbers than those.
    """

    direction = "up"
    squared_sum: Variable
    sum: Variable
    total_mse: Variable
    count: Variable

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if class_aggregation not in AGGREGATIONS:
            raise ValueError(
                f"R2Score: class_aggregation is one of {', '.join(map(repr, AGGREGATIONS))}, not {class_aggregation!r}"
            )
        if num_regressors < 0:
            raise ValueError(f"R2Score: num_regressors is 0 (no adjustment) or more, not {num_regressors!r}")
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_variable((), "zeros", name="num_samples")
        self._built = False

    def _build(self, shape: tuple[Any, ...]) -> None:
        if len(shape) != 2:
            raise ShapeError(
                f"{self.name}: the predictions have the shape {text(shape)}. Expected are rows of numbers, "
                f"(n, columns): reshape targets and predictions"
            )
        for attribute, name in (("squared_sum",) * 2, ("sum",) * 2, ("total_mse", "residual"), ("count",) * 2):
            setattr(self, attribute, self.add_variable(shape[1:], "zeros", name=name))
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of rows; each counts ``sample_weight`` times."""
        y_true, y_pred = aligned(self.name, cast(convert(y_true), self.dtype), cast(convert(y_pred), self.dtype))
        if not self._built:
            self._build(y_pred.spec.shape)
        weight = spread(self.name, sample_weight, y_true)
        error = ops.square(y_true - y_pred)
        rows, columns = y_true.spec.shape
        number = how_many(rows, self.dtype)
        weighted = y_true if weight is None else y_true * weight
        self.sum.assign_add(ops.sum(weighted, axis=0))
        self.squared_sum.assign_add(ops.sum(y_true * weighted, axis=0))
        self.total_mse.assign_add(ops.sum(error if weight is None else error * weight, axis=0))
        counted = ops.broadcast_to(number, (columns,)) if weight is None else ops.sum(weight, axis=0)
        self.count.assign_add(counted)
        self.num_samples.assign_add(number * float(columns))

    def result(self) -> Tensor:
        """The score so far; nan where there is nothing to explain, and nothing left unexplained."""
        if not self._built:
            return convert(float("nan"), self.dtype)
        variance = self.squared_sum - self.sum * (self.sum / self.count)
        scores = 1.0 - self.total_mse / variance
        scores = ops.where(ops.isinf(scores), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            scores = ops.mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = ops.sum(variance * scores) / ops.sum(variance)
        return self._adjusted(scores) if self.num_regressors else scores

    def _adjusted(self, scores: Tensor) -> Tensor:
        """The score that counts every predictor as a loss of one sample, where more than those are left."""
        free = self.num_samples - float(self.num_regressors) - 1.0
        adjusted = 1.0 - (1.0 - scores) * (self.num_samples - 1.0) / ops.where(free > 0.0, free, 1.0)
        return ops.where(free > 0.0, adjusted, scores)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        settings = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return {**super().get_config(), **settings}

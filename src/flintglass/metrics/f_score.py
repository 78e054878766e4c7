"""F scores: the harmonic mean of precision and recall."""

from __future__ import annotations

from typing import Any

from flintglass import config, ops
from flintglass.errors import ShapeError
from flintglass.losses.shapes import aligned, text
from flintglass.metrics.base import Metric
from flintglass.metrics.weights import spread
from flintglass.tracing.tensor import Tensor, cast, convert
from flintglass.tracing.variable import Variable

AVERAGES = ("micro", "macro", "weighted", None)
# A prediction as small as this is never yes, even where it is the largest of its row.
SMALLEST = 1e-9


class FBetaScore(Metric):
    """(1 + beta ** 2) * precision * recall / (beta ** 2 * precision + recall), for each class of one-hot targets.

    average: "micro" (over all classes together), "macro" (the mean of the classes), "weighted" (that mean, by how
    often they occur) or None (one score a class). threshold: predictions above it are yes; None: the largest of
    each row.
    """

    direction = "up"
    true_positives: Variable
    false_positives: Variable
    false_negatives: Variable
    intermediate_weights: Variable

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        place = type(self).__name__
        if average not in AVERAGES:
            raise ValueError(f"{place}: average is one of {', '.join(map(repr, AVERAGES))}, not {average!r}")
        if not isinstance(beta, float) or beta <= 0.0:
            raise ValueError(
                f"{place}: beta is a float above 0, how many times recall counts as much as precision, not {beta!r}"
            )
        if threshold is not None and (not isinstance(threshold, float) or not 0.0 < threshold <= 1.0):
            raise ValueError(
                f"{place}: threshold is a float above 0, and at most 1, not {threshold!r}; None takes the largest "
                f"prediction of each row for yes"
            )
        self.average = average
        self.beta = beta
        self.threshold = threshold
        self._built = False

    def _build(self, shape: tuple[Any, ...]) -> None:
        if len(shape) != 2:
            raise ShapeError(
                f"{self.name}: the predictions have the shape {text(shape)}. Expected is one column a class, "
                f"(n, classes): reshape targets and predictions"
            )
        for name in ("true_positives", "false_positives", "false_negatives", "intermediate_weights"):
            shared = self.add_variable(() if self.average == "micro" else shape[1:], "zeros", name=name)
            setattr(self, name, shared)
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of one-hot targets, or of a yes or no for each class."""
        y_true, y_pred = aligned(self.name, cast(convert(y_true), self.dtype), cast(convert(y_pred), self.dtype))
        if not self._built:
            self._build(y_pred.spec.shape)
        weight = spread(self.name, sample_weight, y_pred)
        if self.threshold is None:
            largest = ops.equal(y_pred, ops.max(y_pred, axis=-1, keepdims=True))
            chosen = ops.logical_and(largest, ops.absolute(y_pred) > SMALLEST)
        else:
            chosen = ops.greater(y_pred, self.threshold)
        yes = cast(chosen, self.dtype)
        for variable, found in (
            (self.true_positives, yes * y_true),
            (self.false_positives, yes * (1.0 - y_true)),
            (self.false_negatives, (1.0 - yes) * y_true),
            (self.intermediate_weights, y_true),
        ):
            found = found if weight is None else found * weight
            variable.assign_add(ops.sum(found, axis=None if self.average == "micro" else 0))

    def result(self) -> Tensor:
        """The score so far, a vector where ``average`` is None; 0 before the first batch."""
        if not self._built:
            return convert(0.0, self.dtype)
        right, epsilon, square = self.true_positives, config.epsilon(), self.beta**2
        precision = right / (right + self.false_positives + epsilon)
        recall = right / (right + self.false_negatives + epsilon)
        scores = precision * recall / (precision * square + recall + epsilon) * (1.0 + square)
        if self.average == "weighted":
            occurrences = self.intermediate_weights
            return ops.sum(scores * (occurrences / (ops.sum(occurrences) + epsilon)))
        return scores if self.average is None else ops.mean(scores)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        settings = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return {**super().get_config(), **settings}


class F1Score(FBetaScore):
    """The harmonic mean of precision and recall, for each class of one-hot targets."""

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average=average, beta=1.0, threshold=threshold, name=name, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        settings = super().get_config()
        del settings["beta"]
        return settings

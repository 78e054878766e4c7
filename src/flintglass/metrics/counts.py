"""How many predictions of yes and no were right and wrong."""

from __future__ import annotations

from typing import Any

from flintglass.metrics.confusion import Confusion, read_thresholds
from flintglass.tracing.tensor import Tensor


class Count(Confusion):
    """The rows in one cell of the confusion matrix, one number for each threshold.

    thresholds: a number or several, between 0 and 1 (0.5): predictions above it count as yes.
    """

    direction = None
    cell: str

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__([self.cell], read_thresholds(type(self).__name__, thresholds, 0.5), name, dtype)
        self.init_thresholds = thresholds
        self.accumulator = self.add_variable((len(self.thresholds),), "zeros", name="accumulator")
        setattr(self, self.cell, self.accumulator)

    def result(self) -> Tensor:
        """How many so far; a vector where there are several thresholds."""
        found: Tensor = self.accumulator.value
        return found[0] if len(self.thresholds) == 1 else found

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "thresholds": self.init_thresholds}


class TruePositives(Count):
    """How often yes was predicted, and was right."""

    cell = "true_positives"


class FalsePositives(Count):
    """How often yes was predicted, and was wrong."""

    cell = "false_positives"


class TrueNegatives(Count):
    """How often no was predicted, and was right."""

    cell = "true_negatives"


class FalseNegatives(Count):
    """How often no was predicted, and was wrong."""

    cell = "false_negatives"

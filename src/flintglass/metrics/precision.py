"""Precision and recall: how many predictions of yes are right, and how many of the true ones are found."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.metrics.confusion import OUTSIDE, Confusion, read_thresholds
from flintglass.tracing.tensor import Tensor


class Share(Confusion):
    """The true positives as a share of themselves and of the cell ``others``.

    thresholds: a number or several, between 0 and 1: predictions above it count as yes; 0.5 unless given,
    and none with ``top_k``. top_k: only the k highest predictions of a row may count as yes. class_id: the
    column that is looked at.
    """

    others: str

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        limits = read_thresholds(type(self).__name__, thresholds, 0.5 if top_k is None else OUTSIDE)
        super().__init__(["true_positives", self.others], limits, name, dtype, top_k, class_id)
        self.init_thresholds = thresholds
        self.add_cells()

    def result(self) -> Tensor:
        """The share so far, 0 of none; a vector where there are several thresholds."""
        found = ops.divide_no_nan(self.true_positives, self.true_positives + getattr(self, self.others))
        return found[0] if len(self.thresholds) == 1 else found

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        settings = {"thresholds": self.init_thresholds, "top_k": self.top_k, "class_id": self.class_id}
        return {**super().get_config(), **settings}


class Precision(Share):
    """The share of the predictions of yes that are right."""

    others = "false_positives"


class Recall(Share):
    """The share of the true ones that were predicted."""

    others = "false_negatives"

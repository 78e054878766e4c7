"""AUC: the area under the curve that a classifier draws as its threshold falls from 1 to 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from flintglass import config, ops
from flintglass.errors import ShapeError, nearest
from flintglass.losses.shapes import text
from flintglass.metrics.confusion import CELLS, Confusion, evenly, read_thresholds
from flintglass.tracing.tensor import Tensor, convert
from flintglass.tracing.variable import Variable

CURVES = ("ROC", "PR", "PRGAIN")
SUMMATIONS = ("interpolation", "majoring", "minoring")


class AUC(Confusion):
    """The area under the ROC curve (recall over the rate of false alarms), the PR curve (precision over
    recall) or the PR-gain curve, from the confusion matrix at many thresholds.

    num_thresholds: how many, at equal distances; or ``thresholds`` between 0 and 1, to which the two ends
    are added. curve: "ROC", "PR" or "PRGAIN". summation_method: heights between two thresholds are their
    middle ("interpolation"; for PR the curve of Davis and Goadrich, 2006), the higher ("majoring") or the
    lower ("minoring"). multi_label: every column has an area of its own, and the result is their mean,
    weighted by ``label_weights``. from_logits: predictions are log odds.
    """

    untracked = frozenset({"_limits", "_weights"})

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: float | Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        if thresholds is None and num_thresholds <= 1:
            raise ValueError(f"AUC: num_thresholds is at least 2, not {num_thresholds!r}: a curve has two ends")
        inner = evenly(num_thresholds)[1:-1] if thresholds is None else sorted(read_thresholds("AUC", thresholds, 0.5))
        # So that at the ends every prediction is yes, and none.
        limits = [-config.epsilon(), *inner, 1.0 + config.epsilon()]
        super().__init__(tuple(CELLS), limits, name, dtype)
        self.num_thresholds = len(limits)
        self.curve = _one_of("curve", curve, CURVES)
        self.summation_method = _one_of("summation_method", summation_method, SUMMATIONS)
        self.multi_label = multi_label
        self.num_labels = num_labels
        self.label_weights = None if label_weights is None else np.asarray(label_weights, "float64").tolist()
        self.from_logits = from_logits
        self._given = thresholds is not None
        self._weights = None if label_weights is None else self._constant(label_weights)
        self._built = False
        if num_labels and not multi_label:
            raise ValueError(
                f"AUC: num_labels={num_labels} belongs to multi_label=True; give both, or leave num_labels out"
            )
        if not multi_label or num_labels:
            self._build(num_labels if multi_label else None)

    def _constant(self, numbers: Any) -> Variable:
        """Numbers that are read, and never written."""
        return Variable(
            np.asarray(numbers, self.dtype), trainable=False, name="label_weights", path=f"{self.name}/label_weights"
        )

    def _build(self, labels: int | None) -> None:
        self.add_cells(labels)
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch: targets are 0 and 1, predictions the probability of 1."""
        y_pred = convert(y_pred)
        self._require_columns(y_pred.spec.shape)
        if not self._built:
            self._build(y_pred.spec.shape[1])
        if self.from_logits:
            y_pred = ops.sigmoid(y_pred)
        columns = None if self.multi_label or self._weights is None else self._weights.value
        self.count(y_true, y_pred, sample_weight, columns, by_label=self.multi_label)

    def _require_columns(self, shape: tuple[Any, ...]) -> None:
        """Raise ShapeError where the predictions do not have the labels that were announced."""
        if self.multi_label and len(shape) != 2:
            raise ShapeError(
                f"{self.name}: with multi_label=True the predictions have one column a label, (n, labels), and not the "
                f"shape {text(shape)}: reshape them, or leave multi_label out"
            )
        expected = self.true_positives.spec.shape[1] if self.multi_label and self._built else None
        weights = None if self.label_weights is None else len(self.label_weights)
        for what, wanted in (("num_labels", expected), ("label_weights", weights)):
            if wanted is not None and shape[-1] != wanted:
                raise ShapeError(
                    f"{self.name}: {what} is for {wanted} labels, the predictions have the shape {text(shape)}; give "
                    f"one for each of their {shape[-1]} columns"
                )

    def result(self) -> Tensor:
        """The area so far; 0 before the first batch."""
        if not self._built:
            return convert(0.0, self.dtype)
        if self.curve == "PR" and self.summation_method == "interpolation":
            areas = self._by_davis_and_goadrich()
        else:
            x, y = {"ROC": self._roc, "PR": self._precision_recall, "PRGAIN": self._gains}[self.curve]()
            areas = (x[:-1] - x[1:]) * self._height(y[:-1], y[1:])
        if not self.multi_label:
            return ops.sum(areas)
        by_label = ops.sum(areas, axis=0)
        if self._weights is None:
            return ops.mean(by_label)
        weights = self._weights.value
        return ops.divide_no_nan(ops.sum(by_label * weights), ops.sum(weights))

    def _height(self, left: Tensor, right: Tensor) -> Tensor:
        if self.summation_method == "interpolation":
            return (left + right) / 2.0
        return (ops.minimum if self.summation_method == "minoring" else ops.maximum)(left, right)

    def _recall(self) -> Tensor:
        return ops.divide_no_nan(self.true_positives, self.true_positives + self.false_negatives)

    def _roc(self) -> tuple[Tensor, Tensor]:
        return ops.divide_no_nan(self.false_positives, self.false_positives + self.true_negatives), self._recall()

    def _precision_recall(self) -> tuple[Tensor, Tensor]:
        return self._recall(), ops.divide_no_nan(self.true_positives, self.true_positives + self.false_positives)

    def _gains(self) -> tuple[Tensor, Tensor]:
        """Recall and precision on the scale of Flach and Kull, "Precision-Recall-Gain Curves" (2015)."""
        found = self.true_positives
        odds = ops.divide_no_nan(found + self.false_negatives, self.true_negatives + self.false_positives)
        of_recall = 1.0 - odds * ops.divide_no_nan(self.false_negatives, found)
        of_precision = 1.0 - odds * ops.divide_no_nan(self.false_positives, found)
        none = ops.equal(found, 0.0)
        return ops.maximum(ops.where(none, 0.0, of_recall), 0.0), ops.where(none, 1.0, of_precision)

    def _by_davis_and_goadrich(self) -> Tensor:
        """The areas under the PR curve, true positives growing in a straight line with the positives between two
        thresholds. Source: Davis and Goadrich, "The Relationship Between Precision-Recall and ROC Curves" (2006).
        """
        found, positives = self.true_positives.value, self.true_positives + self.false_positives
        gained, upper, lower = found[:-1] - found[1:], positives[:-1], positives[1:]
        slope = ops.divide_no_nan(gained, ops.maximum(upper - lower, 0.0))
        start = found[1:] - slope * lower
        both = ops.logical_and(upper > 0.0, lower > 0.0)
        ratio = ops.where(both, ops.divide_no_nan(upper, ops.maximum(lower, 0.0)), 1.0)
        area = slope * (gained + start * ops.log(ratio))
        return ops.divide_no_nan(area, ops.maximum(found[1:] + self.false_negatives.value[1:], 0.0))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        settings = {
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": self.label_weights,
            "from_logits": self.from_logits,
        }
        if self._given:
            settings["thresholds"] = self.thresholds[1:-1]
        return {**super().get_config(), **settings}


def _one_of(setting: str, given: Any, options: Sequence[str]) -> str:
    """The option of this name, in upper or lower case; ValueError for an unknown one."""
    word = str(getattr(given, "value", given))
    for option in options:
        if word.lower() == option.lower():
            return option
    raise ValueError(
        f"AUC: {setting} is one of {', '.join(map(repr, options))}, not {given!r}. {nearest(word, options)}"
    )

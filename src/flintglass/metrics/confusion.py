"""The confusion matrix of yes and no at each threshold: the base of precision, recall, AUC and their kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from flintglass import config, ops
from flintglass.errors import ShapeError
from flintglass.losses.shapes import aligned, text
from flintglass.metrics.base import Metric
from flintglass.metrics.weights import spread
from flintglass.program import Literal
from flintglass.tracing.tensor import Tensor, apply, cast, convert
from flintglass.tracing.variable import Variable

# The cells of the matrix: what the target is, and whether the prediction lies above the threshold.
CELLS = {
    "true_positives": (True, True),
    "false_positives": (False, True),
    "true_negatives": (False, False),
    "false_negatives": (True, False),
}
# What a prediction outside the top k becomes: below every threshold.
OUTSIDE = -1e10


def read_thresholds(place: str, given: Any, default: float) -> list[float]:
    """One threshold or several as a list; ValueError where one lies outside [0, 1]."""
    if given is None:
        return [default]
    if np.asarray(given).dtype.kind not in "biuf":
        raise ValueError(f"{place}: a threshold is a number between 0 and 1, or a list of them, not {given!r}")
    listed = [float(item) for item in np.ravel(np.asarray(given, "float64"))]
    outside = [item for item in listed if not 0 <= item <= 1]
    if outside or not listed:
        raise ValueError(
            f"{place}: a threshold is a number between 0 and 1, not {outside[0] if outside else given!r}: predictions "
            f"above it count as yes. Predictions that are no probabilities need a sigmoid before"
        )
    return listed


def evenly(count: int) -> list[float]:
    """Thresholds at equal distances from 0 to 1."""
    return [i / (count - 1) for i in range(count)] if count > 1 else [0.5]


class Confusion(Metric):
    """Sums of the rows, or of their weights, in some cells of the confusion matrix at each threshold.

    A subclass says which cells in ``super().__init__`` and computes its result from the attributes of
    these names. top_k: only the k highest predictions of a row may count as yes. class_id: the column
    that is looked at. With ``by_label`` every column has sums of its own.
    """

    direction: str | None = "up"
    # The thresholds are a constant, and no part of what is reset or saved.
    untracked = frozenset({"_limits"})
    true_positives: Variable
    false_positives: Variable
    true_negatives: Variable
    false_negatives: Variable

    def __init__(
        self,
        cells: Sequence[str],
        thresholds: Sequence[float],
        name: str | None = None,
        dtype: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.thresholds = list(thresholds)
        self.top_k = top_k
        self.class_id = class_id
        self._cells = tuple(cells)
        inner = [min(max(limit, 0.0), 1.0) for limit in self.thresholds]
        self._is_even = len(inner) > 2 and bool(np.allclose(inner, evenly(len(inner)), atol=config.epsilon()))
        # A variable, because a program holds no arrays; it is read, and never written.
        self._limits = Variable(
            np.asarray(self.thresholds, self.dtype), trainable=False, name="thresholds", path=f"{self.name}/thresholds"
        )

    def add_cells(self, labels: int | None = None) -> None:
        """Make the variables: one number a threshold, or for several labels a row of numbers."""
        shape = (len(self.thresholds), *(() if labels is None else (labels,)))
        for cell in self._cells:
            setattr(self, cell, self.add_variable(shape, "zeros", name=cell))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch: yes is any target but 0, and any prediction above the threshold."""
        self.count(y_true, y_pred, sample_weight)

    def count(
        self, y_true: Any, y_pred: Any, sample_weight: Any, label_weights: Any = None, by_label: bool = False
    ) -> None:
        """Add a batch whose columns count ``label_weights`` times."""
        y_true, y_pred = aligned(self.name, cast(convert(y_true), self.dtype), cast(convert(y_pred), self.dtype))
        weight = spread(self.name, sample_weight, y_pred)
        if label_weights is not None:
            weights = ops.broadcast_to(label_weights, y_pred.spec.shape)
            weight = weights if weight is None else weight * weights
        if self.top_k is not None:
            y_pred = self._highest(y_pred)
        if self.class_id is not None:
            y_true, y_pred = self._column(y_true), self._column(y_pred)
            weight = None if weight is None else self._column(weight)
        weight = None if weight is None else _by_label(weight, by_label)
        find = self._sums_by_bucket if self._is_even else self._sums
        sums = find(_by_label(y_true, by_label), _by_label(y_pred, by_label), weight)
        for cell, found in sums.items():
            variable: Variable = getattr(self, cell)
            found = ops.transpose(found) if by_label else ops.reshape(found, variable.spec.shape)
            variable.assign_add(found)

    def _highest(self, y_pred: Tensor) -> Tensor:
        classes: Any = y_pred.spec.shape[-1]
        assert self.top_k is not None
        if not 1 <= self.top_k <= classes:
            raise ValueError(
                f"{self.name}: top_k is {self.top_k}, and the predictions have the shape {text(y_pred.spec.shape)}. It "
                f"is a whole number from 1 to {classes}, the number of classes"
            )
        _, places = ops.top_k(y_pred, self.top_k)
        chosen = ops.any(ops.one_hot(places, classes, dtype="bool"), axis=-2)
        return ops.where(chosen, y_pred, OUTSIDE)

    def _column(self, values: Tensor) -> Tensor:
        """The elements of the class that is looked at."""
        shape: Any = values.spec.shape
        assert self.class_id is not None
        if len(shape) < 2 or not -shape[-1] <= self.class_id < shape[-1]:
            raise ShapeError(
                f"{self.name}: class_id is {self.class_id}, and the predictions have the shape {text(shape)}. It is "
                f"the number of a column: predictions have one column a class, (n, classes), counted from 0"
            )
        return values[..., self.class_id]

    def _sums(self, y_true: Tensor, y_pred: Tensor, weight: Tensor | None) -> Mapping[str, Tensor]:
        """For each label the sums at each threshold, every prediction compared with every threshold."""
        labels, rows = y_true.spec.shape
        limits: Any = self._limits.value if len(self.thresholds) > 1 else self.thresholds[0]
        limits = ops.reshape(limits, (-1, 1)) if len(self.thresholds) > 1 else limits
        above = ops.greater(ops.reshape(y_pred, (labels, 1, rows)), limits)
        yes = ops.reshape(cast(y_true, "bool"), (labels, 1, rows))
        counted: Any = 1.0 if weight is None else ops.reshape(weight, (labels, 1, rows))
        sums = {}
        for cell in self._cells:
            target, passed = CELLS[cell]
            both = ops.logical_and(yes if target else ops.logical_not(yes), above if passed else ops.logical_not(above))
            found = cast(both, self.dtype) if weight is None else ops.where(both, counted, 0.0)
            sums[cell] = ops.sum(found, axis=-1)
        return sums

    def _sums_by_bucket(self, y_true: Tensor, y_pred: Tensor, weight: Tensor | None) -> Mapping[str, Tensor]:
        """The same where thresholds have equal distances: how many a prediction passes is one product away."""
        labels, count = y_true.spec.shape[0], len(self.thresholds)
        # A prediction that is no number passes nothing: as an index it would stop the program.
        y_pred = ops.where(ops.isnan(y_pred), 0.0, ops.clip(y_pred, 0.0, 1.0))
        passes = ops.ceil(y_pred * float(count - 1))
        if self.thresholds[0] < 0.0:
            passes = ops.maximum(passes, 1.0)
        bucket = cast(passes, "int32")
        yes = cast(cast(y_true, "bool"), self.dtype)
        sums = {}
        for target, of_target in ((True, yes), (False, 1.0 - yes)):
            counted = of_target if weight is None else of_target * weight
            empty = apply("broadcast", Literal(0.0, self.dtype), shape=(labels, count + 1))
            filled = apply("scatter_add", empty, bucket, counted, axis=1, batch=1)
            passed = ops.flip(ops.cumsum(ops.flip(filled, 1), axis=1), 1)[:, 1:]
            sums[target, True] = passed
            sums[target, False] = ops.sum(counted, axis=1, keepdims=True) - passed
        return {cell: sums[CELLS[cell]] for cell in self._cells}


def _by_label(values: Tensor, by_label: bool) -> Tensor:
    """The elements as a row for each label, or all in one row."""
    return ops.transpose(values) if by_label else ops.reshape(values, (1, -1))

"""Sparse categorical cross-entropy: the surprise of a class that is named by its number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from flintglass import ops
from flintglass.errors import DataError, ShapeError
from flintglass.losses.shapes import text
from flintglass.losses.wrapper import NamedLoss, checked
from flintglass.ops.common import floating
from flintglass.tracing.tensor import Tensor, cast, convert


def check_labels(
    place: str,
    y_true: np.ndarray,
    output_shape: Sequence[Any],
    ignore_class: int | None = None,
    axis: int = -1,
    **settings: Any,
) -> None:
    """Raise DataError, with the first row and value, where a target is not the number of a class."""
    require_labels(place, y_true.shape, output_shape, axis)
    classes = int(output_shape[axis])
    wrong = ~((y_true >= 0) & (y_true < classes) & (y_true == np.floor(y_true)))
    if ignore_class is not None:
        wrong &= y_true != ignore_class
    if not wrong.any():
        return
    position = tuple(int(i) for i in np.argwhere(wrong)[0])
    value = y_true[position]
    way_out = "Number the classes from 0"
    if np.isnan(value):
        way_out = "Remove the rows without a label"
    elif value >= classes and value == np.floor(value):
        way_out += f", or give the last layer {int(y_true.max()) + 1} units"
    if classes == 1:
        way_out += "; for yes and no with one sigmoid output, use binary_crossentropy"
    raise DataError(
        f"{place}: the label in row {position[0] if position else 0} is {value}. The model has {classes} "
        f"output{'' if classes == 1 else 's'}, so labels are whole numbers from 0 to {classes - 1}. {way_out}"
    )


def require_labels(place: str, y_true: Sequence[Any], y_pred: Sequence[Any], axis: int = -1) -> None:
    """Raise ShapeError where the targets have not one label for each row of the predictions."""
    y_true, y_pred = tuple(y_true), tuple(y_pred)
    if len(y_true) == len(y_pred) and y_true[axis] == y_pred[axis] != 1:
        raise ShapeError(
            f"{place}: the targets y_true have the shape {text(y_true)}, the same as the predictions y_pred: "
            f"they look one-hot. Expected is one whole number a row: use categorical_crossentropy (and "
            f"categorical_accuracy), or argmax(y, axis={axis})"
        )
    labels = _without(y_true, axis) if len(y_true) == len(y_pred) and y_true[axis] == 1 else y_true
    expected = _without(y_pred, axis)
    # The batch may stand as None, or as a name, in the shape of a model's output.
    rows_differ = all(isinstance(shape[0], int) for shape in (labels, expected) if shape) and (
        labels[:1] != expected[:1]
    )
    if len(labels) != len(expected) or labels[1:] != expected[1:] or rows_differ:
        raise ShapeError(
            f"{place}: the targets y_true have the shape {text(y_true)}, the predictions y_pred "
            f"{text(y_pred)}. Expected is one whole number for each row of predictions: reshape y_true to "
            f"{text(expected)}"
        )


def _without(shape: tuple[Any, ...], axis: int) -> tuple[Any, ...]:
    axis %= len(shape)
    return shape[:axis] + shape[axis + 1 :]


@checked(check_labels, labels=True)
def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Tensor:
    """For each row, -log(p) of the class that y_true names.

    p is y_pred divided by its sum and kept within [epsilon, 1 - epsilon], or the softmax of y_pred with
    ``from_logits``. Rows of ``ignore_class`` count nothing. A label outside the classes raises
    IndexOutOfRange when the program runs.
    """
    labels, y_pred = cast(convert(y_true), "int32"), floating(y_pred)
    require_labels("sparse_categorical_crossentropy", labels.spec.shape, y_pred.spec.shape, axis)
    if labels.ndim == y_pred.ndim:
        labels = ops.squeeze(labels, axis)
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(labels, y_pred, from_logits=from_logits, axis=axis)
    valid = labels != ignore_class
    losses = ops.sparse_categorical_crossentropy(ops.where(valid, labels, 0), y_pred, from_logits, axis)
    losses = ops.where(valid, losses, 0.0)
    losses.mask = valid
    return losses


class SparseCategoricalCrossentropy(NamedLoss):
    """The mean surprise of classes named by their numbers, from 0; predictions are one column a class."""

    kept = ("from_logits", "ignore_class")

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        settings = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(sparse_categorical_crossentropy, name=name, reduction=reduction, dtype=dtype, **settings)
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; ``axis``, which Keras leaves out, where it is not the last."""
        return {**super().get_config(), **({} if self.axis == -1 else {"axis": self.axis})}

"""NumPy helpers of keras.utils: one-hot rows and normalized rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from flintglass import config
from flintglass.errors import DataError, ShapeError


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """Labels (whole numbers from 0 up, any shape) as one-hot rows, (*shape, num_classes) in the default float.

    A last axis of one is dropped, as Keras does. Raises DataError where a label lies outside of the classes.
    """
    labels = np.asarray(x)
    if labels.dtype.kind not in "iub" and not (labels.dtype.kind == "f" and np.all(labels == np.floor(labels))):
        raise DataError(f"to_categorical takes whole numbers as labels, not {labels.dtype}")
    labels = labels.astype("int64")
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    count = int(labels.max(initial=-1)) + 1 if num_classes is None else int(num_classes)
    outside = np.argwhere((labels < 0) | (labels >= count))
    if len(outside):
        place = tuple(outside[0].tolist())
        raise DataError(
            f"to_categorical: the label {labels[place]} (row {place[0]}) is none of 0 to {count - 1}; give "
            "num_classes, or subtract the smallest label first"
        )
    found = np.zeros((*labels.shape, count), config.floatx())
    np.put_along_axis(found, labels[..., None], 1, -1)
    return found


def normalize(x: Any, axis: int = -1, order: float = 2) -> np.ndarray:
    """The array with its vectors along ``axis`` at norm one; those of norm zero stay."""
    array = np.asarray(x)
    if array.dtype.kind not in "biuf":
        raise DataError(f"normalize takes an array of numbers, not one of dtype {array.dtype}")
    if not -array.ndim <= axis < array.ndim:
        raise ShapeError(f"normalize: the array of shape {array.shape} has no axis {axis}")
    length = np.atleast_1d(np.linalg.norm(array, order, axis))
    length[length == 0] = 1
    return array / np.expand_dims(length, axis)

"""Intersection over union: how much of a class's true and predicted places are the same places."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from flintglass import config, ops
from flintglass.errors import ShapeError
from flintglass.losses.shapes import text
from flintglass.metrics.base import Metric
from flintglass.metrics.weights import spread
from flintglass.tracing.tensor import Tensor, cast, convert


class IoU(Metric):
    """The mean, over some classes, of true positives / (true positives + false positives + false negatives).

    num_classes: how many classes there are. target_class_ids: those whose mean is wanted; classes that never
    occurred are left out. ignore_class: targets of this class count nothing. sparse_y_true, sparse_y_pred: whether
    classes are given by their numbers; otherwise the largest along ``axis`` is the class. Numbers beyond the
    classes count nothing. dtype: what is counted in; int32 unless given.
    """

    direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(name=name, dtype=dtype or "int32")
        if num_classes < 1:
            raise ValueError(f"{type(self).__name__}: num_classes is a whole number from 1 up, not {num_classes!r}")
        wrong = [item for item in target_class_ids if not 0 <= item < num_classes]
        if wrong:
            raise ValueError(
                f"{type(self).__name__}: there is no class {wrong[0]} among num_classes={num_classes}; "
                f"target_class_ids are numbers from 0 to {num_classes - 1}"
            )
        self.num_classes = num_classes
        self.target_class_ids = list(target_class_ids)
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis
        self.total_cm = self.add_variable((num_classes, num_classes), "zeros", name="total_confusion_matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch; each element counts ``sample_weight`` times."""
        true = self._classes(y_true, self.sparse_y_true)
        found = self._classes(y_pred, self.sparse_y_pred)
        if true.spec.size != found.spec.size:
            raise ShapeError(
                f"{self.name}: the targets name classes in the shape {text(true.spec.shape)}, the predictions in "
                f"{text(found.spec.shape)}. Give a class for each place of both; one-hot ones need "
                f"sparse_y_true=False, predictions with one column a class sparse_y_pred=False"
            )
        weight = spread(self.name, self._whole(sample_weight), cast(true, self.dtype))
        true, found = (ops.reshape(item, (-1,)) for item in (true, found))
        valid = ops.logical_and(self._is_class(true), self._is_class(found))
        if self.ignore_class is not None:
            valid = ops.logical_and(valid, ops.not_equal(true, self.ignore_class))
        counted = cast(valid, self.dtype)
        if weight is not None:
            counted = counted * ops.reshape(weight, (-1,))
        cell = ops.where(valid, true * self.num_classes + found, 0)
        sums = ops.segment_sum(counted, cell, self.num_classes**2)
        self.total_cm.assign_add(ops.reshape(sums, (self.num_classes, self.num_classes)))

    def _classes(self, y: Any, sparse: bool) -> Tensor:
        return cast(convert(y) if sparse else ops.argmax(y, axis=self.axis), "int32")

    def _is_class(self, number: Tensor) -> Tensor:
        return ops.logical_and(number >= 0, number < self.num_classes)

    def _whole(self, sample_weight: Any) -> Any:
        """The weights; a warning where counting in whole numbers takes their fractions away."""
        if sample_weight is not None and convert(sample_weight).spec.is_float and self.dtype.startswith("int"):
            warnings.warn(
                f"{self.name}: sample_weight is of floats, and the counts are whole numbers ({self.dtype}), so that "
                f"fractions of weights are lost. Give whole numbers, or {type(self).__name__}(dtype='float32')",
                stacklevel=3,
            )
        return sample_weight

    def result(self) -> Tensor:
        """The mean so far; 0 where none of the classes occurred."""
        diagonal = ops.where(ops.eye(self.num_classes, dtype="bool"), self.total_cm, 0)
        shared = ops.sum(diagonal, axis=0)
        union = ops.sum(self.total_cm, axis=0) + ops.sum(self.total_cm, axis=1) - shared
        shared, union = (cast(self._wanted(item), "float32") for item in (shared, union))
        occurred = union > 1e-9
        shares = ops.where(occurred, shared / (union + config.epsilon()), 0.0)
        return ops.sum(shares) / (ops.sum(cast(occurred, "float32")) + config.epsilon())

    def _wanted(self, of_classes: Tensor) -> Tensor:
        if self.target_class_ids == list(range(self.num_classes)):
            return of_classes
        return ops.concatenate([of_classes[i : i + 1] for i in self.target_class_ids], axis=0)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        settings = ("num_classes", "target_class_ids", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")
        return {**super().get_config(), **{name: getattr(self, name) for name in settings}}

    def _without(self, *names: str) -> dict[str, Any]:
        """The configuration less what a subclass fixes."""
        return {name: value for name, value in IoU.get_config(self).items() if name not in names}


class BinaryIoU(IoU):
    """The mean over no (0) and yes (1), or one of them; predictions from the threshold on are yes."""

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_classes=2, target_class_ids=target_class_ids, name=name, dtype=dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of yes and no, and of their predicted probabilities."""
        super().update_state(y_true, ops.greater_equal(y_pred, self.threshold), sample_weight)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        fixed = self._without("num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")
        return {**fixed, "threshold": self.threshold}


class MeanIoU(IoU):
    """The mean over all classes."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        every = range(num_classes)
        super().__init__(num_classes, every, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return self._without("target_class_ids")


class OneHotIoU(IoU):
    """The mean over some classes of one-hot targets."""

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return self._without("sparse_y_true")


class OneHotMeanIoU(MeanIoU):
    """The mean over all classes of one-hot targets."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return self._without("target_class_ids", "sparse_y_true")

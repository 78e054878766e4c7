"""Cross-entropies as metrics: the mean surprise over all batches."""

from __future__ import annotations

from typing import Any

from flintglass.losses.binary import binary_crossentropy
from flintglass.losses.categorical import categorical_crossentropy
from flintglass.losses.sparse_categorical import sparse_categorical_crossentropy
from flintglass.metrics.averages import NamedMean


class BinaryCrossentropy(NamedMean):
    """The mean surprise of yes-or-no targets."""

    direction = "down"

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        settings = {"from_logits": from_logits, "label_smoothing": label_smoothing}
        super().__init__(binary_crossentropy, name=name, dtype=dtype, **settings)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing


class CategoricalCrossentropy(NamedMean):
    """The mean surprise of one-hot targets."""

    direction = "down"

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        settings = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(categorical_crossentropy, name=name, dtype=dtype, **settings)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis


class SparseCategoricalCrossentropy(NamedMean):
    """The mean surprise of classes named by their numbers."""

    direction = "down"

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        settings = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(sparse_categorical_crossentropy, name=name, dtype=dtype, **settings)
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis

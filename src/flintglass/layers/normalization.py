"""Normalization: data brought to mean 0 and variance 1 by numbers that are known before training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from flintglass import config, ops
from flintglass.errors import DataError
from flintglass.layers.arguments import axes_within, known_extents, whole_axes
from flintglass.layers.base import Layer
from flintglass.layers.rescaling import plain_numbers
from flintglass.layers.scaled import broadcasting
from flintglass.tracing.tensor import Tensor


class Normalization(Layer):
    """(x - mean) / sqrt(variance), for each place along ``axis`` by itself; ``invert=True`` undoes it.

    mean, variance: numbers or arrays; without them ``adapt(data)`` takes them from data, and until then they
    are 0 and 1. axis: one or several; None takes one mean and one variance for all numbers. A deviation below
    1e-7 counts as that.
    """

    def __init__(
        self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.axis = () if axis is None else tuple(whole_axes(self._place, axis))
        if 0 in self.axis:
            raise ValueError(
                f"{self._place}: axis 0 holds the rows, which have no mean of their own; choose other axes, or None "
                "for one mean of all numbers"
            )
        if (mean is None) != (variance is None):
            raise ValueError(
                f"{self._place} takes mean and variance together, or neither and adapt(data), but mean is {mean!r} "
                f"and variance is {variance!r}"
            )
        self.input_mean: Any = None if mean is None else plain_numbers(self._place, "mean", mean)
        self.input_variance: Any = None if variance is None else plain_numbers(self._place, "variance", variance)
        self.invert = invert
        self.supports_masking = True
        self.adapt_mean: Any = None
        self.adapt_variance: Any = None
        self.count: Any = None
        self._shape: tuple[int, ...] = ()  # how mean and variance broadcast

    def build(self, input_shape: Any = None) -> None:
        rank = len(input_shape)
        axes = sorted(axes_within(self._place, self.axis, rank))
        extents = known_extents(self._place, input_shape, axes, "mean and variance")
        self._shape = tuple(extents[axes.index(axis)] if axis in axes else 1 for axis in range(rank))
        if self.input_mean is None:
            self.adapt_mean = self.add_weight(name="mean", shape=extents, initializer="zeros", trainable=False)
            self.adapt_variance = self.add_weight(name="variance", shape=extents, initializer="ones", trainable=False)
            self.count = self.add_weight(name="count", shape=(), dtype="int32", initializer="zeros", trainable=False)
        else:
            for name, value in (("mean", self.input_mean), ("variance", self.input_variance)):
                self._check_given(name, np.shape(value), extents)
        self.built = True

    def _check_given(self, name: str, shape: tuple[int, ...], extents: tuple[int, ...]) -> None:
        try:
            fits = np.broadcast_shapes(shape, self._shape) == self._shape or shape == extents
        except ValueError:
            fits = False
        if not fits:
            raise DataError(
                f"{self._place}: {name} has the shape {shape}, which does not fit the inputs: along the axes "
                f"{self.axis} they have the extents {extents}"
            )

    @property
    def mean(self) -> Tensor | None:
        """The mean that is subtracted, in a shape that broadcasts against the input; None before it is known."""
        return None if not self.built else ops.broadcast_to(self._used_mean(), self._shape)

    @property
    def variance(self) -> Tensor | None:
        """The variance whose root is divided by, shaped as ``mean``; None before it is known."""
        return None if not self.built else ops.broadcast_to(self._used_variance(), self._shape)

    def _used_mean(self) -> Tensor:
        return self._broadcasting(self.input_mean, self.adapt_mean)

    def _used_variance(self) -> Tensor:
        return self._broadcasting(self.input_variance, self.adapt_variance)

    def _broadcasting(self, given: Any, adapted: Any) -> Any:
        found = adapted if given is None else ops.convert_to_tensor(given, self.dtype)
        return broadcasting(found, self._shape) if found.ndim else found

    def call(self, inputs: Any) -> Any:
        inputs, mean = ops.cast(inputs, self.dtype), self._used_mean()
        deviation = ops.maximum(ops.sqrt(self._used_variance()), config.epsilon())
        return inputs * deviation + mean if self.invert else (inputs - mean) / deviation

    # -- learning from data

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Take mean and variance from data: an array, or an iterable of arrays, one a batch.

        steps: how many batches of an iterable are read, all unless given; ``batch_size`` is accepted, and an array
        is read at once. What was learned before is forgotten.
        """
        if self.input_mean is not None:
            raise ValueError(f"{self._place} was given mean and variance, and has nothing to adapt")
        totals = _Moments()
        for number, batch in enumerate(self._batches(data)):
            if steps is not None and number >= steps:
                break
            array = _rows(self._place, batch)
            if not self.built:
                self._build_for((Tensor(np.zeros((1, *array.shape[1:]), self.dtype)),), {})
            kept = axes_within(self._place, self.axis, array.ndim)
            totals.add(array, tuple(axis for axis in range(array.ndim) if axis not in kept))
        if not totals.count:
            raise DataError(f"{self._place}: adapt was given no rows; it takes an array, or an iterable of arrays")
        self._learned(totals)

    def _learned(self, totals: _Moments) -> None:
        found = totals.mean
        if self.adapt_mean.storage.shape != found.shape:
            raise DataError(
                f"{self._place}: the data given to adapt have the shape {found.shape} along the axes {self.axis}, but "
                f"the layer was built for {self.adapt_mean.storage.shape}"
            )
        self.adapt_mean.assign(found.astype(self.dtype))
        self.adapt_variance.assign(totals.variance.astype(self.dtype))

    def _batches(self, data: Any) -> Iterable[Any]:
        whole = hasattr(data, "__array__") or isinstance(data, (list, tuple)) or not hasattr(data, "__iter__")
        return [data] if whole else data

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "invert": self.invert,
            "mean": self.input_mean,
            "variance": self.input_variance,
        }


class _Moments:
    """Mean and variance over batches, each batch counting by its size; in float64."""

    def __init__(self) -> None:
        self.count = 0
        self.mean: Any = 0.0
        self.variance: Any = 0.0

    def add(self, array: np.ndarray, axes: Sequence[int]) -> None:
        count = int(np.prod([array.shape[axis] for axis in axes], dtype=np.int64))
        if not count:
            return
        mean, variance = array.mean(tuple(axes)), array.var(tuple(axes))
        total = self.count + count
        old, new = self.count / total, count / total
        difference = mean - self.mean
        self.variance = self.variance * old + variance * new + difference**2 * (old * new)
        self.mean = self.mean * old + mean * new
        self.count = total


def _rows(place: str, data: Any) -> np.ndarray:
    """The batch in float64; a single column for data of rank 1, as in fit."""
    try:
        array = np.asarray(data)
    except ValueError:
        array = np.asarray(None)
    if array.dtype.kind not in "fiub":
        raise DataError(f"{place}: adapt takes arrays of numbers, not {data!r:.60}")
    array = array.astype("float64")
    return array[:, None] if array.ndim == 1 else array

"""A case: one network with its data and its settings, written once for Keras and for flintglass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

ROWS = 72
BOTH = ("float32", "float64")
SINGLE = ("float32",)
DOUBLE = ("float64",)

# Four whole batches and a short one make an epoch. Keras averages the columns of a row in float32 at every
# floatx, and so rounds the slope 1/n that comes back through that mean; where n is a power of two, 1/n has no
# digits to lose. Hence the sizes in float64. Cases that are free of that mean take the odd size there too.
EVEN = {"float32": 15, "float64": 16}
ODD = {"float32": 15, "float64": 15}

# max|difference| / max|weight|: two backends of Keras itself differ by 3e-7 in float32.
LIMITS = {"float32": 1e-5, "float64": 1e-9}
# In float64 the same rounding of row means stands in the loss and in the metrics that are reported.
HISTORY_LIMITS = {"float32": 1e-5, "float64": 1e-6}

# Either a value for both sides, or a function of the side: keras or flintglass.
Given = Any


@dataclass(frozen=True)
class Case:
    """What both sides do: ``fit`` for 50 steps from the same weights, then ``evaluate`` and ``predict``.

    A setting that is callable is called with the side, the module keras or flintglass.
    quick: the dtypes in which the case belongs to the quick sample. limits: where a case is held to others
    than LIMITS, ``note`` says why; the note is printed in the table.
    """

    name: str
    model: Callable[[Any], Any]
    loss: Given = "mse"
    optimizer: Given = "sgd"
    x: str = "rows"
    y: str = "numbers"
    compiled: Given = field(default_factory=dict)
    fit: Callable[[Data], dict[str, Any]] = lambda data: {}
    epochs: int = 10
    dtypes: tuple[str, ...] = BOTH
    batch: Mapping[str, int] = field(default_factory=lambda: EVEN)
    quick: tuple[str, ...] = ()
    limits: Mapping[str, float] = field(default_factory=lambda: LIMITS)
    note: str = ""


def on(side: Any, given: Given) -> Any:
    """A setting as this side takes it."""
    return given(side) if callable(given) else given


class Data:
    """Rows made from a fixed seed; ``x`` and ``y`` are picked by the names that a case gives."""

    def __init__(self, x: str, y: str, dtype: str) -> None:
        draw = np.random.default_rng(20)
        self.draw = draw
        self.dtype = dtype
        self.rows = draw.normal(size=(ROWS, 5)).astype(dtype)
        self.others = draw.normal(size=(ROWS, 5)).astype(dtype)
        mixed = np.tanh(self.rows @ draw.normal(size=(5, 3)) / 2 + 0.1 * draw.normal(size=(ROWS, 3)))
        self.mixed = mixed.astype(dtype)
        self.labels = mixed.argmax(-1)
        self.x: Any = self._x(x)
        self.y: Any = self._y(y)

    def _x(self, kind: str) -> Any:
        return {
            "rows": self.rows,
            "cube": self.draw.normal(size=(ROWS, 4, 3)).astype(self.dtype),
            "block": self.draw.normal(size=(ROWS, 2, 3, 2)).astype(self.dtype),
            "single": self.rows[:, 0],
            "whole": self.draw.integers(0, 4, size=(ROWS, 5)),
            "yes": (self.rows > 0),
            "pair": [self.rows, self.others],
            "named": {"left": self.rows, "right": self.others},
        }[kind]

    def _y(self, kind: str) -> Any:
        onehot = np.eye(3, dtype=self.dtype)[self.labels]
        return {
            "numbers": self.mixed[:, :2],
            "number": self.mixed[:, 0],
            "column": self.mixed[:, :1],
            "large": 3 + self.mixed[:, :2],
            "positions": np.repeat(self.mixed[:, None, :2], 4, axis=1),
            "yes": (self.mixed[:, 0] > 0).astype("int64"),
            "yes column": (self.mixed[:, :1] > 0).astype(self.dtype),
            "yes columns": (self.mixed[:, :2] > 0).astype(self.dtype),
            "labels": self.labels,
            "label column": self.labels[:, None],
            "onehot": onehot,
            "onehot and none": np.where(np.arange(ROWS)[:, None] % 4 == 0, 0, onehot).astype(self.dtype),
            "some labels": np.where(np.arange(ROWS) % 4 == 0, -1, self.labels),
            "both": [self.mixed[:, :2], self.labels],
            "numbers twice": [self.mixed[:, :2], self.mixed[:, 1:]],
            "named": {"values": self.mixed[:, :2], "classes": self.labels},
            "none": None,
        }[kind]

    def row_weights(self) -> np.ndarray:
        """Weights of rows, exact in every dtype: see EVEN."""
        return np.asarray([0.5, 1.0, 2.0, 0.25, 0.0, 4.0] * (ROWS // 6), self.dtype)

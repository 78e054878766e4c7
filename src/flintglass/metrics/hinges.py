"""Metrics of margins: how far predictions fall short of a distance of 1 from the wrong side."""

from __future__ import annotations

from typing import Any

from flintglass.losses.categorical_margin import categorical_hinge
from flintglass.losses.margins import hinge, squared_hinge
from flintglass.metrics.averages import NamedMean


class Hinge(NamedMean):
    """The mean distance by which predictions fall short of the margin."""

    direction = "down"

    def __init__(self, name: str | None = "hinge", dtype: Any = None) -> None:
        super().__init__(hinge, name=name, dtype=dtype)


class SquaredHinge(NamedMean):
    """The mean of the squared distances by which predictions fall short of the margin."""

    direction = "down"

    def __init__(self, name: str | None = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(squared_hinge, name=name, dtype=dtype)


class CategoricalHinge(NamedMean):
    """The mean distance by which the right class misses a lead of 1."""

    direction = "down"

    def __init__(self, name: str | None = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(categorical_hinge, name=name, dtype=dtype)

"""Metrics of distributions: the Kullback-Leibler divergence, and the surprise of counts."""

from __future__ import annotations

from typing import Any

from flintglass.losses.divergence import kl_divergence
from flintglass.losses.poisson_loss import poisson
from flintglass.metrics.averages import NamedMean


class KLDivergence(NamedMean):
    """The mean divergence of predicted distributions from the targets."""

    direction = "down"

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(kl_divergence, name=name, dtype=dtype)


class Poisson(NamedMean):
    """The mean surprise of counts whose means are predicted."""

    direction = "down"

    def __init__(self, name: str | None = "poisson", dtype: Any = None) -> None:
        super().__init__(poisson, name=name, dtype=dtype)

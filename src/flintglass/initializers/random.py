"""Initializers that draw from one distribution, whatever the shape."""

from __future__ import annotations

from typing import Any

from flintglass.initializers.base import PRICE_OF_A_TRUNCATED_NORMAL, RandomInitializer
from flintglass.tracing.tensor import Tensor


class RandomUniform(RandomInitializer):
    """Uniform numbers in [minval, maxval)."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        self.minval = minval
        self.maxval = maxval
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        return self.draw_uniform(shape, self.minval, self.maxval, dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


class RandomNormal(RandomInitializer):
    """Normal numbers of this mean and standard deviation."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        self.mean = mean
        self.stddev = stddev
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        return self.draw_normal(shape, self.mean, self.stddev, dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(RandomNormal):
    """Normal numbers, those beyond 2 standard deviations drawn again; the deviation is not corrected for it."""

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        return self.draw_truncated_normal(shape, self.mean, self.stddev, dtype)

    def price(self, shape: Any) -> float:
        return PRICE_OF_A_TRUNCATED_NORMAL

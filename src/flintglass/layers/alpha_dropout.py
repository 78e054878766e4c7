"""AlphaDropout: dropout that keeps the mean and the variance of what comes out of selu."""

from __future__ import annotations

from typing import Any

from flintglass import ops, random
from flintglass.layers.arguments import probability
from flintglass.layers.dropout import Dropout
from flintglass.layers.seeds import generator_of
from flintglass.ops.activation import SELU_ALPHA, SELU_SCALE

# What selu gives far below 0: the value that dropped inputs take.
_LOWEST = -SELU_ALPHA * SELU_SCALE


class AlphaDropout(Dropout):
    """Sets inputs to the lowest value of selu with the probability ``rate`` in training, then scales and shifts all
    so that mean 0 and variance 1 are kept.

    Source: Klambauer and others, "Self-Normalizing Neural Networks" (2017).
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, noise_shape, seed, **kwargs)
        probability(self._place, "rate", rate, below_one=True)

    def dropped(self, inputs: Any, shape: Any) -> Any:
        kept = random.uniform(shape, dtype=self.dtype, seed=generator_of(self)) >= float(self.rate)
        scale = ((1.0 - self.rate) * (1.0 + self.rate * _LOWEST**2)) ** -0.5
        return ops.where(kept, inputs, _LOWEST) * scale - scale * _LOWEST * self.rate

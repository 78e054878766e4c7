"""GaussianDropout: in training, the inputs are multiplied by normal numbers around 1."""

from __future__ import annotations

import math
from typing import Any

from flintglass import random
from flintglass.layers.arguments import probability
from flintglass.layers.base import Layer
from flintglass.layers.seeds import generator_of


class GaussianDropout(Layer):
    """Multiplies by normal numbers of mean 1 and variance rate / (1 - rate) in training.

    That is the mean and the variance by which Dropout of this rate multiplies. Source: Srivastava and others,
    "Dropout" (JMLR 2014), section 10.
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = probability(self._place, "rate", rate, below_one=True)
        self.seed = seed
        if self.rate > 0:
            generator_of(self)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        deviation = math.sqrt(self.rate / (1.0 - self.rate))
        return inputs * random.normal(inputs.spec.shape, 1.0, deviation, self.dtype, generator_of(self))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}

"""GaussianNoise: in training, normal numbers are added to the inputs."""

from __future__ import annotations

from typing import Any

from flintglass import random
from flintglass.layers.arguments import from_zero_up
from flintglass.layers.base import Layer
from flintglass.layers.seeds import generator_of


class GaussianNoise(Layer):
    """Adds normal numbers of mean 0 and deviation ``stddev`` in training; the inputs pass unchanged otherwise."""

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stddev = from_zero_up(self._place, "stddev", stddev)
        self.seed = seed
        if self.stddev > 0:
            generator_of(self)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.stddev == 0:
            return inputs
        return inputs + random.normal(inputs.spec.shape, 0.0, self.stddev, self.dtype, generator_of(self))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}

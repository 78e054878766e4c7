"""Dropout: in training, a share of the inputs is set to 0 and the rest is scaled up."""

from __future__ import annotations

from typing import Any

from flintglass import random
from flintglass.layers.arguments import is_whole, probability
from flintglass.layers.base import Layer
from flintglass.layers.seeds import generator_of


class Dropout(Layer):
    """Sets each input to 0 with the probability ``rate`` in training, and divides the rest by 1 - rate.

    noise_shape: the shape of the draw, as long as the input's; where an extent is 1, one draw decides for the
    whole axis, and None stands for the input's own extent. Outside training the inputs pass unchanged.
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = probability(self._place, "rate", rate)
        self.seed = seed
        self.noise_shape = self._checked(noise_shape)
        if self.rate > 0:
            generator_of(self)
        self.supports_masking = True
        self.built = True

    def _checked(self, noise_shape: Any) -> tuple[Any, ...] | None:
        if noise_shape is None:
            return None
        extents = tuple(noise_shape) if isinstance(noise_shape, (list, tuple)) else (noise_shape,)
        if not all(extent is None or (is_whole(extent) and extent > 0) for extent in extents):
            raise ValueError(
                f"{self._place}: noise_shape holds positive whole numbers and None, one for each axis of the "
                f"input, not {noise_shape!r}"
            )
        return extents

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        if self.noise_shape is not None and len(self.noise_shape) != inputs.ndim:
            raise ValueError(
                f"{self._place}: noise_shape {self.noise_shape} names {len(self.noise_shape)} axes, but the input "
                f"has {inputs.ndim}; give one extent, or None, for each"
            )
        given = self.noise_shape or (None,) * inputs.ndim
        shape = tuple(own if extent is None else extent for own, extent in zip(inputs.spec.shape, given, strict=True))
        return self.dropped(inputs, shape)

    def dropped(self, inputs: Any, shape: Any) -> Any:
        """The inputs with some of them dropped, by a draw of this shape."""
        return random.dropout(inputs, self.rate, shape, generator_of(self))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}

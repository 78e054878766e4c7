"""Activations with settings as layers: ReLU, LeakyReLU, ELU."""

from __future__ import annotations

from typing import Any

from flintglass import activations
from flintglass.layers.arguments import from_zero_up, is_number
from flintglass.layers.base import Layer


class ReLU(Layer):
    """x above ``threshold``, at most ``max_value``; below it, ``negative_slope`` times x - threshold."""

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else from_zero_up(self._place, "max_value", max_value)
        self.negative_slope = from_zero_up(self._place, "negative_slope", negative_slope)
        self.threshold = from_zero_up(self._place, "threshold", threshold)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        return activations.relu(
            inputs, negative_slope=self.negative_slope, max_value=self.max_value, threshold=self.threshold
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }


class LeakyReLU(Layer):
    """x from 0 up, x times ``negative_slope`` below; Keras 2 called the slope ``alpha``, which is taken too."""

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        negative_slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        self.negative_slope = from_zero_up(self._place, "negative_slope", negative_slope)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        return activations.leaky_relu(inputs, negative_slope=self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "negative_slope": self.negative_slope}


class ELU(Layer):
    """x above 0, ``alpha`` * (e ** x - 1) below."""

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not is_number(alpha):
            raise ValueError(f"{self._place}: alpha is a number, not {alpha!r}")
        self.alpha = alpha
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        return activations.elu(inputs, alpha=self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}

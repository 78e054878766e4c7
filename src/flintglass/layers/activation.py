"""Activation: a function of its input, by name or as a callable."""

from __future__ import annotations

from typing import Any

from flintglass import activations
from flintglass.layers.base import Layer


class Activation(Layer):
    """Applies ``activation`` to its input."""

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}

"""Identity: the inputs themselves."""

from __future__ import annotations

from typing import Any

from flintglass.layers.base import Layer


class Identity(Layer):
    """Returns its inputs."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        return inputs

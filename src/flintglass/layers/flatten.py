"""Flatten: every axis but the batch becomes one."""

from __future__ import annotations

from typing import Any

from flintglass.errors import ShapeError
from flintglass.layers.base import Layer
from flintglass.layers.input_spec import InputSpec
from flintglass.program.spec import Spec
from flintglass.tracing.tensor import Tensor, apply


class Flatten(Layer):
    """Flattens its input: (n, 2, 3) becomes (n, 6), and (n,) becomes (n, 1)."""

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if data_format not in (None, "channels_last"):
            raise ValueError(f"{self._place}: data_format is 'channels_last', not {data_format!r}")
        self.data_format = data_format
        self.input_spec = InputSpec(min_ndim=1)
        self.built = True

    def call(self, inputs: Any) -> Tensor:
        shape = inputs.spec.shape
        if not shape:
            raise ShapeError(f"{self._place}: a scalar has no batch to keep")
        rest = Spec(shape[1:], inputs.dtype).size
        return apply("reshape", inputs, shape=(shape[0], rest))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format or "channels_last"}

"""Permute: the axes of each row in another order."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.layers.base import Layer
from flintglass.layers.input_spec import InputSpec


class Permute(Layer):
    """Reorders axes; ``dims`` counts them from 1, the batch stays first: ``(2, 1)`` turns (n, a, b) into (n, b, a)."""

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        order = tuple(dims) if isinstance(dims, (list, tuple)) else (dims,)
        if sorted(map(repr, order)) != sorted(map(repr, range(1, len(order) + 1))):
            raise ValueError(
                f"{self._place}: dims names each axis behind the batch once, counted from 1, as (2, 1), not {dims!r}"
            )
        self.dims = order
        self.input_spec = InputSpec(ndim=len(order) + 1)

    def call(self, inputs: Any) -> Any:
        return ops.transpose(inputs, (0, *self.dims))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dims": self.dims}

"""Initializers that draw nothing: zeros, ones, a constant, the identity."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.errors import ShapeError
from flintglass.initializers.base import Initializer
from flintglass.tracing.promotion import standard_dtype
from flintglass.tracing.tensor import Tensor


class Zeros(Initializer):
    """Zeros."""

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        return ops.zeros(shape, standard_dtype(dtype))


class Ones(Initializer):
    """Ones."""

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        return ops.ones(shape, standard_dtype(dtype))


class Constant(Initializer):
    """One number everywhere, or an array that broadcasts to the shape."""

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        return ops.full(shape, self.value, standard_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value}


class Identity(Initializer):
    """``gain`` on the diagonal of a matrix, zeros elsewhere."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        if len(shape) != 2:
            raise ShapeError(f"Identity makes matrices, not tensors of shape {tuple(shape)}")
        return ops.eye(*shape, dtype=standard_dtype(dtype)) * self.gain

    def get_config(self) -> dict[str, Any]:
        # Keras leaves the gain out where it is 1; so do we, that the dictionaries are equal.
        return {} if self.gain == 1.0 else {"gain": self.gain}

"""RMSNormalization: each row divided by the root of the mean of its squares."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.layers.arguments import axes_within, from_zero_up, known_extents, whole_axes
from flintglass.layers.base import Layer
from flintglass.layers.input_spec import InputSpec
from flintglass.layers.scaled import broadcasting


class RMSNormalization(Layer):
    """scale * x / sqrt(mean(x ** 2) + epsilon), the mean along ``axis`` (or several), whose extents ``scale`` has.

    Source: Zhang and Sennrich, "Root Mean Square Layer Normalization" (2019).
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        whole_axes(self._place, axis)
        self.axis = list(axis) if isinstance(axis, (list, tuple)) else axis
        self.input_spec = InputSpec(min_ndim=2)
        self.epsilon = from_zero_up(self._place, "epsilon", epsilon)
        self.scale: Any = None

    def build(self, input_shape: Any = None) -> None:
        self.axis = whole_axes(self._place, self.axis)
        axes = axes_within(self._place, self.axis, len(input_shape))
        shape = known_extents(self._place, input_shape, axes, "scale")
        self.scale = self.add_weight(name="scale", shape=shape, initializer="ones")
        self.built = True

    def call(self, x: Any) -> Any:
        axes = axes_within(self._place, whole_axes(self._place, self.axis), x.ndim)
        shape = tuple(x.spec.shape[axis] if axis in axes else 1 for axis in range(x.ndim))
        squares = ops.mean(ops.square(x), axes, keepdims=True)
        return x * ops.rsqrt(squares + self.epsilon) * broadcasting(self.scale, shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}

"""LayerNormalization: each row to mean 0 and variance 1 over its own numbers."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.layers.arguments import axes_within, known_extents, whole_axes
from flintglass.layers.input_spec import InputSpec
from flintglass.layers.scaled import ScaledAndCentered


class LayerNormalization(ScaledAndCentered):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, mean and variance along ``axis`` (or several).

    gamma and beta have the extents of those axes. Source: Ba, Kiros and Hinton, "Layer Normalization" (2016).
    """

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        rms_scaling = kwargs.pop("rms_scaling", False)
        super().__init__(
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        if rms_scaling:
            raise ValueError(f"{self._place}: rms_scaling=True is not supported; use RMSNormalization")
        whole_axes(self._place, axis)
        self.axis = list(axis) if isinstance(axis, (list, tuple)) else axis
        self.input_spec = InputSpec(min_ndim=2)
        self.rms_scaling = False

    def build(self, input_shape: Any = None) -> None:
        self.axis = whole_axes(self._place, self.axis)
        axes = axes_within(self._place, self.axis, len(input_shape))
        self.add_scale_and_center(known_extents(self._place, input_shape, axes, "weights"))
        self.built = True

    def call(self, inputs: Any) -> Any:
        axes = axes_within(self._place, whole_axes(self._place, self.axis), inputs.ndim)
        shape = tuple(inputs.spec.shape[axis] if axis in axes else 1 for axis in range(inputs.ndim))
        centered = inputs - ops.mean(inputs, axes, keepdims=True)
        return self.scaled(centered, ops.mean(ops.square(centered), axes, keepdims=True), shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "rms_scaling": self.rms_scaling,
            **self.scale_and_center_config(),
        }

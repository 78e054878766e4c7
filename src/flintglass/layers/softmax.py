"""Softmax: positive numbers that add up to 1 along an axis."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.layers.arguments import axes_within, whole_axes
from flintglass.layers.base import Layer

# What is masked out gets this in the place of its input: e ** of it is 0 beside any number that trains.
_FAR_BELOW = {"float16": -3e4}


class Softmax(Layer):
    """The softmax of its input along ``axis`` (or several); where a ``mask`` is given, over what is true in it."""

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        whole_axes(self._place, axis)
        self.axis = axis
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        axes = axes_within(self._place, whole_axes(self._place, self.axis), inputs.ndim)
        if mask is not None:
            inputs = inputs + (1.0 - ops.cast(mask, inputs.dtype)) * _FAR_BELOW.get(inputs.dtype, -1e9)
        return ops.softmax(inputs, axis=tuple(axes))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}

"""UnitNormalization: vectors along an axis scaled to length 1."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.layers.arguments import axes_within, whole_axes
from flintglass.layers.base import Layer

_SHORTEST = 1e-12  # vectors shorter than this are divided by it


class UnitNormalization(Layer):
    """Divides by the Euclidean length along ``axis`` (or over several)."""

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        whole_axes(self._place, axis)
        self.axis = list(axis) if isinstance(axis, (list, tuple)) else axis
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        axes = axes_within(self._place, whole_axes(self._place, self.axis), inputs.ndim)
        return ops.normalize(inputs, axis=axes, order=2, epsilon=_SHORTEST)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}

"""Concatenate: inputs one after the other along an axis."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.errors import ShapeError
from flintglass.layers.arguments import axes_within, whole_axes
from flintglass.layers.merge import Merge, list_of_shapes


class Concatenate(Merge):
    """Joins a list of inputs along ``axis``; their other extents must be equal."""

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if len(whole_axes(self._place, axis)) != 1 or isinstance(axis, (list, tuple)):
            raise TypeError(f"{self._place}: axis is one whole number, not {axis!r}")
        self.axis = axis

    def build(self, input_shape: Any = None) -> None:
        shapes = list_of_shapes(self._place, input_shape)
        if len({len(shape) for shape in shapes}) > 1:
            raise ShapeError(f"{self._place} joins inputs of one rank, but got {' and '.join(map(str, shapes))}")
        (joined,) = axes_within(self._place, [self.axis], len(shapes[0]))
        for axis, extents in enumerate(zip(*shapes, strict=True)):
            if axis != joined and len({extent for extent in extents if extent is not None}) > 1:
                raise ShapeError(
                    f"{self._place} joins inputs along axis {self.axis}, so their other extents must be equal, but "
                    f"axis {axis} differs: {' and '.join(map(str, shapes))}"
                )
        self.built = True

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        if previous_mask is None:
            return None
        parts = []
        for tensor, mask in zip(inputs, previous_mask, strict=True):
            everywhere = ops.ones_like(tensor, dtype="bool")
            parts.append(
                everywhere
                if mask is None
                else everywhere & (ops.expand_dims(mask, -1) if mask.ndim < tensor.ndim else mask)
            )
        return ops.any(ops.concatenate(parts, self.axis), axis=-1)

    def call(self, inputs: Any) -> Any:
        return ops.concatenate(list(inputs), self.axis)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """The inputs one after the other along an axis; ``Concatenate`` called on them."""
    return Concatenate(axis=axis, **kwargs)(inputs)

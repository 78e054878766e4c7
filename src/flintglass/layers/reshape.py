"""Reshape: each row in another shape."""

from __future__ import annotations

import math
from typing import Any

from flintglass import ops
from flintglass.errors import ShapeError
from flintglass.layers.arguments import is_whole
from flintglass.layers.base import Layer


class Reshape(Layer):
    """The numbers of each row, in their order, in ``target_shape``, in which one -1 stands for what is left."""

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(target_shape, (list, tuple)):
            raise TypeError(
                f"{self._place}: target_shape is a tuple of extents without the batch, not {target_shape!r}"
            )
        extents = tuple(target_shape)
        if not all(is_whole(extent) and (extent > 0 or extent == -1) for extent in extents) or extents.count(-1) > 1:
            raise ValueError(
                f"{self._place}: target_shape holds positive whole numbers and at most one -1, which stands for what "
                f"is left, not {extents}"
            )
        self.target_shape = extents
        self.built = True

    def call(self, inputs: Any) -> Any:
        if inputs.ndim == 0:
            raise ShapeError(f"{self._place}: a scalar has no batch to keep")
        rows, *extents = inputs.spec.shape
        known = math.prod(extent for extent in self.target_shape if extent != -1)
        if all(is_whole(extent) for extent in extents):
            count = math.prod(extents)
            if count % known if -1 in self.target_shape else count != known:
                raise ShapeError(f"{tuple(extents)}, {count} numbers a row, cannot become {self.target_shape}")
        return ops.reshape(inputs, (rows, *self.target_shape))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target_shape": self.target_shape}

"""Input: the placeholder that a functional model starts from, and the layer that stands for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from flintglass.errors import ShapeError
from flintglass.layers.base import Layer
from flintglass.ops.graph import enter_operators
from flintglass.program import Size, Spec
from flintglass.suggestions import telling
from flintglass.tracing.placeholder import Call, placeholder
from flintglass.tracing.promotion import standard_dtype
from flintglass.tracing.tensor import Tensor

enter_operators()


def symbolic_spec(shape: Any, dtype: str) -> Spec:
    """The spec of a shape in which None stands for an unknown extent: the batch is ``n``."""
    extents: list[Any] = []
    for axis, extent in enumerate(shape):
        if extent is None:
            extents.append(Size("n" if axis == 0 else f"d{axis}"))
        elif isinstance(extent, (int, np.integer)) and extent >= 0:
            extents.append(int(extent))
        else:
            raise ShapeError(f"a shape holds whole numbers and None, not {extent!r} (in {tuple(shape)})")
    return Spec(tuple(extents), dtype)


class InputLayer(Layer):
    """The source of one input; ``output`` is its placeholder."""

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Any = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
        **older: Any,
    ) -> None:
        # As Keras 2 called them.
        shape, batch_shape = older.pop("input_shape", shape), older.pop("batch_input_shape", batch_shape)
        super().__init__(name=name, dtype=dtype, **older)
        if sparse or ragged:
            raise ValueError(f"Input {self.name!r}: sparse and ragged inputs are not supported; give dense arrays")
        if batch_shape is None:
            if shape is None:
                raise ValueError(f"Input {self.name!r} needs a shape (without the batch) or a batch_shape")
            shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
            batch_shape = (batch_size, *shape)
        self.batch_shape = tuple(batch_shape)
        self.optional = optional
        self.built = True
        self._dtype = standard_dtype(dtype)
        call = Call(None, (), {})
        call.outputs = [placeholder(symbolic_spec(self.batch_shape, self._dtype), call)]
        call.operation = self
        self._calls.append(call)

    @property
    def input(self) -> Tensor:
        found: Tensor = self._calls[0].outputs[0]
        return found

    def call(self, *arguments: Any, **keywords: Any) -> Any:
        """The input itself."""
        return arguments[0]

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {
            "batch_shape": self.batch_shape,
            "dtype": self._dtype,
            "sparse": False,
            "ragged": False,
            "name": config["name"],
            "optional": self.optional,
        }


@telling
def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
) -> Tensor:
    """A placeholder of this shape: the start of a functional model.

    shape: the extents without the batch, None for unknown ones; a whole number counts as ``(number,)``.
    """
    layer = InputLayer(
        shape=shape,
        batch_size=batch_size,
        dtype=dtype,
        sparse=sparse,
        ragged=ragged,
        batch_shape=batch_shape,
        name=name,
        optional=optional,
    )
    return layer.input

"""Rescaling: the inputs times a number, plus another."""

from __future__ import annotations

from typing import Any

import numpy as np

from flintglass import ops
from flintglass.errors import DataError
from flintglass.layers.base import Layer


class Rescaling(Layer):
    """inputs * scale + offset; each is a number, or an array that broadcasts. Whole numbers become floats first:
    ``Rescaling(1 / 255)`` takes the bytes of pictures to [0, 1]."""

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = plain_numbers(self._place, "scale", scale)
        self.offset = plain_numbers(self._place, "offset", offset)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        scale, offset = (ops.convert_to_tensor(part, self.dtype) for part in (self.scale, self.offset))
        return ops.cast(inputs, self.dtype) * scale + offset

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}


def plain_numbers(place: str, name: str, value: Any) -> Any:
    """Numbers as a configuration holds them: a number of Python's, or nested lists of them."""
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.asarray(None)
    if array.dtype.kind not in "fiub":
        raise DataError(f"{place}: {name} is a number or an array of numbers, not {value!r}")
    return array.tolist()

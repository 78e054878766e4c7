"""A spec: the shape and the dtype of a value, known before the program runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from flintglass.errors import ProgramError
from flintglass.program.size import Dimension, Size, bind, dimension

Shape = tuple[Dimension, ...]

DTYPES = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
)
_NAMES = {np.dtype(name): name for name in DTYPES}
FLOATS = ("float16", "float32", "float64")


@dataclass(frozen=True, slots=True)
class Spec:
    """The type of a value: ``float32[n, 4]``. A scalar has the empty shape: ``float32[]``."""

    shape: Shape
    dtype: str

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> Dimension:
        """How many elements: the product of the dimensions."""
        total: Dimension = 1
        for extent in self.shape:
            total = total * extent
        return total

    @property
    def count(self) -> int:
        """How many elements, where every dimension is a number."""
        return int(self.size)

    @property
    def is_float(self) -> bool:
        return self.dtype in FLOATS

    @property
    def names(self) -> frozenset[str]:
        """The named sizes of the shape."""
        return frozenset(name for extent in self.shape if isinstance(extent, Size) for name in extent.names)

    def bind(self, sizes: Mapping[str, int]) -> Spec:
        """The same spec with named sizes replaced by numbers."""
        if all(type(extent) is int for extent in self.shape):
            return self
        return Spec(tuple(bind(extent, sizes) for extent in self.shape), self.dtype)

    def __str__(self) -> str:
        return f"{self.dtype}[{', '.join(str(extent) for extent in self.shape)}]"


def spec(shape: Iterable[object], dtype: str) -> Spec:
    """A spec from anything that reads as dimensions; an unknown dtype raises ProgramError."""
    if dtype not in DTYPES:
        raise ProgramError(f"unknown dtype {dtype!r}; a program knows {', '.join(DTYPES)}")
    return Spec(tuple(dimension(extent) for extent in shape), dtype)


def dtype_name(dtype: np.dtype) -> str:
    """The name of a NumPy dtype; a table, since NumPy spells it out anew every time (1 us)."""
    return _NAMES.get(dtype) or dtype.name

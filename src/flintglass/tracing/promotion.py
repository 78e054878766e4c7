"""Which dtype two operands meet in: Keras's promotion table, 64 bits honoured, Python numbers weak."""

from __future__ import annotations

from typing import Any

import numpy as np

from flintglass import config
from flintglass.errors import ProgramError
from flintglass.program.spec import DTYPES

# Each dtype and those directly above it in the lattice; "int" and "float" are Python's own numbers.
_ABOVE = {
    "bool": ("int",),
    "int": ("uint8", "int8"),
    "uint8": ("int16", "uint16"),
    "uint16": ("int32", "uint32"),
    "uint32": ("int64", "uint64"),
    "uint64": ("float",),
    "int8": ("int16",),
    "int16": ("int32",),
    "int32": ("int64",),
    "int64": ("float",),
    "float": ("float16",),
    "float16": ("float32",),
    "float32": ("float64",),
    "float64": (),
}


def _reach(dtype: str) -> frozenset[str]:
    reached = {dtype}
    for above in _ABOVE[dtype]:
        reached |= _reach(above)
    return frozenset(reached)


_REACH = {dtype: _reach(dtype) for dtype in _ABOVE}


def standard_dtype(dtype: Any) -> str:
    """The name of a dtype given as a text, a NumPy dtype, a Python type, or anything with a ``name``."""
    if dtype.__class__ is str and dtype in DTYPES:
        return dtype
    if dtype is None:
        return config.floatx()
    python = {float: config.floatx(), int: "int32", bool: "bool"}
    if isinstance(dtype, type) and dtype in python:  # numpy.dtype('float64') == float, and is not meant
        return python[dtype]
    name = str(getattr(dtype, "name", dtype))
    if name not in DTYPES:
        try:
            name = np.dtype(dtype).name
        except TypeError:
            name = str(dtype)
    if name not in DTYPES:
        raise ProgramError(f"unknown dtype {dtype!r}; known are {', '.join(DTYPES)}")
    return name


def result_dtype(*dtypes: str) -> str:
    """The least dtype above all: ``int32`` and ``float32`` meet in ``float32``, ``int`` yields to any."""
    common = frozenset.intersection(*(_REACH[dtype] for dtype in dtypes))
    least = max(common, key=lambda dtype: len(_REACH[dtype] & common))
    if least == "int":
        return "int32"
    return config.floatx() if least == "float" else least


def weak_dtype(number: Any) -> str:
    """The place of a Python number in the table."""
    return "bool" if isinstance(number, bool) else "int" if isinstance(number, int) else "float"

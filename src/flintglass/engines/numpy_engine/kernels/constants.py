"""Kernels of the values without operands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from flintglass.engines.numpy_engine.kernels.table import Array, Thunk, kernel


@kernel
def iota(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Mapping[str, Any]) -> Thunk:
    (out,), axis = outputs, attributes["axis"]
    counted = np.arange(out.shape[axis], dtype=out.dtype).reshape((-1,) + (1,) * (out.ndim - axis - 1))
    return partial(np.copyto, out, counted)


@kernel
def extent(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Mapping[str, Any]) -> Thunk:
    return partial(outputs[0].fill, attributes["size"])

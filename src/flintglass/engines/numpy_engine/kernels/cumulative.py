"""Kernels of running totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from flintglass.engines.numpy_engine.kernels.table import KERNELS, Array, Kernel, Thunk

UFUNCS = {
    "cumulative_sum": np.add,
    "cumulative_product": np.multiply,
    "cumulative_maximum": np.maximum,
}


def _of(ufunc: np.ufunc) -> Kernel:
    def bind(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Mapping[str, Any]) -> Thunk:
        (x,), (out,), axis = inputs, outputs, attributes["axis"]
        if attributes.get("reverse"):
            x, out = np.flip(x, axis), np.flip(out, axis)
        if attributes.get("exclusive"):
            return _shifted(ufunc, np.moveaxis(x, axis, 0), np.moveaxis(out, axis, 0))
        return partial(ufunc.accumulate, x, axis, out.dtype, out)

    return bind


def _shifted(ufunc: np.ufunc, x: np.ndarray, out: np.ndarray) -> Thunk:
    """Accumulates what stands before each element, along the first axis."""
    accumulate, first, rest, before = ufunc.accumulate, out[:1], out[1:], x[:-1]

    def run() -> None:
        first.fill(ufunc.identity)
        accumulate(before, 0, rest.dtype, rest)

    return run


KERNELS.update({name: _of(ufunc) for name, ufunc in UFUNCS.items()})

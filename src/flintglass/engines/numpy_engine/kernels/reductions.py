"""Kernels of reductions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from flintglass.engines.numpy_engine.kernels.table import KERNELS, Array, Kernel, Thunk, kernel

Attributes = Mapping[str, Any]

UFUNCS = {
    "sum": np.add,
    "prod": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
    "any": np.logical_or,
    "all": np.logical_and,
}


def _of(ufunc: np.ufunc) -> Kernel:
    def bind(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Attributes) -> Thunk:
        (x,), (out,) = inputs, outputs
        keepdims = attributes.get("keepdims", False)
        return partial(ufunc.reduce, x, attributes["axis"], out.dtype, out=out, keepdims=keepdims)

    return bind


KERNELS.update({name: _of(ufunc) for name, ufunc in UFUNCS.items()})


@kernel
def mean(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Attributes) -> Thunk:
    (x,), (out,), axes = inputs, outputs, attributes["axis"]
    count = out.dtype.type(np.prod([x.shape[axis] for axis in axes]))
    keepdims = attributes.get("keepdims", False)
    if out.dtype == np.float16:
        # The sum, or even the count, may be more than a half-precision number can hold.
        return lambda: np.copyto(out, np.mean(x, axes, np.float32, keepdims=keepdims), casting="same_kind")
    add, divide = np.add.reduce, np.true_divide

    def run() -> None:
        add(x, axes, None, out=out, keepdims=keepdims)
        divide(out, count, out)

    return run

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
    reduce: Any = ufunc.reduce

    def bind(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Attributes) -> Thunk:
        (x,), (out,) = inputs, outputs
        # By position: keywords cost 0.2 us.
        rest = _axis(attributes), out.dtype, out, attributes.get("keepdims", False)
        if min(x.strides, default=0) < 0:
            # NumPy 2.0.2 gave wrong maxima and minima where it writes into `out` what lies backwards in memory.
            return lambda: reduce(x.copy(), *rest)
        return partial(reduce, x, *rest)

    return bind


def _axis(attributes: Attributes) -> Any:
    axes = attributes["axis"]
    return axes[0] if len(axes) == 1 else axes


KERNELS.update({name: _of(ufunc) for name, ufunc in UFUNCS.items()})


@kernel
def mean(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Attributes) -> Thunk:
    (x,), (out,), axes = inputs, outputs, attributes["axis"]
    count = out.dtype.type(np.prod([x.shape[axis] for axis in axes]))
    keepdims = attributes.get("keepdims", False)
    if out.dtype == np.float16:
        # The sum, or even the count, may be more than a half-precision number can hold.
        return lambda: np.copyto(out, np.mean(x, axes, np.float32, keepdims=keepdims), casting="same_kind")
    # A total of its own: on a single element NumPy is slow in place (1.1 us for this division, else 0.4).
    total, number, axis = np.empty_like(out), np.asarray(count), _axis(attributes)
    add: Any = np.add.reduce
    divide = np.true_divide

    def run() -> None:
        add(x, axis, None, total, keepdims)
        divide(total, number, out)

    return run

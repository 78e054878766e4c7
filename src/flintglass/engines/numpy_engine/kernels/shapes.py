"""Views and kernels of the primitives that rearrange: a view where NumPy has one, else a copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from flintglass.engines.numpy_engine.kernels.table import (
    KERNELS,
    Array,
    Kernel,
    Thunk,
    View,
    kernel,
    view,
)

Attributes = Mapping[str, Any]


@view
def broadcast(x: Array, attributes: Attributes) -> Array:
    return np.broadcast_to(x, attributes["shape"])


@view
def transpose(x: Array, attributes: Attributes) -> Array:
    return x.transpose(attributes["axes"])


@view
def reverse(x: Array, attributes: Attributes) -> Array:
    # With an Ellipsis, a value of rank 0 gives a view and not a number.
    index: list[Any] = [slice(None, None, -1 if axis in attributes["axis"] else None) for axis in range(x.ndim)]
    return x[(*index, ...)]


@view
def slice_(x: Array, attributes: Attributes) -> Array:
    steps = attributes.get("step", (1,) * x.ndim)
    index: list[Any] = list(map(slice, attributes["start"], attributes["stop"], steps))
    return x[(*index, ...)]


def _copy_of(viewed: View) -> Kernel:
    def bind(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Attributes) -> Thunk:
        seen = viewed(inputs[0], attributes)
        assert seen is not None, "any strides can be broadcast, transposed, reversed and sliced"
        return partial(np.copyto, outputs[0], seen)

    return bind


KERNELS["broadcast"] = _copy_of(broadcast)
KERNELS["transpose"] = _copy_of(transpose)
KERNELS["reverse"] = _copy_of(reverse)
KERNELS["slice"] = _copy_of(slice_)


@view
def reshape(x: Array, attributes: Attributes) -> Array | None:
    shaped = x.reshape(attributes["shape"])
    return shaped if np.may_share_memory(shaped, x) else None


def _reshaped_copy(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Attributes) -> Thunk:
    # The output is contiguous, so it can be seen in the operand's shape; the reverse may not hold.
    return partial(np.copyto, outputs[0].reshape(inputs[0].shape), inputs[0])


KERNELS["reshape"] = _reshaped_copy


@kernel
def concatenate(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Attributes) -> Thunk:
    return partial(np.concatenate, tuple(inputs), attributes["axis"], outputs[0])


@kernel
def pad(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Attributes) -> Thunk:
    (x,), (out,), value = inputs, outputs, attributes.get("value", 0)
    lows = zip(attributes["low"], x.shape, strict=True)
    inner = out[tuple(slice(low, low + extent) for low, extent in lows)]

    def run() -> None:
        out.fill(value)
        np.copyto(inner, x)

    return run

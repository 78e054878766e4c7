"""Kernels of sorting and of the positions of the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from flintglass.engines.numpy_engine.kernels.table import KERNELS, Array, Kernel, Thunk, kernel

Attributes = Mapping[str, Any]


@kernel
def sort(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Attributes) -> Thunk:
    (x,), (out,), axis = inputs, outputs, attributes["axis"]

    def run() -> None:
        np.copyto(out, x)
        out.sort(axis)

    return run


@kernel
def argsort(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Attributes) -> Thunk:
    (x,), (out,), axis = inputs, outputs, attributes["axis"]
    return lambda: np.copyto(out, np.argsort(x, axis, kind="stable"), casting="same_kind")


def _position(find: Any) -> Kernel:
    def bind(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Attributes) -> Thunk:
        (x,), (out,), axis = inputs, outputs, attributes["axis"]
        # NumPy finds positions in its own integer dtype only.
        return lambda: np.copyto(out, find(x, axis), casting="same_kind")

    return bind


KERNELS.update({"argmax": _position(np.argmax), "argmin": _position(np.argmin)})


@kernel
def top_k(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Attributes) -> Thunk:
    (x,), (values, positions) = inputs, outputs
    # Sorted from behind, then read from behind: descending, and equal elements in their own order.
    last, backward = x.shape[-1] - 1, x[..., ::-1]
    count = attributes["k"]

    def run() -> None:
        ascending = np.argsort(backward, -1, kind="stable")
        np.subtract(last, ascending[..., ::-1][..., :count], positions, casting="same_kind")
        np.copyto(values, np.take_along_axis(x, positions, -1))

    return run

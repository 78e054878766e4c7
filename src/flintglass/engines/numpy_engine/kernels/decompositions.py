"""Kernels of linear algebra, by LAPACK; a matrix for which it finds no result gives nan, and no exception.

Other engines call them for the primitives of the host's tier.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from flintglass.engines.numpy_engine.blas import one_thread_for
from flintglass.engines.numpy_engine.kernels.table import Array, Thunk, kernel

Attributes = Mapping[str, Any]
Function = Callable[..., Any]  # of stacks of matrices: one array, or as many as there are outputs


def _symmetric(x: Array) -> Array:
    return (x + x.swapaxes(-1, -2)) / x.dtype.type(2)


@kernel
def host_solve(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Attributes) -> Thunk:
    (out,) = outputs
    # Stacks of equal shape, which can be cut into the same parts.
    given = [np.broadcast_to(x, (*out.shape[:-2], *x.shape[-2:])) for x in inputs]
    return lambda: _fill([out], np.linalg.solve, given)


@kernel
def host_cholesky(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Attributes) -> Thunk:
    (x,) = inputs
    return lambda: _fill(outputs, np.linalg.cholesky, [_symmetric(x)])


@kernel
def host_eigh(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Attributes) -> Thunk:
    (x,) = inputs
    return lambda: _fill(outputs, np.linalg.eigh, [_symmetric(x)])


@kernel
def host_qr(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Attributes) -> Thunk:
    return lambda: _fill(outputs, np.linalg.qr, inputs)


@kernel
def host_svd(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Attributes) -> Thunk:
    return lambda: _fill(outputs, _reduced_svd, inputs)


def _reduced_svd(x: Array) -> Any:
    return np.linalg.svd(x, full_matrices=False)


@kernel
def host_determinant(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Attributes) -> Thunk:
    return lambda: _fill(outputs, np.linalg.det, inputs)


@kernel
def host_log_determinant(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Attributes) -> Thunk:
    return lambda: _fill(outputs, np.linalg.slogdet, inputs)


def _fill(outputs: Sequence[Array], function: Function, inputs: Sequence[Array]) -> None:
    """Write what the function gives for these stacks; where it fails, nan for the matrices at which it does."""
    try:
        if not np.isfinite(inputs[0]).all():
            raise np.linalg.LinAlgError  # LAPACK may print about nan, or search for ever
        rows, columns = inputs[0].shape[-2:]
        with one_thread_for([rows * columns * min(rows, columns)]) or nullcontext():
            found = function(*inputs)
    except np.linalg.LinAlgError:
        _fill_parts(outputs, function, inputs)
        return
    for out, array in zip(outputs, [found] if len(outputs) == 1 else found, strict=True):
        np.copyto(out, array, casting="same_kind")


def _fill_parts(outputs: Sequence[Array], function: Function, inputs: Sequence[Array]) -> None:
    """The two halves of the stacks by themselves, until one matrix is left."""
    stack = inputs[0].shape[:-2]
    count = int(np.prod(stack))
    if count <= 1:
        for out in outputs:
            out.fill(np.nan)
        return
    flat = [x.reshape(count, *x.shape[-2:]) for x in inputs]
    targets = [out.reshape(count, *out.shape[len(stack) :]) for out in outputs]
    for part in (slice(0, count // 2), slice(count // 2, count)):
        _fill([out[part] for out in targets], function, [x[part] for x in flat])

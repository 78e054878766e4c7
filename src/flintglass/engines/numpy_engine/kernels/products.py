"""Kernels of products of matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from flintglass.engines.numpy_engine.kernels.table import Array, Thunk, kernel


@kernel
def matmul(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Mapping[str, Any]) -> Thunk:
    (a, b), (out,) = inputs, outputs
    if attributes.get("transpose_a"):
        a = a.swapaxes(-1, -2)
    if attributes.get("transpose_b"):
        b = b.swapaxes(-1, -2)
    dtype = np.dtype(attributes.get("accumulate", out.dtype))
    if dtype == np.float16:
        dtype = np.dtype(np.float32)  # no BLAS knows half precision, and its loops are slow
    if dtype != out.dtype:
        return lambda: np.copyto(out, np.matmul(a.astype(dtype), b.astype(dtype)), casting="same_kind")
    if b.ndim == 2 < a.ndim:
        a, out = _as_one_matrix(a, out)
    # dot calls the same BLAS as np.matmul with less of preparation (0.7 us against 1.5 for 10x4 @ 4x3), and
    # does not leave it where the inner extent is 1 (3 against 13 for 32x1 @ 1x64).
    return partial(a.dot, b, out) if a.ndim == b.ndim == 2 else partial(np.matmul, a, b, out)


def _as_one_matrix(a: Array, out: Array) -> tuple[Array, Array]:
    """The leading axes of ``a`` as rows of one matrix, where no copy is needed for that."""
    rows = a.reshape(-1, a.shape[-1]) if a.size else a
    if rows.ndim > 2 or not np.may_share_memory(rows, a):
        return a, out
    return rows, out.reshape(-1, out.shape[-1])

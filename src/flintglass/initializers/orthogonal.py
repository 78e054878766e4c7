"""Orthogonal: a random matrix whose rows, or columns, are at right angles and of one length."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flintglass.errors import ShapeError
from flintglass.initializers.base import RandomInitializer
from flintglass.tracing.promotion import standard_dtype
from flintglass.tracing.tensor import Tensor, convert


class Orthogonal(RandomInitializer):
    """``gain`` times a random orthogonal matrix, from the QR decomposition of a normal one.

    Axes before the last count as rows. Source: Saxe, McClelland and Ganguli, "Exact solutions to the
    nonlinear dynamics of learning in deep linear neural networks" (ICLR 2014).
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        if len(shape) < 2:
            raise ShapeError(f"Orthogonal makes tensors of rank 2 or more, not of shape {tuple(shape)}")
        wanted = standard_dtype(dtype)
        rows, columns = math.prod(shape[:-1]), shape[-1]
        drawn = self.draw_normal((max(rows, columns), min(rows, columns)), 0.0, 1.0, wanted).array
        q, r = np.linalg.qr(drawn)
        q = q * np.sign(np.diagonal(r))  # makes the decomposition the one with a positive diagonal
        q = q.T if rows < columns else q
        scaled = q.reshape(tuple(shape)) * np.dtype(wanted).type(self.gain)
        return convert(np.ascontiguousarray(scaled.astype(wanted)))

    def price(self, shape: Any) -> float:
        return 2.0 + min(math.prod(shape[:-1]), shape[-1]) / 150 if shape else 1.0

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "gain": self.gain}

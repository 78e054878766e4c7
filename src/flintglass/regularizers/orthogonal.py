"""A penalty on rows, or columns, of a matrix that are not at right angles."""

from __future__ import annotations

from typing import Any

import numpy as np

from flintglass import config, ops
from flintglass.errors import ShapeError
from flintglass.regularizers.base import Regularizer, checked_factor
from flintglass.tracing.tensor import Tensor, apply, convert


class OrthogonalRegularizer(Regularizer):
    """factor times the mean |cosine| of the angles between all pairs of rows (or columns)."""

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        # Rounded to the default float, as Keras does.
        self.factor = np.dtype(config.floatx()).type(checked_factor("factor", factor)).item()
        if mode not in ("rows", "columns"):
            raise ValueError(f"OrthogonalRegularizer: mode is 'rows' or 'columns', not {mode!r}")
        self.mode = mode

    def __call__(self, inputs: Any) -> Tensor:
        x = convert(inputs)
        if x.ndim != 2:
            raise ShapeError(f"OrthogonalRegularizer takes a matrix, not a tensor of shape {x.shape}")
        rows = x if self.mode == "rows" else ops.transpose(x)
        rows = ops.normalize(rows, axis=1)
        cosines = ops.matmul(rows, ops.transpose(rows))
        size = rows.spec.shape[0]
        others = cosines * (1.0 - ops.eye(size, dtype=x.dtype))
        # Of outputs, the rows are the batch: a number only when the program runs.
        count: Any = size if isinstance(size, int) else apply("extent", size=size, dtype=x.dtype)
        pairs = count * (count - 1.0) / 2.0
        return ops.sum(ops.absolute(others)) * (self.factor * 0.5) / pairs

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}

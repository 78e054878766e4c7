"""Weights that are not below 0."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.constraints.base import Constraint
from flintglass.tracing.tensor import Tensor


class NonNeg(Constraint):
    """Elements below 0 become 0."""

    def __call__(self, w: Any) -> Tensor:
        return ops.maximum(w, 0.0)

"""Clipping: gradients kept within a norm, one by one or all together, or within a size of their elements."""

from __future__ import annotations

from collections.abc import Sequence

from flintglass import ops
from flintglass.tracing.tensor import Tensor


def clip_each_norm(gradients: Sequence[Tensor], norm: float) -> list[Tensor]:
    """Each gradient scaled down to this Euclidean norm where its own is larger."""
    return [g * norm / ops.maximum(ops.sqrt(ops.sum(ops.square(g))), norm) for g in gradients]


def clip_norm_of_all(gradients: Sequence[Tensor], norm: float) -> list[Tensor]:
    """All gradients scaled down by one factor where their common Euclidean norm is larger than this."""
    squares = [ops.sum(ops.square(gradient)) for gradient in gradients]
    total = squares[0]
    for square in squares[1:]:
        total = total + square
    found = ops.sqrt(total)
    # found - found is 0, or nan where a gradient is not finite: then every weight shows it.
    scale = ops.minimum(1.0 / found, 1.0 / norm) * norm + (found - found)
    return [gradient * ops.cast(scale, gradient.dtype) for gradient in gradients]


def clip_values(gradients: Sequence[Tensor], size: float) -> list[Tensor]:
    """Each element kept within [-size, size]."""
    return [ops.clip(gradient, -size, size) for gradient in gradients]

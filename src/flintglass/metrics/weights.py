"""Sample weights, spread over every element of the targets that they were given for."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.losses.reduction import require_fitting_weight
from flintglass.tracing.tensor import Tensor, cast, convert


def spread(place: str, sample_weight: Any, values: Tensor) -> Tensor | None:
    """The weights in the shape of the values, None for none; ShapeError where they were not given for these rows."""
    if sample_weight is None:
        return None
    weight = cast(convert(sample_weight), values.dtype)
    if weight.ndim == values.ndim + 1 and weight.spec.shape[-1] == 1:
        weight = ops.squeeze(weight, -1)
    if 0 < weight.ndim < values.ndim:
        weight = ops.reshape(weight, (*weight.spec.shape, *(1,) * (values.ndim - weight.ndim)))
    require_fitting_weight(place, values, weight)
    return ops.broadcast_to(weight, values.spec.shape)

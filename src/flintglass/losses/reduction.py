"""From one loss a row to the loss of a batch: weights, masks, and the mean or the sum."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.errors import ShapeError, nearest
from flintglass.losses.shapes import same_rank, text
from flintglass.tracing.tensor import Tensor, apply, cast, convert

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none")


def require_reduction(reduction: str | None) -> str | None:
    """The reduction itself; an unknown one raises ValueError."""
    if reduction is not None and reduction not in REDUCTIONS:
        raise ValueError(
            f"reduction is one of {', '.join(map(repr, REDUCTIONS))} or None, not {reduction!r}. "
            f"{nearest(str(reduction), REDUCTIONS)}"
        )
    return reduction


def reduced(place: str, values: Tensor, sample_weight: Any, mask: Any, reduction: str | None) -> Tensor:
    """The losses of the rows, weighted and reduced."""
    weight = None if sample_weight is None else cast(convert(sample_weight), values.dtype)
    if mask is not None:
        weight = masked_weight(weight, mask, values.dtype, reduction)
    if weight is not None:
        values, weight = same_rank(values, weight)
        require_fitting_weight(place, values, weight)
        values = values * weight
    if reduction in (None, "none") or values.ndim == 0 or values.spec.shape == (0,):
        return values
    if reduction == "sum" or 0 in values.spec.shape:
        return ops.sum(values)
    if reduction == "mean_with_sample_weight" and weight is not None:
        return ops.divide_no_nan(ops.sum(values), ops.sum(weight))
    return ops.mean(values)


def masked_weight(weight: Any, mask: Any, dtype: str, reduction: str | None) -> Tensor:
    """Weights that are 0 where the mask is False; a mean then divides by the rows that are left."""
    mask = cast(convert(mask), "bool")
    kept = cast(mask, dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        kept = kept * ops.divide_no_nan(how_many(mask.spec.size, dtype), ops.sum(kept))
    if weight is None:
        return kept
    kept, weight = same_rank(kept, weight)
    return weight * kept


def how_many(size: Any, dtype: str) -> Tensor:
    """A dimension as a number: of a named size, a line that knows it when the program runs."""
    return convert(float(size), dtype) if isinstance(size, int) else apply("extent", size=size, dtype=dtype)


def require_fitting_weight(place: str, values: Tensor, weight: Tensor) -> None:
    """Raise ShapeError where weights would be spread over losses that they were not given for."""
    found, expected = weight.spec.shape, values.spec.shape
    fits = len(found) == len(expected) and all(a in (b, 1) for a, b in zip(found, expected, strict=True))
    if found and not expected:
        raise ShapeError(
            f"{place}: sample_weight has the shape {text(found)}, but the loss is one number for all rows together. "
            f"Leave the weights out, or give the loss an axis to sum over that leaves one number a row"
        )
    if found and not fits:
        raise ShapeError(
            f"{place}: sample_weight has the shape {text(found)}, the losses have {text(expected)}. Give one "
            f"weight for each of them, or an axis of 1 where rows share a weight"
        )

"""The shapes of targets and predictions: Keras's (n,) to (n, 1), and errors where they would broadcast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flintglass import ops
from flintglass.errors import ShapeError
from flintglass.ops.common import floating
from flintglass.tracing.tensor import Tensor, cast, convert


def text(shape: Sequence[Any]) -> str:
    """A shape as users write it: ``(n, 1)``."""
    inner = ", ".join(str(extent) for extent in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


def same_rank(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Keras's rule: where the ranks differ by a last axis of 1, a vector gains it, anything else loses it."""
    if x.ndim == y.ndim + 1 and x.spec.shape[-1] == 1:
        return (x, ops.expand_dims(y, -1)) if y.ndim == 1 else (ops.squeeze(x, -1), y)
    if y.ndim == x.ndim + 1 and y.spec.shape[-1] == 1:
        return (ops.expand_dims(x, -1), y) if x.ndim == 1 else (x, ops.squeeze(y, -1))
    return x, y


def paired(place: str, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Targets in the dtype of the predictions, both of one shape; ShapeError where they would broadcast.

    A single number is a target for every prediction: it names no rows that could be confused.
    """
    y_pred = floating(y_pred)
    return aligned(place, cast(convert(y_true), y_pred.dtype), y_pred)


def aligned(place: str, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
    """Targets and predictions of one shape, each in its own dtype; ShapeError where they would broadcast."""
    y_true, y_pred = same_rank(y_true, y_pred)
    if y_true.ndim and y_true.spec.shape != y_pred.spec.shape:
        raise ShapeError(mismatch(place, y_true.spec.shape, y_pred.spec.shape))
    return y_true, y_pred


def mismatch(place: str, y_true: Sequence[Any], y_pred: Sequence[Any]) -> str:
    """What is wrong with two shapes that differ, the likely cause and the way out."""
    return (
        f"{place}: the targets y_true have the shape {text(y_true)}, the predictions y_pred {text(y_pred)}. "
        f"They must be equal: NumPy's broadcasting would compare values that do not belong together. "
        f"{_cause(y_true, y_pred)}"
    )


def _cause(y_true: Sequence[Any], y_pred: Sequence[Any]) -> str:
    if len(y_true) != len(y_pred):
        return (
            f"The ranks differ ({len(y_true)} and {len(y_pred)}): reshape y_true to {text(y_pred)}, or end "
            f"the model with as many outputs as y_true has columns"
        )
    if tuple(y_true[:-1]) == tuple(y_pred[:-1]):
        return (
            f"y_true has {_columns(y_true[-1])}, and the model has {_outputs(y_pred[-1])}: give the last "
            f"layer {y_true[-1]} units, or targets with {_columns(y_pred[-1])}"
        )
    return f"They differ before the last axis: reshape y_true to {text(y_pred)}, row for row"


def _columns(number: Any) -> str:
    return f"{number} column" + ("" if number == 1 else "s")


def _outputs(number: Any) -> str:
    return f"{number} output" + ("" if number == 1 else "s")


def classification(y_true: Sequence[Any], y_pred: Sequence[Any]) -> str:
    """What kind of classes the shapes speak of: ``"binary"``, ``"sparse"`` or ``"categorical"``."""
    if y_pred[-1] == 1:
        return "binary"
    return "sparse" if len(y_true) < len(y_pred) or y_true[-1] == 1 else "categorical"

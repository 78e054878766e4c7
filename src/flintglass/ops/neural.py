"""What belongs to outputs: softmax, one-hot rows, cross-entropies."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flintglass import config
from flintglass.errors import ShapeError
from flintglass.ops.common import floating, normal_axes, normal_axis
from flintglass.ops.elementwise import clip
from flintglass.ops.reductions import max as _max
from flintglass.ops.reductions import sum as _sum
from flintglass.ops.shapes import expand_dims, squeeze
from flintglass.ops.sorting import sort
from flintglass.program import Literal, Program, Spec
from flintglass.tracing.blocks import each
from flintglass.tracing.promotion import standard_dtype
from flintglass.tracing.tensor import Tensor, apply, cast, convert, divide, together
from flintglass.tracing.trace import trace_body


def softmax(x: Any, axis: Any = -1) -> Tensor:
    """Positive numbers that add up to 1 along the axis, in the ratios of e ** x."""
    x = floating(x)
    axes = normal_axes(axis, x.ndim)
    body = _block(_softmax, "softmax", (x.spec,), axes)
    return apply("call", x, body=body, gradient=_block(_softmax_gradient, "softmax_gradient", (x.spec, x.spec), axes))


def log_softmax(x: Any, axis: Any = -1) -> Tensor:
    """The logarithm of the softmax, exact where that is near 0."""
    x = floating(x)
    return apply("call", x, body=_block(_log_softmax, "log_softmax", (x.spec,), normal_axes(axis, x.ndim)))


@lru_cache(maxsize=256)
def _block(function: Any, name: str, specs: tuple[Spec, ...], axes: Any) -> Program:
    names = function.__code__.co_varnames[: len(specs)]
    return trace_body(lambda *operands: function(*operands, axes), specs, name, names)[0]


def _softmax(x: Tensor, axes: Any) -> Tensor:
    # The largest becomes 0, so that no exponential overflows; the result does not depend on it.
    highest = apply("stop_gradient", _max(x, axes, keepdims=True))
    weights = apply("exp", x - highest)
    return weights / _sum(weights, axes, keepdims=True)


def _softmax_gradient(x: Tensor, d: Tensor, axes: Any) -> Tensor:
    share = _softmax(x, axes)
    return share * (d - _sum(d * share, axes, keepdims=True))


def _log_softmax(x: Tensor, axes: Any) -> Tensor:
    lowered = x - apply("stop_gradient", _max(x, axes, keepdims=True))
    return lowered - apply("log", _sum(apply("exp", lowered), axes, keepdims=True))


def sparsemax(x: Any, axis: int = -1) -> Tensor:
    """The point of the probability simplex nearest to x along the axis; many results are 0.

    Source: Martins and Astudillo, "From Softmax to Sparsemax" (ICML 2016).
    """
    x = floating(x)
    axis = normal_axis(axis, x.ndim)
    extent = int(x.spec.shape[axis])
    falling = apply("reverse", sort(x, axis), axis=(axis,))
    place = tuple(extent if i == axis else 1 for i in range(x.ndim))
    ranks = apply("iota", shape=place, axis=axis, dtype=x.dtype) + 1.0
    excess = apply("cumulative_sum", falling, axis=axis) - 1.0
    support = cast(falling * ranks > excess, x.dtype)
    count = _sum(support, axis, keepdims=True)
    total = _sum(falling * support, axis, keepdims=True) - 1.0
    return apply("relu", x - total / count)


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Tensor:
    """Along a new axis, 1 at the index that x holds, else 0; an index out of range gives only zeros."""
    if sparse:
        raise ValueError("tensors are dense: `sparse` cannot be True")
    if isinstance(num_classes, (bool, str, float)):
        raise ValueError(f"one_hot: num_classes is a whole number, not {num_classes!r}")
    x = convert(x)
    place = normal_axis(axis, x.ndim + 1)
    extents = tuple(num_classes if i == place else 1 for i in range(x.ndim + 1))
    classes = apply("iota", shape=extents, axis=place, dtype="int32")
    matches = apply("equal", expand_dims(cast(x, "int32"), place), classes)
    return cast(matches, standard_dtype(dtype))


def multi_hot(
    inputs: Any, num_classes: int | None = None, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Tensor:
    """1 at every index that a row of the inputs holds, else 0."""
    if num_classes is None:
        raise ValueError("multi_hot needs `num_classes`")
    inputs = convert(inputs)
    rows = one_hot(inputs, num_classes, axis, dtype, sparse)
    return _max(rows, 1 if inputs.ndim > 1 else 0)


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """-sum(target * log(output)) along the axis. Outputs are probabilities, normalised and clipped to
    [epsilon, 1 - epsilon]; with ``from_logits`` their logarithms up to a constant."""
    target, output = together(convert(target), floating(output))
    if target.spec.shape != output.spec.shape:
        raise ShapeError(
            f"categorical_crossentropy: the target has the shape {list(target.spec.shape)} and the output "
            f"{list(output.spec.shape)}; they must agree. Whole-number labels go to sparse_categorical_crossentropy"
        )
    axis = normal_axis(axis, output.ndim)
    if from_logits:
        body = _block(_softmax_cross_entropy, "softmax_cross_entropy", (target.spec, output.spec), axis)
        return apply("call", target, output, body=body)
    return -_sum(target * apply("log", _clipped(_normalised(output, axis))), axis)


def _softmax_cross_entropy(target: Tensor, logits: Tensor, axis: int) -> Tensor:
    return -_sum(target * _log_softmax(logits, (axis,)), axis)


def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """The cross-entropy of whole-number labels: -log of the output at the label; see
    ``categorical_crossentropy``. A label outside the axis raises IndexOutOfRange."""
    target, output = cast(target, "int32"), floating(output)
    axis = normal_axis(axis, output.ndim)
    if target.ndim == output.ndim and target.spec.shape[-1] == 1:
        target = squeeze(target, -1)
    rest = tuple(extent for i, extent in enumerate(output.spec.shape) if i != axis)
    if target.spec.shape != rest:
        raise ShapeError(
            f"sparse_categorical_crossentropy: for outputs of shape {list(output.spec.shape)} the labels should "
            f"have the shape {list(rest)}, not {list(target.spec.shape)}"
        )
    if from_logits:
        specs = (target.spec, output.spec)
        body = _block(_sparse_softmax_cross_entropy, "sparse_softmax_cross_entropy", specs, axis)
        return apply("call", target, output, body=body)
    return -_at_label(apply("log", _clipped(_normalised(output, axis))), target, axis)


def _sparse_softmax_cross_entropy(label: Tensor, logits: Tensor, axis: int) -> Tensor:
    return -_at_label(_log_softmax(logits, (axis,)), label, axis)


def _at_label(x: Tensor, label: Tensor, axis: int) -> Tensor:
    """The element of the axis that the label names, for each place of the other axes."""
    if axis != x.ndim - 1:
        order = (*(i for i in range(x.ndim) if i != axis), axis)
        x = apply("transpose", x, axes=order)
    return apply("gather", x, label, axis=x.ndim - 1, batch=x.ndim - 1)


def _normalised(output: Tensor, axis: int) -> Tensor:
    return divide(output, _sum(output, axis, keepdims=True))


def _clipped(output: Tensor) -> Tensor:
    return clip(output, config.epsilon(), 1.0 - config.epsilon())


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Tensor:
    """-(target * log(output) + (1 - target) * log(1 - output)) of each element. Outputs are probabilities,
    clipped to [epsilon, 1 - epsilon]; with ``from_logits`` their log odds."""
    target, output = together(convert(target), floating(output))
    if target.spec.shape != output.spec.shape:
        raise ShapeError(
            f"binary_crossentropy: the target has the shape {list(target.spec.shape)} and the output "
            f"{list(output.spec.shape)}; they must agree"
        )
    if from_logits:
        return each(_sigmoid_cross_entropy, target, output, name="sigmoid_cross_entropy")
    low, high = (Literal(bound, output.dtype) for bound in (config.epsilon(), 1.0 - config.epsilon()))
    return each(_binary_cross_entropy, target, output, low, high, name="binary_cross_entropy")


def _sigmoid_cross_entropy(target: Tensor, logit: Tensor) -> Tensor:
    # log(sigmoid(x)) is min(x, 0) - log1p(e ** -|x|); that of sigmoid(-x) is the same less x.
    shared = apply("log1p", apply("exp", -apply("absolute", logit)))
    log_yes = apply("minimum", logit, Literal(0.0, logit.dtype)) - shared
    log_no = apply("minimum", -logit, Literal(0.0, logit.dtype)) - shared
    return -(target * log_yes + (1.0 - target) * log_no)


def _binary_cross_entropy(target: Tensor, output: Tensor, low: Tensor, high: Tensor) -> Tensor:
    kept = apply("clip", output, low, high)
    return -(target * apply("log", kept) + (1.0 - target) * apply("log", 1.0 - kept))

"""What is left, in which order, and which class: dropout, shuffle and categorical draws."""

from __future__ import annotations

from typing import Any

from flintglass.errors import ShapeError
from flintglass.ops.common import floating, normal_axis
from flintglass.ops.shapes import shape_of
from flintglass.ops.sorting import argsort
from flintglass.program import Literal
from flintglass.random.draws import draw_uniform, start
from flintglass.tracing.promotion import standard_dtype
from flintglass.tracing.tensor import Tensor, apply, cast, convert


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Tensor:
    """Elements set to 0 with the probability ``rate``, the rest divided by 1 - rate.

    noise_shape: where an extent is 1, one draw decides for the whole axis.
    """
    x = floating(inputs)
    if not 0 <= rate <= 1:
        raise ValueError(f"dropout: rate is a probability from 0 to 1, not {rate}")
    if rate == 0:
        return x
    shape = (
        x.spec.shape
        if noise_shape is None
        else tuple(extent if given is None else given for extent, given in zip(x.spec.shape, noise_shape, strict=True))
    )
    if rate == 1:
        return x * 0.0
    noise = draw_uniform(start(seed), shape_of(shape), 0.0, 1.0, x.dtype)
    kept = noise >= float(rate)
    return apply("select", kept, x * (1.0 / (1.0 - rate)), Literal(0.0, x.dtype))


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Tensor:
    """The slices of an axis in random order."""
    x = convert(x)
    axis = normal_axis(axis, x.ndim)
    noise = draw_uniform(start(seed), (x.spec.shape[axis],), 0.0, 1.0, "float32")
    return apply("gather", x, argsort(noise), axis=axis, batch=0)


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Tensor:
    """For each row of logits, ``num_samples`` class numbers, each with the probability of its softmax.

    By Gumbel's method; the numbers are not those of TensorFlow, which takes them another way.
    """
    logits = floating(logits)
    if logits.ndim != 2:
        raise ShapeError(f"categorical: logits have one row of classes for each draw, 2 axes, not {list(logits.shape)}")
    rows, classes = logits.spec.shape
    noise = draw_uniform(start(seed), (rows, num_samples, classes), 0.0, 1.0, "float32")
    smallest = Literal(1e-20, "float32")
    gumbel = -apply("log", -apply("log", apply("maximum", noise, smallest)))
    scores = cast(gumbel, logits.dtype) + apply("reshape", logits, shape=(rows, 1, classes))
    return cast(apply("argmax", scores, axis=2), standard_dtype(dtype))

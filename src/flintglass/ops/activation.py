"""Activations of each element: every one is a single line of a listing, its body printed once."""

from __future__ import annotations

import math
from typing import Any

from flintglass.errors import ShapeError
from flintglass.ops.common import curve, floating, normal_axis, single
from flintglass.ops.shapes import split
from flintglass.program import Literal
from flintglass.tracing.blocks import each
from flintglass.tracing.tensor import Tensor, apply, binary, together

relu = single("relu")
sigmoid = curve("sigmoid")


def _choose(condition: Tensor, x: Any, y: Any) -> Tensor:
    return apply("select", condition, *together(x, y))


def _exp(x: Tensor) -> Tensor:
    return apply("exp", x)


def _below(x: Tensor, bound: float = 0.0) -> Tensor:
    """x, or the bound where x lies above: keeps exponentials finite in the branch that is not taken."""
    return _choose(x <= bound, x, bound)


def relu6(x: Any) -> Tensor:
    """x between 0 and 6, the bounds beyond."""
    return each(_relu6, floating(x), name="relu6")


def _relu6(x: Tensor) -> Tensor:
    return _choose(x < 6.0, apply("relu", x), 6.0)


def softplus(x: Any) -> Tensor:
    """log(1 + e ** x): a smooth rectifier."""
    return each(_softplus, floating(x), name="softplus")


def _softplus(x: Tensor) -> Tensor:
    # max(x, 0) and not relu: its slope at 0 is the 1/2 that softplus has there.
    return binary("maximum", x, 0.0) + apply("log1p", _exp(-apply("absolute", x)))


def log_sigmoid(x: Any) -> Tensor:
    """The logarithm of the sigmoid, exact where that is near 0."""
    return each(_log_sigmoid, floating(x), name="log_sigmoid")


def _log_sigmoid(x: Tensor) -> Tensor:
    return -_softplus(-x)


def softsign(x: Any) -> Tensor:
    """x / (1 + |x|)."""
    return each(_softsign, floating(x), name="softsign")


def _softsign(x: Tensor) -> Tensor:
    return x / (apply("absolute", x) + 1.0)


def silu(x: Any) -> Tensor:
    """x times its sigmoid; also called swish."""
    return each(_silu, floating(x), name="silu")


def _silu(x: Tensor) -> Tensor:
    return x * apply("sigmoid", x)


swish = silu


def mish(x: Any) -> Tensor:
    """x times the tanh of its softplus."""
    return each(_mish, floating(x), name="mish")


def _mish(x: Tensor) -> Tensor:
    return x * apply("tanh", _softplus(x))


def gelu(x: Any, approximate: bool = True) -> Tensor:
    """x times the probability that a standard normal lies below it; by tanh where approximate."""
    return each(_gelu_by_tanh if approximate else _gelu, floating(x), name="gelu")


def _gelu(x: Tensor) -> Tensor:
    return x * (apply("erf", x * math.sqrt(0.5)) + 1.0) * 0.5


def _gelu_by_tanh(x: Tensor) -> Tensor:
    return x * (apply("tanh", (x + x * x * x * 0.044715) * math.sqrt(2.0 / math.pi)) + 1.0) * 0.5


def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """x where it is above 0, alpha * (e ** x - 1) below."""
    x = floating(x)
    return each(_elu, x, Literal(alpha, x.dtype), name="elu")


def _elu(x: Tensor, alpha: Tensor) -> Tensor:
    return _choose(x > 0.0, x, alpha * apply("expm1", _below(x)))


SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def selu(x: Any) -> Tensor:
    """The elu with the alpha and the scale that keep mean 0 and variance 1 (Klambauer and others, 2017)."""
    return each(_selu, floating(x), name="selu")


def _selu(x: Tensor) -> Tensor:
    return _choose(x > 0.0, x, apply("expm1", _below(x)) * SELU_ALPHA) * SELU_SCALE


def celu(x: Any, alpha: float = 1.0) -> Tensor:
    """x where it is above 0, alpha * (e ** (x / alpha) - 1) below."""
    x = floating(x)
    return each(_celu, x, Literal(alpha, x.dtype), name="celu")


def _celu(x: Tensor, alpha: Tensor) -> Tensor:
    return _choose(x > 0.0, x, alpha * apply("expm1", _below(x) / alpha))


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Tensor:
    """x where it is above 0, x times the slope below."""
    x = floating(x)
    return each(_leaky_relu, x, Literal(negative_slope, x.dtype), name="leaky_relu")


def _leaky_relu(x: Tensor, slope: Tensor) -> Tensor:
    return _choose(x >= 0.0, x, x * slope)


def hard_sigmoid(x: Any) -> Tensor:
    """x / 6 + 1/2 between 0 and 1, the bounds beyond."""
    return each(_hard_sigmoid, floating(x), name="hard_sigmoid")


def _hard_sigmoid(x: Tensor) -> Tensor:
    return _relu6(x + 3.0) / 6.0


def hard_silu(x: Any) -> Tensor:
    """x times its hard sigmoid; also called hard swish."""
    return each(_hard_silu, floating(x), name="hard_silu")


def _hard_silu(x: Tensor) -> Tensor:
    return x * _hard_sigmoid(x)


hard_swish = hard_silu


def hard_tanh(x: Any) -> Tensor:
    """x between -1 and 1, the bounds beyond."""
    return each(_hard_tanh, floating(x), name="hard_tanh")


def _hard_tanh(x: Tensor) -> Tensor:
    return _choose(x < 1.0, _choose(x > -1.0, x, -1.0), 1.0)


def tanh_shrink(x: Any) -> Tensor:
    """x less its tanh."""
    return each(_tanh_shrink, floating(x), name="tanh_shrink")


def _tanh_shrink(x: Tensor) -> Tensor:
    return x - apply("tanh", x)


def hard_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """x, and 0 where it is no further from 0 than the threshold."""
    x = floating(x)
    return each(_hard_shrink, x, Literal(threshold, x.dtype), name="hard_shrink")


def _hard_shrink(x: Tensor, bound: Tensor) -> Tensor:
    return _choose(apply("absolute", x) > bound, x, 0.0)


def soft_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """x moved towards 0 by the threshold, and 0 where it is no further from 0 than that."""
    x = floating(x)
    return each(_soft_shrink, x, Literal(threshold, x.dtype), name="soft_shrink")


def _soft_shrink(x: Tensor, bound: Tensor) -> Tensor:
    return _choose(x > bound, x - bound, _choose(x < -bound, x + bound, 0.0))


def threshold(x: Any, threshold: float, default_value: float) -> Tensor:
    """x where it is above the threshold, the default value elsewhere."""
    x = floating(x)
    return each(_threshold, x, Literal(threshold, x.dtype), Literal(default_value, x.dtype), name="threshold")


def _threshold(x: Tensor, bound: Tensor, value: Tensor) -> Tensor:
    return _choose(x > bound, x, value)


def squareplus(x: Any, b: float = 4) -> Tensor:
    """(x + sqrt(x ** 2 + b)) / 2: a smooth rectifier without exponentials."""
    x = floating(x)
    return each(_squareplus, x, Literal(b, x.dtype), name="squareplus")


def _squareplus(x: Tensor, b: Tensor) -> Tensor:
    return (x + apply("sqrt", apply("square", x) + b)) / 2.0


def sparse_plus(x: Any) -> Tensor:
    """0 up to -1, then the parabola (x + 1) ** 2 / 4, from 1 on x itself."""
    return each(_sparse_plus, floating(x), name="sparse_plus")


def _sparse_plus(x: Tensor) -> Tensor:
    return _choose(x <= -1.0, 0.0, _choose(x < 1.0, apply("square", x + 1.0) * 0.25, x))


def sparse_sigmoid(x: Any) -> Tensor:
    """(x + 1) / 2 between 0 and 1, the bounds beyond."""
    return each(_sparse_sigmoid, floating(x), name="sparse_sigmoid")


def _sparse_sigmoid(x: Tensor) -> Tensor:
    return _choose(x <= -1.0, 0.0, _choose(x >= 1.0, 1.0, (x + 1.0) * 0.5))


def glu(x: Any, axis: int = -1) -> Tensor:
    """The first half of an axis times the sigmoid of the second."""
    x = floating(x)
    axis = normal_axis(axis, x.ndim)
    extent = x.spec.shape[axis]
    if isinstance(extent, int) and extent % 2:
        raise ShapeError(f"glu: the axis {axis} of {list(x.spec.shape)} must have an even extent")
    gated, gate = split(x, 2, axis)
    return gated * apply("sigmoid", gate)

"""Gamma, beta and binomial draws: by rejection and by counting, from streams of our own (Keras's are its backends')."""

from __future__ import annotations

from typing import Any

from flintglass.ops import comparison, elementwise, reductions
from flintglass.ops.control import while_loop
from flintglass.ops.shapes import broadcast_to, shape_of
from flintglass.program import Shape
from flintglass.random.draws import apart, float_dtype, normal_pair_float64, start, unit_uniform_float64
from flintglass.tracing.blocks import each
from flintglass.tracing.tensor import Tensor, apply, cast, convert

SMALLEST = 2.0**-54  # below every uniform number but 0


def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: Any = None) -> Tensor:
    """Numbers of the gamma distribution with the shape parameter alpha, above 0, and the scale 1."""
    wanted = float_dtype("gamma", dtype)
    return cast(_gamma(start(seed), shape_of(shape), _above_zero("gamma", "alpha", alpha))[0], wanted)


def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Tensor:
    """Numbers from 0 to 1 of the beta distribution with the parameters alpha and beta, above 0."""
    wanted, extents = float_dtype("beta", dtype), shape_of(shape)
    first, state = _gamma(start(seed), extents, _above_zero("beta", "alpha", alpha))
    second, _ = _gamma(state, extents, _above_zero("beta", "beta", beta))
    return cast(first / (first + second), wanted)


def binomial(shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None) -> Tensor:
    """How many of ``counts`` trials succeed, each with the probability; the trials are made, one after the other."""
    wanted, extents = float_dtype("binomial", dtype), shape_of(shape)
    _require("binomial", "counts", counts, lambda numbers: numbers >= 0, "from 0 up")
    _require("binomial", "probabilities", probabilities, lambda p: (p >= 0) & (p <= 1), "from 0 to 1")
    trials = broadcast_to(cast(convert(counts), "float64"), extents)
    chances = broadcast_to(cast(convert(probabilities), "float64"), extents)
    most = reductions.max(trials)

    def going(number: Tensor, found: Tensor, state: Tensor) -> Tensor:
        return number < most

    def trial(number: Tensor, found: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        (uniform,), state = _uniforms(state, extents, 1)
        success = apply("logical_and", uniform < chances, number < trials)
        return number + 1.0, found + cast(success, "float64"), state

    zeros = broadcast_to(convert(0.0, "float64"), extents)
    return cast(while_loop(going, trial, (convert(0.0, "float64"), zeros, start(seed)))[1], wanted)


def _uniforms(state: Tensor, extents: Shape, count: int) -> tuple[list[Tensor], Tensor]:
    """Tensors of uniform numbers, and the state behind them."""
    words, state = apply("random_bits", state, shape=(*extents, 2 * count))
    columns = apart(words)
    pairs = zip(columns[::2], columns[1::2], strict=True)
    return [each(unit_uniform_float64, high, low, name="unit_uniform") for high, low in pairs], state


def _gamma(state: Tensor, extents: Shape, alpha: Any) -> tuple[Tensor, Tensor]:
    """Marsaglia and Tsang's method: of a cubed normal number, at least 95 of 100 are kept; those left try again.

    It needs alpha >= 1; below, a draw for alpha + 1 times u ** (1 / alpha) has the distribution.
    """
    alpha = broadcast_to(cast(convert(alpha), "float64"), extents)
    small = alpha < 1.0
    d = comparison.where(small, alpha + 1.0, alpha) - 1.0 / 3.0
    c = 1.0 / elementwise.sqrt(9.0 * d)

    def going(found: Tensor, done: Tensor, state: Tensor) -> Tensor:
        return apply("logical_not", reductions.all(done))

    def attempt(found: Tensor, done: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        words, state = apply("random_bits", state, shape=(*extents, 6))
        columns = apart(words)
        z, _ = each(normal_pair_float64, *columns[:4], name="normal_pair_float64")
        u = elementwise.maximum(each(unit_uniform_float64, *columns[4:], name="unit_uniform"), SMALLEST)
        v = (1.0 + c * z) * (1.0 + c * z) * (1.0 + c * z)
        positive = v > 0.0
        safe = comparison.where(positive, v, 1.0)
        kept = elementwise.log(u) < 0.5 * z * z + d - d * v + d * elementwise.log(safe)
        new = apply("logical_and", apply("logical_and", positive, kept), apply("logical_not", done))
        return comparison.where(new, d * v, found), apply("logical_or", done, new), state

    zeros = broadcast_to(convert(0.0, "float64"), extents)
    found, _, state = while_loop(going, attempt, (zeros, zeros > 0.0, state))
    (u,), state = _uniforms(state, extents, 1)
    lowered = elementwise.power(elementwise.maximum(u, SMALLEST), 1.0 / comparison.where(small, alpha, 1.0))
    return found * comparison.where(small, lowered, 1.0), state


def _above_zero(place: str, name: str, value: Any) -> Any:
    _require(place, name, value, lambda numbers: numbers > 0, "above 0")
    return value


def _require(place: str, name: str, value: Any, holds: Any, expected: str) -> None:
    """Raise ValueError where the numbers are known and not as expected; nan is not."""
    tensor = convert(value)
    if tensor.trace is None and not hasattr(tensor, "storage") and not tensor.is_placeholder:
        array = tensor.array
        if not holds(array).all():
            raise ValueError(f"{place}: {name} are numbers {expected}, not {array.tolist()!r}")

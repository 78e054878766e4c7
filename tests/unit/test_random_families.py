"""Gamma, beta and binomial draws: their distributions, their seeds, and that programs make the same ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from flintglass import config, ops, random
from flintglass.tracing.transforms import Transformed

COUNT = 20_000


@pytest.mark.parametrize("alpha", [0.3, 1.0, 2.5, 40.0])
def test_gamma_draws_have_the_mean_the_variance_and_the_quantiles(alpha: float) -> None:
    draws = random.gamma((COUNT,), alpha, dtype="float64", seed=3).numpy()
    error = 5 / math.sqrt(COUNT)
    assert abs(draws.mean() - alpha) < error * math.sqrt(alpha)
    assert abs(draws.var() / alpha - 1) < error * math.sqrt(2 + 6 / alpha)
    other = np.random.default_rng(1).gamma(alpha, size=COUNT)
    shares = np.linspace(0.05, 0.95, 19)
    ranks = np.searchsorted(np.sort(draws), np.quantile(other, shares)) / COUNT
    np.testing.assert_allclose(ranks, shares, atol=error)


def test_beta_draws_have_the_mean_and_the_variance() -> None:
    a, b = 2.0, 0.5
    draws = random.beta((COUNT,), a, b, seed=4).numpy()
    mean, variance = a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))
    assert ((draws >= 0) & (draws <= 1)).all()
    assert abs(draws.mean() - mean) < 5 * math.sqrt(variance / COUNT)
    assert abs(draws.var() / variance - 1) < 0.1


def test_binomial_draws_have_the_frequencies_of_the_distribution() -> None:
    draws = random.binomial((COUNT,), 5, 0.3, seed=5).numpy()
    expected = [math.comb(5, k) * 0.3**k * 0.7 ** (5 - k) for k in range(6)]
    found = [(draws == k).mean() for k in range(6)]
    np.testing.assert_allclose(found, expected, atol=5 / math.sqrt(COUNT) / 2)


def test_parameters_of_each_row_are_taken() -> None:
    counts = random.binomial((3, 1000), [[0.0], [10.0], [100.0]], [[0.5], [1.0], [0.25]], seed=1).numpy()
    assert (counts[0] == 0).all()
    assert (counts[1] == 10).all()
    assert abs(counts[2].mean() - 25) < 1
    draws = random.gamma((2, 4000), [[1.0], [9.0]], seed=1).numpy().mean(axis=1)
    np.testing.assert_allclose(draws, [1.0, 9.0], rtol=0.1)


MAKERS: dict[str, Any] = {
    "gamma": lambda seed: random.gamma((7,), 0.7, seed=seed),
    "beta": lambda seed: random.beta((7,), 0.7, 2.0, seed=seed),
    "binomial": lambda seed: random.binomial((7,), 9, 0.4, seed=seed),
}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("engine", ["numpy", "native"])
def test_a_seed_gives_the_same_draws_in_a_program_and_outside(name: str, engine: str) -> None:
    before = config.engine()
    config.set_engine(engine)
    try:
        make = MAKERS[name]
        outside = make(8).numpy()
        inside = Transformed(make, lambda x: make(8) + x * 0.0, name)(np.zeros(7, "float32")).numpy()
        np.testing.assert_allclose(inside, outside, rtol=1e-5)
        np.testing.assert_array_equal(make(8).numpy(), outside)
        assert (make(9).numpy() != outside).any()
        generator = random.SeedGenerator(1)
        assert (make(generator).numpy() != make(generator).numpy()).any()
        np.testing.assert_array_equal(ops.shape(make(None)), (7,))
    finally:
        config.set_engine(before)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: random.gamma((2,), 0.0), "gamma: alpha are numbers above 0, not 0.0"),
        (lambda: random.beta((2,), 1.0, float("nan")), "beta: beta are numbers above 0, not nan"),
        (lambda: random.binomial((2,), -1, 0.5), "binomial: counts are numbers from 0 up, not -1"),
        (lambda: random.binomial((2,), 1, [0.5, 1.5]), "probabilities are numbers from 0 to 1, not"),
        (lambda: random.gamma((2,), 1.0, dtype="int32"), "gamma draws floating-point numbers, not int32"),
    ],
)
def test_parameters_out_of_range_are_refused(make: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make()

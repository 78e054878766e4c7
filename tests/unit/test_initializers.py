"""Initializers give Keras's numbers, repeat them for a seed, follow both eras' rules, and describe themselves."""

from __future__ import annotations

import random as python_random
import runpy
from pathlib import Path

import numpy as np
import pytest

import flintglass
from flintglass import initializers, random
from flintglass.program import Spec
from flintglass.random import reference
from flintglass.random.draws import start
from flintglass.random.streams import keras3_stream, streams
from flintglass.tracing.trace import trace

STORED = runpy.run_path(str(Path(__file__).with_name("test_random_streams.py")))
INITIALIZER_VALUES = STORED["INITIALIZER_VALUES"]
VARIANCE_SCALING_VALUES = STORED["VARIANCE_SCALING_VALUES"]
draw, numbers, assert_equal_as_promised = (STORED[name] for name in ("draw", "numbers", "assert_equal_as_promised"))
DRAWN = ("RandomUniform", "RandomNormal", "TruncatedNormal", "GlorotUniform", "GlorotNormal", "HeNormal")


@pytest.fixture(autouse=True)
def _seeds_restored():
    python_state, numpy_state = python_random.getstate(), np.random.get_state()
    yield
    streams.set_seed(None)
    python_random.setstate(python_state)
    np.random.set_state(numpy_state)


@pytest.mark.parametrize(("name", "shape", "seed"), INITIALIZER_VALUES)
def test_initializers_give_the_values_of_keras(name, shape, seed):
    values = getattr(initializers, name)(seed=seed)(shape).numpy()
    assert values.shape == shape
    assert values.dtype == np.float32
    assert_equal_as_promised(values, numbers(INITIALIZER_VALUES[name, shape, seed]), "Uniform" in name)


@pytest.mark.parametrize(("scale", "mode", "distribution", "shape", "seed"), VARIANCE_SCALING_VALUES)
def test_every_mode_and_distribution_of_variance_scaling_gives_the_values_of_keras(
    scale, mode, distribution, shape, seed
):
    values = initializers.VarianceScaling(scale, mode, distribution, seed=seed)(shape).numpy()
    expected = numbers(VARIANCE_SCALING_VALUES[scale, mode, distribution, shape, seed])
    assert_equal_as_promised(values, expected, distribution == "uniform")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["uniform", "normal", "truncated_normal"])
@pytest.mark.parametrize("shape", [(), (1,), (3,), (5, 7), (40, 11)])
def test_draws_made_of_primitives_are_those_of_the_reference(kind, shape, dtype):
    got = getattr(random, kind)(shape, 0.25, 2.0, dtype=dtype, seed=11).numpy()
    expected = draw(keras3_stream(11), kind, shape, 0.25, 2.0, dtype)
    if kind == "uniform":
        np.testing.assert_array_equal(got, expected)
    else:  # logarithms, sines and cosines differ by engine in the last digits
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(got, expected, rtol=0, atol=4e-6 if dtype == "float32" else 1e-14)


def test_limits_of_float64_uniforms_go_through_float32():
    got = random.uniform((9,), -0.1, 0.1, dtype="float64", seed=3).numpy()
    limit = float(np.float32(0.1))
    np.testing.assert_array_equal(got, draw(keras3_stream(3), "uniform", (9,), -limit, limit, "float64"))


def test_set_seed_313_gives_the_kernel_of_the_tutorial():
    streams.set_seed(313)
    kernel = initializers.get("glorot_uniform")((2, 5)).numpy()
    assert kernel.reshape(-1)[:3].view(np.uint32).tolist() == [0x3D53F2E0, 0x3F453A32, 0xBC9DB700]


def test_set_seed_after_an_initializer_was_made_still_decides():
    unseeded = initializers.GlorotUniform()
    streams.set_seed(313)
    kernel = unseeded((2, 5)).numpy()
    assert kernel.reshape(-1)[:3].view(np.uint32).tolist() == [0x3D53F2E0, 0x3F453A32, 0xBC9DB700]
    assert not np.array_equal(unseeded((2, 5)).numpy(), kernel)


def test_set_random_seed_313_gives_the_kernels_of_keras_3():
    streams.set_random_seed(313)
    first, second = (initializers.GlorotUniform() for _ in range(2))
    bits = [initializer((2, 5)).numpy().reshape(-1)[:2].view(np.uint32).tolist() for initializer in (first, second)]
    assert bits == [[0xBDE784B0, 0xBD6BEB30], [0xBE518848, 0xBEC98156]]
    np.testing.assert_array_equal(first((2, 5)).numpy(), first((2, 5)).numpy())


def test_a_seed_generator_goes_on_and_an_integer_repeats():
    generator = random.SeedGenerator(99)
    initializer = initializers.RandomUniform(0.0, 1.0, seed=generator)
    expected = ([0x3EA417DC, 0x3F723588, 0x3EC47DA0], [0x3F44F5A8, 0x3EA69090, 0x3EAFA54C])
    for bits in expected:
        assert initializer((3,)).numpy().view(np.uint32).tolist() == bits
    assert generator.state.numpy().tolist() == [99, 2]


def test_operations_without_a_seed_use_one_generator_that_set_random_seed_starts_anew():
    for _ in range(2):
        streams.set_random_seed(44)
        for bits in ([0x3E6445A8, 0x3E85896C, 0x3D773560], [0x3D2C8E00, 0x3E99BDF4, 0x3DC53990]):
            assert random.uniform((3,)).numpy().view(np.uint32).tolist() == bits


def test_a_generator_is_state_of_the_program_that_draws_from_it():
    generator = random.SeedGenerator(99)
    traced = trace(lambda: random.uniform((3,), seed=generator), [], "draws")
    assert [variable is generator.state for variable in traced.variables] == [True]
    expected = ([0x3EA417DC, 0x3F723588, 0x3EC47DA0], [0x3F44F5A8, 0x3EA69090, 0x3EAFA54C])
    for bits in expected:
        assert traced.run([]).numpy().view(np.uint32).tolist() == bits
    assert generator.state.numpy().tolist() == [99, 2]


def test_a_stream_made_in_a_program_is_that_made_in_python():
    traced = trace(start, [Spec((2,), "int64")], "stream")
    for seed in ((7, 0), (-3, 2**40), (2**40, 5)):
        key, counter = keras3_stream(seed)
        assert traced.run([np.array(seed, "int64")]).numpy().tolist() == [*key, *counter]


def test_orthogonal_matrices_are_orthogonal_for_any_shape():
    for shape in ((3, 4), (4, 3), (2, 3, 5)):
        q = initializers.Orthogonal(gain=2.0, seed=7)(shape).numpy().reshape(-1, shape[-1])
        small = q.T @ q if q.shape[0] >= q.shape[1] else q @ q.T
        np.testing.assert_allclose(small, 4.0 * np.eye(len(small)), atol=3e-6)


def test_large_truncated_normals_stay_within_two_deviations():
    values = initializers.TruncatedNormal(stddev=1.0, seed=1)((300, 101)).numpy()
    assert np.abs(values).max() < reference.TRUNCATION


@pytest.mark.parametrize("name", DRAWN)
def test_float16_is_float32_rounded(name):
    initializer = getattr(initializers, name)(seed=5)
    np.testing.assert_array_equal(initializer((4, 3), "float16").numpy(), initializer((4, 3)).numpy().astype("float16"))


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'glorot_uniform'"):
        initializers.get("glorot_unifrom")
    with pytest.raises(ValueError, match=r"unknown mode 'fan_inn'. Did you mean 'fan_in'"):
        initializers.VarianceScaling(mode="fan_inn")


def test_identifiers_of_every_kind_are_understood():
    assert initializers.get(None) is None
    assert isinstance(initializers.get(initializers.Zeros), initializers.Zeros)
    ones = initializers.Ones()
    assert initializers.get(ones) is ones
    own = initializers.get(lambda shape, dtype=None: flintglass.ops.full(shape, 3.0, dtype))
    assert own((2,)).numpy().tolist() == [3.0, 3.0]
    assert initializers.get(np.ones((2, 2)))((2, 2)).numpy().tolist() == [[1, 1], [1, 1]]
    again = initializers.deserialize(initializers.serialize(initializers.HeNormal(seed=random.SeedGenerator(4))))
    assert again.seed.get_config()["seed"] == 4

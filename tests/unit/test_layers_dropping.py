"""Layers that draw random numbers: what they draw, when they draw it, and that a seed repeats it."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import flintglass as fg
from flintglass import Input, Sequential, config, utils
from flintglass.engines.engine import engine
from flintglass.layers import (
    AlphaDropout,
    BatchNormalization,
    Dense,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    LayerNormalization,
)

ONES = np.ones((400, 50), "float32")
DRAWING: dict[str, Any] = {
    "Dropout": lambda **more: Dropout(0.3, **more),
    "GaussianDropout": lambda **more: GaussianDropout(0.3, **more),
    "GaussianNoise": lambda **more: GaussianNoise(0.3, **more),
    "AlphaDropout": lambda **more: AlphaDropout(0.3, **more),
}
every_one = pytest.mark.parametrize("make", DRAWING.values(), ids=DRAWING)


def test_dropout_drops_a_share_and_scales_the_rest() -> None:
    found = Dropout(0.3, seed=1)(ONES, training=True).numpy()
    kept = found[found != 0]
    np.testing.assert_allclose(kept, 1 / 0.7, rtol=1e-6)
    assert abs(len(kept) / found.size - 0.7) < 0.01
    assert abs(found.mean() - 1) < 0.02


def test_dropout_of_all_leaves_nothing_and_dropout_of_none_everything() -> None:
    np.testing.assert_array_equal(Dropout(1.0)(ONES, training=True), 0)
    np.testing.assert_array_equal(Dropout(0)(ONES, training=True), ONES)


@pytest.mark.parametrize(("shape", "same_along"), [((None, 1), 1), ((1, None), 0), ((1, 50), 0), ((400, 1), 1)])
def test_one_draw_decides_for_an_axis_of_extent_one(shape: Any, same_along: int) -> None:
    found = Dropout(0.5, noise_shape=shape, seed=1)(ONES, training=True).numpy()
    assert (found == found.take([0], same_along)).all()
    assert len(np.unique(found)) == 2


def test_noise_has_the_deviation_that_was_asked_for() -> None:
    found = GaussianNoise(0.5, seed=1)(ONES, training=True).numpy() - 1
    assert abs(found.mean()) < 0.02
    assert abs(found.std() - 0.5) < 0.01
    factor = GaussianDropout(0.2, seed=1)(ONES * 2, training=True).numpy() / 2
    assert abs(factor.mean() - 1) < 0.02
    assert abs(factor.std() - 0.5) < 0.01


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = np.random.default_rng(1).normal(size=(1000, 50)).astype("float32")
    found = AlphaDropout(0.3, seed=1)(x, training=True).numpy()
    assert abs(found.mean()) < 0.02
    assert abs(found.std() - 1) < 0.02
    lowest, counts = np.unique(found, return_counts=True)
    assert abs(counts[lowest == np.median(lowest[counts > 1000])][0] / found.size - 0.3) < 0.01


@every_one
def test_nothing_is_drawn_outside_training(make: Any) -> None:
    layer = make(seed=1)
    np.testing.assert_array_equal(layer(ONES), ONES)
    np.testing.assert_array_equal(layer(ONES, training=False), ONES)
    np.testing.assert_array_equal(layer.seed_generator.state, [1, 0])


@every_one
def test_a_seed_repeats_the_draws_and_each_call_draws_anew(make: Any) -> None:
    first, second, other = make(seed=1), make(seed=1), make(seed=2)
    found = first(ONES, training=True).numpy()
    np.testing.assert_array_equal(second(ONES, training=True), found)
    assert (other(ONES, training=True).numpy() != found).any()
    assert (first(ONES, training=True).numpy() != found).any()


@every_one
def test_the_random_seed_of_everything_is_that_of_layers_without_one(make: Any) -> None:
    found = []
    for seed in (1, 1, 2):
        utils.set_random_seed(seed)
        found.append(make()(ONES, training=True).numpy())
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0] != found[2]).any()


@every_one
def test_a_copy_goes_on_where_the_original_stands(make: Any) -> None:
    layer = make(seed=1)
    layer(ONES, training=True)
    again = copy.deepcopy(layer)
    np.testing.assert_array_equal(again(ONES, training=True), layer(ONES, training=True))


def test_the_state_of_the_draws_is_a_variable_and_no_weight() -> None:
    layer = Dropout(0.5)
    model = Sequential([Input((50,)), layer, Dense(1)])
    assert [variable.path for variable in layer.variables] == [f"{layer.seed_generator.name}/seed_generator_state"]
    assert layer.weights == []
    assert layer.seed_generator.state in list(model.non_trainable_variables)
    assert len(model.get_weights()) == 2
    assert "dropout" in layer.seed_generator.state.identifier
    assert Dropout(0.0).variables == []


def test_no_batch_of_a_fit_is_drawn_twice() -> None:
    layer = Dropout(0.5, seed=3)
    model = Sequential([Input((50,)), layer, Dense(1)])
    model.compile("sgd", "mse")
    model.fit(ONES, ONES[:, :1], batch_size=100, epochs=3, verbose=0)
    np.testing.assert_array_equal(layer.seed_generator.state, [3, 12])
    model.evaluate(ONES, ONES[:, :1], verbose=0)
    model.predict(ONES, verbose=0)
    np.testing.assert_array_equal(layer.seed_generator.state, [3, 12])


def test_a_rate_that_is_set_later_holds_from_then_on() -> None:
    layer = Dropout(0.0, seed=3)
    model = Sequential([Input((50,)), layer, Dense(1)])
    model.compile("sgd", "mse")
    model.fit(ONES, ONES[:, :1], batch_size=100, verbose=0)
    assert layer.variables == []
    layer.rate = 0.5
    model.fit(ONES, ONES[:, :1], batch_size=100, verbose=0)
    np.testing.assert_array_equal(layer.seed_generator.state, [3, 4])


def test_step_by_step_the_same_numbers_are_drawn_as_in_a_program() -> None:
    found = []
    for eagerly in (False, True):
        utils.set_random_seed(3)
        model = Sequential([Input((9,)), BatchNormalization(), Dropout(0.4), Dense(2)])
        model.compile("sgd", "mse", run_eagerly=eagerly)
        model.fit(X, Y, batch_size=32, epochs=2, verbose=0)
        found.append(model.get_weights())
    for mine, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)


# -- fits on every engine


X = np.random.default_rng(1).normal(size=(150, 9)).astype("float32")
Y = (X[:, :2] - X[:, 2:4]).astype("float32")


@pytest.fixture
def choosing() -> Any:
    before = config.engine(), config.threads()
    yield
    config.set_engine(before[0])
    config.set_threads(before[1])


def fitted(width: int = 33) -> tuple[list[np.ndarray], dict[str, Any]]:
    """A network of all these layers after three epochs; the last batch is shorter."""
    utils.set_random_seed(3)
    model = Sequential(
        [
            Input((9,)),
            Dense(width, activation="relu"),
            BatchNormalization(momentum=0.8),
            Dropout(0.3),
            Dense(width, activation="tanh"),
            GaussianNoise(0.1),
            LayerNormalization(),
            GaussianDropout(0.2),
            AlphaDropout(0.1),
            Dense(2),
        ]
    )
    model.compile("adam", "mse", metrics=["mae"])
    history = model.fit(X, Y, batch_size=32, epochs=3, verbose=0, validation_split=0.2).history
    return [variable.numpy() for variable in model.variables], history


def native() -> None:
    try:
        engine("native")
    except ImportError as error:  # an install without a compiler, which the NumPy engine serves
        pytest.skip(str(error))


def test_layers_that_draw_and_average_fit_alike_on_both_engines(choosing: Any) -> None:
    native()
    found = []
    for name in ("numpy", "native"):
        config.set_engine(name)
        found.append(fitted())
    for mine, theirs in zip(found[1][0], found[0][0], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=5e-5 * max(np.abs(theirs).max(), 1.0))
    for key, values in found[0][1].items():
        np.testing.assert_allclose(found[1][1][key], values, rtol=1e-4)


@pytest.mark.parametrize("width", [5, 33, 130, 401])
def test_bits_of_layers_that_draw_and_average_do_not_depend_on_threads(choosing: Any, width: int) -> None:
    native()
    config.set_engine("native")
    found = []
    for threads in (1, 2, 3, 1):
        config.set_threads(threads)
        found.append(fitted(width))
    for weights, history in found[1:]:
        assert history == found[0][1]
        for mine, theirs in zip(weights, found[0][0], strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_a_fit_goes_on_with_the_draws_where_it_stopped(choosing: Any) -> None:
    """Two fits of one epoch draw what one fit of two draws."""
    found = []
    for epochs in ((2,), (1, 1)):
        utils.set_random_seed(3)
        model = Sequential([Input((9,)), Dropout(0.4), Dense(2)])
        model.compile("sgd", "mse")
        for count in epochs:
            model.fit(X, Y, batch_size=32, epochs=count, shuffle=False, verbose=0)
        found.append(model.get_weights())
    for mine, theirs in zip(*found, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_under_a_tape_the_gradient_passes_where_the_numbers_passed() -> None:
    layer, x = Dropout(0.5, seed=1), fg.convert_to_tensor(ONES)
    with fg.GradientTape() as tape:
        tape.watch(x)
        found = layer(x, training=True)
    np.testing.assert_array_equal(tape.gradient(found, x), found)


REFUSED: dict[str, tuple[Any, type[Exception], tuple[str, ...]]] = {
    "a percentage": (lambda: Dropout(20, name="d"), ValueError, ("'d'", "rate", "0 to 1", "20", "0.2")),
    "a rate below 0": (lambda: Dropout(-0.1, name="d"), ValueError, ("'d'", "-0.1")),
    "a rate in words": (lambda: Dropout("half", name="d"), ValueError, ("'d'", "'half'")),
    "a rate that is no number": (lambda: Dropout(float("nan"), name="d"), ValueError, ("'d'", "nan")),
    "all of it, by noise": (lambda: GaussianDropout(1.0, name="d"), ValueError, ("'d'", "but not, 1")),
    "all of it, by alpha": (lambda: AlphaDropout(1.0, name="d"), ValueError, ("'d'", "but not, 1")),
    "a deviation below 0": (lambda: GaussianNoise(-1, name="g"), ValueError, ("'g'", "stddev", "-1")),
    "a seed in words": (lambda: Dropout(0.5, seed="a"), ValueError, ("seed", "'a'")),
    "a noise_shape with nothing": (
        lambda: Dropout(0.5, noise_shape=(1, 0), name="d"),
        ValueError,
        ("'d'", "noise_shape", "(1, 0)"),
    ),
    "a noise_shape of another rank": (
        lambda: Dropout(0.5, noise_shape=(None, 1, 1), name="d")(ONES, training=True),
        ValueError,
        ("'d'", "3 axes", "has 2"),
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_meant_is_refused_with_the_layer_and_the_way_out(what: str) -> None:
    attempt, kind, parts = REFUSED[what]
    with pytest.raises(kind) as caught:
        attempt()
    for part in parts:
        assert part in str(caught.value)

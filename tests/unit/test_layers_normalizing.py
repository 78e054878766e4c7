"""Layers that normalize: formulas, moving averages, what is learned from data, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from flintglass import GradientTape, Input, Sequential, config, ops, utils
from flintglass.errors import DataError, ShapeError
from flintglass.layers import (
    BatchNormalization,
    Dense,
    GroupNormalization,
    LayerNormalization,
    Normalization,
    RMSNormalization,
    UnitNormalization,
)

GENERATOR = np.random.default_rng(5)
X = (GENERATOR.normal(size=(40, 6)) * [1, 2, 3, 4, 5, 6] + 3).astype("float32")
CUBE = GENERATOR.normal(size=(8, 4, 6))


def normal(x: Any, axes: Any, epsilon: float = 1e-3) -> Any:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + epsilon)


def test_batch_normalization_normalizes_the_batch_in_training_and_moves_its_averages() -> None:
    layer = BatchNormalization(momentum=0.9)
    np.testing.assert_allclose(layer(X, training=True), normal(X, 0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean, 0.1 * X.mean(0), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, 0.9 + 0.1 * X.var(0), rtol=1e-5)


def test_batch_normalization_uses_its_averages_outside_training() -> None:
    layer = BatchNormalization(momentum=0.5)
    np.testing.assert_allclose(layer(X), X / np.sqrt(1.001), rtol=1e-5)
    layer(X, training=True)
    expected = (X - X.mean(0) / 2) / np.sqrt(0.5 + X.var(0) / 2 + 1e-3)
    np.testing.assert_allclose(layer(X), expected, rtol=1e-4, atol=1e-5)


def test_batch_normalization_that_is_not_trainable_moves_nothing_in_training() -> None:
    layer = BatchNormalization()
    layer.trainable = False
    np.testing.assert_array_equal(layer(X, training=True), layer(X))
    np.testing.assert_array_equal(layer.moving_mean, 0)
    model = Sequential([Input((6,)), layer, Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, X[:, :1], verbose=0)
    np.testing.assert_array_equal(layer.moving_mean, 0)


def test_batch_normalization_that_is_frozen_between_two_fits_stands_still() -> None:
    layer = BatchNormalization()
    model = Sequential([Input((6,)), layer, Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, X[:, :1], verbose=0)
    layer.trainable = False
    model.compile("sgd", "mse")
    before = layer.get_weights()
    assert before[2].any()
    model.fit(X, X[:, :1], verbose=0)
    for mine, theirs in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_under_a_tape_the_averages_move_once_for_each_call() -> None:
    layer, alike = BatchNormalization(momentum=0.9), BatchNormalization(momentum=0.9)
    with GradientTape() as tape:
        loss = ops.sum(layer(X, training=True) * X) + ops.sum(layer(X, training=True))
    gradient = tape.gradient(loss, layer.gamma)
    np.testing.assert_allclose(gradient, (normal(X, 0) * X).sum(0), rtol=1e-3)
    for _ in range(2):
        alike(X, training=True)
    np.testing.assert_allclose(layer.moving_mean, alike.moving_mean, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, alike.moving_variance, rtol=1e-5)


def test_the_averages_of_a_fit_are_those_of_its_batches() -> None:
    model = Sequential([Input((6,)), BatchNormalization(momentum=0.8)])
    model.compile("sgd", "mse")
    model.fit(X, X, batch_size=16, shuffle=False, verbose=0)
    mean, variance = np.zeros(6), np.ones(6)
    for batch in (X[:16], X[16:32], X[32:]):
        mean, variance = mean * 0.8 + 0.2 * batch.mean(0), variance * 0.8 + 0.2 * batch.var(0)
    found = model.layers[-1]
    np.testing.assert_allclose(found.moving_mean, mean, rtol=1e-5)
    np.testing.assert_allclose(found.moving_variance, variance, rtol=1e-5)
    assert [weight.name for weight in found.weights] == ["gamma", "beta", "moving_mean", "moving_variance"]
    assert [weight.name for weight in found.non_trainable_weights] == ["moving_mean", "moving_variance"]


def test_evaluate_and_predict_leave_the_averages_alone() -> None:
    model = Sequential([Input((6,)), BatchNormalization()])
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.evaluate(X, X, verbose=0)
    model.predict(X, verbose=0)
    model(X)
    for mine, theirs in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(("axis", "others"), [(-1, (0, 1)), (1, (0, 2)), (2, (0, 1))])
def test_batch_normalization_along_any_axis(axis: int, others: Any) -> None:
    layer = BatchNormalization(axis=axis, dtype="float64")
    np.testing.assert_allclose(layer(CUBE, training=True), normal(CUBE, others), rtol=1e-9)


def test_layer_normalization_normalizes_each_row() -> None:
    np.testing.assert_allclose(LayerNormalization(dtype="float64")(CUBE), normal(CUBE, 2), rtol=1e-9)
    layer = LayerNormalization(axis=[1, 2], epsilon=0.1, dtype="float64")
    np.testing.assert_allclose(layer(CUBE), normal(CUBE, (1, 2), 0.1), rtol=1e-9)
    assert layer.gamma.shape == layer.beta.shape == (4, 6)


def test_group_normalization_normalizes_groups_of_columns() -> None:
    grouped = CUBE.reshape(8, 4, 3, 2)
    layer = GroupNormalization(groups=3, dtype="float64")
    np.testing.assert_allclose(layer(CUBE), normal(grouped, (1, 3)).reshape(CUBE.shape), rtol=1e-9)
    each = GroupNormalization(groups=-1, dtype="float64")
    np.testing.assert_allclose(each(CUBE), normal(CUBE, 1), rtol=1e-9)


def test_rms_and_unit_normalization_divide_by_a_length() -> None:
    root = np.sqrt((CUBE**2).mean(-1, keepdims=True) + 1e-6)
    np.testing.assert_allclose(RMSNormalization(dtype="float64")(CUBE), CUBE / root, rtol=1e-9)
    found = UnitNormalization(dtype="float64")(CUBE).numpy()
    np.testing.assert_allclose((found**2).sum(-1), 1, rtol=1e-9)
    np.testing.assert_array_equal(UnitNormalization()(np.zeros((2, 3))), 0)


# -- Normalization


def test_normalization_learns_mean_and_variance_from_data() -> None:
    layer = Normalization()
    assert layer.mean is None
    layer.adapt(X)
    np.testing.assert_allclose(layer(X), (X - X.mean(0)) / X.std(0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer.mean, X.mean(0)[None], rtol=1e-5)
    assert [weight.name for weight in layer.weights] == ["mean", "variance", "count"]
    assert layer.trainable_weights == []
    layer.adapt(X * 2)  # what was learned before is forgotten
    np.testing.assert_allclose(layer.variance, 4 * X.var(0)[None], rtol=1e-5)


def test_normalization_learns_the_same_from_batches_as_at_once() -> None:
    whole, parts = Normalization(), Normalization()
    whole.adapt(X)
    parts.adapt(X[start : start + 7] for start in range(0, len(X), 7))
    for mine, theirs in zip(parts.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)


@pytest.mark.parametrize(("axis", "others"), [(-1, (0, 1)), ((1, 2), (0,)), (1, (0, 2)), (None, (0, 1, 2))])
def test_normalization_along_any_axes(axis: Any, others: Any) -> None:
    layer = Normalization(axis=axis, dtype="float64")
    layer.adapt(CUBE)
    np.testing.assert_allclose(layer(CUBE), normal(CUBE, others, 0), rtol=1e-9)


def test_normalization_takes_a_single_column_whole_numbers_and_lists() -> None:
    layer = Normalization()
    layer.adapt([1, 2, 3])
    np.testing.assert_allclose(layer(np.array([[1], [2], [3]])), [[-1.2247449], [0], [1.2247449]], rtol=1e-5)


def test_normalization_by_given_numbers_and_back() -> None:
    there = Normalization(mean=X.mean(0), variance=X.var(0))
    back = Normalization(mean=X.mean(0), variance=X.var(0), invert=True)
    np.testing.assert_allclose(there(X), (X - X.mean(0)) / X.std(0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(back(there(X)), X, rtol=1e-4, atol=1e-5)
    assert there.weights == []
    assert there.get_config()["mean"] == X.mean(0).tolist()
    np.testing.assert_allclose(Normalization(mean=1.0, variance=4.0)(X), (X - 1) / 2, rtol=1e-6)


def test_a_column_that_never_changes_is_divided_by_a_small_number_and_not_by_zero() -> None:
    layer = Normalization()
    layer.adapt(np.ones((5, 2)))
    np.testing.assert_array_equal(layer(np.ones((5, 2))), 0)


def test_a_model_that_starts_with_normalization_trains() -> None:
    utils.set_random_seed(1)
    start = Normalization()
    start.adapt(X)
    model = Sequential([Input((6,)), start, Dense(1)])
    model.compile("adam", "mse")
    kept = start.get_weights()
    history = model.fit(X, X[:, :1], epochs=5, verbose=0).history["loss"]
    assert history[-1] < history[0]
    np.testing.assert_array_equal(start.get_weights()[0], kept[0])
    np.testing.assert_allclose(model.predict(X, verbose=0), model.layers[-1](start(X)), rtol=1e-5)


def test_more_data_may_be_learned_after_a_prediction() -> None:
    start = Normalization()
    start.adapt(X)
    model = Sequential([Input((6,)), start])
    model.predict(X, verbose=0)
    start.adapt(X * 3)
    np.testing.assert_allclose(model.predict(X * 3, verbose=0), normal(X, 0, 0), rtol=1e-3, atol=1e-5)


REFUSED: dict[str, tuple[Any, type[Exception], tuple[str, ...]]] = {
    "the axis of rows": (lambda: BatchNormalization(axis=0, name="b"), ValueError, ("'b'", "axis 0 holds the rows")),
    "an axis that is none": (lambda: BatchNormalization(axis=[1], name="b"), ValueError, ("'b'", "[1]")),
    "a momentum beyond 1": (lambda: BatchNormalization(momentum=2, name="b"), ValueError, ("momentum", "0 to 1", "2")),
    "an epsilon below 0": (lambda: LayerNormalization(epsilon=-1, name="l"), ValueError, ("'l'", "epsilon", "-1")),
    "renorm": (lambda: BatchNormalization(renorm=True, name="b"), ValueError, ("'b'", "renorm", "leave it out")),
    "rms_scaling": (lambda: LayerNormalization(rms_scaling=True), ValueError, ("RMSNormalization",)),
    "an axis beyond the input": (
        lambda: BatchNormalization(axis=3, name="b")(X),
        ShapeError,
        ("'b'", "axis 3", "2 axes"),
    ),
    "an axis of unknown extent": (
        lambda: LayerNormalization(name="l")(Input((None,))),
        ShapeError,
        ("'l'", "axis 1", "(None, None)", "Input()"),
    ),
    "rows without columns": (lambda: BatchNormalization(name="b")(X[:, 0]), ShapeError, ("'b'", "rank 2")),
    "another number of columns": (
        lambda: [layer(x) for layer in [BatchNormalization(name="b")] for x in (X, X[:, :4])],
        ShapeError,
        ("'b'", "last axis is 6", "4 there"),
    ),
    "an axis in words": (lambda: LayerNormalization(axis="last", name="l"), TypeError, ("'l'", "'last'")),
    "an axis in words, for a length": (lambda: UnitNormalization(axis="last"), TypeError, ("'last'",)),
    "no groups": (lambda: GroupNormalization(groups=0, name="g"), ValueError, ("'g'", "groups", "0")),
    "groups that do not divide": (
        lambda: GroupNormalization(groups=4, name="g")(X),
        ValueError,
        ("'g'", "6 columns", "4 groups", "divisors"),
    ),
    "groups of rows": (lambda: GroupNormalization(groups=1, axis=0, name="g"), ValueError, ("'g'", "axis 0")),
    "a mean without a variance": (
        lambda: Normalization(mean=1.0, name="n"),
        ValueError,
        ("'n'", "mean and variance together", "None"),
    ),
    "a mean of words": (lambda: Normalization(mean="a", variance=1, name="n"), DataError, ("'n'", "mean", "'a'")),
    "a mean of another length": (
        lambda: Normalization(mean=[1, 2], variance=[1, 1], name="n")(X),
        DataError,
        ("'n'", "mean", "(2,)", "(6,)"),
    ),
    "a mean for each row": (lambda: Normalization(axis=0, name="n"), ValueError, ("'n'", "axis 0", "None")),
    "given numbers and adapt": (
        lambda: Normalization(mean=1, variance=1, name="n").adapt(X),
        ValueError,
        ("'n'", "nothing to adapt"),
    ),
    "adapt to words": (lambda: Normalization(name="n").adapt(["a"]), DataError, ("'n'", "numbers", "'a'")),
    "adapt to no rows": (lambda: Normalization(name="n").adapt(X[:0]), DataError, ("'n'", "no rows")),
    "adapt to no batches": (lambda: Normalization(name="n").adapt(iter(())), DataError, ("'n'", "no rows")),
    "adapt to other columns": (
        lambda: [layer.adapt(x) for layer in [Normalization(name="n")] for x in (X, X[:, :4])],
        DataError,
        ("'n'", "(4,)", "(6,)"),
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_meant_is_refused_with_the_layer_and_the_way_out(what: str) -> None:
    attempt, kind, parts = REFUSED[what]
    with pytest.raises(kind) as caught:
        attempt()
    for part in parts:
        assert part in str(caught.value)


def test_an_epsilon_of_the_configuration_is_the_least_deviation() -> None:
    assert config.epsilon() == 1e-7
    layer = Normalization(mean=0.0, variance=0.0)
    np.testing.assert_allclose(layer(np.ones((1, 2))), 1e7, rtol=1e-5)
    assert ops.shape(layer(np.ones((1, 2)))) == (1, 2)

"""Fits on every engine: the same numbers on both, and on the native one the same bits however it is run."""

from __future__ import annotations

import numpy as np
import pytest

import flintglass as fg
from flintglass import callbacks, config, layers, models, optimizers
from flintglass.engines.engine import engine

try:
    engine("native")
except ImportError as error:  # an install without a compiler, which the NumPy engine serves
    pytest.skip(str(error), allow_module_level=True)

SHAPES = [((3, 5, 2), 7), ((17, 33, 1, 4), 13), ((70, 129, 65, 3), 64), ((151, 203, 177, 5), 67), ((300, 260, 10), 50)]


@pytest.fixture
def choosing():
    before = config.engine(), config.threads()
    yield
    config.set_engine(before[0])
    config.set_threads(before[1])


def data(sizes, rows, dtype="float32"):
    generator = np.random.default_rng(len(sizes))
    x = generator.normal(size=(rows, sizes[0])).astype(dtype)
    return x, generator.normal(size=(rows, sizes[-1])).astype(dtype)


def network(sizes, optimizer=None, activation="tanh"):
    fg.utils.set_random_seed(3)
    hidden = [layers.Dense(size, activation=activation) for size in sizes[1:-1]]
    model = models.Sequential([layers.Input((sizes[0],)), *hidden, layers.Dense(sizes[-1])])
    model.compile(optimizer or optimizers.Adam(0.01), loss="mse", metrics=["mae"])
    return model


def fitted(sizes, batch, optimizer=None, activation="tanh", **options):
    x, y = data(sizes, 3 * batch + 5)
    model = network(sizes, optimizer, activation)
    history = model.fit(x, y, batch_size=batch, epochs=4, verbose=0, validation_split=0.2, **options)
    return model.get_weights(), history.history


@pytest.mark.parametrize(("sizes", "batch"), SHAPES)
def test_a_fit_gives_the_same_numbers_on_both_engines(choosing, sizes, batch) -> None:
    found = []
    for name in ("numpy", "native"):
        config.set_engine(name)
        found.append(fitted(sizes, batch))
    for mine, theirs in zip(found[1][0], found[0][0], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=2e-5 * max(np.abs(theirs).max(), 1.0))
    assert list(found[0][1]) == list(found[1][1])
    for name, values in found[0][1].items():
        np.testing.assert_allclose(found[1][1][name], values, rtol=2e-5)


@pytest.mark.parametrize("make", [optimizers.SGD, optimizers.RMSprop, lambda: optimizers.SGD(0.01, momentum=0.9)])
def test_other_optimizers_agree_too(choosing, make) -> None:
    found = []
    for name in ("numpy", "native"):
        config.set_engine(name)
        found.append(fitted((9, 12, 2), 8, make())[0])
    for mine, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=2e-5)


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize(("sizes", "batch"), SHAPES)
def test_bits_depend_neither_on_threads_nor_on_the_run(choosing, sizes, batch, activation) -> None:
    config.set_engine("native")
    found = []
    for threads in (1, 2, 3, 5, 2):
        config.set_threads(threads)
        found.append(fitted(sizes, batch, activation=activation))
    for weights, history in found[1:]:
        assert history == found[0][1]
        for mine, theirs in zip(weights, found[0][0], strict=True):
            np.testing.assert_array_equal(mine, theirs)


class AtEachStep(callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.told = []

    def on_train_batch_end(self, batch, logs=None):
        self.told.append((batch, logs["loss"]))


class AtEachEpoch(callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.told = []

    def on_epoch_end(self, epoch, logs=None):
        self.told.append((epoch, logs["loss"]))


@pytest.mark.parametrize("name", ["native", "numpy"])
def test_who_listens_changes_no_bit(choosing, name) -> None:
    config.set_engine(name)
    alone = fitted((5, 9, 2), 16)
    steps, epochs = AtEachStep(), AtEachEpoch()
    for listeners in ([steps], [epochs], [AtEachStep(), AtEachEpoch()]):
        listened = fitted((5, 9, 2), 16, callbacks=listeners)
        assert listened[1] == alone[1]
        for mine, theirs in zip(listened[0], alone[0], strict=True):
            np.testing.assert_array_equal(mine, theirs)
    assert [loss for _, loss in epochs.told] == alone[1]["loss"]
    batches = [batch for batch, _ in steps.told]
    assert batches == list(range(max(batches) + 1)) * 4
    last_of_each = [loss for batch, loss in steps.told if batch == max(batches)]
    assert last_of_each == alone[1]["loss"]


def test_a_row_is_predicted_the_same_whatever_batch_it_is_in(choosing) -> None:
    config.set_engine("native")
    for sizes, _ in SHAPES:
        model, (x, _) = network(sizes), data(sizes, 150)
        whole = model.predict(x, verbose=0)
        for rows in (slice(0, 1), slice(7, 9), slice(40, 77)):
            np.testing.assert_array_equal(model.predict(x[rows], verbose=0), whole[rows])


def test_an_unknown_engine_is_refused_with_the_known_ones(choosing) -> None:
    config.set_engine("nativ")
    with pytest.raises(ValueError, match="Did you mean 'native'"):
        engine()


@pytest.mark.parametrize("count", [-1, 1.5, "2", True])
def test_a_wrong_number_of_threads_is_refused(count) -> None:
    with pytest.raises(ValueError, match="whole number from 0 up"):
        config.set_threads(count)

"""Quick predictions: the same numbers as the long way, after every change that could matter, from many threads."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pytest

import flintglass as fg
from flintglass import config, layers, models
from flintglass.engines.engine import engine

ENGINES = ["numpy", "native"]


@pytest.fixture(params=ENGINES)
def chosen(request):
    before = config.engine()
    try:
        engine(request.param)
    except ImportError as error:  # an install without a compiler
        pytest.skip(str(error))
    config.set_engine(request.param)
    yield request.param
    config.set_engine(before)


def network(**options):
    fg.utils.set_random_seed(5)
    model = models.Sequential([layers.Input((3,)), layers.Dense(4, activation="tanh", **options), layers.Dense(2)])
    model.compile("adam", "mse")
    return model


X = np.random.default_rng(0).normal(size=(7, 3)).astype("float32")


def by_hand(model, x):
    a, b, c, d = model.get_weights()
    return np.tanh(x @ a + b) @ c + d


def test_predictions_and_calls_follow_the_weights_whatever_changes_them(chosen) -> None:
    model = network()
    quick = model.compiled_predict(X)
    for change in (
        lambda: None,
        lambda: model.set_weights([weight * 1.5 for weight in model.get_weights()]),
        lambda: model.fit(X, X[:, :2], epochs=2, verbose=0),
        lambda: model.layers[0].kernel.assign(np.ones((3, 4))),
    ):
        change()
        for x in (X, X[:1], X[::2], X.astype("float64")):
            expected = by_hand(model, x)
            np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-5)
            np.testing.assert_allclose(model(x).numpy(), expected, atol=1e-5)
        np.testing.assert_allclose(model.compiled_predict(X)(X), by_hand(model, X), atol=1e-5)
    assert quick(X).shape == (7, 2)


def test_a_changed_setting_is_seen(chosen) -> None:
    model = network()
    before = model.predict(X, verbose=0)
    model.layers[0].activation = fg.activations.get("relu")
    after = model.predict(X, verbose=0)
    assert not np.allclose(before, after)
    a, b, c, d = model.get_weights()
    np.testing.assert_allclose(after, np.maximum(X @ a + b, 0) @ c + d, atol=1e-5)


def test_each_prediction_is_an_array_of_its_own(chosen) -> None:
    model = network()
    first = model.predict(X, verbose=0)
    kept = first.copy()
    model.predict(X + 1, verbose=0)
    np.testing.assert_array_equal(first, kept)
    first[:] = 0
    np.testing.assert_array_equal(model.predict(X, verbose=0), kept)


def test_a_wrong_shape_and_a_number_that_is_not_finite_are_told_as_before(chosen) -> None:
    model = network()
    model.predict(X, verbose=0)
    with pytest.raises(ValueError, match="shape"):
        model.predict(np.zeros((2, 5), "float32"), verbose=0)
    with pytest.raises(ValueError, match="shape"):
        model.compiled_predict(X)(np.zeros((2, 5), "float32"))
    spoiled = X.copy()
    spoiled[2, 1] = np.nan
    with pytest.warns(RuntimeWarning, match="row 2, column 1"):
        model.predict(spoiled, verbose=0)


def test_calls_that_leave_a_loss_behind_still_do(chosen) -> None:
    model = network(activity_regularizer="l2")
    model.predict(X, verbose=0)
    model(X)
    assert len(model.losses) == 1


def test_many_threads_predict_at_once(chosen) -> None:
    model, wrong = network(), []
    quick = model.compiled_predict(X)
    inputs = [np.random.default_rng(i).normal(size=(1 + i % 4, 3)).astype("float32") for i in range(8)]
    expected = [by_hand(model, x) for x in inputs]

    def work(i: int) -> None:
        for _ in range(100):
            if not np.allclose(quick(inputs[i]), expected[i], atol=1e-5):
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(inputs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_memory_stays_flat_over_many_predictions(chosen) -> None:
    resource = pytest.importorskip("resource")
    model = network()
    quick = model.compiled_predict(X)

    def calls(count: int) -> int:
        for _ in range(count):
            quick(X)
            model.predict(X, verbose=0)
        gc.collect()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kilobytes on Linux, bytes on macOS

    calls(500)
    first = calls(1500)
    assert min(calls(1500) - first, calls(1500) - first) < 2048


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("threads", [1, 4])
def test_memory_stays_flat_over_a_million_predictions(chosen, threads) -> None:
    if chosen != "native":
        pytest.skip("the same objects, ten times slower")
    resource = pytest.importorskip("resource")
    model = network()
    quick = model.compiled_predict(X)
    expected = model.predict(X, verbose=0)
    wrong = []

    def calls(count: int) -> None:
        for number in range(count):
            if number % 1000 == 0 and not (np.array_equal(quick(X), expected) and np.array_equal(model(X), expected)):
                wrong.append(number)
            model.predict(X, verbose=0)
            quick(X)

    def in_threads(count: int) -> int:
        workers = [threading.Thread(target=calls, args=(count // (2 * threads),)) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        gc.collect()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    first = in_threads(20_000)
    assert in_threads(1_000_000) - first < 4096  # kilobytes
    assert wrong == []

"""Many threads, and many calls: models stay apart, predictions whole, and memory flat."""

from __future__ import annotations

import gc
import threading
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
from tests.fit.support import X, Y, deferred, same, sequential, subclassed

from flintglass import layers, models, utils


def in_threads(*works: Callable[[], Any]) -> list[Any]:
    """Run each in a thread of its own; errors come through."""
    results: list[Any] = [None] * len(works)
    errors: list[BaseException] = []

    def run(number: int, work: Callable[[], Any]) -> None:
        try:
            results[number] = work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]
    return results


def test_predict_from_several_threads_gives_what_one_gives() -> None:
    model = sequential()
    expected = {size: model.predict(X[:size], verbose=0) for size in (1, 5, 33, 70)}

    def work() -> bool:
        return all(
            np.array_equal(model.predict(X[:size], verbose=0), expected[size]) for _ in range(30) for size in expected
        )

    assert all(in_threads(*[work] * 6))


def test_a_model_that_is_not_built_may_be_predicted_with_from_threads_after_its_first_call() -> None:
    model = deferred()
    first = model.predict(X, verbose=0)
    assert all(np.array_equal(found, first) for found in in_threads(*[lambda: model.predict(X, verbose=0)] * 4))


def test_predictions_and_weights_may_be_read_while_the_model_trains() -> None:
    model = sequential()
    model.fit(X, Y, verbose=0)
    done, read_once = threading.Event(), threading.Event()

    def train() -> None:
        while not read_once.is_set():
            model.fit(X, Y, epochs=60, verbose=0)
        model.fit(X, Y, epochs=60, verbose=0)
        done.set()

    def read() -> int:
        reads = 0
        while not done.is_set():
            assert np.isfinite(model.predict(X, verbose=0)).all()
            assert all(np.isfinite(array).all() for array in model.get_weights())
            reads += 1
            read_once.set()
        return reads

    assert in_threads(train, read, read)[1] > 0


def test_several_models_trained_at_once_are_those_trained_in_turn() -> None:
    """Without shuffling, whose seeds come from one generator for the process."""

    def work(seed: int) -> Any:
        model = models[seed]
        model.fit(X, Y, epochs=10, shuffle=False, verbose=0)
        return model

    models = {seed: sequential(seed=seed) for seed in range(4)}
    together = in_threads(*[lambda seed=seed: work(seed) for seed in range(4)])  # type: ignore[misc]
    models = {seed: sequential(seed=seed) for seed in range(4)}
    for seed, model in enumerate(together):
        assert same(model, work(seed))


def test_models_may_be_made_and_trained_in_threads() -> None:
    def work() -> float:
        model = subclassed()
        model.fit(X, Y, epochs=3, verbose=0)
        return float(model.evaluate(X, Y, verbose=0))

    assert all(np.isfinite(in_threads(*[work] * 4)))


def test_two_fits_of_one_model_wait_for_each_other() -> None:
    model = sequential()
    in_threads(*[lambda: model.fit(X, Y, epochs=5, verbose=0)] * 3)
    assert model.optimizer.iterations.numpy() == 3 * 5 * 3


def growth(work: Callable[[], Any], times: int) -> int:
    """How many bytes are held more after so many further calls.

    The smaller of two windows in a row: a leak grows in both, a cache that is filled once only in one.
    """
    for _ in range(3):
        work()
    gc.collect()
    tracemalloc.start()
    for _ in range(3):
        work()
    held = []
    for _ in range(3):
        gc.collect()
        held.append(tracemalloc.get_traced_memory()[0])
        for _ in range(times if len(held) < 3 else 0):
            work()
    tracemalloc.stop()
    return min(held[1] - held[0], held[2] - held[1])


def test_memory_is_flat_over_fits_predicts_and_evaluations() -> None:
    model = sequential("adam", "mse", metrics=["mae"])
    assert growth(lambda: model.fit(X, Y, verbose=0), 200) < 20_000
    assert growth(lambda: model.predict(X, verbose=0), 200) < 20_000
    assert growth(lambda: model.evaluate(X, Y, verbose=0), 50) < 20_000
    assert growth(lambda: model.train_on_batch(X, Y), 200) < 20_000
    assert growth(lambda: model(X), 200) < 20_000


def test_batches_of_ever_new_sizes_are_not_all_kept() -> None:
    model = sequential()
    sizes = iter(range(1, 10_000))
    growing = growth(lambda: model.predict(np.ones((next(sizes), 3)), verbose=0), 200)
    assert growing < 4_000_000


def test_models_that_are_dropped_are_freed() -> None:
    def work() -> None:
        model = sequential()
        model.fit(X, Y, verbose=0)

    work()
    utils.set_random_seed(1)
    # What engines keep of programs is bounded; it fills up within these calls.
    first, second = growth(work, 40), growth(work, 40)
    assert second < first + 500_000


def test_what_a_fit_holds_is_let_go_at_its_end_without_the_collector() -> None:
    """The copy of a large state would else wait for it, fit after fit."""
    x = np.ones((8, 200), "float32")
    model = models.Sequential([layers.Input((200,)), layers.Dense(500), layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(x, x[:, :1], verbose=0)
    state = sum(variable.storage.nbytes for variable in (*model.weights, *model.optimizer.variables))
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(6):
            model.fit(x, x[:, :1], verbose=0)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
        gc.enable()
    assert grown < state

"""What other threads read while a model trains is the state of one finished step."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fit.support import X, Y, sequential

from flintglass import callbacks, layers, models, optimizers, saving, utils

WIDE = 40_000


class Falls(layers.Layer):
    """Two weights, far apart in memory, whose gradient is 1 everywhere: a step takes the same off all of them."""

    def build(self, input_shape: Any) -> None:
        self.first = self.add_weight((WIDE,), "zeros", name="first")
        self.between = self.add_weight((WIDE,), "zeros", name="between")
        self.last = self.add_weight((WIDE,), "zeros", name="last")

    def call(self, inputs: Any) -> Any:
        from flintglass import ops

        total = ops.sum(self.first) + ops.sum(self.between) + ops.sum(self.last)
        return inputs * 0.0 + total


def predicted(y_true: Any, y_pred: Any) -> Any:
    return y_pred


def falling() -> Any:
    utils.set_random_seed(1)
    made = models.Sequential([layers.Input((1,)), Falls()])
    made.compile(optimizers.SGD(0.25), predicted)
    return made


ROWS = np.ones((64, 1), "float32")


def of_one_step(weights: Any) -> bool:
    return len(np.unique(np.concatenate([array.ravel() for array in weights]))) == 1


def while_training(model: Any, read: Callable[[], Any], seconds: float = 0.6, **options: Any) -> list[Any]:
    """What ``read`` gives, again and again, while another thread fits the model."""
    model.fit(ROWS, ROWS, batch_size=1, verbose=0)
    begun, done = threading.Event(), threading.Event()

    class Stops(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            begun.set()
            self.model.stop_training = done.is_set()

    given = [Stops()]
    thread = threading.Thread(
        target=lambda: model.fit(ROWS, ROWS, batch_size=1, epochs=10**6, verbose=0, callbacks=given, **options)
    )
    thread.start()
    found = []
    try:
        assert begun.wait(30)
        end = time.monotonic() + seconds
        while time.monotonic() < end or len(found) < 3:
            found.append(read())
    finally:
        done.set()
        thread.join(60)
    assert not thread.is_alive()
    return found


def of(model: Any) -> list[np.ndarray]:
    return [variable.numpy() for variable in model.weights]


READS: dict[str, Callable[[Any], Any]] = {
    "get_weights": lambda model: model.get_weights(),
    "deepcopy": lambda model: of(copy.deepcopy(model)),
    "at_rest": lambda model: within(model),
    "predict": lambda model: [model.predict(ROWS[:1], verbose=0) / (3 * WIDE)],
}


def within(model: Any) -> list[np.ndarray]:
    with model.at_rest():
        return of(model)


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_what_is_read_while_a_model_trains_is_of_one_step(on_engine: str, read: Callable[[Any], Any]) -> None:
    model = falling()
    found = while_training(model, lambda: read(model))
    assert all(of_one_step(weights) for weights in found)
    values = [float(weights[0].ravel()[0]) for weights in found]
    assert len(set(values)) > 1  # it trained meanwhile
    assert values == sorted(values, reverse=True)


def test_a_prediction_made_while_the_model_trains_is_of_one_step(on_engine: str) -> None:
    """The sum of all weights: of a torn step it would not be a multiple of their number."""
    model = falling()
    found = while_training(model, lambda: float(model.predict(ROWS[:1], verbose=0)[0, 0]))
    assert all(value % (0.25 * 3 * WIDE) == 0 or abs(value) > 2**24 for value in found)


def test_a_pickle_made_while_a_model_trains_is_of_one_step() -> None:
    model = sequential()
    model.fit(X, Y, verbose=0)
    begun, done = threading.Event(), threading.Event()

    class Stops(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            begun.set()
            self.model.stop_training = done.is_set()

    thread = threading.Thread(target=lambda: model.fit(X, Y, epochs=10**6, verbose=0, callbacks=[Stops()]))
    thread.start()
    assert begun.wait(30)
    state = model.__getstate__()
    with model.at_rest():
        now = model.get_weights()
    done.set()
    thread.join(60)
    iterations = state["_compiled"].optimizer.iterations.numpy()
    assert 0 < iterations <= model.optimizer.iterations.numpy()
    assert not any(np.shares_memory(a, b.storage) for a, b in zip(now, model.weights, strict=True))


def test_readers_wait_no_longer_than_about_a_slice_and_training_goes_on(on_engine: str) -> None:
    model = falling()
    waits = []

    def read() -> None:
        begun = time.perf_counter()
        model.get_weights()
        waits.append(time.perf_counter() - begun)
        time.sleep(0.01)

    while_training(model, read, 1.0)
    assert len(waits) > 5
    assert np.median(waits) < 0.2  # of 0.1 s on a quiet machine


def test_readers_who_never_pause_do_not_stop_training() -> None:
    model = sequential()
    model.fit(X, Y, verbose=0)
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            model.get_weights()
            model.predict(X, verbose=0)

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        begun = time.monotonic()
        model.fit(X, Y, epochs=300, verbose=0)
        took = time.monotonic() - begun
        done.set()
        for reader in readers:
            reader.result(30)
    assert model.optimizer.iterations.numpy() == 301 * 3
    assert took < 30


class AsksOthers(callbacks.Callback):
    """A callback whose own threads read the model, and which waits for them."""

    def __init__(self) -> None:
        super().__init__()
        self.read = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        with ThreadPoolExecutor(2) as pool:
            for found in pool.map(lambda _: (self.model.get_weights(), self.model.predict(X, verbose=0)), range(2)):
                self.read += len(found[0])

    on_epoch_begin = on_epoch_end = on_test_begin = on_test_batch_end = on_train_batch_end


def test_a_callback_may_wait_for_threads_that_read(on_engine: str) -> None:
    model, asking = sequential(), AsksOthers()
    model.fit(X, Y, epochs=2, verbose=0, validation_data=(X, Y), callbacks=[asking])
    assert asking.read


def test_a_dataset_may_predict_in_threads_while_the_model_trains() -> None:
    model = sequential()

    class Predicts(utils.PyDataset):
        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int) -> Any:
            return X, model.predict(X, verbose=0) * 0.5

    model.fit(Predicts(workers=3), epochs=2, verbose=0)
    model.evaluate(Predicts(workers=3), verbose=0)


def test_a_model_at_rest_cannot_be_trained() -> None:
    model = sequential()
    with model.at_rest(), pytest.raises(RuntimeError, match="leave that block first"):
        model.fit(X, Y, verbose=0)
    with model.at_rest(), model.at_rest():
        model.get_weights()
        model.predict(X, verbose=0)
    model.fit(X, Y, verbose=0)


def test_weights_may_be_set_while_the_model_trains() -> None:
    """Between two steps: none of the numbers that are set is lost to a step that had begun before."""
    model = falling()
    high = [np.full(WIDE, 1e6, "float32")] * 3

    def swap() -> list[np.ndarray]:
        model.set_weights(high)
        found: list[np.ndarray] = model.get_weights()
        return found

    assert all(of_one_step(weights) for weights in while_training(model, swap))


def test_a_copy_made_while_another_thread_trains_goes_on_by_itself() -> None:
    model = falling()
    (twin, *_) = while_training(model, lambda: copy.deepcopy(model), 0.0)
    before = twin.get_weights()
    twin.fit(ROWS, ROWS, batch_size=1, verbose=0)
    assert of_one_step(twin.get_weights())
    assert not np.array_equal(twin.get_weights()[0], before[0])


@pytest.mark.parametrize("ending", ["keras", "h5", "weights.h5"])
def test_a_file_that_is_written_while_a_model_trains_is_of_one_step(tmp_path: Path, ending: str) -> None:
    model = falling()

    def write() -> list[np.ndarray]:
        path = tmp_path / f"model.{ending}"
        (model.save_weights if ending.startswith("weights") else model.save)(path)
        twin = falling()
        twin.load_weights(path) if ending.startswith("weights") else twin.set_weights(
            saving.load_model(path, custom_objects={"Falls": Falls}, compile=False).get_weights()
        )
        found: list[np.ndarray] = twin.get_weights()
        return found

    assert all(of_one_step(weights) for weights in while_training(model, write, 0.0))

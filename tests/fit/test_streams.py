"""Training on batches that somebody else makes: generators, data loaders, PyDataset; the same bits as from arrays."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import flintglass as fg
from flintglass import layers
from flintglass.utils import PyDataset

X = np.random.RandomState(0).normal(size=(100, 3)).astype("float32")
Y = X.sum(1, keepdims=True)
W = np.linspace(0.5, 1.5, 100).astype("float32")


def network() -> Any:
    fg.utils.set_random_seed(1)
    model = fg.Sequential([fg.Input((3,)), layers.Dense(4, activation="relu"), layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    return model


def batches(weights: bool = False) -> Any:
    for start in range(0, 100, 30):
        rows = slice(start, start + 30)
        yield (X[rows], Y[rows], W[rows]) if weights else (X[rows], Y[rows])


def forever() -> Any:
    while True:
        yield from batches()


class Loader:
    """An iterable that begins anew, as PyTorch's loaders do."""

    def __iter__(self) -> Any:
        return batches()

    def __len__(self) -> int:
        return 4


class Numbered(PyDataset):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.began = self.ended = 0
        self.threads: set[int] = set()

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Any:
        self.threads.add(threading.get_ident())
        return list(batches())[index]

    def on_epoch_begin(self) -> None:
        self.began += 1

    def on_epoch_end(self) -> None:
        self.ended += 1


SOURCES = {
    "a generator": lambda: (forever(), {"steps_per_epoch": 4}),
    "an iterable": lambda: (Loader(), {}),
    "a dataset": lambda: (Numbered(), {}),
    "a dataset with workers": lambda: (Numbered(workers=3, max_queue_size=2), {}),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_a_stream_trains_to_the_bits_of_the_arrays(kind: str) -> None:
    whole, streamed = network(), network()
    options = {"epochs": 3, "shuffle": False, "verbose": 0}
    expected = whole.fit(X, Y, batch_size=30, validation_data=(X, Y), validation_batch_size=30, **options).history
    source, more = SOURCES[kind]()
    found = streamed.fit(source, validation_data=Loader(), **options, **more).history
    assert found == expected
    for mine, theirs in zip(streamed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("kind", SOURCES)
def test_evaluate_and_predict_take_streams(kind: str) -> None:
    model = network()
    source, more = SOURCES[kind]()
    steps = {"steps": 4} if more else {}
    assert model.evaluate(source, verbose=0, **steps) == model.evaluate(X, Y, batch_size=30, verbose=0)
    source, _ = SOURCES[kind]()
    np.testing.assert_array_equal(model.predict(source, verbose=0, **steps), model.predict(X, verbose=0))


def test_weights_of_rows_come_with_the_batch() -> None:
    whole, streamed = network(), network()
    whole.fit(X, Y, sample_weight=W, batch_size=30, shuffle=False, verbose=0)
    streamed.fit(batches(weights=True), verbose=0)
    np.testing.assert_array_equal(streamed.get_weights()[0], whole.get_weights()[0])


def test_class_weights_hold_for_every_batch() -> None:
    labels = (X[:, 0] > 0).astype("int64")

    def labelled() -> Any:
        for start in range(0, 100, 30):
            yield X[start : start + 30], labels[start : start + 30]

    found = []
    for stream in (False, True):
        fg.utils.set_random_seed(1)
        model = fg.Sequential([fg.Input((3,)), layers.Dense(1, activation="sigmoid")])
        model.compile("sgd", "binary_crossentropy")
        options = {"class_weight": {0: 1.0, 1: 3.0}, "verbose": 0}
        if stream:
            model.fit(labelled(), **options)
        else:
            model.fit(X, labels, batch_size=30, shuffle=False, **options)
        found.append(model.get_weights()[0])
    np.testing.assert_array_equal(*found)


def test_a_dataset_is_told_of_epochs_and_its_batches_are_shuffled_by_the_seed() -> None:
    orders = []

    class Noting(Numbered):
        def __getitem__(self, index: int) -> Any:
            self.order = [*getattr(self, "order", []), index]
            return super().__getitem__(index)

    for _ in range(2):
        np.random.seed(5)
        dataset = Noting()
        network().fit(dataset, epochs=3, verbose=0)
        assert (dataset.began, dataset.ended) == (3, 3)
        orders.append(dataset.order[1:])  # the first was read to learn the shapes
    assert orders[0] == orders[1]
    epochs = [orders[0][i : i + 4] for i in (0, 4, 8)]
    assert all(sorted(epoch) == [0, 1, 2, 3] for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1


def test_workers_make_batches_in_threads_of_their_own() -> None:
    dataset = Numbered(workers=2)
    network().fit(dataset, epochs=2, verbose=0)
    assert dataset.threads - {threading.get_ident()}


def test_a_generator_that_runs_out_ends_the_fit_with_a_warning() -> None:
    model = network()
    with pytest.warns(UserWarning, match="ran out after 0 batches"):
        history = model.fit(batches(), epochs=3, verbose=0)
    assert len(history.history["loss"]) == 1
    with pytest.warns(UserWarning, match="ran out after 4 batches of the 6"):
        model.fit(batches(), steps_per_epoch=6, epochs=2, verbose=0)
    with pytest.warns(UserWarning, match="ran out after 4 batches of the 5"):
        model.predict(batches(), steps=5, verbose=0)


def test_several_inputs_come_as_a_list_or_a_dict() -> None:
    a, b = fg.Input((3,), name="a"), fg.Input((3,), name="b")
    model = fg.Model([a, b], layers.Dense(1)(layers.Dense(2)(a) + layers.Dense(2)(b)))
    model.compile("sgd", "mse")
    model.fit((([X, X], Y) for _ in range(2)), verbose=0)
    model.fit((({"a": X, "b": X}, Y) for _ in range(2)), verbose=0)
    assert model.predict((([X, X],) for _ in range(2)), verbose=0).shape == (200, 1)


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        (lambda: forever(), {"y": Y}, "makes the targets and the weights itself"),
        (lambda: forever(), {"validation_split": 0.2}, "validation_split needs arrays"),
        (lambda: iter([]), {}, "gave no batch"),
        (lambda: iter([(X, Y, W, W)]), {}, "a batch is x, \\(x, y\\) or"),
        (lambda: iter([(X, Y), (X[:, :2], Y)]), {}, "takes \\(None, 3\\)"),
        (lambda: iter([(X, Y.astype("int64")), (X, Y)]), {}, "batch 1 holds numbers with a point"),
        (lambda: iter([(X, Y[:5])]), {}, "same number of rows"),
        (lambda: iter([("text", Y)]), {}, "numbers are expected"),
    ],
)
def test_what_a_stream_does_wrong_is_told(source: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        network().fit(source(), verbose=0, **options)


def test_an_error_of_a_generator_comes_through_and_leaves_a_usable_model() -> None:
    model = network()

    def failing() -> Any:
        yield X, Y
        yield X, Y
        raise OSError("the file is gone")

    with pytest.raises(OSError, match="the file is gone"):
        model.fit(failing(), verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 2
    assert np.isfinite(model.predict(X, verbose=0)).all()

"""Data in every form in which people have it, and how fit goes through it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from tests.fit.support import X, Y, functional, same, sequential

from flintglass import Input, Model, Sequential, ops, utils
from flintglass.callbacks import Callback
from flintglass.data import ArrayBatches
from flintglass.layers import Dense, Flatten


class Frame:
    """As much of a data frame as is asked for."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)

    def to_numpy(self) -> np.ndarray:
        return self.values

    def __len__(self) -> int:
        return len(self.values)


FORMS = {
    "float64": X.astype("float64"),
    "float16": X.astype("float16"),
    "a list of lists": X.tolist(),
    "a tuple of tuples": tuple(map(tuple, X.tolist())),
    "a list of arrays": list(X),
    "a frame": Frame(X),
    "a frame of mixed columns": Frame(X.astype(object)),
    "a tensor": ops.convert_to_tensor(X),
    "an array inside a list": [X],
    "columns first in memory": np.asfortranarray(X),
    "a view with steps": np.repeat(X, 2, axis=0)[::2],
    "not native bytes": X.astype(">f4"),
    "read-only": np.frombuffer(X.tobytes(), "float32").reshape(X.shape),
}


@pytest.mark.parametrize("form", FORMS)
def test_predict_and_fit_take(form: str) -> None:
    model = sequential()
    tolerance = 2e-2 if form == "float16" else 1e-6
    np.testing.assert_allclose(model.predict(FORMS[form], verbose=0), model.predict(X, verbose=0), atol=tolerance)
    model.fit(FORMS[form], Y.tolist(), verbose=0)
    model.evaluate(FORMS[form], Frame(Y), verbose=0)


@pytest.mark.parametrize(
    "whole", [range(6), [0, 1, 2, 3, 4, 5], np.arange(6), np.arange(6) > 2, np.arange(6, dtype="uint8")]
)
def test_one_column_may_be_a_range_a_list_or_whole_numbers(whole: Any) -> None:
    model = Sequential([Input((1,)), Dense(1)])
    model.compile("sgd", "mse")
    assert model.predict(whole, verbose=0).shape == (6, 1)
    assert model.fit(whole, whole, epochs=2, verbose=0).history["loss"]
    expected = np.asarray(whole, "float32").reshape(-1, 1)
    np.testing.assert_array_equal(model.predict(whole, verbose=0), model.predict(expected, verbose=0))


def test_data_are_neither_changed_nor_copied_needlessly() -> None:
    x, y = X.copy(), Y.copy()
    sequential().fit(x, y, verbose=0)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)


def test_a_list_of_images_is_rows_for_a_model_of_one_input() -> None:
    model = Sequential([Flatten(), Dense(1)])
    assert model.predict([np.ones((2, 3)), np.zeros((2, 3))], verbose=0).shape == (2, 1)


def test_dicts_lists_and_tuples_for_several_inputs_and_outputs() -> None:
    a, b = Input((3,), name="a"), Input((2,), name="b")
    outputs = {"p": Dense(1, name="p")(a), "q": Dense(2, name="q")(b)}
    model = Model({"a": a, "b": b}, outputs)
    model.compile("adam", {"p": "mse", "q": "mae"}, metrics={"p": ["mae"]})
    second = X[:, :2]
    history = model.fit({"a": X, "b": second}, {"p": Y, "q": second}, verbose=0).history
    assert list(history) == ["loss", "p_loss", "p_mae", "q_loss"]
    found = model.predict({"b": second, "a": X}, verbose=0)
    assert {name: value.shape for name, value in found.items()} == {"p": (70, 1), "q": (70, 2)}
    again = model.predict([X, second], verbose=0)
    np.testing.assert_array_equal(found["q"], again["q"])


def test_a_class_of_two_inputs_takes_a_list_or_a_dict() -> None:
    class Both(Model):
        def __init__(self) -> None:
            super().__init__()
            self.out = Dense(1)

        def call(self, inputs: Any) -> Any:
            left, right = (inputs["l"], inputs["r"]) if isinstance(inputs, dict) else inputs
            return self.out(left) + ops.sum(right, axis=-1, keepdims=True)

    for x in ([X, X[:, :2]], (X, X[:, :2]), {"r": X[:, :2], "l": X}):
        model = Both()
        model.compile("sgd", "mse")
        model.fit(x, Y, verbose=0)
        assert model.predict(x, verbose=0).shape == (70, 1)
        assert np.isfinite(model.evaluate(x, Y, verbose=0))


def test_predictions_do_not_depend_on_the_batch_size() -> None:
    model = sequential()
    for size in (1, 7, 70, 1000):
        np.testing.assert_allclose(model.predict(X, batch_size=size, verbose=0), model.predict(X, verbose=0), rtol=1e-6)
    assert len(model.predict(X, batch_size=30, steps=2, verbose=0)) == 60


class Rows(Callback):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.steps = batch + 1


@pytest.mark.parametrize(("size", "steps"), [(1, 70), (32, 3), (35, 2), (69, 2), (70, 1), (500, 1)])
def test_the_last_batch_may_be_short_and_a_batch_larger_than_the_data(size: int, steps: int) -> None:
    rows = Rows()
    model = sequential()
    model.fit(X, Y, batch_size=size, verbose=0, callbacks=[rows])
    assert rows.steps == steps
    assert model.optimizer.iterations.numpy() == steps


def test_the_loss_of_an_epoch_weighs_rows_and_not_batches() -> None:
    model = sequential("sgd", "mse")
    model.optimizer.learning_rate = 0.0
    loss = model.fit(X, Y, batch_size=32, verbose=0).history["loss"][0]
    assert loss == pytest.approx(np.mean((model.predict(X, verbose=0) - Y) ** 2), rel=1e-5)
    assert model.evaluate(X, Y, batch_size=3, verbose=0) == pytest.approx(loss, rel=1e-5)


def test_the_order_of_rows_is_a_function_of_seed_and_epoch() -> None:
    batches = ArrayBatches([X], 32, seed=5)
    again = ArrayBatches([X], 32, seed=5)
    for epoch in (3, 0):
        np.testing.assert_array_equal(batches.permutation(epoch), again.permutation(epoch))
    assert sorted(batches.permutation(1)) == list(range(70))
    assert list(batches.permutation(1)) != list(batches.permutation(2))
    rows = np.concatenate([batch.arrays()[0] for batch in batches.epoch(1)])
    np.testing.assert_array_equal(rows, X[batches.permutation(1)])
    later = np.concatenate([batch.arrays()[0] for batch in batches.epoch(1, first=1)])
    np.testing.assert_array_equal(later, rows[32:])


def test_runs_repeat_after_set_random_seed_and_differ_without() -> None:
    def trained(seed: int | None) -> Any:
        model = sequential(seed=1)
        if seed is not None:
            utils.set_random_seed(seed)
        else:
            np.random.seed()
        model.fit(X, Y, epochs=2, verbose=0)
        return model

    assert same(trained(4), trained(4))
    assert not same(trained(4), trained(5))
    assert not same(trained(None), trained(None))


def test_without_shuffle_rows_come_in_order() -> None:
    fitted, stepped = sequential(), sequential()
    fitted.fit(X, Y, shuffle=False, batch_size=35, verbose=0)
    stepped.train_on_batch(X[:35], Y[:35])
    stepped.train_on_batch(X[35:], Y[35:])
    assert same(fitted, stepped)


def test_validation_split_takes_the_last_rows_before_shuffling() -> None:
    split, given = sequential(), sequential()
    histories = []
    for model, options in ((split, {"validation_split": 0.25}), (given, {"validation_data": (X[52:], Y[52:])})):
        utils.set_random_seed(2)
        rows = slice(0, 70) if model is split else slice(0, 52)
        histories.append(model.fit(X[rows], Y[rows], epochs=2, verbose=0, **options).history)
    assert histories[0] == histories[1]


def test_validation_leaves_the_weights_alone() -> None:
    plain, validated = sequential(), sequential()
    for model, options in ((plain, {}), (validated, {"validation_data": (X, Y, np.ones(70))})):
        utils.set_random_seed(2)
        model.fit(X, Y, epochs=3, verbose=0, **options)
    assert same(plain, validated)


def test_a_row_of_weight_two_counts_twice_and_one_of_weight_zero_not() -> None:
    weights = np.array([2.0, 1.0, 0.0])
    model = sequential("sgd", "mse", weighted_metrics=["mse"])
    errors = (model.predict(X[:3], verbose=0) - Y[:3])[:, 0] ** 2
    found = model.evaluate(X[:3], Y[:3], sample_weight=weights, verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx((errors * weights).sum() / 3, rel=1e-5)
    assert found["mse"] == pytest.approx((errors * weights).sum() / 3.0, rel=1e-5)


def test_class_weight_is_a_weight_for_each_row_of_the_class() -> None:
    labels = (X[:, 0] > 0).astype(int)

    def trained(**options: Any) -> Any:
        utils.set_random_seed(1)
        model = Sequential([Input((3,)), Dense(2, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        model.fit(X, options.pop("y", labels), shuffle=False, verbose=0, **options)
        return model

    by_class = trained(class_weight={0: 1.0, 1: 5.0})
    assert same(by_class, trained(sample_weight=np.where(labels == 1, 5.0, 1.0)))
    assert not same(by_class, trained())


def test_weights_of_rows_hold_for_every_output_where_one_array_is_given() -> None:
    start = Input((3,))
    model = Model(start, [Dense(1, name="a")(start), Dense(1, name="b")(start)])
    model.compile("sgd", "mse")
    weights = np.linspace(0, 1, 70)
    one = model.evaluate(X, [Y, Y], sample_weight=weights, verbose=0)
    two = model.evaluate(X, [Y, Y], sample_weight=[weights, weights], verbose=0)
    assert one == two


def test_on_batch_methods_agree_with_evaluate() -> None:
    model = sequential("sgd", "mse", metrics=["mae"])
    loss, error = model.evaluate(X, Y, verbose=0)
    model.reset_metrics()
    assert model.test_on_batch(X, Y) == pytest.approx([loss, error], rel=1e-6)
    model.reset_metrics()
    assert model.train_on_batch(X, Y, return_dict=True) == pytest.approx({"loss": loss, "mae": error}, rel=1e-6)
    np.testing.assert_array_equal(model.predict_on_batch(X), model.predict(X, verbose=0))
    assert isinstance(sequential().train_on_batch(X, Y), float)


def test_evaluate_returns_a_number_a_list_or_a_dict() -> None:
    assert isinstance(sequential().evaluate(X, Y, verbose=0), float)
    model = sequential("adam", "mse", metrics=["mae", "mse"])
    values = model.evaluate(X, Y, verbose=0)
    assert model.metrics_names == ["loss", "mae", "mse"]
    assert model.evaluate(X, Y, verbose=0, return_dict=True) == dict(zip(model.metrics_names, values, strict=True))


def test_labels_of_any_integer_type_reach_the_loss() -> None:
    for kind in ("int8", "uint8", "int32", "int64", "float32", "bool"):
        model = Sequential([Input((3,)), Dense(2, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            history = model.fit(X, (X[:, 0] > 0).astype(kind), verbose=0).history
        assert 0 <= history["accuracy"][0] <= 1


def test_an_unknown_axis_takes_any_length() -> None:
    model = Sequential([Input((None, 3)), Dense(2)])
    for length in (1, 5):
        assert model.predict(np.ones((4, length, 3)), verbose=0).shape == (4, length, 2)


def test_functional_and_sequential_models_train_alike() -> None:
    left, right = sequential(), functional()
    for model in (left, right):
        utils.set_random_seed(2)
        model.fit(X, Y, epochs=2, verbose=0)
    assert same(left, right)

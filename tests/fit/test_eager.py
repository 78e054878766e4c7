"""Models whose Python asks for numbers: traced once a size, or run eagerly with one warning that names the line."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.fit.support import X, Y, functional, sequential

from flintglass import Input, Model, Sequential, metrics, ops, utils
from flintglass.errors import NeedsConcrete
from flintglass.layers import Dense, Layer


class Branching(Model):
    """Doubles its input where its mean is above zero: a branch on a value."""

    def __init__(self) -> None:
        super().__init__(name="branching")
        self.out = Dense(1)
        self.taken: list[bool] = []

    def call(self, inputs: Any) -> Any:
        above = bool(ops.mean(inputs) > 0)  # the line that asks
        self.taken.append(above)
        return self.out(inputs * 2 if above else inputs)


class BranchingLayer(Layer):
    def call(self, inputs: Any) -> Any:
        return inputs * 2 if ops.mean(inputs) > 0 else inputs


class CountsRows(Model):
    """Asks how many rows there are, and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.out = Dense(1)
        self.seen: list[int] = []

    def call(self, inputs: Any) -> Any:
        total = ops.zeros((1, 3))
        for row in range(inputs.shape[0]):
            total = total + inputs[row : row + 1]
        self.seen.append(int(inputs.shape[0]))
        return self.out(inputs - total / len(inputs))


def compiled(made: Any, **settings: Any) -> Any:
    made.compile("adam", "mse", **settings)
    return made


def test_a_branch_on_a_value_is_run_eagerly_and_said_once_with_the_line() -> None:
    utils.set_random_seed(1)
    model = compiled(Branching(), metrics=["mae"])
    with pytest.warns(UserWarning, match="'branching' is run eagerly") as caught:
        history = model.fit(X, Y, epochs=30, verbose=0).history
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.evaluate(X, Y, verbose=0)
        model.predict(X, verbose=0)
        model.train_on_batch(X, Y)
    message = str(caught[0].message)
    assert "the line that asks" in message
    assert "test_eager.py" in message
    assert "run_eagerly=True" in message
    assert caught[0].filename == __file__
    assert history["loss"][0] > history["loss"][-1]
    assert set(model.taken) == {True, False}


def test_run_eagerly_runs_without_a_warning() -> None:
    model = compiled(Branching(), run_eagerly=True)
    model.fit(X, Y, verbose=0)
    assert model.predict(X, verbose=0).shape == (70, 1)
    assert model(X).shape == (70, 1)


def test_its_program_names_the_line() -> None:
    model = compiled(Branching(), run_eagerly=True)
    model.fit(X, Y, verbose=0)
    with pytest.raises(NeedsConcrete, match="the line that asks"):
        model.program("train")


def test_a_layer_that_branches_inside_a_subclassed_model() -> None:
    class Holder(Model):
        def __init__(self) -> None:
            super().__init__()
            self.branch, self.out = BranchingLayer(name="branch"), Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.out(self.branch(inputs))

    model = compiled(Holder())
    with pytest.warns(UserWarning, match="'branch'"):
        model.fit(X, Y, verbose=0)


def test_a_layer_that_branches_cannot_join_a_graph() -> None:
    with pytest.raises(NeedsConcrete, match="inputs \\* 2 if"):
        Sequential([Input((3,)), BranchingLayer(), Dense(1)])


@pytest.mark.parametrize("make", [sequential, functional])
def test_eager_steps_give_the_numbers_of_the_program(make: Callable[..., Any]) -> None:
    settings: dict[str, Any] = {"metrics": ["mae"], "weighted_metrics": ["mse"]}
    weights = np.linspace(0, 1, len(X))
    traced, eager = make(**settings), make(run_eagerly=True, **settings)
    results = []
    for model in (traced, eager):
        utils.set_random_seed(3)
        results.append(model.fit(X, Y, epochs=3, sample_weight=weights, validation_split=0.2, verbose=0).history)
    assert list(results[0]) == list(results[1])
    for name, values in results[0].items():
        np.testing.assert_allclose(results[1][name], values, rtol=1e-5)
    for left, right in zip(traced.get_weights(), eager.get_weights(), strict=True):
        np.testing.assert_allclose(right, left, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(eager.predict(X, verbose=0), traced.predict(X, verbose=0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(eager(X).numpy(), eager.predict(X, verbose=0), rtol=1e-5)
    np.testing.assert_allclose(
        eager.train_on_batch(X, Y, return_dict=True)["mae"], traced.train_on_batch(X, Y, return_dict=True)["mae"], 1e-4
    )


def test_regularizers_and_added_losses_enter_the_eager_loss() -> None:
    def build(eager: bool) -> Any:
        utils.set_random_seed(2)
        start = Input((3,))
        hidden = Dense(4, kernel_regularizer="l2", activity_regularizer="l1")(start)
        model = Model(start, [Dense(1, name="a")(hidden), Dense(2, name="b")(hidden)])
        model.compile("adam", ["mse", "mae"], loss_weights=[1.0, 3.0], run_eagerly=eager)
        return model

    traced, eager = (build(eager).evaluate(X, [Y, X[:, :2]], verbose=0, return_dict=True) for eager in (False, True))
    assert list(traced) == list(eager)
    np.testing.assert_allclose(list(eager.values()), list(traced.values()), rtol=1e-5)


def test_a_model_that_counts_its_rows_is_traced_once_for_each_size() -> None:
    model = compiled(CountsRows())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, Y, epochs=4, batch_size=32, verbose=0)
        assert model.predict(X, verbose=0).shape == (70, 1)
        assert np.isfinite(model.evaluate(X, Y, batch_size=32, verbose=0))
    assert set(model.seen) == {32, 6, 70}
    # Once each for predict (which builds), train and test, whatever the number of epochs.
    assert len(model.seen) <= 10


def test_sizes_change_nothing_in_the_numbers() -> None:
    class Plain(CountsRows):
        def call(self, inputs: Any) -> Any:
            return self.out(inputs - ops.mean(inputs, axis=0, keepdims=True))

    utils.set_random_seed(4)
    counting = compiled(CountsRows())
    counting.predict(X[:5], verbose=0)
    plain = compiled(Plain())
    plain.predict(X[:5], verbose=0)
    plain.set_weights(counting.get_weights())
    told: list[tuple[str, int]] = []
    for model in (counting, plain):
        utils.set_random_seed(5)
        model.fit(X, Y, epochs=2, verbose=0, callbacks=[_batches(told)])
    np.testing.assert_allclose(plain.get_weights()[0], counting.get_weights()[0], rtol=1e-4)
    once = [(hook, batch) for batch in range(3) for hook in ("begin", "end")]
    assert told == once * 4


def _batches(told: list[tuple[str, int]]) -> Any:
    from flintglass.callbacks import Callback

    class Batches(Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            told.append(("begin", batch))

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            told.append(("end", batch))

    return Batches()


def test_a_metric_whose_result_is_python_is_read_eagerly() -> None:
    class Sign(metrics.Mean):
        def result(self) -> Any:
            return ops.convert_to_tensor(1.0 if float(super().result()) > 0 else -1.0)

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            super().update_state(ops.ones((1,)))

    model = sequential("sgd", "mse", metrics=[Sign(name="sign")])
    assert model.fit(X, Y, verbose=0).history["sign"] == [1.0]


def test_a_constant_that_a_layer_holds_is_read_in_every_step() -> None:
    class Scaled(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.scale = ops.convert_to_tensor(np.array([1.0, 2.0, 3.0], "float32"))

        def call(self, inputs: Any) -> Any:
            return inputs * self.scale

    model = Sequential([Input((3,)), Scaled(), Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    kernel, bias = model.get_weights()
    expected = X * np.array([1.0, 2.0, 3.0], "float32") @ kernel + bias
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-5)

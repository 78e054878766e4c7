"""Models with a train_step, test_step, predict_step or compute_loss of their own: traced, and run by the engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import flintglass as fg
from flintglass import config, layers, losses, metrics, ops, optimizers, utils

X = np.random.RandomState(0).normal(size=(100, 3)).astype("float32")
Y = X.sum(1, keepdims=True)
FIT = {"batch_size": 30, "epochs": 3, "shuffle": False, "verbose": 0}


class Plain(fg.Model):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = layers.Dense(4, activation="relu")
        self.last = layers.Dense(1)

    def call(self, x: Any) -> Any:
        return self.last(self.hidden(x))


class ByHand(Plain):
    """The step as tutorials write it."""

    def __init__(self) -> None:
        super().__init__()
        self.tracker = metrics.Mean(name="loss")
        self.error = metrics.MeanAbsoluteError(name="mae")

    def train_step(self, data: Any) -> Any:
        x, y = data
        with fg.GradientTape() as tape:
            predictions = self(x, training=True)
            loss = ops.mean(ops.square(predictions - y))
        variables = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        self.tracker.update_state(loss, sample_weight=ops.shape(x)[0])
        self.error.update_state(y, predictions)
        return {"loss": self.tracker.result(), "mae": self.error.result()}

    @property
    def metrics(self) -> list[Any]:
        return [self.tracker, self.error]


def made(kind: Any, **compiled: Any) -> Any:
    utils.set_random_seed(1)
    model = kind()
    model.compile("adam", **compiled)
    return model


@pytest.fixture(params=["numpy", "native", "eagerly"])
def way(request: Any) -> Any:
    before = config.engine()
    if request.param == "native":
        config.set_engine("native")
        try:
            from flintglass.engines.engine import engine

            engine()
        except ImportError as error:
            config.set_engine(before)
            pytest.skip(str(error))
    elif request.param == "numpy":
        config.set_engine("numpy")
    yield request.param
    config.set_engine(before)


def test_a_step_by_hand_trains_as_the_built_in_one(way: str) -> None:
    eagerly = way == "eagerly"
    usual = made(Plain, loss="mse", metrics=["mae"])
    expected = usual.fit(X, Y, **FIT).history
    model = made(ByHand, run_eagerly=eagerly)
    found = model.fit(X, Y, **FIT).history
    assert sorted(found) == ["loss", "mae"]
    for name in found:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5)
    for mine, theirs in zip(model.get_weights(), usual.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-6)


def test_a_step_that_calls_the_built_in_one_changes_nothing(way: str) -> None:
    class Calling(Plain):
        def train_step(self, data: Any) -> Any:
            return super().train_step(data)

        def test_step(self, data: Any) -> Any:
            return super().test_step(data)

    eagerly = way == "eagerly"
    usual = made(Plain, loss="mse", metrics=["mae"])
    model = made(Calling, loss="mse", metrics=["mae"], run_eagerly=eagerly)
    expected = usual.fit(X, Y, validation_data=(X, Y), **FIT).history
    found = model.fit(X, Y, validation_data=(X, Y), **FIT).history
    assert sorted(found) == sorted(expected)
    for name in found:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5)
    np.testing.assert_allclose(model.evaluate(X, Y, verbose=0), usual.evaluate(X, Y, verbose=0), rtol=1e-5)
    np.testing.assert_allclose(model.train_on_batch(X, Y), usual.train_on_batch(X, Y), rtol=1e-5)


def test_the_program_of_a_step_by_hand_can_be_read() -> None:
    model = made(ByHand)
    model.fit(X, Y, **FIT)
    listing = str(model.program("train"))
    assert "each adam" in listing
    assert "logs.mae" in listing


def test_training_and_testing_may_report_other_names(way: str) -> None:
    class Other(Plain):
        def train_step(self, data: Any) -> Any:
            logs = super().train_step(data)
            return {"trained": logs["loss"], "steps": self.optimizer.iterations}

        def test_step(self, data: Any) -> Any:
            x, y = data
            return {"largest": ops.max(ops.abs(self(x) - y))}

    model = made(Other, loss="mse", run_eagerly=way == "eagerly")
    history = model.fit(X, Y, validation_data=(X, Y), **{**FIT, "validation_batch_size": 100}).history
    assert sorted(history) == ["steps", "trained", "val_largest"]
    assert history["steps"] == [4, 8, 12]
    largest = np.abs(model.predict(X, verbose=0) - Y).max()
    np.testing.assert_allclose(history["val_largest"][-1], largest, rtol=1e-5)
    np.testing.assert_allclose(model.evaluate(X, Y, batch_size=100, verbose=0), largest, rtol=1e-5)


def test_an_own_predict_step_is_what_predict_returns(way: str) -> None:
    class Doubled(Plain):
        def predict_step(self, data: Any) -> Any:
            return 2.0 * self(data)

    model = made(Doubled, loss="mse", run_eagerly=way == "eagerly")
    np.testing.assert_allclose(model.predict(X, verbose=0), 2.0 * np.asarray(model(X)), rtol=1e-6)


def test_an_own_loss_is_what_is_minimised(way: str) -> None:
    class Weighted(Plain):
        def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None) -> Any:
            return 3.0 * super().compute_loss(x, y, y_pred, sample_weight) + ops.mean(ops.abs(y_pred))

    model = made(Weighted, loss="mse", run_eagerly=way == "eagerly")
    utils.set_random_seed(1)
    fresh = Plain()
    predicted = np.asarray(fresh(X))
    found = model.fit(X, Y, batch_size=100, verbose=0).history["loss"][0]
    np.testing.assert_allclose(found, 3 * ((predicted - Y) ** 2).mean() + np.abs(predicted).mean(), rtol=1e-5)


class Adversaries(fg.Model):
    """Two networks with an optimizer each; there is no call."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = fg.Sequential([fg.Input((2,)), layers.Dense(8, activation="relu"), layers.Dense(1)])
        self.critic = fg.Sequential([fg.Input((1,)), layers.Dense(8, activation="relu"), layers.Dense(1)])
        self.seeds = fg.random.SeedGenerator(3)

    def compile(self, of_critic: Any, of_generator: Any, loss: Any) -> None:
        super().compile()
        self.of_critic, self.of_generator, self.loss_of = of_critic, of_generator, loss

    def train_step(self, real: Any) -> Any:
        rows = ops.shape(real)[0]
        drawn = self.generator(fg.random.normal((rows, 2), seed=self.seeds))
        both = ops.concatenate([drawn, real], 0)
        labels = ops.concatenate([ops.ones((rows, 1)), ops.zeros((rows, 1))], 0)
        weights = self.critic.trainable_weights
        with fg.GradientTape() as tape:
            critical = self.loss_of(labels, self.critic(both))
        self.of_critic.apply_gradients(zip(tape.gradient(critical, weights), weights, strict=True))
        noise = fg.random.normal((rows, 2), seed=self.seeds)
        weights = self.generator.trainable_weights
        with fg.GradientTape() as tape:
            generated = self.loss_of(ops.zeros((rows, 1)), self.critic(self.generator(noise)))
        self.of_generator.apply_gradients(zip(tape.gradient(generated, weights), weights, strict=True))
        return {"critical": critical, "generated": generated}


def test_two_networks_with_two_optimizers_train_against_each_other(way: str) -> None:
    if way == "eagerly":
        pytest.skip("the same step, slower")
    utils.set_random_seed(2)
    model = Adversaries()
    model.compile(optimizers.Adam(0.01), optimizers.Adam(0.01), losses.BinaryCrossentropy(from_logits=True))
    real = np.random.RandomState(0).normal(4.0, 0.5, (512, 1)).astype("float32")
    noise = np.random.RandomState(1).normal(size=(200, 2))
    before = model.generator.predict(noise, verbose=0).mean()
    history = model.fit(real, epochs=60, batch_size=64, verbose=0).history
    assert sorted(history) == ["critical", "generated"]
    assert abs(model.generator.predict(noise, verbose=0).mean() - 4) < 1.5 < abs(before - 4)


def test_a_step_that_returns_no_logs_is_told() -> None:
    class Silent(Plain):
        def train_step(self, data: Any) -> Any:
            super().train_step(data)

    with pytest.raises(TypeError, match=r"Silent.train_step returned NoneType; it returns what is logged"):
        made(Silent, loss="mse").fit(X, Y, **FIT)


def test_a_step_in_the_stateless_form_is_told() -> None:
    class Stateless(Plain):
        def train_step(self, state: Any, data: Any) -> Any:
            return {}, state

    with pytest.raises(TypeError, match="takes the state as an argument"):
        made(Stateless, loss="mse").fit(X, Y, **FIT)


def test_a_metric_among_the_attributes_starts_again_every_epoch() -> None:
    class Counting(Plain):
        def __init__(self) -> None:
            super().__init__()
            self.rows_seen = metrics.Sum(name="rows_seen")

        def train_step(self, data: Any) -> Any:
            logs = super().train_step(data)
            self.rows_seen.update_state(ops.ones((ops.shape(data[0])[0],)))
            return {**logs, "rows_seen": self.rows_seen.result()}

    history = made(Counting, loss="mse").fit(X, Y, **FIT).history
    assert history["rows_seen"] == [100.0, 100.0, 100.0]


def test_packing_and_unpacking_are_inverse() -> None:
    for data in ((1,), (1, 2), (1, 2, 3)):
        assert utils.unpack_x_y_sample_weight(data) == (*data, None, None)[:3]
    assert utils.pack_x_y_sample_weight(1, 2) == (1, 2)
    assert utils.unpack_x_y_sample_weight(utils.pack_x_y_sample_weight([1, 2])) == ([1, 2], None, None)

"""Settings changed between fits take effect, and what is fixed at compile says so: nothing is stale."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from tests.fit.support import X, Y, sequential, subclassed

from flintglass import Input, Model, Sequential, activations, config, ops, optimizers, utils
from flintglass.callbacks import Callback
from flintglass.layers import Activation, Dense, Layer


def test_a_new_learning_rate_holds_from_the_next_step() -> None:
    model = sequential("sgd", "mse")
    model.fit(X, Y, verbose=0)
    before = model.get_weights()
    model.optimizer.learning_rate = 0.0
    model.fit(X, Y, verbose=0)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)
    model.optimizer.learning_rate.assign(0.1)
    model.fit(X, Y, verbose=0)
    assert not np.array_equal(before[0], model.get_weights()[0])


def test_a_callback_may_change_the_rate_between_steps() -> None:
    class Freezes(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 0:
                self.after_first = self.model.get_weights()
                self.model.optimizer.learning_rate = 0.0

    freezing = Freezes()
    model = sequential("sgd", "mse")
    model.fit(X, Y, verbose=0, callbacks=[freezing])
    for old, new in zip(freezing.after_first, model.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)


def test_an_attribute_of_a_layer_changes_the_program() -> None:
    model = sequential()
    before = model.predict(X, verbose=0)
    model.layers[0].activation = activations.get("relu")
    after = model.predict(X, verbose=0)
    assert not np.allclose(before, after)
    np.testing.assert_allclose(model(X).numpy(), after, rtol=1e-6)
    model.fit(X, Y, verbose=0)
    assert "relu" in str(model.program("train"))


def test_an_attribute_of_ones_own_layer_changes_the_program() -> None:
    class Scale(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.factor = 1.0

        def call(self, inputs: Any) -> Any:
            return inputs * self.factor

    scale = Scale()
    model = Sequential([Input((3,)), scale])
    np.testing.assert_array_equal(model.predict(X, verbose=0), X)
    scale.factor = 2.0
    np.testing.assert_array_equal(model.predict(X, verbose=0), X * 2)


def test_a_setting_of_the_optimizer_changes_the_program() -> None:
    model = sequential(optimizers.SGD(0.1), "mse")
    model.fit(X, Y, verbose=0)
    model.optimizer.clipvalue = 1e-9
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_allclose(new, old, atol=1e-6)


def test_trainable_set_before_compile_freezes_and_summary_counts_it() -> None:
    model = sequential()
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    frozen = model.layers[0].get_weights()
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], frozen[0])
    assert [v.path for v in model.trainable_weights] == ["dense_1/kernel", "dense_1/bias"] or len(
        model.trainable_weights
    ) == 2
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    assert "Non-trainable params: 20" in lines[0]


def test_trainable_set_after_compile_is_warned_of_once_and_holds_after_the_next_compile() -> None:
    model = sequential("sgd", "mse")
    model.layers[0].trainable = False
    before = model.layers[0].get_weights()[0]
    with pytest.warns(UserWarning, match="since compile") as caught:
        model.fit(X, Y, verbose=0)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    model.fit(X, Y, verbose=0)  # a second warning would be an error here
    model.train_on_batch(X, Y)
    trained = model.layers[0].get_weights()[0]
    assert not np.array_equal(before, trained)
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], trained)


def test_a_discriminator_trains_alone_and_stays_fixed_in_the_pair() -> None:
    """Keras's pattern: what trains was settled when each model was compiled."""
    discriminator = Sequential([Input((3,)), Dense(4, activation="relu"), Dense(1, activation="sigmoid")], name="d")
    discriminator.compile("sgd", "binary_crossentropy")
    discriminator.trainable = False
    generator = Sequential([Input((2,)), Dense(3)], name="g")
    pair = Sequential([generator, discriminator])
    pair.compile("sgd", "binary_crossentropy")
    noise = X[:, :2]
    for _ in range(2):
        fixed = discriminator.get_weights()
        made = generator.get_weights()
        pair.train_on_batch(noise, np.ones(70))
        for old, new in zip(fixed, discriminator.get_weights(), strict=True):
            np.testing.assert_array_equal(new, old)
        assert not np.array_equal(made[0], generator.get_weights()[0])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            discriminator.train_on_batch(X, np.ones(70))
        assert not np.array_equal(fixed[0], discriminator.get_weights()[0])


def test_nothing_to_train_is_an_error() -> None:
    model = sequential()
    model.trainable = False
    model.compile("sgd", "mse")
    assert np.isfinite(model.evaluate(X, Y, verbose=0))
    with pytest.raises(ValueError, match="nothing to train"):
        model.fit(X, Y, verbose=0)


def test_compile_again_starts_with_new_metrics_and_a_new_optimizer() -> None:
    model = sequential("adam", "mse")
    model.fit(X, Y, verbose=0)
    model.compile("sgd", "mae", metrics=["mse"])
    assert list(model.fit(X, Y, verbose=0).history) == ["loss", "mse"]
    assert model.optimizer.iterations.numpy() == 3


def test_weights_are_copied_in_and_out() -> None:
    model = sequential()
    taken = model.get_weights()
    kept = [array.copy() for array in taken]
    taken[0][:] = 0
    model.fit(X, Y, verbose=0)
    assert not np.array_equal(model.get_weights()[0], kept[0])
    given = [array.copy() for array in kept]
    model.set_weights(given)
    given[0][:] = 7
    np.testing.assert_array_equal(model.get_weights()[0], kept[0])
    before = model.predict(X, verbose=0)
    model.layers[0].set_weights([kept[0] * 0, kept[1]])
    assert not np.array_equal(model.predict(X, verbose=0), before)


def test_variables_assigned_between_fits_are_read() -> None:
    model = sequential()
    model.fit(X, Y, verbose=0)
    model.layers[1].bias.assign(model.layers[1].bias + 100.0)
    assert model.predict(X, verbose=0).mean() > 50
    model.layers[1].kernel.assign(np.zeros((5, 1)))
    np.testing.assert_array_equal(model.predict(X, verbose=0), np.full((70, 1), model.layers[1].bias.numpy()))


def test_a_layer_shared_in_one_model_sums_its_gradients() -> None:
    a, b = Input((3,)), Input((3,))
    shared = Dense(2, name="shared")
    model = Model([a, b], Dense(1)(shared(a) + shared(b)))
    model.compile("sgd", "mse")
    assert [v.path for v in model.weights[:2]] == ["shared/kernel", "shared/bias"]
    assert len(model.weights) == 4
    model.fit([X, X], Y, epochs=2, verbose=0)
    twin_input = Input((3,))
    twin = Model(twin_input, model.layers[-1](shared(twin_input) * 2))
    np.testing.assert_allclose(twin.predict(X, verbose=0), model.predict([X, X], verbose=0), rtol=1e-5)


def test_two_models_that_share_a_layer_train_the_same_weights() -> None:
    start = Input((3,))
    shared = Dense(4, name="shared")
    left = Model(start, Dense(1, name="l")(shared(start)))
    right = Model(start, Dense(1, name="r")(shared(start)))
    for model in (left, right):
        model.compile("adam", "mse")
    for _ in range(2):
        for model, other in ((left, right), (right, left)):
            before = other.predict(X, verbose=0)
            model.fit(X, Y, verbose=0)
            assert not np.array_equal(other.predict(X, verbose=0), before)
    np.testing.assert_array_equal(left.get_weights()[0], right.get_weights()[0])


def test_a_model_inside_a_model_trains_with_it() -> None:
    inner = Sequential([Input((3,)), Dense(4, activation="relu")], name="inner")
    outer = Sequential([inner, Dense(1)])
    outer.compile("adam", "mse")
    outer.fit(X, Y, verbose=0)
    assert len(outer.trainable_weights) == 4
    before = inner.predict(X, verbose=0)
    outer.fit(X, Y, verbose=0)
    assert not np.array_equal(inner.predict(X, verbose=0), before)


def test_layers_may_be_added_and_taken_off_between_fits() -> None:
    model = Sequential([Input((3,)), Dense(4)])
    model.compile("sgd", "mse")
    assert model.predict(X, verbose=0).shape == (70, 4)
    model.add(Dense(1))
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert model.predict(X, verbose=0).shape == (70, 1)
    model.pop()
    model.add(Activation("relu"))
    assert model.predict(X, verbose=0).min() >= 0


# -- precision


@pytest.fixture
def double() -> Any:
    config.set_floatx("float64")
    yield
    config.set_floatx("float32")


def newton(x: np.ndarray, y: np.ndarray, w: np.ndarray, b: np.ndarray, rate: float) -> list[np.ndarray]:
    """One step of gradient descent on the squared error of a line, in float64."""
    d = 2 * (x @ w + b - y) / len(x)
    return [w - rate * x.T @ d, b - rate * d.sum(0)]


@pytest.mark.usefixtures("double")
def test_floatx_float64_is_float64_all_the_way() -> None:
    x, y = np.random.default_rng(1).normal(size=(20, 3)), np.ones((20, 1)) / 3
    model = Sequential([Input((3,)), Dense(1)])
    model.compile(optimizers.SGD(0.1), "mse")
    w, b = model.get_weights()
    assert w.dtype == "float64"
    assert model.predict(x, verbose=0).dtype == "float64"
    model.train_on_batch(x, y)
    for found, expected in zip(model.get_weights(), newton(x, y, w, b, 0.1), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_dtype_float64_of_a_layer_and_a_model_holds() -> None:
    x, y = np.random.default_rng(1).normal(size=(20, 3)), np.ones((20, 1)) / 3
    start = Input((3,), dtype="float64")
    model = Model(start, Dense(1, dtype="float64")(start))
    model.compile(optimizers.SGD(0.125), "mse")  # a rate that float32 holds exactly
    w, b = model.get_weights()
    assert w.dtype == "float64"
    expected = x @ w + b
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-14)
    model.fit(x, y, epochs=2, verbose=0)
    assert model.get_weights()[0].dtype == "float64"
    assert not np.array_equal(model.get_weights()[0], w)


# -- losses


def test_regularizers_and_added_losses_enter_the_loss_and_the_property() -> None:
    class Penalty(Layer):
        def call(self, inputs: Any) -> Any:
            self.add_loss(ops.mean(ops.abs(inputs)) * 0.5)
            return inputs

    utils.set_random_seed(1)
    model = Sequential([Input((3,)), Penalty(), Dense(1, kernel_regularizer="l2", activity_regularizer="l1")])
    model.compile("sgd", "mse")
    kernel, _ = model.get_weights()
    predicted = model.predict(X, verbose=0)
    expected = np.mean((predicted - Y) ** 2) + 0.5 * np.abs(X).mean()
    expected += 0.01 * (kernel**2).sum() + 0.01 * np.abs(predicted).sum() / len(X)
    assert model.evaluate(X, Y, batch_size=70, verbose=0) == pytest.approx(expected, rel=1e-5)
    assert model.fit(X, Y, batch_size=70, verbose=0).history["loss"][0] == pytest.approx(expected, rel=1e-5)
    assert len(model.losses) == 1  # the weight's; those of calls belong to their calls
    assert float(model.losses[0]) > 0


def test_added_losses_alone_can_be_trained_on() -> None:
    class Shrinks(Layer):
        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")

        def call(self, inputs: Any) -> Any:
            self.add_loss(ops.sum(ops.square(self.scale)))
            return inputs * self.scale

    model = Sequential([Input((3,)), Shrinks()])
    model.compile("sgd")
    history = model.fit(X, epochs=3, verbose=0).history["loss"]
    assert history[0] > history[-1]


def test_a_subclass_is_built_once_and_its_weights_have_paths() -> None:
    model = subclassed()
    assert not model.built or not model.weights
    model.fit(X, Y, verbose=0)
    assert len(model.weights) == 4
    names = [variable.path.split("/")[-1] for variable in model.weights]
    assert names == ["kernel", "bias", "kernel", "bias"]
    assert len({variable.path for variable in model.weights}) == 4

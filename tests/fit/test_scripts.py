"""Scripts as strangers write them, from tutorials of every kind: they run, and their numbers are right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import flintglass as keras
from flintglass import layers, ops
from flintglass.callbacks import Callback
from flintglass.layers import Activation, Dense
from flintglass.models import Model, Sequential


def test_a_parabola_and_the_lines_of_its_first_layer() -> None:
    x = np.linspace(-10, 10, 201)
    y = x**2
    m1 = keras.Sequential([layers.Flatten(), layers.Dense(units=4, activation="relu"), layers.Dense(1)])
    m1.compile(loss=keras.losses.mean_squared_error, optimizer=keras.optimizers.Adam(learning_rate=0.01))
    m1.fit(x, y, epochs=3, batch_size=10, verbose=0)
    layer = m1.layers[1]
    lines = np.dot(x.reshape((-1, 1)), layer.kernel.numpy()) + layer.bias.numpy()
    lines[lines < 0] = 0
    last = m1.layers[2]
    np.testing.assert_allclose(m1(x), lines @ last.kernel.numpy() + last.bias.numpy(), rtol=1e-4, atol=1e-4)


def test_the_price_of_a_flat_from_six_lists(capsys: Any) -> None:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.layers.Dense(units=1, input_shape=[1])])
    model.compile(optimizer="sgd", loss="mean_squared_error")
    flats = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], dtype=float)
    prices = [1.0, 1.5, 2.0, 2.5, 3.0, 3.5]
    model.fit(flats, prices, epochs=500)
    assert model.predict([7.0])[0][0] == pytest.approx(4.0, abs=0.2)
    assert "Epoch 500/500" in capsys.readouterr().out


def test_a_line_from_two_arrays() -> None:
    keras.utils.set_random_seed(1)
    model = Sequential([Dense(1, input_shape=(1,))])
    model.compile("sgd", "mse")
    xs, ys = np.array([-1.0, 0.0, 1.0, 2.0, 3.0, 4.0]), np.array([-3.0, -1.0, 1.0, 3.0, 5.0, 7.0])
    model.fit(xs, ys, epochs=400, verbose=0)
    assert float(model.predict(np.array([10.0]), verbose=0)[0, 0]) == pytest.approx(19, abs=0.5)


def test_exclusive_or_with_add_and_input_dim() -> None:
    keras.utils.set_random_seed(3)
    model = Sequential()
    model.add(Dense(8, input_dim=2, activation="relu"))
    model.add(Dense(1))
    model.add(Activation("sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam(0.05), metrics=["accuracy"])
    x, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])
    model.fit(x, y, epochs=300, verbose=0)
    _, accuracy = model.evaluate(x, y, verbose=0)
    assert accuracy == 1.0
    np.testing.assert_array_equal(model.predict(x, verbose=0).round(), y)


def test_classes_from_lists() -> None:
    model = Sequential([Dense(3, input_shape=(4,), activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    rows = [[5.1, 3.5, 1.4, 0.2], [7.0, 3.2, 4.7, 1.4], [6.3, 3.3, 6.0, 2.5]] * 4
    history = model.fit(rows, [0, 1, 2] * 4, epochs=60, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    found = np.argmax(model.predict([[5.0, 3.4, 1.5, 0.2]], verbose=0), axis=1)
    assert found.shape == (1,)
    np.testing.assert_allclose(model.predict(rows, verbose=0).sum(1), 1, rtol=1e-6)


def test_ranges_as_data() -> None:
    model = Sequential([Dense(1, input_shape=(1,))])
    model.compile("sgd", "mse")
    model.fit(range(4), [2 * i for i in range(4)], epochs=2, verbose=0)
    assert model.predict(range(3), verbose=0).shape == (3, 1)


def test_sequences_through_a_dense_layer_with_an_input() -> None:
    numbers = np.random.default_rng(0).integers(0, 100, size=(32, 20, 30))
    ins = keras.Input((20, 30), name="my_input")
    out = Dense(1, use_bias=False, name="my_output")(ins)
    model = Model(ins, out)
    kernel = model.get_layer("my_output").get_weights()[0]
    np.testing.assert_allclose(model.predict(numbers, verbose=0), np.dot(numbers, kernel), rtol=1e-4, atol=1e-3)
    assert model.get_layer("my_output").input_shape == (None, 20, 30)


def test_branches_joined_by_an_operation() -> None:
    inp = keras.Input(shape=(3,))
    both = ops.concatenate([Dense(4, activation="relu")(inp), Dense(4)(inp)], axis=-1)
    model = Model(inputs=inp, outputs=Dense(1)(both))
    model.compile("adam", "mse")
    model.fit(np.ones((5, 3)), np.ones(5), verbose=0)
    assert model.count_params() == 41


def test_a_layer_of_ones_own() -> None:
    class Linear(layers.Layer):
        def __init__(self, units: int = 3, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units

        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="random_normal", trainable=True)
            self.b = self.add_weight(shape=(self.units,), initializer="zeros")

        def call(self, inputs: Any) -> Any:
            return ops.matmul(inputs, self.w) + self.b

    model = Sequential([Linear(4), Linear(1)])
    model.compile("adam", "mse")
    model.fit(np.ones((5, 3)), np.ones(5), verbose=0)
    assert [variable.shape for variable in model.weights] == [(3, 4), (4,), (4, 1), (1,)]


def test_a_model_of_ones_own_with_a_list_of_layers() -> None:
    class Net(Model):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = [Dense(4, activation="relu") for _ in range(3)]
            self.out = Dense(1)

        def call(self, x: Any, training: bool = False) -> Any:
            for block in self.blocks:
                x = block(x)
            return self.out(x)

    model = Net()
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(np.ones((4, 3)), np.ones(4), verbose=0)
    assert len(model.trainable_variables) == 8
    assert len(model.layers) == 4


def test_a_loop_of_ones_own_with_a_tape() -> None:
    model = Sequential([keras.Input((2,)), Dense(3), Dense(1)])
    optimizer = keras.optimizers.SGD(0.1)
    x, y = np.random.default_rng(0).random((8, 2)).astype("float32"), np.ones((8, 1), "float32")
    losses = []
    for _ in range(5):
        with keras.GradientTape() as tape:
            loss = ops.mean((model(x, training=True) - y) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        losses.append(float(loss))
    assert losses == sorted(losses, reverse=True)


def test_a_part_of_a_model_as_a_model() -> None:
    model = Sequential([Dense(4, input_shape=(3,), name="features"), Dense(1)])
    for part in (
        Model(model.inputs, model.get_layer("features").output),
        Model(inputs=model.input, outputs=model.layers[0].output),
    ):
        assert part.predict(np.ones((2, 3)), verbose=0).shape == (2, 4)
        np.testing.assert_array_equal(part.get_weights()[0], model.get_weights()[0])


def test_weights_by_hand_and_one_number_out() -> None:
    model = Sequential([Dense(1, input_shape=(3,))])
    model.layers[0].set_weights([np.ones((3, 1)), np.zeros(1)])
    assert model.predict(np.ones((1, 3)), verbose=0)[0][0] == 3.0
    assert model(np.ones((1, 3))).numpy()[0][0] == 3.0
    assert float(model(np.ones((1, 3)))[0, 0]) == 3.0
    assert model([[1.0, 1.0, 1.0]]).shape == (1, 1)


def test_functions_as_activations_and_losses() -> None:
    model = Sequential([Dense(2, input_shape=(3,), activation=lambda x: x * 2), Dense(1, activation=ops.tanh)])
    model.compile("sgd", loss=lambda y_true, y_pred: ops.mean(ops.abs(y_true - y_pred)))
    assert model.fit(np.ones((4, 3)), np.ones(4), verbose=0).history["loss"][0] > 0


def test_built_by_hand() -> None:
    model = Sequential([Dense(4), Dense(1)])
    model.build(input_shape=(None, 3))
    assert model.get_weights()[0].shape == (3, 4)
    assert (model.input_shape, model.output_shape) == ((None, 3), (None, 1))


def test_early_stopping_by_hand() -> None:
    class Stops(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if logs["loss"] < 0.5:
                self.model.stop_training = True

    keras.utils.set_random_seed(1)
    model = Sequential([Dense(1, input_shape=(1,))])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    history = model.fit([0.0, 1.0, 2.0], [1.0, 3.0, 5.0], epochs=500, verbose=0, callbacks=[Stops()])
    assert len(history.epoch) < 500
    assert history.history["loss"][-1] < 0.5

"""Layers: what they compute, hold and answer, each by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from flintglass import Input, Sequential, ops, regularizers
from flintglass.layers import Activation, Dense, Flatten, InputLayer, Layer
from flintglass.tracing.tensor import Tensor

X = np.random.default_rng(3).normal(size=(6, 4)).astype("float32")


def test_dense_computes_activation_of_product_and_bias() -> None:
    layer = Dense(3, activation="tanh", bias_initializer="ones")
    kernel, bias = (layer(X), layer.kernel.numpy(), layer.bias.numpy())[1:]
    np.testing.assert_allclose(layer(X), np.tanh(X @ kernel + bias), rtol=1e-5)
    assert kernel.shape == (4, 3)
    np.testing.assert_array_equal(bias, 1)


def test_dense_without_bias_and_on_higher_ranks() -> None:
    layer = Dense(2, use_bias=False)
    x = np.ones((5, 3, 4))
    np.testing.assert_allclose(layer(x), x @ layer.kernel.numpy(), rtol=1e-6)
    assert layer.bias is None
    assert len(layer.weights) == 1
    assert layer.compute_output_shape((None, 3, 4)) == (None, 3, 2)


def test_units_may_be_a_whole_number_of_numpy() -> None:
    assert Dense(np.int64(3))(X).shape == (6, 3)


def test_flatten_keeps_the_rows() -> None:
    assert Flatten()(np.ones((5, 2, 3))).shape == (5, 6)
    assert Flatten()(np.ones(5)).shape == (5, 1)
    assert Flatten()(np.ones((5, 2))).shape == (5, 2)
    assert Flatten()(Input((2, 3))).shape == (None, 6)


@pytest.mark.parametrize(
    "data",
    [
        X.astype("float64"),
        X.tolist(),
        ops.convert_to_tensor(X),
        (X * 3).astype("int32"),
        X > 0,
        [list(row) for row in X],
        np.float32(X),
    ],
)
def test_layers_are_called_on_arrays_lists_and_tensors_and_compute_in_their_dtype(data: Any) -> None:
    layer = Dense(2)
    found = layer(data)
    assert isinstance(found, Tensor)
    assert found.dtype == "float32"
    numbers = data.numpy() if isinstance(data, Tensor) else np.asarray(data)
    np.testing.assert_allclose(found, numbers.astype("float32") @ layer.kernel.numpy(), rtol=1e-5, atol=1e-6)


def test_a_layer_of_float64_computes_in_float64() -> None:
    layer = Dense(2, dtype="float64")
    x = X.astype("float64") / 3
    assert layer(x).dtype == "float64"
    np.testing.assert_allclose(layer(x), x @ layer.kernel.numpy(), rtol=1e-14)


def test_weights_come_with_the_first_call_and_have_paths() -> None:
    layer = Dense(2, name="mine")
    assert not layer.built
    assert layer.weights == []
    layer(X)
    assert layer.built
    assert [variable.path for variable in layer.weights] == ["mine/kernel", "mine/bias"]
    assert [variable.name for variable in layer.weights] == ["kernel", "bias"]
    assert layer.count_params() == 10


def test_paths_name_the_layers_around() -> None:
    class Outer(Layer):
        def __init__(self) -> None:
            super().__init__(name="outer")
            self.inner = Dense(2, name="inner")

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs)

    outer = Outer()
    outer(X)
    assert [variable.path for variable in outer.weights] == ["outer/inner/kernel", "outer/inner/bias"]


def test_layers_are_found_in_attributes_lists_and_dicts_once() -> None:
    class Holder(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.several = [Dense(1), Dense(1)]
            self.named = {"a": Dense(1)}
            self.again = self.several[0]

        def call(self, inputs: Any) -> Any:
            return self.several[0](inputs) + self.several[1](inputs) + self.named["a"](inputs)

    holder = Holder()
    holder(X)
    assert len(holder.weights) == 6
    holder.trainable = False
    assert holder.trainable_weights == []
    assert len(holder.non_trainable_weights) == 6
    assert not holder.named["a"].trainable


def test_a_weight_that_is_not_trainable_stays_out_of_the_trainable_ones() -> None:
    class Counter(Layer):
        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight(shape=(), initializer="ones", name="scale")
            self.count = self.add_weight(shape=(), initializer="zeros", trainable=False, name="count")

        def call(self, inputs: Any) -> Any:
            self.count.assign_add(1.0)
            return inputs * self.scale

    layer = Counter(name="counter")
    layer(X)
    layer(X)
    assert [variable.name for variable in layer.trainable_weights] == ["scale"]
    assert [variable.name for variable in layer.non_trainable_weights] == ["count"]
    assert layer.count.numpy() == 2
    model = Sequential([Input((4,)), layer])
    model.compile("sgd", "mse")
    before = layer.count.numpy()
    model.fit(X, X, batch_size=2, epochs=2, verbose=0)
    assert layer.count.numpy() == before + 6


def test_training_reaches_those_that_ask() -> None:
    class Tells(Layer):
        def call(self, inputs: Any, training: bool = False) -> Any:
            return inputs + (10.0 if training else 0.0)

    inner = Tells()
    np.testing.assert_array_equal(inner(X), X)
    np.testing.assert_array_equal(inner(X, training=True), X + np.float32(10))
    model = Sequential([Input((4,)), inner])
    np.testing.assert_array_equal(model(X, training=True), X + np.float32(10))
    np.testing.assert_array_equal(model(X), X)
    model.compile("sgd", "mse")
    np.testing.assert_allclose(model.evaluate(X, X, verbose=0), 0)


def test_losses_of_a_layer_are_those_of_its_regularizers() -> None:
    layer = Dense(2, kernel_regularizer=regularizers.L2(0.5), bias_regularizer="l1")
    layer(X)
    expected = [0.5 * (layer.kernel.numpy() ** 2).sum(), 0.0]
    np.testing.assert_allclose([float(loss) for loss in layer.losses], expected, rtol=1e-5)
    layer.trainable = False
    assert layer.losses == []


def test_constraints_are_kept_with_the_weights() -> None:
    layer = Dense(2, kernel_constraint="non_neg")
    layer(X)
    assert layer.weights[0].constraint is layer.kernel_constraint
    assert layer.weights[1].constraint is None


def test_input_and_output_are_those_of_the_first_call() -> None:
    start = Input((4,), name="start")
    layer = Dense(2)
    end = layer(start)
    assert layer.input is start
    assert layer.output is end
    assert (layer.input_shape, layer.output_shape) == ((None, 4), (None, 2))
    with pytest.raises(AttributeError, match="never been called"):
        _ = Dense(1).output


def test_an_input_is_a_placeholder_with_a_layer() -> None:
    start = Input(4, batch_size=2, dtype="int32")
    assert start.shape == (2, 4)
    assert start.dtype == "int32"
    layer = InputLayer(shape=(3,), name="here")
    assert layer.input.shape == (None, 3)
    assert Sequential([layer, Dense(1)]).predict(np.ones((2, 3)), verbose=0).shape == (2, 1)


def test_an_input_takes_the_names_of_keras_2_and_refuses_what_is_not_dense() -> None:
    assert InputLayer(input_shape=(3,)).output.shape == (None, 3)
    assert InputLayer(batch_input_shape=(2, 3)).output.shape == (2, 3)
    with pytest.raises(ValueError, match="sparse and ragged"):
        Input((3,), ragged=True)
    with pytest.raises(ValueError, match="shapes"):
        InputLayer(shapes=(3,))


def test_the_shape_of_an_output_is_known_for_a_list_of_inputs() -> None:
    class Joins(Layer):
        def call(self, inputs: Any) -> Any:
            return ops.concatenate(inputs, -1)

    assert Joins().compute_output_shape([(None, 3), (None, 4)]) == (None, 7)
    assert Joins().compute_output_shape([(5, 3), (5, 4)]) == (5, 7)


def test_calling_on_a_placeholder_and_on_numbers_agree() -> None:
    layer = Dense(2, activation="sigmoid")
    start = Input((4,))
    from flintglass import Model

    model = Model(start, layer(start) * 2 + 1)
    np.testing.assert_allclose(model.predict(X, verbose=0), layer(X).numpy() * 2 + 1, rtol=1e-6)


@pytest.mark.parametrize(
    "layer",
    [
        Dense(3, activation="relu", kernel_regularizer="l2", name="d"),
        Dense(1, use_bias=False, kernel_constraint="non_neg", dtype="float64"),
        Activation("tanh", name="a"),
        Flatten(name="f"),
    ],
)
def test_a_layer_is_made_again_from_its_configuration(layer: Layer) -> None:
    config = layer.get_config()
    again = type(layer).from_config(config)
    assert again.get_config() == config
    assert again.name == layer.name
    assert again.dtype == layer.dtype


def test_names_are_counted_by_class() -> None:
    class HTTPBlock(Layer):
        def call(self, inputs: Any) -> Any:
            return inputs

    first, second = HTTPBlock(), HTTPBlock()
    assert first.name.startswith("http_block")
    assert second.name != first.name
    assert Dense(1, name=None).name.startswith("dense")


def test_an_attribute_that_is_missing_is_named() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = Dense(1).nonsense
    assert not hasattr(Dense(1), "nonsense")


def test_several_inputs_and_keywords() -> None:
    class Mix(Layer):
        def call(self, pair: Any, factor: Any = 1.0) -> Any:
            return (pair[0] + pair[1]) * factor

    np.testing.assert_allclose(Mix()([X, X], factor=np.float32(0.5)), X, rtol=1e-6)
    a, b = Input((4,)), Input((4,))
    from flintglass import Model

    model = Model([a, b], Mix()([a, b], factor=2.0))
    np.testing.assert_allclose(model.predict([X, X], verbose=0), X * 4, rtol=1e-6)


def test_set_weights_takes_lists_and_object_arrays() -> None:
    layer = Dense(1)
    layer(X)
    layer.set_weights([[[1], [2], [3], [4]], [5]])
    np.testing.assert_array_equal(layer.kernel.numpy()[:, 0], [1, 2, 3, 4])
    several = np.empty(2, object)
    several[0], several[1] = np.ones((4, 1)), np.zeros(1)
    layer.set_weights(several)
    np.testing.assert_array_equal(layer.kernel.numpy(), 1)

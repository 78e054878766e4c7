"""Operations on placeholders are nodes of the graph: named, drawn, copied, and read again with their settings."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import flintglass as fg
from flintglass import activations, layers, ops
from flintglass.ops.graph import BENT_RELU, BY_CLASS, KINDS
from flintglass.tracing.transforms import Transformed

X = np.arange(12, dtype="float32").reshape(4, 3)


def model() -> fg.Model:
    x = fg.Input((3,))
    halves = ops.split(layers.Dense(4, kernel_initializer="ones")(x) * 2 + X[0, 0], 2, axis=1)
    rows = ops.reshape(halves[0] - halves[1][:, ::-1], (ops.shape(x)[0], 2, 1))
    return fg.Model(x, ops.einsum("bij,bij->b", rows, rows) + ops.mean(x, axis=1))


def test_a_model_with_operations_is_copied_and_read_again() -> None:
    one = model()
    expected = one.predict(X, verbose=0)
    clone = fg.models.clone_model(one)
    clone.set_weights(one.get_weights())
    again = fg.Model.from_config(one.get_config())
    again.set_weights(one.get_weights())
    for other in (copy.deepcopy(one), pickle.loads(pickle.dumps(one)), clone, again):
        np.testing.assert_array_equal(other.predict(X, verbose=0), expected)


def test_every_name_of_the_table_is_an_operation() -> None:
    assert set(KINDS) <= set(ops.TABLE)
    assert all(KINDS[kind.operation] is kind for kind in BY_CLASS.values() if kind is not BENT_RELU)


def test_an_index_list_and_a_tuple_of_keys_stay_apart() -> None:
    x = fg.Input((3,))
    for key in ((slice(None), [2, 0]), (slice(None), None, 1), (Ellipsis, -1)):
        one = fg.Model(x, ops.add(x[key], 0.0))
        again = fg.Model.from_config(one.get_config())
        np.testing.assert_array_equal(again.predict(X, verbose=0), X[key])


def test_layers_are_listed_by_depth_as_kerass_are() -> None:
    x = fg.Input((3,), name="x")
    late = layers.Dense(2, name="late")(x)
    early = layers.Dense(2, name="early")(layers.Dense(5, name="first")(x))
    found = fg.Model(x, layers.Add(name="sum")([late, early]))
    assert [layer.name for layer in found.layers] == ["x", "first", "late", "early", "sum"]


def test_a_diagonal_captures_no_array() -> None:
    matrix = np.arange(24, dtype="float32").reshape(2, 3, 4)
    for offset in range(-4, 5):
        np.testing.assert_array_equal(ops.diagonal(matrix, offset, 1, 2), np.diagonal(matrix, offset, 1, 2))
    traced = Transformed(ops.diagonal, lambda x: ops.diagonal(x), "diagonal")
    traced(matrix)
    (found,) = (entry[0] for entry in traced._traces.values())
    assert not found.captures


# By Keras's module, class and settings; linear is no node.
NODES = {
    "relu": ("activations.activations", "ReLU", {"negative_slope": 0.0, "max_value": None, "threshold": 0.0}),
    "exponential": ("ops.numpy", "Exp", {}),
    "tanh": ("ops.numpy", "Tanh", {}),
    "gelu": ("ops.nn", "Gelu", {"approximate": False}),
    "leaky_relu": ("ops.nn", "LeakyRelu", {"negative_slope": 0.2}),
    "softmax": ("ops.nn", "Softmax", {"axis": -1}),
    "swish": ("ops.nn", "Silu", {}),
}
# Operations with no class in Keras's graphs, and one that cannot be called on its input alone.
NO_NODE = {"linear", "mish", "threshold"}


@pytest.mark.parametrize("name", sorted(set(activations.FUNCTIONS) - NO_NODE))
def test_an_activation_on_a_placeholder_is_a_node_that_is_read_again(name: str) -> None:
    function = getattr(activations, name)
    x = fg.Input((4,))
    one = fg.Model(x, function(x))
    config = one.get_config()
    (entry,) = config["layers"][1:]
    if name in NODES:
        module, class_name, settings = NODES[name]
        assert (entry["module"], entry["class_name"]) == (f"keras.src.{module}", class_name)
        assert entry["config"] == {"name": entry["name"], **settings}
    data = np.linspace(-3, 3, 8, dtype="float32").reshape(2, 4)
    again = fg.Model.from_config(config)
    np.testing.assert_array_equal(again.predict(data, verbose=0), one.predict(data, verbose=0))
    np.testing.assert_array_equal(again.predict(data, verbose=0), np.asarray(function(data)))
    assert pickle.loads(pickle.dumps(function)) is function


def test_a_bent_relu_keeps_its_settings() -> None:
    x = fg.Input((4,))
    settings = {"negative_slope": 0.1, "max_value": 3.0, "threshold": 1.0}
    one = fg.Model(x, activations.relu(x, **settings))
    entry = one.get_config()["layers"][1]
    assert entry["config"] == {"name": entry["name"], **settings}
    data = np.linspace(-3, 6, 8, dtype="float32").reshape(2, 4)
    found = fg.Model.from_config(one.get_config()).predict(data, verbose=0)
    np.testing.assert_array_equal(found, np.asarray(activations.relu(data, **settings)))
    with pytest.raises(TypeError, match=r"activations\.relu: got an unexpected keyword argument 'slope'"):
        activations.relu(x, slope=1)

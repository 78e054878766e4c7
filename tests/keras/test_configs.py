"""Configurations: get_config gives Keras's dictionaries, and takes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.keras.sides import SIDES, fresh

Make = Callable[[Any], Any]

LAYERS: dict[str, Make] = {
    "Dense": lambda side: side.layers.Dense(3),
    "Dense with all that is a name": lambda side: side.layers.Dense(
        4,
        activation="relu",
        use_bias=False,
        kernel_initializer="he_normal",
        bias_initializer="ones",
        kernel_regularizer="l2",
        bias_regularizer="l1",
        activity_regularizer="l1l2",
        kernel_constraint="max_norm",
        bias_constraint="non_neg",
        name="first",
        trainable=False,
        dtype="float64",
    ),
    "Dense with objects": lambda side: side.layers.Dense(
        4,
        activation=side.activations.gelu,
        kernel_initializer=side.initializers.RandomNormal(0.1, 0.2, seed=3),
        bias_initializer=side.initializers.Constant(0.5),
        kernel_regularizer=side.regularizers.L1L2(0.1, 0.2),
        bias_regularizer=side.regularizers.L2(0.25),
        activity_regularizer=side.regularizers.OrthogonalRegularizer(0.5, mode="columns"),
        kernel_constraint=side.constraints.MinMaxNorm(0.1, 0.9, 0.5, axis=1),
        bias_constraint=side.constraints.UnitNorm(),
    ),
    "Flatten": lambda side: side.layers.Flatten(),
    "Flatten, named": lambda side: side.layers.Flatten(data_format="channels_last", name="flat"),
    "Activation": lambda side: side.layers.Activation("softmax"),
    "Activation of a function": lambda side: side.layers.Activation(side.activations.leaky_relu),
    "InputLayer": lambda side: side.layers.InputLayer(shape=(5,)),
    "InputLayer of whole batches": lambda side: side.layers.InputLayer(batch_shape=(8, 2, 3), dtype="int32", name="x"),
}
OTHERS: dict[str, Make] = {
    "SGD": lambda side: side.optimizers.SGD(0.5, momentum=0.25, nesterov=True, weight_decay=0.125),
    "Adam": lambda side: side.optimizers.Adam(0.5, amsgrad=True, clipnorm=1.0),
    "MeanSquaredError": lambda side: side.losses.MeanSquaredError(),
    "BinaryCrossentropy": lambda side: side.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.25),
    "CategoricalCrossentropy": lambda side: side.losses.CategoricalCrossentropy(reduction="sum"),
    "SparseCategoricalCrossentropy": lambda side: side.losses.SparseCategoricalCrossentropy(ignore_class=-1),
    "Mean": lambda side: side.metrics.Mean(name="m"),
    "MeanAbsoluteError metric": lambda side: side.metrics.MeanAbsoluteError(),
    "BinaryAccuracy": lambda side: side.metrics.BinaryAccuracy(threshold=0.25),
    "SparseCategoricalAccuracy": lambda side: side.metrics.SparseCategoricalAccuracy(),
    "CategoricalCrossentropy metric": lambda side: side.metrics.CategoricalCrossentropy(from_logits=True),
}
INITIALIZERS = (
    "Zeros", "Ones", "Constant", "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling", "GlorotUniform",
    "GlorotNormal", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform", "Orthogonal", "Identity",
)  # fmt: skip


@pytest.mark.parametrize("name", [*LAYERS, *OTHERS])
def test_the_configuration_is_the_dictionary_of_keras(name: str) -> None:
    with fresh():
        kept, made = ({**LAYERS, **OTHERS}[name](side).get_config() for side in SIDES)
        assert plain(made) == plain(kept)


@pytest.mark.parametrize("name", LAYERS)
def test_the_configuration_of_keras_makes_the_same_layer(name: str) -> None:
    with fresh():
        kept, made = (LAYERS[name](side) for side in SIDES)
        again = type(made).from_config(plain(kept.get_config()))
        assert plain(again.get_config()) == plain(kept.get_config())


@pytest.mark.parametrize("name", INITIALIZERS)
def test_an_initializer_has_the_configuration_of_keras(name: str) -> None:
    with fresh():
        kept, made = (plain(getattr(side.initializers, name)().get_config()) for side in SIDES)
        assert without_seed(made) == without_seed(kept)


@pytest.mark.parametrize("part", ["initializers", "regularizers", "constraints", "losses", "metrics", "optimizers"])
def test_serialize_gives_the_dictionary_of_keras(part: str) -> None:
    thing = {
        "initializers": "Zeros",
        "regularizers": "L2",
        "constraints": "UnitNorm",
        "losses": "Huber",
        "metrics": "MeanSquaredError",
        "optimizers": "SGD",
    }[part]
    with fresh():
        rooms = [getattr(side, part) for side in SIDES]
        kept, made = (plain(room.serialize(getattr(room, thing)())) for room in rooms)
        assert made == kept


def plain(value: Any) -> Any:
    """As a file would hold it: tuples become lists."""
    return json.loads(json.dumps(value))


def without_seed(config: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key != "seed"}

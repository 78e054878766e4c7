"""Configurations: get_config gives Keras's dictionaries, and takes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
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
    "Dropout": lambda side: side.layers.Dropout(0.5),
    "Dropout with all": lambda side: side.layers.Dropout(0.25, noise_shape=(None, 1), seed=3, name="d"),
    "GaussianNoise": lambda side: side.layers.GaussianNoise(0.5, seed=1),
    "GaussianDropout": lambda side: side.layers.GaussianDropout(0.5, seed=1),
    "AlphaDropout": lambda side: side.layers.AlphaDropout(0.5, noise_shape=(None, 1), seed=1),
    "ActivityRegularization": lambda side: side.layers.ActivityRegularization(l1=0.5, l2=0.25),
    "Concatenate": lambda side: side.layers.Concatenate(),
    "Concatenate along an axis": lambda side: side.layers.Concatenate(axis=1),
    "Add": lambda side: side.layers.Add(name="sum"),
    "Subtract": lambda side: side.layers.Subtract(),
    "Multiply": lambda side: side.layers.Multiply(),
    "Average": lambda side: side.layers.Average(),
    "Maximum": lambda side: side.layers.Maximum(),
    "Minimum": lambda side: side.layers.Minimum(),
    "Dot": lambda side: side.layers.Dot(axes=1),
    "Dot of a pair": lambda side: side.layers.Dot(axes=(2, 1), normalize=True),
    "Reshape": lambda side: side.layers.Reshape((2, -1)),
    "Permute": lambda side: side.layers.Permute((2, 1)),
    "RepeatVector": lambda side: side.layers.RepeatVector(3),
    "Embedding": lambda side: side.layers.Embedding(7, 2),
    "Embedding with all": lambda side: side.layers.Embedding(
        7,
        2,
        embeddings_initializer="ones",
        embeddings_regularizer="l2",
        embeddings_constraint="unit_norm",
        activity_regularizer="l1",
    ),
    "BatchNormalization": lambda side: side.layers.BatchNormalization(),
    "BatchNormalization with all": lambda side: side.layers.BatchNormalization(
        axis=1,
        momentum=0.9,
        epsilon=0.01,
        center=False,
        scale=False,
        beta_initializer="ones",
        gamma_initializer="zeros",
        moving_mean_initializer="ones",
        moving_variance_initializer="zeros",
        beta_regularizer="l1",
        gamma_regularizer="l2",
        beta_constraint="non_neg",
        gamma_constraint="max_norm",
    ),
    "LayerNormalization": lambda side: side.layers.LayerNormalization(),
    "LayerNormalization over axes": lambda side: side.layers.LayerNormalization(axis=[1, 2], epsilon=0.01),
    "RMSNormalization": lambda side: side.layers.RMSNormalization(epsilon=0.01),
    "GroupNormalization": lambda side: side.layers.GroupNormalization(groups=2),
    "UnitNormalization": lambda side: side.layers.UnitNormalization(axis=1),
    "Normalization": lambda side: side.layers.Normalization(),
    "Normalization of all": lambda side: side.layers.Normalization(axis=None),
    "Normalization by given numbers": lambda side: side.layers.Normalization(
        mean=[1.0, 2.0], variance=[3.0, 4.0], invert=True
    ),
    "Rescaling": lambda side: side.layers.Rescaling(0.5, offset=1.0),
    "ReLU": lambda side: side.layers.ReLU(),
    "ReLU with all": lambda side: side.layers.ReLU(max_value=6.0, negative_slope=0.5, threshold=0.25),
    "LeakyReLU": lambda side: side.layers.LeakyReLU(),
    "PReLU": lambda side: side.layers.PReLU(),
    "PReLU, shared": lambda side: side.layers.PReLU(alpha_initializer="ones", shared_axes=[1]),
    "ELU": lambda side: side.layers.ELU(0.5),
    "Softmax": lambda side: side.layers.Softmax(),
    "Softmax over axes": lambda side: side.layers.Softmax(axis=(1, 2)),
    "Identity": lambda side: side.layers.Identity(),
    "Lambda": lambda side: side.layers.Lambda(side.ops.sin, arguments={}),
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
# The shape of a row on which a layer of a class is built.
ROWS_OF_TWO: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(["Dropout", "GaussianNoise", "GaussianDropout", "AlphaDropout", "Embedding"], (2,)),
    **dict.fromkeys(["LayerNormalization", "RMSNormalization", "GroupNormalization", "PReLU", "Softmax"], (2, 2)),
    **dict.fromkeys(["BatchNormalization", "UnitNormalization", "Normalization"], (2, 2)),
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


@pytest.mark.parametrize("name", [name for name in LAYERS if name.split()[0] in ROWS_OF_TWO])
def test_a_built_layer_has_the_configuration_the_weights_and_the_paths_of_keras(name: str) -> None:
    with fresh():
        kept, made = (LAYERS[name](side) for side in SIDES)
        for layer in (kept, made):
            layer(np.ones((3, *ROWS_OF_TWO[name.split()[0]]), "float32"))
        assert plain(made.get_config()) == plain(kept.get_config())
        for part in ("weights", "variables", "trainable_variables", "non_trainable_variables"):
            assert [described(v) for v in getattr(made, part)] == [described(v) for v in getattr(kept, part)]


def described(variable: Any) -> tuple[Any, ...]:
    # The states of generators have 64 bits here, and in Keras on JAX 32.
    whole = np.asarray(variable).dtype.kind in "iu"
    return variable.path, tuple(variable.shape), variable.trainable, whole or np.asarray(variable).dtype.name


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

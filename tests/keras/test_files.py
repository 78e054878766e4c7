"""Files in both directions: what real Keras wrote is read here, and what is written here is read by real Keras."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from tests.files.networks import NETWORKS, X, Y, predictions, trained
from tests.keras.sides import SIDES, fresh, one_in, same_weights, sampled

import flintglass

pytestmark = pytest.mark.keras
LEGACY = "ignore:You are saving your model as an HDF5 file"
sides = pytest.mark.parametrize("reader", SIDES, ids=["written here", "written by keras"])
networks = pytest.mark.parametrize("name", NETWORKS)


def writer_of(reader: Any) -> Any:
    return next(side for side in SIDES if side is not reader)


def same_predictions(name: str, kept: Any, read: Any) -> None:
    for theirs, ours in zip(predictions(name, kept), predictions(name, read), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings(LEGACY)
@pytest.mark.parametrize("ending", sampled([".keras", ".h5"], ".keras"))
@networks
@sides
def test_a_model_goes_on_training_on_the_other_side(reader: Any, name: str, ending: str, tmp_path: Path) -> None:
    with fresh():
        kept = NETWORKS[name](writer_of(reader))
        trained(name, kept, epochs=2)
        path = str(tmp_path / f"model{ending}")
        kept.save(path)
        # Keras 3.15.1 cannot compile from the .h5 files that it writes itself: it takes 'mse' for an object's name.
        compiles = reader is not keras or ending == ".keras"
        read = reader.models.load_model(path, compile=compiles)
        same_predictions(name, kept, read)
        if compiles:
            np.testing.assert_allclose(trained(name, read, 3), trained(name, kept, 3), rtol=2e-5)
            same_predictions(name, kept, read)


@networks
@sides
def test_weights_are_read_on_the_other_side(reader: Any, name: str, tmp_path: Path) -> None:
    with fresh():
        kept, read = NETWORKS[name](writer_of(reader)), NETWORKS[name](reader)
        trained(name, kept)
        path = str(tmp_path / "model.weights.h5")
        kept.save_weights(path)
        if reader is keras:
            read.optimizer.build(read.trainable_variables)  # without it Keras leaves the optimizer's state out
        read.load_weights(path)
        same_predictions(name, kept, read)
        np.testing.assert_allclose(trained(name, read, 2), trained(name, kept, 2), rtol=2e-5)


@networks
@sides
def test_a_description_in_json_makes_the_same_model_on_the_other_side(reader: Any, name: str) -> None:
    with fresh():
        kept = NETWORKS[name](writer_of(reader))
        read = reader.models.model_from_json(kept.to_json())
        same_weights([kept, read])
        same_predictions(name, kept, read)


def test_the_document_of_a_model_is_that_of_keras() -> None:
    for name in ("a stack", "shared layers and models inside"):
        with fresh():
            theirs, ours = (json.loads(NETWORKS[name](side).to_json()) for side in SIDES)
            for document in (theirs, ours):
                document["compile_config"].pop("jit_compile")
            assert without_ids(ours) == without_ids(theirs)


def without_ids(value: Any) -> Any:
    """Keras numbers objects that it met twice by their addresses."""
    if isinstance(value, dict):
        return {key: without_ids(item) for key, item in value.items() if key != "shared_object_id"}
    return [without_ids(item) for item in value] if isinstance(value, list) else value


# -- classes of the user's own


def block_of(side: Any) -> Any:
    class Block(side.layers.Layer):  # type: ignore[name-defined]
        """Layers in attributes of every kind, and weights of its own in an order of its own."""

        def __init__(self, units: int = 3, **keywords: Any) -> None:
            super().__init__(**keywords)
            self.units = units
            self._hidden = side.layers.Dense(units)
            self.alias = self._hidden
            self.many = [side.layers.Dense(units), side.layers.Dense(units, activation="relu")]
            self.Zed = side.layers.Dense(units)
            self.pair = (side.layers.Dense(units), {"inner": side.layers.Dense(units)})
            self.stack = side.Sequential([side.layers.Dense(units)])

        def build(self, input_shape: Any) -> None:
            self.later = self.add_weight(shape=(2,), name="later", trainable=False, initializer="ones")
            self.first = self.add_weight(shape=(1,), name="first", initializer="ones")
            for layer in self._all():
                layer.build(input_shape)

        def _all(self) -> list[Any]:
            return [self._hidden, *self.many, self.Zed, self.pair[0], self.pair[1]["inner"], self.stack]

        def call(self, x: Any) -> Any:
            for layer in self._all():
                x = layer(x)
            return x * self.first

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "units": self.units}

    return side.saving.register_keras_serializable(f"tests_{side.__name__}")(Block)


def network_of(side: Any) -> Any:
    class Network(side.Model):  # type: ignore[name-defined]
        def __init__(self, units: int = 4, **keywords: Any) -> None:
            super().__init__(**keywords)
            self.units = units
            self.hidden = [side.layers.Dense(units, activation="relu") for _ in range(2)]
            self.named = {"z": side.layers.Dense(units), "b": side.layers.Dense(1)}
            self.scale = self.add_weight(shape=(1,), name="scale", initializer="ones")

        def call(self, x: Any) -> Any:
            for layer in self.hidden:
                x = layer(x)
            return self.named["b"](self.named["z"](x)) * self.scale

        def get_config(self) -> dict[str, Any]:
            return {"units": self.units}

    return Network


@sides
def test_a_layer_of_the_users_own_is_read_on_the_other_side(reader: Any, tmp_path: Path) -> None:
    with fresh():
        writer = writer_of(reader)
        model = writer.Sequential([writer.Input((3,)), block_of(writer)(), writer.layers.Dense(1)])
        model.compile("adam", "mse")
        model.fit(X, Y, verbose=0)
        path = str(tmp_path / "model.keras")
        model.save(path)
        theirs = {f"tests_{writer.__name__}>Block": block_of(reader)}
        read = reader.models.load_model(path, custom_objects=theirs)
        np.testing.assert_allclose(read.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-5, atol=1e-6)
        losses = [side.fit(X, Y, shuffle=False, verbose=0, epochs=2).history["loss"] for side in (model, read)]
        np.testing.assert_allclose(*losses, rtol=2e-5)


@sides
def test_a_subclassed_model_is_read_on_the_other_side(reader: Any, tmp_path: Path) -> None:
    with fresh():
        model = network_of(writer_of(reader))(units=5)
        model.compile("adam", "mse")
        model.fit(X, Y, verbose=0)
        path = str(tmp_path / "model.keras")
        model.save(path)
        read = reader.models.load_model(path, custom_objects={"Network": network_of(reader)})
        np.testing.assert_allclose(read.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-5, atol=1e-6)
        model.save_weights(str(tmp_path / "w.weights.h5"))
        other = network_of(reader)(units=5)
        other(X)
        other.load_weights(str(tmp_path / "w.weights.h5"))
        np.testing.assert_allclose(other.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-5, atol=1e-6)


# -- optimizers


# Averages are left out: Keras on JAX cannot train on once it has saved them, since it passes one buffer twice.
MORE: dict[str, tuple[str, dict[str, Any]]] = {
    "Adam with amsgrad": ("Adam", {"amsgrad": True}),
    "RMSprop with all": ("RMSprop", {"momentum": 0.5, "centered": True}),
    "accumulation": ("SGD", {"momentum": 0.9, "gradient_accumulation_steps": 2}),
}


def optimizer_of(side: Any, name: str) -> Any:
    kind, settings = MORE.get(name, (name, {}))
    return getattr(side.optimizers, kind)(0.01, **settings)


@pytest.mark.parametrize("name", one_in(3, [*flintglass.optimizers.OPTIMIZERS, *MORE]))
@sides
def test_every_optimizer_goes_on_where_it_was(reader: Any, name: str, tmp_path: Path) -> None:
    with fresh():
        writer = writer_of(reader)
        hidden = writer.layers.Dense(4, activation="tanh")
        model = writer.Sequential([writer.Input((3,)), hidden, writer.layers.Dense(1)])
        model.compile(optimizer_of(writer, name), "mse")
        options = {"shuffle": False, "verbose": 0, "batch_size": 8}
        model.fit(X, Y, **options)
        path = str(tmp_path / "model.keras")
        model.save(path)
        read = reader.models.load_model(path)
        losses = [side.fit(X, Y, epochs=3, **options).history["loss"] for side in (model, read)]
        np.testing.assert_allclose(losses[1], losses[0], rtol=3e-5)


def holder(side: Any) -> Any:
    inner = side.Sequential([side.Input((3,)), side.layers.Dense(2)], name="inner")
    inner.compile(side.optimizers.Adam(0.01), "mae", metrics=["mse"])
    x = side.Input((3,))
    model = side.Model(x, side.layers.Dense(1)(inner(x)))
    model.compile("sgd", "mse")
    return model


@sides
def test_a_compiled_model_inside_goes_on_training_on_the_other_side(reader: Any, tmp_path: Path) -> None:
    with fresh():
        kept, path = holder(writer_of(reader)), str(tmp_path / "model.keras")
        kept.get_layer("inner").fit(X, X[:, :2], epochs=2, shuffle=False, verbose=0)
        kept.save(path)
        read = reader.models.load_model(path)
        found = [
            model.get_layer("inner").fit(X, X[:, :2], epochs=2, shuffle=False, verbose=0).history
            for model in (kept, read)
        ]
    assert sorted(found[0]) == sorted(found[1])
    for name, values in found[0].items():
        np.testing.assert_allclose(found[1][name], values, rtol=2e-5)

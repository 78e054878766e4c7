"""Saving and loading whole models: every network, every file, and what a person can do wrong."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.files.networks import NETWORKS, X, Y, predictions, trained

import flintglass as fg
from flintglass import layers, models, saving
from flintglass.errors import ModelFileError

networks = pytest.mark.parametrize("name", NETWORKS)


@networks
@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_network_comes_back_and_goes_on_to_the_same_bits(name: str, ending: str, tmp_path: Path) -> None:
    model = NETWORKS[name](fg)
    trained(name, model)
    path = tmp_path / f"model{ending}"
    model.save(path)
    again = models.load_model(path)
    assert type(again) is type(model)
    assert again.optimizer.iterations.numpy() == model.optimizer.iterations.numpy()
    for mine, theirs in zip(predictions(name, again), predictions(name, model), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert trained(name, again, 2) == trained(name, model, 2)


@networks
def test_a_file_is_the_same_whatever_was_loaded(name: str, tmp_path: Path) -> None:
    model = NETWORKS[name](fg)
    trained(name, model)
    model.save(tmp_path / "one.keras")
    models.load_model(tmp_path / "one.keras").save(tmp_path / "two.keras")
    with zipfile.ZipFile(tmp_path / "one.keras") as one, zipfile.ZipFile(tmp_path / "two.keras") as two:
        assert one.namelist() == two.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        for member in ("config.json", "model.weights.h5"):
            assert one.read(member) == two.read(member)


def test_dropout_goes_on_with_the_same_draws(tmp_path: Path) -> None:
    model = fg.Sequential([fg.Input((3,)), layers.Dropout(0.5), layers.GaussianNoise(0.1), layers.Dense(1)])
    model.compile("adam", "mse")
    trained("", model)
    model.save(tmp_path / "model.keras")
    assert trained("", models.load_model(tmp_path / "model.keras")) == trained("", model)


def test_models_without_training_are_saved_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    model = NETWORKS["a stack"](fg)
    model.save(path)  # compiled, but not trained
    assert models.load_model(path).optimizer.iterations.numpy() == 0
    model.fit(X, Y, verbose=0)
    model.save(path, include_optimizer=False)
    assert not models.load_model(path).compiled
    assert not models.load_model(path, compile=False).compiled
    unbuilt = fg.Sequential([layers.Dense(2)])
    unbuilt.save(path)
    assert not models.load_model(path).weights
    saving.save_model(model, str(path))
    np.testing.assert_array_equal(saving.load_model(str(path)).predict(X, verbose=0), model.predict(X, verbose=0))


def test_frozen_layers_come_back_frozen(tmp_path: Path) -> None:
    model = NETWORKS["a frozen layer"](fg)
    model.save(tmp_path / "model.keras")
    again = models.load_model(tmp_path / "model.keras")
    assert [layer.trainable for layer in again.layers] == [False, True]


def test_a_layer_as_an_activation_comes_back(tmp_path: Path) -> None:
    model = fg.Sequential([fg.Input((3,)), layers.Dense(4, activation=layers.LeakyReLU(0.3)), layers.Dense(1)])
    model.save(tmp_path / "model.keras")
    again = models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_an_operation_of_a_graph_comes_back(tmp_path: Path) -> None:
    x = fg.Input((3,))
    model = fg.Model(x, fg.ops.relu(layers.Dense(2)(x)))
    model.save(tmp_path / "model.keras")
    again = models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_a_description_in_json_makes_a_model_with_weights_of_its_own() -> None:
    model = NETWORKS["shared layers and models inside"](fg)
    again = models.model_from_json(model.to_json(indent=1))
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]
    assert not again.compiled
    assert np.abs(again.get_weights()[0]).max() > 0


# -- mistakes


@pytest.mark.parametrize("name", ["folder", "model.tf", "model.weights"])
def test_other_endings_are_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(NotImplementedError, match=r"model\.save\('model\.keras'\)"):
        NETWORKS["a stack"](fg).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_must_stay_stays(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(b"mine")
    with pytest.raises(FileExistsError, match="overwrite is False"):
        NETWORKS["a stack"](fg).save(path, overwrite=False)
    assert path.read_bytes() == b"mine"


def test_a_model_that_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    class Odd(layers.Layer):
        def call(self, x: Any) -> Any:
            return x

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "odd": object()}

    path = tmp_path / "model.keras"
    path.write_bytes(b"mine")
    with pytest.raises(TypeError, match="which no file can hold"):
        fg.Sequential([fg.Input((3,)), Odd()]).save(path)
    assert path.read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="it cannot be opened: No such file"):
        models.load_model(tmp_path / "nowhere.keras")
    with pytest.raises(ModelFileError, match="SavedModel folders"):
        models.load_model(tmp_path)
    (tmp_path / "text.keras").write_text("hello")
    with pytest.raises(ModelFileError, match=r"neither a \.keras file"):
        models.load_model(tmp_path / "text.keras")
    model = NETWORKS["a stack"](fg)
    model.save_weights(tmp_path / "weights.h5")
    with pytest.raises(ModelFileError, match="it holds weights alone"):
        models.load_model(tmp_path / "weights.h5")


def test_an_error_names_the_layer_and_keeps_its_cause(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    NETWORKS["shared layers and models inside"](fg).save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["config.json"] = parts["config.json"].replace(b'"units": 3', b'"units": -3')
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    with pytest.raises(ModelFileError, match="units, the number of outputs") as caught:
        models.load_model(path)
    assert caught.value.file == str(path)
    assert caught.value.item.startswith("config.json: shared/inner/dense")
    assert isinstance(caught.value.__cause__, ValueError)


def test_giant_units_name_the_layer(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    text = json.dumps(NETWORKS["a stack"](fg).get_config()).replace('"units": 5', '"units": 500000000')
    NETWORKS["a stack"](fg).save(path)
    with zipfile.ZipFile(path) as archive:
        weights = archive.read("model.weights.h5")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps({"class_name": "Sequential", "config": json.loads(text)}))
        archive.writestr("model.weights.h5", weights)
    with pytest.raises(ModelFileError, match=r"dense\S*/kernel would hold 1500000000 numbers.*but the file holds"):
        models.load_model(path)

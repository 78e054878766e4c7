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


def inside(compiled: bool = True) -> Any:
    """A model that holds another one, which is trained by itself too."""
    inner = fg.Sequential([fg.Input((3,)), layers.Dense(3)], name="inner")
    if compiled:
        inner.compile("adam", "mae", metrics=["mse"])
        inner.fit(X, X, verbose=0)
    outer = fg.Sequential([fg.Input((3,)), inner, layers.Dense(1)])
    outer.compile(fg.optimizers.SGD(0.01, momentum=0.9), "mse")
    outer.fit(X, Y, verbose=0)
    return outer


def test_a_compiled_model_inside_comes_back_compiled_and_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    """As in Keras 3, its settings and its optimizer's state are those it was saved with."""
    model, path = inside(), tmp_path / "m.keras"
    model.save(path)
    again = models.load_model(path)
    for one, other in ((model.layers[0], again.layers[0]), (model, again)):
        assert other.optimizer.iterations.numpy() == one.optimizer.iterations.numpy() > 0
        assert len(other.optimizer.variables) == len(one.optimizer.variables)
    for given in ((X, X), (X, Y)):
        found = [
            (part.fit(*given, shuffle=False, verbose=0).history, part.get_weights())
            for part in ((model, again) if given[1] is Y else (model.layers[0], again.layers[0]))
        ]
        assert found[0][0] == found[1][0]
        for mine, theirs in zip(found[0][1], found[1][1], strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_what_was_not_compiled_inside_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    inside(False).save(path)
    assert not models.load_model(path).layers[0].compiled
    inside().save(path)
    whole = models.load_model(path, compile=False)
    assert not whole.compiled
    assert not whole.layers[0].compiled
    assert models.load_model(path).layers[0].compiled
    assert not models.model_from_json(inside().to_json()).layers[0].compiled
    assert fg.Sequential.from_config(inside().get_config()).layers[0].compiled


def own_loss(y: Any, predicted: Any) -> Any:
    return fg.ops.mean((y - predicted) ** 2, axis=-1)


def test_a_loss_inside_that_is_missing_is_told_with_its_place(tmp_path: Path) -> None:
    model, path = inside(), tmp_path / "m.keras"
    model.layers[0].compile("sgd", own_loss)
    model.save(path)
    with pytest.raises(ModelFileError, match=r"config\.json: inner: compile_config: there is no loss 'own_loss'"):
        models.load_model(path)
    assert models.load_model(path, custom_objects={"own_loss": own_loss}).layers[0].loss is own_loss


OPTIMIZERS: dict[str, Any] = {
    "adam": fg.optimizers.Adam,
    "momentum": lambda: fg.optimizers.SGD(0.01, momentum=0.9),
    "averages": lambda: fg.optimizers.RMSprop(0.01, centered=True, use_ema=True),
}


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("frozen", ["a", "b"])
def test_a_layer_that_was_frozen_after_training_keeps_its_slots(
    frozen: str, optimizer: Any, ending: str, tmp_path: Path
) -> None:
    model = fg.Sequential([fg.Input((3,)), layers.Dense(3, name="a"), layers.Dense(3, name="b"), layers.Dense(1)])
    model.compile(optimizer(), "mse")
    model.fit(X, Y, verbose=0, epochs=2)
    model.get_layer(frozen).trainable = False
    model.save(tmp_path / f"m{ending}")
    again = models.load_model(tmp_path / f"m{ending}")
    for mine, theirs in zip(again.optimizer.variables, model.optimizer.variables, strict=True):
        assert mine.path.partition("/")[2] == theirs.path.partition("/")[2]
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy())
    kept = again.get_layer(frozen).get_weights()
    model.compile(model.optimizer, "mse")
    assert again.fit(X, Y, shuffle=False, verbose=0).history == model.fit(X, Y, shuffle=False, verbose=0).history
    for before, after in zip(kept, again.get_layer(frozen).get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_state_that_fits_no_choice_of_weights_is_refused_with_the_way_out(tmp_path: Path) -> None:
    """A layer that was frozen while it trained, and is not any more: which slots are whose cannot be told."""
    model = fg.Sequential([fg.Input((3,)), layers.Dense(3, name="a", trainable=False), layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    model.get_layer("a").trainable = True
    model.save(tmp_path / "m.keras")
    with pytest.raises(ModelFileError, match="load the model with compile=False, and compile"):
        models.load_model(tmp_path / "m.keras")
    assert len(models.load_model(tmp_path / "m.keras", compile=False).get_weights()) == 4

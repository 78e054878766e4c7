"""What people do wrong with files is told with the way out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.files.hostile import honest

import flintglass as fg
from flintglass import callbacks, layers, ops
from flintglass.errors import ModelFileError


def my_loss(y: Any, predicted: Any) -> Any:
    return ops.mean((y - predicted) ** 2, axis=-1)


class Times(layers.Layer):
    def __init__(self, factor: float, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.factor = factor

    def call(self, x: Any) -> Any:
        return x * self.factor


def test_a_class_of_ones_own_that_is_missing_is_told_with_how_to_pass_it(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"no get_config\(\)"):
        fg.Sequential([fg.Input((3,)), Times(2.0)]).save(tmp_path / "m.keras")
    with pytest.raises(
        ModelFileError, match=re.escape("no layer 'Times' (where it is your own: pass it by custom_obj")
    ):
        fg.models.load_model(tmp_path / "m.keras")


def test_a_class_without_get_config_is_told_what_it_lacks(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"no get_config\(\)"):
        fg.Sequential([fg.Input((3,)), Times(2.0)]).save(tmp_path / "m.keras")
    with pytest.raises(ModelFileError, match=r"'factor'\. Let get_config\(\) return"):
        fg.models.load_model(tmp_path / "m.keras", custom_objects={"Times": Times})


def test_a_loss_of_ones_own_that_is_missing_is_told_with_both_ways_out(tmp_path: Path) -> None:
    model = honest()
    model.compile("sgd", my_loss)
    model.save(tmp_path / "m.keras")
    with pytest.raises(
        ModelFileError, match=r"custom_objects=\{'my_loss': my_loss\}, or leave it out by compile=False"
    ):
        fg.models.load_model(tmp_path / "m.keras")
    assert not fg.models.load_model(tmp_path / "m.keras", compile=False).compiled
    fg.models.load_model(tmp_path / "m.keras", custom_objects={"my_loss": my_loss})


def mse(y: Any, predicted: Any) -> Any:
    return ops.mean(ops.abs(y - predicted), axis=-1)


def another(factor: float) -> Any:
    def my_loss(y: Any, predicted: Any) -> Any:
        return factor * ops.mean((y - predicted) ** 2, axis=-1)

    return my_loss


UNNAMED: dict[str, tuple[dict[str, Any], str]] = {
    "a lambda": ({"loss": lambda y, predicted: my_loss(y, predicted)}, "a loss .* it is a lambda"),
    "a lambda among metrics": (
        {"loss": "mse", "metrics": [["mae", lambda y, predicted: my_loss(y, predicted)]]},
        "a metric .* it is a lambda",
    ),
    "two of one name": (
        {"loss": another(1.0), "metrics": [another(2.0)]},
        "a metric .* another function that it is compiled with is called my_loss too",
    ),
    "a name of ours": (
        {"loss": mse},
        "a loss .* mse is the name of one of flintglass's own, which would be loaded instead",
    ),
}


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize(("settings", "reason"), UNNAMED.values(), ids=UNNAMED)
def test_saving_tells_of_functions_that_no_file_can_name(
    settings: dict[str, Any], reason: str, ending: str, tmp_path: Path
) -> None:
    model, path = honest(), tmp_path / f"m.{ending}"
    model.compile("sgd", **settings)
    with pytest.warns(UserWarning, match=rf"{reason}\. Load the file with compile=False"):
        model.save(path)
    assert not fg.models.load_model(path, compile=False).compiled
    model.save(path, include_optimizer=False)  # nothing is told of what is not in the file


def test_a_lambda_is_refused_when_it_is_loaded_with_both_ways_out(tmp_path: Path) -> None:
    model = honest()
    model.compile("sgd", lambda y, predicted: my_loss(y, predicted))
    with pytest.warns(UserWarning, match="it is a lambda"):
        model.save(tmp_path / "m.keras")
    with pytest.raises(ModelFileError, match=r"custom_objects=\{'<lambda>': .*, or leave it out by compile=False"):
        fg.models.load_model(tmp_path / "m.keras")
    fg.models.load_model(tmp_path / "m.keras", custom_objects={"<lambda>": my_loss})


def test_nothing_is_told_of_functions_with_names_of_their_own(tmp_path: Path) -> None:
    model = honest()
    model.compile("sgd", my_loss, metrics=["mae", fg.metrics.mean_squared_error, my_loss])
    model.save(tmp_path / "m.keras")


@pytest.mark.parametrize("name", ["w.weights.h5", "w.npz", "w.safetensors"])
def test_weights_in_the_place_of_a_model_are_told(name: str, tmp_path: Path) -> None:
    honest().save_weights(tmp_path / name)
    with pytest.raises(ModelFileError, match="it holds weights alone: make the model"):
        fg.models.load_model(tmp_path / name)


@pytest.mark.parametrize("name", ["{epoch:02z}.keras", "{}.keras", "{epoch.keras", "{loss:d}.keras"])
def test_a_checkpoint_whose_name_cannot_be_filled_in_is_told(name: str, tmp_path: Path) -> None:
    keeper = callbacks.ModelCheckpoint(tmp_path / name)
    with pytest.raises(ValueError, match=r"ModelCheckpoint: the filepath .* cannot be filled in"):
        honest().fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0, callbacks=[keeper])


def test_a_constructor_whose_arguments_nobody_tells_is_told_when_the_model_is_saved(tmp_path: Path) -> None:
    class Scaled(fg.layers.Layer):
        def __init__(self, factor: float) -> None:
            super().__init__()
            self.factor = factor

        def call(self, x: Any) -> Any:
            return x * self.factor

    model = fg.Sequential([fg.Input((2,)), Scaled(2.0)])
    with pytest.warns(UserWarning, match=r"Scaled has a constructor with factor, and no get_config\(\)"):
        model.save(tmp_path / "m.keras")


@pytest.mark.parametrize("name", ["numpy.py", "base64.py"])
def test_an_export_takes_no_name_of_a_module_that_it_needs(name: str, tmp_path: Path) -> None:
    model = fg.Sequential([fg.Input((2,)), fg.layers.Dense(1)])
    with pytest.raises(fg.errors.ExportError, match="choose another name"):
        model.export(tmp_path / name)
    assert not (tmp_path / name).exists()

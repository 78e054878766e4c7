"""Whole models in .h5 files: those with a call of their own, and operations as Keras describes them there."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.files.networks import X, Y
from tests.files.test_loading_own_classes import Network

import flintglass as fg
from flintglass import layers, models, ops
from flintglass.errors import ModelFileError
from flintglass.saving.hdf5.read import read_hdf5
from flintglass.saving.hdf5.write import write_hdf5


def test_an_h5_file_of_a_subclassed_model_is_told_of_and_loads_with_its_class(tmp_path: Path) -> None:
    model, path = Network(4), tmp_path / "model.h5"
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    with pytest.warns(
        UserWarning, match=r"Keras can load no such model from an \.h5 .* save it as \.keras, or its weig"
    ):
        model.save(path)
    again = models.load_model(path, custom_objects={"Network": Network})
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    assert again.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)


def test_an_h5_file_that_does_not_tell_what_a_model_is_built_for_says_the_way_out(tmp_path: Path) -> None:
    """As Keras writes them."""
    model, path = Network(4), tmp_path / "model.h5"
    model(X)
    with pytest.warns(UserWarning, match="has a call of its own"):
        model.save(path)
    rewritten(path, lambda document: document.pop("build_config"))
    with pytest.raises(ModelFileError, match=r"has a call of its own.* model\.load_weights\(path\)") as caught:
        models.load_model(path, custom_objects={"Network": Network})
    assert "by_name" not in str(caught.value)
    again = Network(4)
    again(X)
    again.load_weights(path)
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def rewritten(path: Path, change: Any) -> None:
    """Change the configuration in an .h5 file."""
    with path.open("rb") as stream:
        root = read_hdf5(stream, str(path))
        document = json.loads(str(root.attributes["model_config"]))
        change(document)
        root.attributes["model_config"] = json.dumps(document)
        written = io.BytesIO()
        write_hdf5(written, root)
    path.write_bytes(written.getvalue())


def test_operations_in_an_h5_file_of_keras_are_read_though_it_tells_no_modules(tmp_path: Path) -> None:
    """Add, Mean and GetItem; Multiply of one tensor and a number is no layer, whatever the table of layers says."""
    x, path = fg.Input((3,)), tmp_path / "model.h5"
    hidden = ops.absolute(layers.Dense(3)(x))
    model = fg.Model(x, layers.Add()([(hidden - ops.mean(hidden, axis=-1, keepdims=True))[:, :2] * 2.0, x[:, 1:]]))
    model.save(path)

    def without_modules(document: Any) -> None:
        for entry in document["config"]["layers"]:
            del entry["module"], entry["registered_name"]

    rewritten(path, without_modules)
    again = models.load_model(path)
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]

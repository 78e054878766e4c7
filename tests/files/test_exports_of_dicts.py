"""Exports of models whose inputs and outputs are dicts: keys stay, and orders are those that are documented."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
from tests.files.exported import by_keys, check_script, loaded

import flintglass
from flintglass import Input, Model, layers
from flintglass.exporters import c_header, python_script
from flintglass.models.exporting import gathered


def test_outputs_in_a_dict_are_returned_by_their_keys_with_what_predict_gives() -> None:
    model = by_keys()
    rows = {"a": np.ones((5, 3), "float32"), "b": np.full((5, 2), 2.0, "float32")}
    item = gathered(model, "net")
    script = loaded(python_script(item))
    assert list(inspect.signature(script["predict"]).parameters) == ["a", "b"]
    found, expected = script["predict"](**rows), model.predict(rows, verbose=0)
    assert list(found) == list(expected) == list(model.output) == ["reg", "cls"]
    for key in expected:
        np.testing.assert_allclose(found[key], expected[key], rtol=1e-6)
    assert script["predict"].__doc__.startswith("A dict with the keys reg and cls,")
    check_script(item, 2e-6)


def test_outputs_in_dicts_inside_of_lists_keep_their_keys(tmp_path: Path) -> None:
    flintglass.utils.set_random_seed(7)
    x = Input((3,))
    one, two = layers.Dense(1)(x), layers.Dense(2)(x)
    model = Model(x, {"it's": (one, {"w": two, "v": one}), "a": two})
    model.export(tmp_path / "net.py")
    done = subprocess.run([sys.executable, "net.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = np.ones((4, 3), "float32")
    found = loaded((tmp_path / "net.py").read_text())["predict"](rows)
    assert {"a": found["a"].shape, "inner": list(found["it's"][1])} == {"a": (4, 2), "inner": ["w", "v"]}
    np.testing.assert_allclose(found["it's"][1]["w"], model.predict(rows, verbose=0)["it's"][1]["w"], rtol=1e-6)


def test_names_of_outputs_are_in_the_order_of_the_outputs() -> None:
    """output_names are those of the layers, as in Keras, also where the outputs have keys."""
    model = by_keys()
    assert model.output_names == ["second", "first"]
    assert [tensor.shape[1] for tensor in model.outputs] == [4, 2]


def test_the_arguments_of_a_header_are_the_keys_in_their_order() -> None:
    text = c_header(gathered(by_keys(), "net"))
    assert "net_predict(const float *a, const float *b, float *cls, float *reg)" in text

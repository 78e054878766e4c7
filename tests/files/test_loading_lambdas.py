"""Lambda layers in files: never with their code, and back where their function is passed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.files.networks import X

import flintglass as fg
from flintglass import layers, models
from flintglass.errors import ModelFileError


def steep(x: Any) -> Any:
    return 3.0 * x


def doubling() -> Any:
    fg.utils.set_random_seed(8)
    return fg.Sequential([fg.Input((3,)), layers.Dense(2), layers.Lambda(lambda z: z * 2, name="lam")])


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_model_with_a_lambda_is_written_without_it_and_loads_where_it_is_passed(ending: str, tmp_path: Path) -> None:
    model, path = doubling(), tmp_path / f"model{ending}"
    with pytest.warns(
        UserWarning, match=r"layer 'lam' is not written.*loading needs custom_objects=\{'lam': function\}"
    ):
        model.save(path)
    with pytest.raises(ModelFileError, match=r"the Lambda layer 'lam' .*by .*custom_objects=\{'lam': function\}"):
        models.load_model(path)
    again = models.load_model(path, custom_objects={"lam": lambda z: z * 2})
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    with pytest.raises(ModelFileError, match=r"'lam' of a Lambda layer is <class .*, which is no function"):
        models.load_model(path, custom_objects={"lam": layers.Dense})


def test_a_description_with_a_lambda_takes_the_function_that_is_passed() -> None:
    model = doubling()
    with pytest.warns(UserWarning, match="'lam' is not written"):
        text = model.to_json()
    with pytest.raises(ModelFileError, match="was saved without its function, a lambda"):
        models.model_from_json(text)
    again = models.model_from_json(text, custom_objects={"lam": lambda z: z * 3})
    np.testing.assert_array_equal(again.layers[-1](np.ones((1, 2))).numpy(), [[3, 3]])


@pytest.mark.parametrize("function", [lambda z: z * 2, steep], ids=["nameless", "named"])
def test_a_copy_keeps_the_function_of_its_lambda_layers(function: Any) -> None:
    x = fg.Input((3,))
    inner = fg.Sequential([fg.Input((3,)), layers.Lambda(function, name="lam")])
    model = fg.Model(x, layers.Lambda(function, name="lam")(inner(x)))
    for copy in (models.clone_model(model), fg.Model.from_config(model.get_config())):
        np.testing.assert_array_equal(copy.predict(X, verbose=0), model.predict(X, verbose=0))


def test_two_lambdas_of_one_name_are_not_saved(tmp_path: Path) -> None:
    inner = fg.Sequential([fg.Input((3,)), layers.Lambda(lambda z: z * 2, name="lam")])
    model = fg.Sequential([fg.Input((3,)), inner, layers.Lambda(lambda z: z * 3, name="lam")])
    with pytest.raises(ValueError, match=r"two Lambda layers of model .* are called 'lam'"):
        model.save(tmp_path / "model.keras")
    assert not (tmp_path / "model.keras").exists()


CODE = {"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None, "closure": None}}
OLDER = {"function_type": "lambda", "module": "__main__", "output_shape": None, "output_shape_type": "raw"}


@pytest.mark.parametrize(
    "settings", [{"function": CODE}, {"function": ["4wEAAAA=\n", None, None], **OLDER, "output_shape_module": None}]
)
def test_a_function_that_is_passed_takes_the_place_of_code(settings: dict[str, Any]) -> None:
    """The code is none: whoever looked at it would fail."""
    config = {"name": "lam", "trainable": True, "dtype": "float32", "arguments": {}, **settings}
    text = json.dumps(
        {
            "class_name": "Sequential",
            "config": {
                "name": "s",
                "layers": [
                    {"class_name": "InputLayer", "config": {"batch_shape": [None, 2], "dtype": "float32", "name": "x"}},
                    {"class_name": "Lambda", "config": config},
                ],
            },
        }
    )
    with pytest.raises(ModelFileError, match=r"the Lambda layer 'lam' holds code.*custom_objects=\{'lam': function\}"):
        models.model_from_json(text)
    model = models.model_from_json(text, custom_objects={"lam": lambda z: z * 2})
    np.testing.assert_array_equal(model.predict(np.ones((1, 2)), verbose=0), [[2, 2]])

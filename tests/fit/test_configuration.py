"""get_config, from_config and clone_model of stacks and graphs of layers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import flintglass as fg
from flintglass import layers, models, ops
from flintglass.models.configuration import NoConfiguration


def stack() -> Any:
    return models.Sequential([fg.Input((3,)), layers.Dense(4, activation="relu"), layers.Dense(2)], name="s")


def graph() -> Any:
    a, b = fg.Input((3,), name="a"), fg.Input((3,), name="b")
    both = layers.Dense(2, name="both")
    joined = layers.Concatenate(name="joined")([both(a), stack()(b), both(b)])
    return models.Model([a, b], [layers.Dense(1, name="first")(joined), joined], name="graph")


MADE = {"a stack": stack, "a graph": graph}
X = np.random.default_rng(1).normal(size=(5, 3)).astype("float32")


def outputs(model: Any) -> Any:
    found = model.predict([X, 2 * X] if len(model.inputs) == 2 else X, verbose=0)
    return found if isinstance(found, list) else [found]


@pytest.mark.parametrize("name", MADE)
def test_a_model_comes_back_from_its_configuration_as_json(name: str) -> None:
    model = MADE[name]()
    config = json.loads(json.dumps(model.get_config()))
    again = type(model).from_config(config)
    assert json.loads(json.dumps(again.get_config())) == config
    again.set_weights(model.get_weights())
    for mine, theirs in zip(outputs(again), outputs(model), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("name", MADE)
def test_a_clone_has_layers_and_weights_of_its_own(name: str) -> None:
    model = MADE[name]()
    copy = models.clone_model(model)
    assert not {id(layer) for layer in copy.layers} & {id(layer) for layer in model.layers}
    assert [w.path.split("/")[-1] for w in copy.weights] == [w.path.split("/")[-1] for w in model.weights]
    copy.set_weights(model.get_weights())
    for mine, theirs in zip(outputs(copy), outputs(model), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    copy.set_weights([0 * w for w in copy.get_weights()])
    assert any(np.abs(w).max() > 0 for w in model.get_weights())


def test_a_clone_may_have_other_layers() -> None:
    def wider(layer: Any) -> Any:
        config = layer.get_config()
        return type(layer).from_config({**config, "units": 2 * config["units"]})

    copy = models.clone_model(stack(), clone_function=wider)
    assert [layer.units for layer in copy.layers] == [8, 4]


def test_frozen_models_come_back_frozen() -> None:
    model = stack()
    model.trainable = False
    assert models.Sequential.from_config(model.get_config()).trainable_weights == []


def test_a_layer_of_the_users_own_is_found_by_its_class() -> None:
    class Scaled(layers.Dense):
        def call(self, inputs: Any) -> Any:
            return 2.0 * super().call(inputs)

    model = models.Sequential([fg.Input((3,)), Scaled(2)])
    again = models.Sequential.from_config(model.get_config(), custom_objects={"Scaled": Scaled})
    assert type(again.layers[0]) is Scaled
    with pytest.raises(ValueError, match="there is no layer 'Scaled'"):
        models.Sequential.from_config(model.get_config())


def test_what_no_configuration_describes_is_told() -> None:
    x = fg.Input((3,))
    with pytest.raises(NoConfiguration, match="on a placeholder"):
        models.Model(x, ops.add(x, fg.Variable([1.0, 2.0, 3.0]))).get_config()

    class Own(fg.Model):
        def call(self, inputs: Any) -> Any:
            return inputs

    with pytest.raises(NoConfiguration, match="a call of its own"):
        models.clone_model(Own())


def test_calls_in_a_circle_are_told() -> None:
    config = graph().get_config()
    by_name = {entry["name"]: entry for entry in config["layers"]}
    by_name["joined"]["inbound_nodes"][0]["args"] = by_name["first"]["inbound_nodes"][0]["args"]
    with pytest.raises(ValueError, match="in a circle"):
        models.Model.from_config(config)


def test_saving_as_a_folder_says_what_to_do_instead() -> None:
    with pytest.raises(NotImplementedError, match=r"model\.save\('model\.keras'\)"):
        stack().save("folder")

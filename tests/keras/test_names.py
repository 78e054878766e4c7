"""Names: layers, weights, outputs and metrics are called as in Keras; a summary counts the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.keras.case import Data
from tests.keras.sides import SIDES, fresh, sampled
from tests.keras.table import models as built
from tests.keras.table.losses import net

MODELS: dict[str, Callable[[Any], Any]] = {
    "stack": net(2),
    "by add": built.added,
    "by input_shape": built.by_input_shape,
    "functional": built.functional,
    "joined": built.joined,
    "operations": built.by_operations,
    "shared": built.shared,
    "residual": built.residual,
    "two outputs": built.two_outputs,
    "nested": built.nested,
    "stack in stack": built.stack_in_stack,
    "own layer": built.own_layer,
}
CALLED: dict[str, Callable[[Any], Any]] = {
    "stack built late": built.stack,
    "subclassed": built.subclassed,
    "with a list of layers": built.listed,
}


def _both(build: Callable[[Any], Any]) -> tuple[Any, Any]:
    models = [build(side) for side in SIDES]
    for model in models:
        if not model.built or not model.weights:
            model(np.zeros((2, 5), "float32"))
    return models[0], models[1]


@pytest.mark.parametrize("name", [*MODELS, *CALLED])
def test_a_model_and_its_parts_are_named_and_counted_as_in_keras(name: str) -> None:
    with fresh():
        kept, made = _both({**MODELS, **CALLED}[name])
        assert made.name == kept.name
        for part in ("weights", "trainable_weights", "non_trainable_weights"):
            assert [weight.path for weight in getattr(made, part)] == [weight.path for weight in getattr(kept, part)]
        assert [weight.name for weight in made.weights] == [weight.name for weight in kept.weights]
        # Operations on placeholders are layers in Keras, and calls of the graph here.
        layers = [layer for layer in kept.layers if type(layer).__module__.split(".")[2:3] != ["ops"]]
        assert [layer.name for layer in made.layers] == [layer.name for layer in layers]
        assert [layer.count_params() for layer in made.layers] == [layer.count_params() for layer in layers]
        assert counts(made) == counts(kept)
        if name in MODELS:
            assert made.input_shape == kept.input_shape
            assert made.output_shape == kept.output_shape
            assert [tensor.shape for tensor in made.inputs] == [tensor.shape for tensor in kept.inputs]
            assert [tensor.dtype for tensor in made.outputs] == [tensor.dtype for tensor in kept.outputs]


def test_names_go_on_from_model_to_model() -> None:
    with fresh():
        for side in SIDES:
            found = [layer.name for _ in range(3) for layer in net(2)(side).layers]
            assert found == ["dense", "dense_1", "dense_2", "dense_3", "dense_4", "dense_5"]
    with fresh():
        assert [[side.Sequential().name, side.Sequential().name] for side in SIDES] == [
            ["sequential", "sequential_1"]
        ] * 2


def test_a_summary_after_training_counts_the_optimizer_as_keras_does() -> None:
    with fresh():
        data = Data("rows", "numbers", "float32")
        models = _both(net(2))
        for model in models:
            model.compile("adam", "mse")
            model.fit(data.x, data.y, verbose=0)
        assert counts(models[1]) == counts(models[0])


def counts(model: Any) -> dict[str, str]:
    """The totals below a summary."""
    told: list[str] = []
    model.summary(print_fn=lambda line, **_: told.append(line))
    text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(told))
    return dict(re.findall(r"([A-Za-z-]+ params): ([\d,]+ \([^)]*\))", text))


COMPILED: dict[str, tuple[Callable[[Any], Any], str, dict[str, Any]]] = {
    "one metric": (net(2), "numbers", {"loss": "mse", "metrics": ["mae"]}),
    "accuracy": (net(3, "softmax"), "labels", {"loss": "sparse_categorical_crossentropy", "metrics": ["acc"]}),
    "weighted": (net(2), "numbers", {"loss": "mse", "metrics": ["mse"], "weighted_metrics": ["mse", "mae"]}),
    "two outputs": (
        built.two_outputs,
        "both",
        {"loss": built.TWO, "metrics": [["mae"], ["accuracy", "sparse_categorical_accuracy"]]},
    ),
    "two outputs by name": (
        built.two_outputs,
        "both",
        {"loss": built.BY_NAME, "metrics": {"classes": "accuracy"}},
    ),
    "two outputs of a subclass": (built.two_outputs_called, "both", {"loss": built.TWO}),
}


@pytest.mark.parametrize("name", sampled(COMPILED, "weighted"))
def test_logs_are_named_as_in_keras(name: str) -> None:
    build, y, compiled = COMPILED[name]
    with fresh():
        data = Data("rows", y, "float32")
        histories = []
        for model in _both(build):
            model.compile("sgd", **compiled)
            histories.append(model.fit(data.x, data.y, validation_data=(data.x, data.y), verbose=0).history)
        assert list(histories[1]) == list(histories[0])


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_the_variables_of_an_optimizer_have_the_paths_of_keras(name: str) -> None:
    given = {"SGD": {"momentum": 0.5}, "Adam": {"amsgrad": True}}[name]
    with fresh():
        paths = []
        for side, model in zip(SIDES, _both(net(2)), strict=True):
            optimizer = getattr(side.optimizers, name)(**given)
            optimizer.build(model.trainable_variables)
            paths.append([variable.path for variable in optimizer.variables])
        assert paths[1] == paths[0]

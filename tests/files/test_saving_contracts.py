"""The contract of files: whatever the registries hold comes back from a .keras file and goes on to the same bits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.contracts.parts import CLASSES, ROWS, of_kind
from tests.contracts.support import generator_for
from tests.contracts.test_layer_contracts import SAMPLES, arrays_for
from tests.contracts.test_losses import LOSSES
from tests.contracts.test_metrics import METRICS
from tests.contracts.test_training_parts import OPTIMIZERS

import flintglass as fg
from flintglass import constraints, initializers, layers, losses, metrics, ops, optimizers, regularizers
from flintglass.losses.base import Loss
from flintglass.metrics.base import Metric
from flintglass.optimizers import schedules
from flintglass.optimizers.base import Optimizer
from flintglass.optimizers.schedules.base import LearningRateSchedule

FUNCTIONS = {"softplus": ops.softplus, "sum": ops.sum}  # of the Lambda layers among the samples


def goes_on(model: Any, x: Any, y: Any, folder: Path) -> Any:
    """Save, load, compare: configuration, predictions, and one more step with its loss and all that it changes."""
    path = folder / "model.keras"
    model.train_on_batch(x, y)
    model.save(path)
    again = fg.models.load_model(path, custom_objects=FUNCTIONS)
    assert json.loads(again.to_json()) == json.loads(model.to_json())
    same(again.predict(x, verbose=0), model.predict(x, verbose=0))
    for _ in range(2):
        given = (found.train_on_batch(x, y, return_dict=True) for found in (again, model))
        for one, other in zip(*(found.values() for found in given), strict=True):
            np.testing.assert_array_equal(one, other)
        same([v.numpy() for v in again.variables], [v.numpy() for v in model.variables])
        same([v.numpy() for v in again.optimizer.variables], [v.numpy() for v in model.optimizer.variables])
    return again


def same(left: Any, right: Any) -> None:
    for a, b in zip(left, right, strict=True):
        np.testing.assert_array_equal(a, b)


def cases(table: dict[str, Any]) -> list[Any]:
    return [pytest.param(name, case, id=f"{name}-{i}") for name, of in table.items() for i, case in enumerate(of)]


@pytest.mark.filterwarnings("ignore:.*does not hand masks on")
@pytest.mark.parametrize(("name", "sample"), cases(SAMPLES))
def test_every_layer_comes_back_and_goes_on(name: str, sample: Any, tmp_path: Path) -> None:
    x = arrays_for(name, sample, dtype="float32")
    x = [array.astype("int32") for array in x] if sample.table else x
    inputs = [fg.Input(array.shape[1:], dtype=array.dtype.name) for array in x]
    layer = getattr(layers, name)(**sample.settings)
    outputs = layers.Dense(1)(layers.Flatten()(layer(sample.given(inputs))))
    model = fg.Model(inputs, outputs)
    model.compile("adam", "mse")
    if hasattr(layer, "adapt") and layer.input_mean is None:
        layer.adapt(3 * x[0] + 1)
    goes_on(model, x, generator_for(name).normal(size=(len(x[0]), 1)).astype("float32"), tmp_path)


def small(optimizer: Any = "sgd", loss: Any = "mse", given: Any = None, **settings: Any) -> Any:
    model = fg.Sequential([fg.Input((CLASSES,)), layers.Dense(CLASSES, activation="softmax", **settings)])
    model.compile(optimizer, loss, metrics=given)
    return model


def rows() -> tuple[Any, Any]:
    draw = generator_for("rows")
    x, y = draw.normal(size=(ROWS, CLASSES)), np.eye(CLASSES)[draw.integers(0, CLASSES, ROWS)]
    return x.astype("float32"), y.astype("float32")


@pytest.mark.parametrize(("name", "case"), cases(OPTIMIZERS))
def test_every_optimizer_goes_on(name: str, case: Any, tmp_path: Path) -> None:
    goes_on(small(getattr(optimizers, name)(**case[0])), *rows(), tmp_path)


COMMON = [
    {"use_ema": True, "ema_overwrite_frequency": 2},
    {"gradient_accumulation_steps": 2},
    {"global_clipnorm": 0.5, "weight_decay": 0.1},
    {"loss_scale_factor": 4.0, "name": "mine"},
]


@pytest.mark.parametrize("settings", COMMON, ids=lambda settings: next(iter(settings)))
def test_the_settings_of_all_optimizers_go_on(settings: Any, tmp_path: Path) -> None:
    goes_on(small(optimizers.Adam(0.1, **settings)), *rows(), tmp_path)


SCHEDULES: dict[str, dict[str, Any]] = {
    "CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 5, "alpha": 0.2},
    "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 2},
    "ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 2, "decay_rate": 0.5, "staircase": True},
    "InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 2, "decay_rate": 0.5},
    "PiecewiseConstantDecay": {"boundaries": [1, 2], "values": [0.1, 0.2, 0.05]},
    "PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 3, "power": 2.0},
}


def test_every_schedule_of_the_registry_is_here() -> None:
    assert of_kind(schedules, LearningRateSchedule) == sorted(SCHEDULES)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_goes_on(name: str, tmp_path: Path) -> None:
    goes_on(small(optimizers.SGD(getattr(schedules, name)(**SCHEDULES[name]), momentum=0.5)), *rows(), tmp_path)


def test_every_loss_of_the_registry_is_here() -> None:
    assert of_kind(losses, Loss) == sorted(LOSSES)


@pytest.mark.filterwarnings("ignore:hinge")
@pytest.mark.parametrize(("name", "case"), cases(LOSSES))
def test_every_loss_goes_on(name: str, case: Any, tmp_path: Path) -> None:
    settings, data, _ = case
    y, x = data(generator_for(name))
    y = y.astype("int32") if y.ndim == 1 else y.astype("float32")
    goes_on(small(loss=getattr(losses, name)(**settings)), x.astype("float32"), y, tmp_path)


OF_VALUES = {"Mean", "Sum"}  # they take values, not targets and predictions, and so stand in no compile()


def test_every_metric_of_the_registry_is_here() -> None:
    assert of_kind(metrics, Metric) == sorted(METRICS)


@pytest.mark.parametrize(("name", "case"), cases(METRICS))
def test_every_metric_goes_on(name: str, case: Any, tmp_path: Path) -> None:
    settings, data, _ = case
    metric = getattr(metrics, name)(**settings)
    if name in OF_VALUES:
        entry = json.loads(json.dumps(fg.saving.serialize_keras_object(metric)))
        assert fg.saving.deserialize_keras_object(entry).get_config() == metric.get_config()
        return
    y, x = data(generator_for(name))
    y = y.astype("int32") if y.ndim == 1 or name == "Accuracy" else y.astype("float32")
    x = x[:, :1].repeat(CLASSES, 1).astype("float32")
    if y.shape[1:] == (1,):
        y = y.repeat(CLASSES, 1)
    loss = "mse" if y.ndim == 2 else "sparse_categorical_crossentropy"
    model = goes_on(small(loss=loss, given=[metric]), x, y, tmp_path)
    assert metric.name in model.evaluate(x, y, verbose=0, return_dict=True)


SETTINGS: dict[str, dict[str, Any]] = {
    "Constant": {"value": 0.3},
    "Identity": {"gain": 0.5},
    "RandomNormal": {"stddev": 0.2, "seed": 3},
    "RandomUniform": {"minval": -0.2, "seed": 3},
    "TruncatedNormal": {"stddev": 0.2, "seed": 3},
    "VarianceScaling": {"scale": 2.0, "mode": "fan_out", "distribution": "untruncated_normal", "seed": 3},
    "L1": {"l1": 0.02},
    "L2": {"l2": 0.02},
    "L1L2": {"l1": 0.02, "l2": 0.03},
    "OrthogonalRegularizer": {"factor": 0.1, "mode": "columns"},
    "MaxNorm": {"max_value": 0.5},
    "MinMaxNorm": {"min_value": 0.2, "max_value": 0.7, "rate": 0.5},
    "UnitNorm": {"axis": 1},
}
PARTS = {
    "kernel_initializer": (initializers, "Initializer"),
    "kernel_regularizer": (regularizers, "Regularizer"),
    "kernel_constraint": (constraints, "Constraint"),
}


@pytest.mark.parametrize(
    ("argument", "name"),
    [(argument, name) for argument, (room, base) in PARTS.items() for name in room.CLASSES if name != base],
)
def test_every_initializer_regularizer_and_constraint_goes_on(argument: str, name: str, tmp_path: Path) -> None:
    part = getattr(PARTS[argument][0], name)(**SETTINGS.get(name, {}))
    goes_on(small("adam", **{argument: part}), *rows(), tmp_path)


@pytest.mark.parametrize("name", sorted(set(fg.activations.FUNCTIONS) - {"threshold"}))  # which takes two numbers
def test_every_activation_comes_back(name: str, tmp_path: Path) -> None:
    model = fg.Sequential([fg.Input((CLASSES,)), layers.Dense(4, activation=name)])
    model.save(tmp_path / "model.keras")
    again = fg.models.load_model(tmp_path / "model.keras")
    same(again.predict(rows()[0], verbose=0), model.predict(rows()[0], verbose=0))


def test_the_parts_are_those_of_the_registries() -> None:
    assert of_kind(optimizers, Optimizer) == sorted(OPTIMIZERS)
    assert sorted(SAMPLES) == sorted(set(layers.LAYERS) - {"InputLayer", "Layer"})

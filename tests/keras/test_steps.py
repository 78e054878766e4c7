"""Single steps: the ``*_on_batch`` methods, and what predict takes, against Keras's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.keras.case import Data
from tests.keras.sides import SIDES, apart, fresh, same_weights
from tests.keras.table.losses import net
from tests.keras.table.models import joined, named_ends, two_outputs

import flintglass

NEAR = 1e-5


def _pair(build: Any, **compiled: Any) -> list[Any]:
    models = [build(side) for side in SIDES]
    same_weights(models)
    for model in models:
        if compiled:
            model.compile(**compiled)
    return models


def test_a_sequence_of_single_steps_reports_and_leaves_the_same_numbers() -> None:
    with fresh():
        models = _pair(net(2), optimizer="adam", loss="mse", metrics=["mae"])
        data = Data("rows", "numbers", "float32")
        told: list[list[Any]] = [[], []]
        for model, heard in zip(models, told, strict=True):
            for step in range(6):
                rows = slice(10 * step, 10 * step + 9)
                heard.append(model.train_on_batch(data.x[rows], data.y[rows]))
                if step == 2:
                    heard.append(model.test_on_batch(data.others[:9], data.y[:9]))
                    model.reset_metrics()
                if step == 4:
                    heard.append(model.test_on_batch(data.others[:9], data.y[:9], return_dict=True))
            heard.append(model.train_on_batch(data.x[:9], data.y[:9], sample_weight=data.row_weights()[:9]))
            heard.append(model.predict_on_batch(data.others[:5]))
        assert apart(told[0], told[1]) < NEAR
        assert apart(models[0].get_weights(), models[1].get_weights()) < NEAR


@pytest.mark.slow
def test_single_steps_take_class_weight_and_sparse_labels() -> None:
    with fresh():
        models = _pair(net(3, "softmax"), optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        data = Data("rows", "labels", "float32")
        given = {"class_weight": {0: 0.5, 1: 2.0, 2: 1.0}, "return_dict": True}
        told = [[model.train_on_batch(data.x[:9], data.y[:9], **given) for _ in range(3)] for model in models]
        assert apart(told[0], told[1]) < NEAR


def test_a_single_step_of_a_loss_alone_returns_a_number() -> None:
    with fresh():
        data = Data("rows", "numbers", "float32")
        for model in _pair(net(2), optimizer="sgd", loss="mse"):
            assert np.ndim(model.train_on_batch(data.x[:9], data.y[:9])) == 0
            assert np.ndim(model.evaluate(data.x, data.y, verbose=0)) == 0


@pytest.mark.slow
def test_several_outputs_report_in_the_same_order() -> None:
    with fresh():
        losses = ["mse", "sparse_categorical_crossentropy"]
        metrics = [["mae"], ["accuracy", "sparse_categorical_crossentropy"]]
        models = _pair(two_outputs, optimizer="sgd", loss=losses, metrics=metrics)
        data = Data("rows", "both", "float32")
        y = [array[:9] for array in data.y]
        told = [model.train_on_batch(data.x[:9], y) for model in models]
        assert apart(told[0], told[1]) < NEAR
        evaluated = [model.evaluate(data.x, data.y, verbose=0) for model in models]
        assert apart(evaluated[0], evaluated[1]) < NEAR


ASKED = {
    "a matrix": (net(2), lambda data: data.x),
    "one row": (net(2), lambda data: data.x[:1]),
    "float64": (net(2), lambda data: data.x.astype("float64")),
    "whole numbers": (net(2), lambda data: (4 * data.x).astype("int64")),
    "a pair in a list": (joined, lambda data: [data.rows, data.others]),
    "a pair in a dictionary": (joined, lambda data: {"left": data.rows, "right": data.others}),
    "a dictionary, of which a dictionary comes": (
        named_ends,
        lambda data: {"left": data.rows, "right": data.others},
    ),
    "two outputs": (two_outputs, lambda data: data.x),
    "rank 1": (lambda side: side.Sequential([side.Input((1,)), side.layers.Dense(2)]), lambda data: data.x[:, 0]),
}


@pytest.mark.parametrize("what", ASKED)
def test_predict_returns_the_same_nesting_and_numbers(what: str) -> None:
    build, pick = ASKED[what]
    with fresh():
        models = _pair(build)
        x = pick(Data("rows", "none", "float32"))
        kept, made = (model.predict(x, batch_size=20, verbose=0) for model in models)
        assert type(kept) is type(made)
        if isinstance(kept, dict):
            assert sorted(kept) == sorted(made)  # JAX sorts the keys; here they stand as call returned them
        assert apart(kept, made) < NEAR
        called = [model(x) for model in models] if isinstance(x, np.ndarray) else [kept, made]
        assert apart(called[0], called[1]) < NEAR


def test_lists_of_numbers_are_predicted_where_keras_needs_an_array() -> None:
    with fresh():
        models = _pair(net(2))
        rows = Data("rows", "none", "float32").x[:4]
        kept = models[0].predict(rows, verbose=0)
        assert apart(kept, models[1].predict(rows.tolist(), verbose=0)) < NEAR


def test_the_batch_size_of_predict_does_not_change_the_numbers() -> None:
    with fresh():
        model = net(2)(flintglass)
        x = Data("rows", "none", "float32").x
        whole = model.predict(x, verbose=0)
        assert apart(whole, model.predict(x, batch_size=7, verbose=0)) < 1e-6

"""Callbacks: from the same logs they stop, and set the rate, when Keras's do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.keras.case import Data
from tests.keras.sides import SIDES, fresh
from tests.keras.table.losses import net

EPOCHS = 30

STOPPING: list[dict[str, Any]] = [
    {},
    {"patience": 3},
    {"patience": 2, "min_delta": 0.1},
    {"patience": 2, "min_delta": -0.1},
    {"patience": 3, "baseline": 0.4},
    {"patience": 4, "start_from_epoch": 5},
    {"patience": 3, "restore_best_weights": True},
    {"patience": 2, "mode": "max"},
]
REDUCING: list[dict[str, Any]] = [
    {"patience": 1},
    {"patience": 2, "factor": 0.5, "cooldown": 2},
    {"patience": 1, "factor": 0.5, "min_lr": 0.1},
    {"patience": 2, "factor": 0.5, "min_delta": 0.2},
    {"patience": 2, "factor": 0.5, "mode": "max"},
]


def losses(seed: int) -> list[float]:
    """A course that falls, unsteadily, and then stands."""
    draw = np.random.default_rng(seed)
    return [max(0.3, 1 - 0.05 * epoch) + 0.2 * float(draw.normal()) for epoch in range(EPOCHS)]


def course(side: Any, values: list[float]) -> Any:
    """A callback that puts these numbers into the logs."""

    def on_epoch_end(epoch: int, logs: Any) -> None:
        logs["val_loss"] = values[epoch]

    return side.callbacks.LambdaCallback(on_epoch_end=on_epoch_end)


def fitted(side: Any, values: list[float], callback: Any) -> tuple[Any, Any]:
    data = Data("rows", "numbers", "float32")
    model = net(2)(side)
    model.compile(side.optimizers.SGD(1.0), "mse")
    start = [np.full(array.shape, 0.1, "float32") for array in model.get_weights()]
    model.set_weights(start)
    x = data.x * 1e-2
    options = {"epochs": EPOCHS, "batch_size": 72, "shuffle": False, "verbose": 0}
    return model, model.fit(x, data.y, callbacks=[course(side, values), callback], **options)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("settings", STOPPING, ids=str)
def test_training_stops_when_keras_stops(settings: dict[str, Any], seed: int) -> None:
    with fresh():
        found = []
        for side in SIDES:
            stopping = side.callbacks.EarlyStopping(**settings)
            model, history = fitted(side, losses(seed), stopping)
            found.append((len(history.epoch), stopping.stopped_epoch, stopping.best_epoch, model.get_weights()[0]))
        assert found[1][:3] == found[0][:3]
        np.testing.assert_allclose(found[1][3], found[0][3], rtol=1e-4, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("settings", REDUCING, ids=str)
def test_the_rate_falls_when_keras_rate_falls(settings: dict[str, Any], seed: int) -> None:
    with fresh():
        rates = []
        for side in SIDES:
            _, history = fitted(side, losses(seed), side.callbacks.ReduceLROnPlateau(**settings))
            rates.append(history.history["learning_rate"])
        np.testing.assert_allclose(rates[1], rates[0], rtol=1e-5)


def test_a_table_is_written_as_keras_writes_it(tmp_path: Any) -> None:
    with fresh():
        heads = []
        for number, side in enumerate(SIDES):
            path = tmp_path / f"{number}.csv"
            fitted(side, losses(1), side.callbacks.CSVLogger(str(path), separator=";"))
            lines = path.read_text().splitlines()
            heads.append((lines[0], len(lines), [line.split(";")[0] for line in lines]))
        assert heads[1] == heads[0]

"""Cases of fit: weights of rows and classes, validation, steps, kinds of data."""

from __future__ import annotations

from typing import Any

from tests.keras.case import BOTH, DOUBLE, SINGLE, Case, Data
from tests.keras.table.losses import net
from tests.keras.table.models import two_outputs

WEIGHTS = {0: 0.5, 1: 2.0, 2: 4.0}


def _weighted(data: Data) -> dict[str, Any]:
    return {"sample_weight": data.row_weights()}


def _weighted_column(data: Data) -> dict[str, Any]:
    return {"sample_weight": data.row_weights()[:, None]}


def _held_out(data: Data) -> dict[str, Any]:
    return {"validation_data": (data.others, data.y)}


def _held_out_weighted(data: Data) -> dict[str, Any]:
    return {"validation_data": (data.others, data.y, data.row_weights())}


BOTH_LOSSES = ["mse", "sparse_categorical_crossentropy"]
MAE = {"metrics": ["mae"]}
CLASSIFIED = {
    "loss": "sparse_categorical_crossentropy",
    "compiled": {"metrics": ["accuracy"]},
}
CASES = [
    Case(
        "sample_weight", net(2), fit=_weighted, compiled={"metrics": ["mae"], "weighted_metrics": ["mse"]}, quick=DOUBLE
    ),
    Case(
        "sample_weight, metrics of one name",
        net(2),
        fit=_weighted,
        compiled={"metrics": ["mse", "mae"], "weighted_metrics": ["mse", "mae"]},
    ),
    Case("sample_weight in a column", net(2), fit=_weighted_column, compiled={"weighted_metrics": ["mae"]}),
    Case(
        "sample_weight of classes",
        net(3, "softmax"),
        y="labels",
        fit=_weighted,
        loss="sparse_categorical_crossentropy",
        compiled={"metrics": ["accuracy"], "weighted_metrics": ["accuracy"]},
    ),
    Case(
        "sample_weight, one for each output",
        two_outputs,
        y="both",
        loss=BOTH_LOSSES,
        fit=lambda data: {"sample_weight": [data.row_weights(), data.row_weights()[::-1]]},
    ),
    Case(
        "class_weight, labels", net(3, "softmax"), y="labels", fit=lambda data: {"class_weight": WEIGHTS}, **CLASSIFIED
    ),
    Case(
        "class_weight, some classes",
        net(3, "softmax"),
        y="label column",
        fit=lambda data: {"class_weight": {1: 2.0}},
        **CLASSIFIED,
    ),
    Case(
        "class_weight, one-hot",
        net(3, "softmax"),
        y="onehot",
        fit=lambda data: {"class_weight": WEIGHTS},
        loss="categorical_crossentropy",
        compiled={"metrics": ["accuracy"]},
    ),
    Case(
        "class_weight, yes or no",
        net(1, "sigmoid"),
        y="yes",
        fit=lambda data: {"class_weight": {0: 0.5, 1: 2.0}},
        loss="binary_crossentropy",
        compiled={"metrics": ["accuracy"]},
    ),
    Case("validation_split", net(2), fit=lambda data: {"validation_split": 0.5}, epochs=17, compiled=MAE),
    Case(
        "validation_split with sample_weight",
        net(2),
        fit=lambda data: {"validation_split": 0.5, "sample_weight": data.row_weights()},
        epochs=17,
    ),
    Case("validation_data", net(2), fit=_held_out, compiled=MAE),
    Case("validation_data with weights", net(2), fit=_held_out_weighted, compiled={"weighted_metrics": ["mae"]}),
    Case("validation_freq", net(2), fit=lambda data: {**_held_out(data), "validation_freq": 3}),
    Case(
        "validation_batch_size and validation_steps",
        net(2),
        fit=lambda data: {**_held_out(data), "validation_batch_size": 8, "validation_steps": 3},
    ),
    Case("steps_per_epoch of a whole pass", net(2), fit=lambda data: {"steps_per_epoch": 5}, compiled=MAE),
    Case("initial_epoch", net(2), fit=lambda data: {"initial_epoch": 3}, epochs=13),
    Case("one batch for all rows", net(2), batch={"float32": 72, "float64": 72}, epochs=50, dtypes=SINGLE),
    Case("one row a batch", net(2), batch={"float32": 1, "float64": 1}, epochs=1, dtypes=BOTH),
    Case("whole numbers in", net(2), x="whole"),
    Case("booleans in", net(2), x="yes"),
    Case("rank-1 rows", lambda side: side.Sequential([side.Input((1,)), side.layers.Dense(2)]), x="single"),
]

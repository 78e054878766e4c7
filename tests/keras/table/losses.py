"""Cases of losses and metrics: by name and as objects, from probabilities and from logits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.keras.case import DOUBLE, ODD, SINGLE, Case

ROUNDED = (
    "Keras averages the columns of a row in float32, which rounds 1/15 by 2e-8: the limit is 1e-6 here; the case "
    "below has the same numbers with a loss that avoids that mean"
)


def net(units: int, activation: str | None = None) -> Callable[[Any], Any]:
    """A hidden layer and this output."""
    return lambda side: side.Sequential(
        [side.Input((5,)), side.layers.Dense(6, activation="silu"), side.layers.Dense(units, activation=activation)]
    )


def loss(name: str, **settings: Any) -> Callable[[Any], Any]:
    """The loss class of this name."""
    return lambda side: getattr(side.losses, name)(**settings)


def metrics(*given: Any, **more: Any) -> dict[str, Any]:
    return {"metrics": list(given), **more}


def _squares(side: Any) -> Any:
    """Half of the summed squares of a row's two columns: their mean, without Keras's rounding."""

    def squares(y_true: Any, y_pred: Any) -> Any:
        return side.ops.sum(side.ops.square(y_true - y_pred), axis=-1) / 2

    return squares


def _own_class(side: Any) -> Any:
    class Quartic(side.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return side.ops.sum((y_true - y_pred) ** 4, axis=-1)

    return Quartic(name="quartic")


def _own_metric(side: Any) -> Any:
    """A Metric with variables of its own."""

    class Largest(side.metrics.Metric):
        def __init__(self) -> None:
            super().__init__(name="largest")
            self.largest = self.add_weight(shape=(), initializer="zeros", name="largest")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            found = side.ops.max(side.ops.abs(y_true - y_pred))
            self.largest.assign(side.ops.maximum(self.largest, found))

        def result(self) -> Any:
            return self.largest + 0.0

    def worst(y_true: Any, y_pred: Any) -> Any:
        return side.ops.max(side.ops.abs(y_true - y_pred), axis=-1)

    return {"metrics": [Largest(), worst, side.metrics.MeanAbsoluteError(name="off")]}


ACCURACY = metrics("accuracy")
NUMBERS = [
    Case("mse", net(2), compiled=metrics("mse", "mae")),
    Case("mse, odd batches", net(2), dtypes=DOUBLE, batch=ODD, limits={"float64": 1e-6}, note=ROUNDED),
    Case("mse as a function, odd batches", net(2), loss=_squares, batch=ODD),
    Case("mae", net(2), loss="mae", compiled=metrics("mean_squared_error")),
    Case("mape", net(2), loss="mape", y="large", optimizer="adam", compiled=metrics("mape")),
    Case("huber", net(2), loss="huber"),
    Case("Huber(0.3)", net(2), loss=loss("Huber", delta=0.3), compiled=metrics("root_mean_squared_error")),
    Case("mse, targets of rank 1", net(1), y="number", compiled=metrics("mae")),
    Case("mse, targets in a column", net(1), y="column", compiled=metrics("mae")),
    Case("MeanSquaredError, summed", net(2), loss=loss("MeanSquaredError", reduction="sum"), batch=ODD),
    Case(
        "MeanAbsoluteError, mean by weights",
        net(2),
        loss=loss("MeanAbsoluteError", reduction="mean_with_sample_weight"),
        fit=lambda data: {"sample_weight": data.row_weights()},
        dtypes=SINGLE,
    ),
    Case("a loss class of one's own", net(2), loss=_own_class, batch=ODD),
    Case("metrics of one's own", net(2), compiled=_own_metric),
]
YES_OR_NO = [
    Case("binary_crossentropy", net(1, "sigmoid"), loss="binary_crossentropy", y="yes", compiled=ACCURACY),
    Case(
        "BinaryCrossentropy from logits",
        net(1),
        loss=loss("BinaryCrossentropy", from_logits=True),
        y="yes column",
        compiled=metrics("binary_accuracy", "binary_crossentropy"),
        quick=DOUBLE,
    ),
    Case("bce, two columns", net(2, "sigmoid"), loss="bce", y="yes columns", compiled=metrics("binary_accuracy")),
    Case(
        "BinaryCrossentropy, smoothed",
        net(1, "sigmoid"),
        loss=loss("BinaryCrossentropy", label_smoothing=0.1),
        y="yes column",
    ),
    Case(
        "crossentropy, one output",
        net(1, "sigmoid"),
        loss="crossentropy",
        y="yes column",
        compiled=metrics("bce", "acc"),
    ),
]
CLASSES = [
    Case(
        "categorical_crossentropy",
        net(3, "softmax"),
        loss="categorical_crossentropy",
        y="onehot",
        compiled=metrics("accuracy", "categorical_crossentropy", "top_k_categorical_accuracy"),
        batch=ODD,
    ),
    Case(
        "CategoricalCrossentropy from logits",
        net(3),
        loss=loss("CategoricalCrossentropy", from_logits=True),
        y="onehot",
        compiled=ACCURACY,
        batch=ODD,
    ),
    Case(
        "CategoricalCrossentropy, smoothed",
        net(3, "softmax"),
        loss=loss("CategoricalCrossentropy", label_smoothing=0.1),
        y="onehot",
        batch=ODD,
    ),
    Case(
        "categorical_crossentropy, rows of zeros",
        net(3, "softmax"),
        loss="categorical_crossentropy",
        y="onehot and none",
    ),
    Case("categorical_crossentropy of sigmoids", net(3, "sigmoid"), loss="categorical_crossentropy", y="onehot"),
    Case(
        "sparse_categorical_crossentropy",
        net(3, "softmax"),
        loss="sparse_categorical_crossentropy",
        y="labels",
        compiled=ACCURACY,
        batch=ODD,
        quick=SINGLE,
    ),
    Case(
        "SparseCategoricalCrossentropy from logits",
        net(3),
        loss=loss("SparseCategoricalCrossentropy", from_logits=True),
        y="label column",
        compiled=metrics("accuracy", "sparse_categorical_crossentropy"),
        batch=ODD,
    ),
    Case(
        "SparseCategoricalCrossentropy, a class ignored",
        net(3, "softmax"),
        loss=loss("SparseCategoricalCrossentropy", ignore_class=-1),
        y="some labels",
        batch=ODD,
    ),
    Case(
        "crossentropy, labels",
        net(3, "softmax"),
        loss="crossentropy",
        y="labels",
        compiled=metrics("acc", "sparse_categorical_accuracy"),
    ),
    Case("crossentropy, one-hot", net(3, "softmax"), loss="ce", y="onehot", compiled=metrics("accuracy")),
    Case("mse of classes, accuracy", net(3, "softmax"), y="onehot", compiled=metrics("accuracy", "mse"), dtypes=SINGLE),
]
OTHERS = [
    Case("msle", net(2, "softplus"), loss="msle", y="large", compiled=metrics("msle", "r2_score")),
    Case("log_cosh", net(2), loss="log_cosh", compiled=metrics("cosine_similarity")),
    Case("LogCosh, summed", net(2), loss=loss("LogCosh", reduction="sum"), dtypes=SINGLE),
    Case("hinge of 0 and 1", net(1), loss="hinge", y="yes column", compiled=metrics("hinge"), quick=SINGLE),
    Case("squared_hinge", net(2), loss="squared_hinge", y="yes columns", compiled=metrics("squared_hinge")),
    Case("categorical_hinge", net(3), loss="categorical_hinge", y="onehot", compiled=metrics("categorical_hinge")),
    Case("kld", net(3, "softmax"), loss="kld", y="onehot", compiled=metrics("kl_divergence")),
    Case("poisson", net(2, "softplus"), loss="poisson", y="large", compiled=metrics("poisson")),
    Case("cosine_similarity", net(2), loss="cosine_similarity", compiled=metrics("cosine_similarity")),
    Case(
        "binary_focal_crossentropy",
        net(1, "sigmoid"),
        loss="binary_focal_crossentropy",
        y="yes column",
        compiled=lambda side: metrics(side.metrics.AUC(), side.metrics.Precision(), side.metrics.Recall(name="found")),
        quick=SINGLE,
    ),
    Case(
        "BinaryFocalCrossentropy from logits, balanced",
        net(2),
        loss=loss("BinaryFocalCrossentropy", from_logits=True, apply_class_balancing=True, gamma=1.5),
        y="yes columns",
        compiled=lambda side: metrics(side.metrics.AUC(from_logits=True, multi_label=True)),
    ),
    Case(
        "categorical_focal_crossentropy",
        net(3, "softmax"),
        loss="categorical_focal_crossentropy",
        y="onehot",
        compiled=lambda side: metrics(side.metrics.F1Score(average="macro"), side.metrics.OneHotMeanIoU(3)),
    ),
    Case("Dice", net(2, "sigmoid"), loss=loss("Dice"), y="yes columns"),
    Case("Tversky of rows", net(2, "sigmoid"), loss=loss("Tversky", axis=1, alpha=0.3), y="yes columns"),
    Case(
        "CategoricalGeneralizedCrossEntropy",
        net(3, "softmax"),
        loss=loss("CategoricalGeneralizedCrossEntropy"),
        y="labels",
        compiled=ACCURACY,
    ),
    Case("Circle", net(3), loss=loss("Circle", gamma=2.0), y="labels"),
]
CASES = [*NUMBERS, *YES_OR_NO, *CLASSES, *OTHERS]

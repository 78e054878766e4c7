"""Networks for the tests of files: each is made by either side's names, compiled, and has data to train on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray


def rows(*shape: int, seed: int = 5) -> Array:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


X, Y = rows(24, 3), rows(24, 1, seed=6)


def stack(side: Any) -> Any:
    layers = side.layers
    normalization = layers.Normalization()
    model = side.Sequential(
        [
            side.Input((3,)),
            normalization,
            layers.Dense(5, activation="tanh", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.PReLU(),
            layers.Dense(1, kernel_constraint=side.constraints.MaxNorm(2.0)),
        ]
    )
    normalization.adapt(3 * X + 1)
    model.compile("adam", "mse", metrics=["mae", side.metrics.RootMeanSquaredError()])
    return model


def built_later(side: Any) -> Any:
    model = side.Sequential([side.layers.Dense(4, activation="relu"), side.layers.Dense(1)], name="late")
    model.build((None, 3))
    model.compile(side.optimizers.SGD(0.05, momentum=0.9, nesterov=True), side.losses.Huber())
    return model


def shared(side: Any) -> Any:
    layers = side.layers
    a, b = side.Input((3,), name="a"), side.Input((3,), name="b")
    both = layers.Dense(4, name="both", activation="relu")
    inner = side.Sequential([side.Input((4,)), layers.Dense(3), layers.Dense(2)], name="inner")
    start = side.Input((4,))
    other = side.Model(start, layers.Dense(2, name="last")(start), name="other")
    joined = layers.Concatenate()([inner(both(a)), inner(both(b)), other(both(a))])
    outputs = [layers.Dense(1, name="first")(joined), layers.Dense(1, name="second")(layers.Add()([joined, joined]))]
    model = side.Model([a, b], outputs, name="shared")
    rate = side.optimizers.schedules.ExponentialDecay(0.01, 10, 0.9)
    model.compile(
        side.optimizers.SGD(rate, momentum=0.9),
        loss={"first": "mse", "second": side.losses.Huber()},
        loss_weights={"first": 1.0, "second": 0.5},
        metrics={"first": ["mae"]},
    )
    return model


def table(side: Any) -> Any:
    layers = side.layers
    x = side.Input((4,), dtype="int32")
    h = layers.Flatten()(layers.Embedding(5, 2)(x))
    model = side.Model(x, layers.Dense(3, activation="softmax")(h))
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def frozen(side: Any) -> Any:
    model = side.Sequential([side.Input((3,)), side.layers.Dense(4, trainable=False), side.layers.Dense(1)])
    model.compile(side.optimizers.AdamW(0.01, clipnorm=1.0), "mae")
    return model


NETWORKS: dict[str, Callable[[Any], Any]] = {
    "a stack": stack,
    "a stack that was built later": built_later,
    "shared layers and models inside": shared,
    "a table": table,
    "a frozen layer": frozen,
}


def data(name: str) -> tuple[Any, Any]:
    """Inputs and targets of a network."""
    if name == "shared layers and models inside":
        return [X, 2 * X], [Y, -Y]
    if name == "a table":
        draw = np.random.default_rng(7)
        return draw.integers(0, 5, (24, 4)).astype("int32"), draw.integers(0, 3, 24)
    return X, Y


def trained(name: str, model: Any, epochs: int = 1) -> list[float]:
    """The losses of some more epochs, the same batches in the same order each time."""
    x, y = data(name)
    history: list[float] = model.fit(x, y, epochs=epochs, batch_size=8, shuffle=False, verbose=0).history["loss"]
    return history


def predictions(name: str, model: Any) -> list[Array]:
    found = model.predict(data(name)[0], verbose=0)
    return list(found) if isinstance(found, list) else [found]

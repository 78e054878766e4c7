"""Files of Keras 2, written by tf_keras in the test: models, weights and descriptions are read here and go on."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.files.networks import X, Y

import flintglass as fg
from flintglass import layers, models

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
older = pytest.importorskip("tf_keras", exc_type=ImportError)

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore::UserWarning:tf_keras", "ignore:You are saving your model as an HDF5"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def stack() -> Any:
    its = older.layers
    model = older.Sequential(
        [
            its.Dense(5, activation="relu", input_shape=(3,)),
            its.BatchNormalization(),
            its.LeakyReLU(alpha=0.2),
            its.Dropout(0.0),
            its.Dense(1, kernel_regularizer="l2"),
        ]
    )
    model.compile("adam", "mse", metrics=["mae"])
    return model


def later() -> Any:
    model = older.Sequential([older.layers.Dense(4, activation="tanh"), older.layers.Dense(1)])
    model.build((None, 3))
    model.compile(older.optimizers.SGD(0.05, momentum=0.9), older.losses.Huber(0.5))
    return model


def graph() -> Any:
    its = older.layers
    x = older.Input((3,), name="x")
    both = its.Dense(4, name="both")
    inner = older.Sequential([older.Input((4,)), its.Dense(3), its.Dense(2)], name="inner")
    start = older.Input((4,))
    other = older.Model(start, its.Dense(2)(start), name="other")
    joined = its.Concatenate()([inner(both(x)), inner(both(x)), other(both(x))])
    model = older.Model(x, its.Dense(1, name="last")(its.add([joined, joined])), name="graph")
    rate = older.optimizers.schedules.ExponentialDecay(0.02, 10, 0.9)
    model.compile(older.optimizers.RMSprop(rate), "mse", metrics=[older.metrics.RootMeanSquaredError()])
    return model


def oldest() -> Any:
    """By the first optimizers of Keras 2, whose state was kept in another order."""
    model = older.Sequential([older.layers.Dense(4, activation="tanh", input_shape=(3,)), older.layers.Dense(1)])
    model.compile(older.optimizers.legacy.Adam(lr=0.01), "mse")
    return model


NETWORKS: dict[str, Callable[[], Any]] = {"stack": stack, "later": later, "graph": graph, "oldest": oldest}


def losses(model: Any, epochs: int = 2) -> list[float]:
    history: list[float] = model.fit(X, Y, epochs=epochs, batch_size=8, shuffle=False, verbose=0).history["loss"]
    return history


@pytest.mark.parametrize("ending", [".h5", ".keras"])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_model_of_keras_2_goes_on_here(name: str, ending: str, tmp_path: Path) -> None:
    kept = NETWORKS[name]()
    losses(kept)
    path = str(tmp_path / f"model{ending}")
    kept.save(path)
    stateless = name == "oldest" and ending == ".keras"  # the state of these optimizers is not in these files
    with pytest.warns(UserWarning, match="no state of the optimizer") if stateless else nullcontext():
        read = models.load_model(path)
    np.testing.assert_allclose(read.predict(X, verbose=0), kept.predict(X, verbose=0), rtol=1e-5, atol=1e-6)
    if not stateless:
        np.testing.assert_allclose(losses(read), losses(kept), rtol=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_description_of_keras_2_makes_the_same_model(name: str) -> None:
    kept = NETWORKS[name]()
    read = models.model_from_json(kept.to_json())
    read.set_weights(kept.get_weights())
    np.testing.assert_allclose(read.predict(X, verbose=0), kept.predict(X, verbose=0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("ending", [".h5", ".weights.h5"])
@pytest.mark.parametrize("name", ["stack", "graph"])
def test_weights_of_keras_2_are_read(name: str, ending: str, tmp_path: Path) -> None:
    kept = NETWORKS[name]()
    losses(kept)
    path = str(tmp_path / f"w{ending}")
    kept.save_weights(path)
    read = models.model_from_json(kept.to_json())
    read.load_weights(path)
    np.testing.assert_allclose(read.predict(X, verbose=0), kept.predict(X, verbose=0), rtol=1e-5, atol=1e-6)


def test_weights_of_some_layers_are_read_by_their_names(tmp_path: Path) -> None:
    kept = older.Sequential([older.layers.Dense(4, name="one", input_shape=(3,)), older.layers.Dense(1, name="two")])
    path = str(tmp_path / "w.h5")
    kept.save_weights(path)
    read = fg.Sequential([fg.Input((3,)), layers.Dense(4, name="one"), layers.Dense(7, name="three")])
    before = read.layers[1].get_weights()
    read.load_weights(path, by_name=True)
    np.testing.assert_array_equal(read.layers[0].get_weights()[0], kept.layers[0].get_weights()[0])
    np.testing.assert_array_equal(read.layers[1].get_weights()[0], before[0])


def test_files_written_here_are_read_by_keras_2(tmp_path: Path) -> None:
    kept = fg.Sequential(
        [fg.Input((3,)), layers.Dense(4, activation="relu"), layers.BatchNormalization(), layers.Dense(1)]
    )
    kept.compile("adam", "mse")
    kept.fit(X, Y, verbose=0)
    path = str(tmp_path / "w.h5")
    kept.save_weights(path)
    read = older.Sequential(
        [
            older.layers.Dense(4, activation="relu", input_shape=(3,)),
            older.layers.BatchNormalization(),
            older.layers.Dense(1),
        ]
    )
    read.load_weights(path)
    np.testing.assert_allclose(read.predict(X, verbose=0), kept.predict(X, verbose=0), rtol=1e-5, atol=1e-6)

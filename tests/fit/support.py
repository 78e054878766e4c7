"""Small data and models that the tests of fit share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from flintglass import Input, Model, Sequential, config, utils
from flintglass.engines.engine import ENGINES, engine
from flintglass.layers import Dense

GENERATOR = np.random.default_rng(7)
X = GENERATOR.normal(size=(70, 3)).astype("float32")
Y = (X @ np.array([[1.0], [-2.0], [0.5]]) + 0.3).astype("float32")


def sequential(*settings: Any, seed: int = 1, **more: Any) -> Any:
    """Two layers; compiled with adam and mse unless said otherwise."""
    utils.set_random_seed(seed)
    made = Sequential([Input((3,)), Dense(5, activation="tanh"), Dense(1)], name="net")
    made.compile(*(settings or ("adam", "mse")), **more)
    return made


def functional(seed: int = 1, **more: Any) -> Any:
    """The same network as a graph."""
    utils.set_random_seed(seed)
    start = Input((3,))
    hidden = Dense(5, activation="tanh")(start)
    made = Model(start, Dense(1)(hidden), name="net")
    made.compile("adam", "mse", **more)
    return made


class Own(Model):
    """The same network as a class."""

    def __init__(self) -> None:
        super().__init__(name="net")
        self.hidden = Dense(5, activation="tanh")
        self.out = Dense(1)

    def call(self, inputs: Any) -> Any:
        return self.out(self.hidden(inputs))


def subclassed(seed: int = 1, **more: Any) -> Any:
    """The same network as a class, not built yet."""
    utils.set_random_seed(seed)
    made = Own()
    made.compile("adam", "mse", **more)
    return made


def deferred(seed: int = 1, **more: Any) -> Any:
    """The same network as a Sequential without Input, not built yet."""
    utils.set_random_seed(seed)
    made = Sequential([Dense(5, activation="tanh"), Dense(1)], name="net")
    made.compile("adam", "mse", **more)
    return made


def same(left: Any, right: Any) -> bool:
    """True where two models hold the same weights, bit for bit."""
    pairs = zip(left.get_weights(), right.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.fixture(params=sorted(ENGINES))
def on_engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each engine that is installed."""
    try:
        engine(request.param)
    except ImportError as error:  # an install without a compiler
        pytest.skip(str(error))
    before = config.engine()
    config.set_engine(request.param)
    yield request.param
    config.set_engine(before)

"""Configurations of models: Keras's dictionaries of stacks and graphs of layers, and the same models from them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.keras.sides import SIDES, fresh, same_weights

pytestmark = pytest.mark.keras


def stack(side: Any) -> Any:
    return side.Sequential([side.Input((3,)), side.layers.Dense(4, activation="relu"), side.layers.Dense(2)], name="s")


def built_later(side: Any) -> Any:
    model = side.Sequential([side.layers.Dense(4, kernel_regularizer="l2"), side.layers.Dense(2)])
    model.build((None, 3))
    return model


def shared(side: Any) -> Any:
    a, b = side.Input((3,), name="a"), side.Input((3,), name="b")
    both = side.layers.Dense(2, name="both")
    joined = side.layers.Concatenate(name="joined")([both(a), both(b)])
    return side.Model([a, b], [side.layers.Dense(1, name="first")(joined), joined], name="shared")


def named(side: Any) -> Any:
    a, b = side.Input((3,), name="a"), side.Input((3,), name="b")
    return side.Model({"a": a, "b": b}, {"sum": side.layers.Add(name="sum")([a, b])}, name="named")


def nested(side: Any) -> Any:
    x = side.Input((3,), name="x")
    inner = stack(side)
    y = side.Input((2,), name="y")
    last = side.Model(y, side.layers.Dense(1, name="d")(y), name="last")
    return side.Model(x, last(inner(x)), name="outer")


def with_operations(side: Any) -> Any:
    x, y = side.Input((3,), name="x"), side.Input((3,), name="y")
    late = side.layers.Dense(3, name="late")(x)
    z = side.ops.relu(side.layers.Dense(3, name="first")(x) * 2 + 1 - y / 3.0)
    z = side.ops.concatenate([z[:, 0:2], z[:, None, 2], side.ops.mean(late, axis=1, keepdims=True)], axis=-1)
    z = side.ops.where(z > 0, z, np.array([1.0, 2.0, 3.0, 4.0], "float32"))
    halves = side.ops.split(z, 2, axis=1)
    return side.Model([x, y], side.ops.stack([abs(-halves[0]) ** 2, halves[1] @ np.eye(2, dtype="float32")], 1))


def branches_of_unequal_depth(side: Any) -> Any:
    x, y = side.Input((3,), name="x"), side.Input((4,), name="y")
    near = side.layers.Dense(6, name="near")(x)
    far = side.layers.Dense(6, name="last")(side.layers.Dense(2, name="far")(x))
    return side.Model([x, y], [side.layers.Add(name="sum")([near, far]), side.layers.Dense(1, name="other")(y)])


MODELS: dict[str, Callable[[Any], Any]] = {
    "a stack": stack,
    "a stack that was built later": built_later,
    "a shared layer": shared,
    "named ends": named,
    "models inside": nested,
    "operations": with_operations,
    "branches of unequal depth": branches_of_unequal_depth,
}


def plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def rows(model: Any) -> Any:
    draw = np.random.default_rng(3)
    found = [draw.normal(size=(4, *tensor.shape[1:])).astype("float32") for tensor in model.inputs]
    return found[0] if len(found) == 1 else found


@pytest.mark.parametrize("name", MODELS)
def test_the_configuration_of_a_model_is_the_dictionary_of_keras(name: str) -> None:
    with fresh():
        kept, made = (MODELS[name](side).get_config() for side in SIDES)
        assert plain(made) == plain(kept)


@pytest.mark.parametrize("name", MODELS)
def test_the_configuration_of_keras_makes_the_same_model(name: str) -> None:
    with fresh():
        kept, made = (MODELS[name](side) for side in SIDES)
        again = type(made).from_config(plain(kept.get_config()))
        same_weights([kept, again])
        x = rows(kept)
        given = dict(zip(["a", "b"], x, strict=True)) if name == "named ends" else x
        for mine, theirs in zip(
            leaves(again.predict(given, verbose=0)), leaves(kept.predict(given, verbose=0)), strict=True
        ):
            np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in leaves(value[key])]
    return [leaf for item in value for leaf in leaves(item)] if isinstance(value, list) else [value]

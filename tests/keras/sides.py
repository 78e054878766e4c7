"""The two sides: Keras on JAX and flintglass, driven through the same work, and how far apart they end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jax
import keras
import numpy as np
import pytest
from tests.keras.case import Case, Data, on

import flintglass
from flintglass import names

SIDES = (keras, flintglass)


def one_in(count: int, cases: Iterable[Any]) -> list[Any]:
    """Parameters of a test, of which one in so many is quick and the others are slow; a tuple is several arguments."""
    apart = [case if isinstance(case, tuple) else (case,) for case in cases]
    slow = pytest.mark.slow
    return [pytest.param(*case, marks=[slow] if number % count else []) for number, case in enumerate(apart)]


def sampled(names: Iterable[str], *quick: str) -> list[Any]:
    """Parameters of a test: all but the quick ones are slow, since Keras compiles each of them anew."""
    return [name if name in quick else pytest.param(name, marks=pytest.mark.slow) for name in names]


@contextmanager
def fresh(dtype: str = "float32") -> Iterator[None]:
    """Both sides as if just imported, with this default float; JAX_ENABLE_X64 holds where it is float64."""
    before = jax.config.jax_enable_x64
    start(dtype)
    try:
        yield
    finally:
        start("float32")
        jax.config.update("jax_enable_x64", before)


def start(dtype: str) -> None:
    """Set the default float of both sides, and start their automatic names again."""
    jax.config.update("jax_enable_x64", dtype == "float64")
    keras.utils.clear_session()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    flintglass.config.set_floatx(dtype)
    names.forget_names()


def same_weights(models: list[Any], seed: int = 3) -> None:
    """Give the models the same weights: kernels as large as their rows are many, the rest small, none zero."""
    draw = np.random.default_rng(seed)
    shapes = [[array.shape for array in model.get_weights()] for model in models]
    assert shapes[0] == shapes[1], f"the weights' shapes differ: {shapes[0]} and {shapes[1]}"
    weights = [draw.normal(size=shape) * (shape[0] ** -0.5 if len(shape) > 1 else 0.3) for shape in shapes[0]]
    for model in models:
        kinds = [array.dtype for array in model.get_weights()]
        model.set_weights([array.astype(kind) for array, kind in zip(weights, kinds, strict=True)])


def apart(left: Any, right: Any) -> float:
    """max|difference| / max|left| over nested arrays; infinite where the shapes differ."""
    pairs = list(zip(leaves(left), leaves(right), strict=True))
    if any(a.shape != b.shape for a, b in pairs):
        return float("inf")
    largest = max((np.abs(a).max(initial=0.0) for a, _ in pairs), default=0.0)
    differences = [np.abs(a.astype("float64") - b.astype("float64")).max(initial=0.0) for a, b in pairs]
    return float(max(differences, default=0.0) / (largest or 1.0))


def leaves(nested: Any) -> list[np.ndarray]:
    """The arrays of a nested result, dictionaries by key."""
    if isinstance(nested, Mapping):
        return [leaf for key in sorted(nested) for leaf in leaves(nested[key])]
    if isinstance(nested, (list, tuple)):
        return [leaf for item in nested for leaf in leaves(item)]
    return [np.asarray(nested)]


def apart_by_name(left: Mapping[str, Any], right: Mapping[str, Any]) -> float:
    """The largest of the differences under each name; the names must be the same."""
    assert sorted(left) == sorted(right), f"Keras reports {sorted(left)}, flintglass {sorted(right)}"
    return max((apart(left[name], right[name]) for name in left), default=0.0)


@dataclass(frozen=True)
class Outcome:
    """How far the sides are apart after a case, and how many steps each took."""

    weights: float
    history: float
    evaluated: float
    predicted: float
    steps: tuple[int, int]


@dataclass(frozen=True)
class Run:
    """What one side ended with."""

    weights: list[np.ndarray]
    history: dict[str, Any]
    evaluated: dict[str, float]
    predicted: Any
    steps: int


def compare(case: Case, dtype: str) -> Outcome:
    """Drive both sides through a case."""
    with fresh(dtype):
        data = Data(case.x, case.y, dtype)
        models = [case.model(side) for side in SIDES]
        for model in models:
            if not model.built or not model.weights:
                model(_first(data.x))
        same_weights(models)
        kept, made = (_train(side, model, case, data) for side, model in zip(SIDES, models, strict=True))
        return Outcome(
            apart(kept.weights, made.weights),
            apart_by_name(kept.history, made.history),
            apart_by_name(kept.evaluated, made.evaluated),
            apart(kept.predicted, made.predicted),
            (kept.steps, made.steps),
        )


def _train(side: Any, model: Any, case: Case, data: Data) -> Run:
    model.compile(optimizer=on(side, case.optimizer), loss=on(side, case.loss), **on(side, case.compiled))
    size = case.batch[data.dtype]
    options = {"epochs": case.epochs, "batch_size": size, "shuffle": False, "verbose": 0}
    history = model.fit(data.x, data.y, **options, **case.fit(data)).history
    evaluated = model.evaluate(data.x, data.y, batch_size=size, verbose=0, return_dict=True)
    return Run(
        model.get_weights(),
        history,
        evaluated,
        model.predict(data.x, batch_size=size, verbose=0),
        int(np.asarray(model.optimizer.iterations)),
    )


def _first(x: Any) -> Any:
    """Two rows, to build a model with."""
    if isinstance(x, dict):
        return {name: array[:2] for name, array in x.items()}
    return [array[:2] for array in x] if isinstance(x, list) else x[:2]

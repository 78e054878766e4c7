"""Masks: the same losses and weights as Keras, where steps of sequences are masked.

Metrics are left out: on JAX, Keras's trainer loses the masks before its metrics see them; ours count what is not
masked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.keras.sides import SIDES, apart, apart_by_name, fresh, same_weights

pytestmark = pytest.mark.keras

DRAW = np.random.default_rng(4)
WORDS = DRAW.integers(0, 4, (40, 6))
STEPS = np.where(DRAW.uniform(size=(40, 6, 1)) < 0.3, 0, DRAW.normal(size=(40, 6, 3))).astype("float32")
TARGETS = DRAW.normal(size=(40, 6, 2)).astype("float32")
WEIGHTS = DRAW.uniform(0.5, 1.5, size=(40, 6)).astype("float32")

MODELS: dict[str, tuple[Callable[[Any], list[Any]], Any]] = {
    "words": (
        lambda side: [side.Input((6,), dtype="int32"), side.layers.Embedding(4, 3, mask_zero=True)],
        WORDS,
    ),
    "steps": (lambda side: [side.Input((6, 3)), side.layers.Masking(), side.layers.Dense(4)], STEPS),
    "normalized": (lambda side: [side.Input((6, 3)), side.layers.Masking(), side.layers.BatchNormalization()], STEPS),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_masked_steps_count_as_in_keras(name: str, weighted: bool) -> None:
    start, x = MODELS[name]
    with fresh():
        models = [
            side.Sequential([*start(side), side.layers.Dense(4, activation="silu"), side.layers.Dense(2)])
            for side in SIDES
        ]
        same_weights(models)
        histories = []
        for model in models:
            model.compile("sgd", "mse")
            weights = {"sample_weight": WEIGHTS} if weighted else {}
            options = {"batch_size": 15, "epochs": 5, "shuffle": False, "verbose": 0}
            histories.append(model.fit(x, TARGETS, **options, **weights).history)
        assert apart_by_name(*histories) < 1e-5
        assert apart(models[0].get_weights(), models[1].get_weights()) < 1e-5

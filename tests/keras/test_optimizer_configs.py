"""Optimizers, schedules and callbacks as Keras writes them: signatures, configurations, states, directions."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from tests.keras.sides import SIDES, fresh

import flintglass

Make = Callable[[Any], Any]

OPTIMIZERS = [name for name in flintglass.optimizers.__all__ if name[0].isupper() and name != "Optimizer"]
SCHEDULES = [name for name in flintglass.optimizers.schedules.__all__ if name[0].isupper()]
CALLBACKS = [name for name in flintglass.callbacks.__all__ if name != "RemoteMonitor"]
# Of Keras's, what is not here: more of their names than of ours would be a surprise.
LATER = {"LossScaleOptimizer", "MultiOptimizer", "Muon", "OptimizerMap", "ScheduleFreeAdamW", "legacy"}

SETTINGS: dict[str, Make] = {
    **{name: lambda side, name=name: getattr(side.optimizers, name)() for name in OPTIMIZERS},
    "all that is common": lambda side: side.optimizers.Adam(
        0.5,
        weight_decay=0.125,
        clipvalue=0.25,
        use_ema=True,
        ema_momentum=0.5,
        ema_overwrite_frequency=10,
        loss_scale_factor=8.0,
        gradient_accumulation_steps=4,
        name="mine",
    ),
    "a schedule": lambda side: side.optimizers.SGD(side.optimizers.schedules.ExponentialDecay(0.5, 10, 0.25)),
    "Ftrl with settings": lambda side: side.optimizers.Ftrl(0.5, l1_regularization_strength=0.25, beta=0.5),
}
RATES: dict[str, Make] = {
    "ExponentialDecay": lambda side: side.ExponentialDecay(0.5, 10, 0.25, staircase=True),
    "InverseTimeDecay": lambda side: side.InverseTimeDecay(0.5, 10, 0.25, name="mine"),
    "PiecewiseConstantDecay": lambda side: side.PiecewiseConstantDecay([10, 20], [0.5, 0.25, 0.125]),
    "PolynomialDecay": lambda side: side.PolynomialDecay(0.5, 10, power=2.0, cycle=True),
    "CosineDecay": lambda side: side.CosineDecay(0.25, 10, alpha=0.125, warmup_target=0.5, warmup_steps=4),
    "CosineDecayRestarts": lambda side: side.CosineDecayRestarts(0.5, 10, 3.0, 0.5, 0.25),
}


def parameters(kind: Any) -> list[tuple[str, Any]]:
    """The arguments of a constructor with their defaults, but for what takes all others."""
    found = list(inspect.signature(kind).parameters.values())
    return [(one.name, one.default) for one in found if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)]


def public(package: Any) -> set[str]:
    return {name for name in dir(package) if name[0].isupper()}


def test_the_names_are_keras_names() -> None:
    assert public(keras.optimizers) - LATER == {*OPTIMIZERS, "Optimizer"}
    assert public(keras.optimizers.schedules) == set(SCHEDULES)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_takes_keras_arguments(name: str) -> None:
    kept, made = (getattr(side.optimizers, name) for side in SIDES)
    assert parameters(made) == parameters(kept)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_takes_keras_arguments(name: str) -> None:
    kept, made = (getattr(side.optimizers.schedules, name) for side in SIDES)
    assert parameters(made) == parameters(kept)


@pytest.mark.parametrize("name", CALLBACKS)
def test_a_callback_takes_keras_arguments(name: str) -> None:
    kept, made = (getattr(side.callbacks, name) for side in SIDES)
    assert parameters(made) == parameters(kept)


@pytest.mark.parametrize("name", SETTINGS)
def test_an_optimizer_has_keras_configuration_and_takes_it(name: str) -> None:
    with fresh():
        kept, made = (side.optimizers.serialize(SETTINGS[name](side)) for side in SIDES)
        assert json.loads(json.dumps(made)) == json.loads(json.dumps(kept))
        again = flintglass.optimizers.deserialize(json.loads(json.dumps(kept)))
        assert flintglass.optimizers.serialize(again) == made


@pytest.mark.parametrize("name", RATES)
def test_a_schedule_has_keras_configuration_and_takes_it(name: str) -> None:
    kept, made = (side.optimizers.schedules.serialize(RATES[name](side.optimizers.schedules)) for side in SIDES)
    assert made == kept
    again = flintglass.optimizers.schedules.deserialize(kept)
    assert flintglass.optimizers.schedules.serialize(again) == made


@pytest.mark.parametrize("name", RATES)
def test_a_schedule_gives_keras_rate_at_every_step(name: str) -> None:
    kept, made = (RATES[name](side.optimizers.schedules) for side in SIDES)
    for step in range(45):
        np.testing.assert_allclose(made(step).numpy(), np.asarray(kept(step)), rtol=1e-5, atol=1e-7, err_msg=str(step))


@pytest.mark.parametrize("name", sorted(set(OPTIMIZERS) - {"Adafactor"}))
@pytest.mark.parametrize("settings", [{}, {"use_ema": True, "gradient_accumulation_steps": 2}], ids=["plain", "all"])
def test_an_optimizer_keeps_keras_variables_in_keras_order(name: str, settings: dict[str, Any]) -> None:
    with fresh():
        found = []
        for side in SIDES:
            variables = [side.Variable(np.ones(shape, "float32"), name="w") for shape in ((2, 3), (3,))]
            optimizer = getattr(side.optimizers, name)(**settings)
            optimizer.build(variables)
            found.append([(tuple(one.shape), one.name.split("_")[-1]) for one in optimizer.variables])
        if name == "Nadam":  # Keras gives its product no name
            found = [[shape for shape, _ in names] for names in found]
        assert found[1] == found[0]

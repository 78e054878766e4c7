"""The contract of every optimizer: formulas, traces, configurations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.contracts.parts import Array, of_kind
from tests.contracts.support import generator_for

from flintglass import optimizers
from flintglass.optimizers.base import Optimizer
from flintglass.tracing.trace import trace
from flintglass.tracing.variable import Variable

# -- optimizers


def gradient_descent(settings: dict[str, Any]) -> Callable[..., None]:
    rate, momentum = settings.get("learning_rate", 0.01), settings.get("momentum", 0.0)

    def step(w: Array, d: Array, kept: dict[str, Array], t: int) -> None:
        v = kept["v"] = momentum * kept.get("v", np.zeros_like(w)) - rate * d
        w += momentum * v - rate * d if settings.get("nesterov") else v

    return step


def adam(settings: dict[str, Any]) -> Callable[..., None]:
    rate = settings.get("learning_rate", 0.001)
    beta_1, beta_2 = settings.get("beta_1", 0.9), settings.get("beta_2", 0.999)

    def step(w: Array, d: Array, kept: dict[str, Array], t: int) -> None:
        zeros = np.zeros_like(w)
        m = kept["m"] = beta_1 * kept.get("m", zeros) + (1 - beta_1) * d
        v = kept["v"] = beta_2 * kept.get("v", zeros) + (1 - beta_2) * d * d
        if settings.get("amsgrad"):
            v = kept["highest"] = np.maximum(kept.get("highest", zeros), v)
        corrected = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        w -= corrected * m / (np.sqrt(v) + settings.get("epsilon", 1e-7))

    return step


def rmsprop(settings: dict[str, Any]) -> Callable[..., None]:
    rate, rho = settings.get("learning_rate", 0.001), settings.get("rho", 0.9)

    def step(w: Array, d: Array, kept: dict[str, Array], t: int) -> None:
        zeros = np.zeros_like(w)
        v = kept["v"] = rho * kept.get("v", zeros) + (1 - rho) * d * d
        mean = kept["mean"] = rho * kept.get("mean", zeros) + (1 - rho) * d
        spread = v - mean**2 if settings.get("centered") else v
        m = kept["m"] = settings.get("momentum", 0.0) * kept.get("m", zeros) + rate * d / np.sqrt(
            spread + settings.get("epsilon", 1e-7)
        )
        w -= m

    return step


def nadam(settings: dict[str, Any]) -> Callable[..., None]:
    rate, beta_1, beta_2 = (settings.get(*pair) for pair in (("learning_rate", 0), ("beta_1", 0.9), ("beta_2", 0.999)))

    def share(t: int) -> float:
        return beta_1 * (1 - 0.5 * 0.96**t)

    def step(w: Array, d: Array, kept: dict[str, Array], t: int) -> None:
        zeros = np.zeros_like(w)
        m = kept["m"] = beta_1 * kept.get("m", zeros) + (1 - beta_1) * d
        v = kept["v"] = beta_2 * kept.get("v", zeros) + (1 - beta_2) * d * d
        product = np.prod([share(earlier) for earlier in range(1, t + 1)])
        mean = share(t + 1) * m / (1 - product * share(t + 1)) + (1 - share(t)) * d / (1 - product)
        w -= rate * mean / (np.sqrt(v / (1 - beta_2**t)) + settings.get("epsilon", 1e-7))

    return step


def adamax(settings: dict[str, Any]) -> Callable[..., None]:
    rate, beta_1, beta_2 = (settings.get(*pair) for pair in (("learning_rate", 0), ("beta_1", 0.9), ("beta_2", 0.999)))

    def step(w: Array, d: Array, kept: dict[str, Array], t: int) -> None:
        m = kept["m"] = beta_1 * kept.get("m", np.zeros_like(w)) + (1 - beta_1) * d
        u = kept["u"] = np.maximum(beta_2 * kept.get("u", np.zeros_like(w)), np.abs(d))
        w -= rate / (1 - beta_1**t) * m / (u + settings.get("epsilon", 1e-7))

    return step


def adagrad(settings: dict[str, Any]) -> Callable[..., None]:
    def step(w: Array, d: Array, kept: dict[str, Array], t: int) -> None:
        start = np.full_like(w, settings.get("initial_accumulator_value", 0.1))
        total = kept["total"] = kept.get("total", start) + d * d
        w -= settings["learning_rate"] * d / np.sqrt(total + settings.get("epsilon", 1e-7))

    return step


def adadelta(settings: dict[str, Any]) -> Callable[..., None]:
    rho, epsilon = settings.get("rho", 0.95), settings.get("epsilon", 1e-7)

    def step(w: Array, d: Array, kept: dict[str, Array], t: int) -> None:
        zeros = np.zeros_like(w)
        v = kept["v"] = rho * kept.get("v", zeros) + (1 - rho) * d * d
        u = kept.get("u", zeros)
        moved = np.sqrt((u + epsilon) / (v + epsilon)) * d
        kept["u"] = rho * u + (1 - rho) * moved**2
        w -= settings["learning_rate"] * moved

    return step


def lion(settings: dict[str, Any]) -> Callable[..., None]:
    beta_1, beta_2 = settings.get("beta_1", 0.9), settings.get("beta_2", 0.99)

    def step(w: Array, d: Array, kept: dict[str, Array], t: int) -> None:
        m = kept.get("m", np.zeros_like(w))
        w -= settings["learning_rate"] * np.sign(beta_1 * m + (1 - beta_1) * d)
        kept["m"] = beta_2 * m + (1 - beta_2) * d

    return step


def ftrl(settings: dict[str, Any]) -> Callable[..., None]:
    rate, power = settings["learning_rate"], -settings.get("learning_rate_power", -0.5)
    l1, l2, shrinkage = (settings.get(f"{kind}_regularization_strength", 0.0) for kind in ("l1", "l2", "l2_shrinkage"))

    def step(w: Array, d: Array, kept: dict[str, Array], t: int) -> None:
        total = kept.get("total", np.full_like(w, settings.get("initial_accumulator_value", 0.1)))
        larger = kept["total"] = total + d * d
        linear = kept.get("linear", np.zeros_like(w))
        linear = kept["linear"] = linear + d + 2 * shrinkage * w - (larger**power - total**power) / rate * w
        curve = (larger**power + settings.get("beta", 0.0)) / rate + 2 * l2
        w[...] = np.where(np.abs(linear) <= l1, 0.0, (np.sign(linear) * l1 - linear) / curve)

    return step


def lamb(settings: dict[str, Any]) -> Callable[..., None]:
    rate, beta_1, beta_2 = (settings.get(*pair) for pair in (("learning_rate", 0), ("beta_1", 0.9), ("beta_2", 0.999)))

    def step(w: Array, d: Array, kept: dict[str, Array], t: int) -> None:
        zeros = np.zeros_like(w)
        m = kept["m"] = beta_1 * kept.get("m", zeros) + (1 - beta_1) * d
        v = kept["v"] = beta_2 * kept.get("v", zeros) + (1 - beta_2) * d * d
        u = m / (1 - beta_1**t) / (np.sqrt(v / (1 - beta_2**t)) + settings.get("epsilon", 1e-7))
        lengths = np.linalg.norm(w), np.linalg.norm(u)
        w -= rate * (lengths[0] / lengths[1] if min(lengths) > 0 else 1.0) * u

    return step


def adafactor(settings: dict[str, Any]) -> Callable[..., None]:
    tiny, least = settings.get("epsilon_1", 1e-30), settings.get("epsilon_2", 1e-3)

    def step(w: Array, d: Array, kept: dict[str, Array], t: int) -> None:
        share = 1 - t ** settings.get("beta_2_decay", -0.8)
        square = d * d + tiny
        if w.ndim < 2:
            v = kept["v"] = share * kept.get("v", 0.0) + (1 - share) * square
        else:
            row = kept["row"] = share * kept.get("row", 0.0) + (1 - share) * square.mean(-1)
            column = kept["column"] = share * kept.get("column", 0.0) + (1 - share) * square.mean(-2)
            v = np.outer(row / row.mean(), column)
        u = d / np.sqrt(v)
        u = u / max(1.0, np.sqrt((u * u).mean()) / settings.get("clip_threshold", 1.0))
        w -= max(least, np.sqrt((w * w).mean())) * min(settings["learning_rate"], t**-0.5) * u

    return step


OPTIMIZERS: dict[str, list[tuple[dict[str, Any], Callable[..., Any]]]] = {
    "SGD": [
        ({}, gradient_descent),
        ({"learning_rate": 0.05, "momentum": 0.9}, gradient_descent),
        ({"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}, gradient_descent),
    ],
    "Adam": [
        ({}, adam),
        ({"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}, adam),
        ({"learning_rate": 0.1, "amsgrad": True}, adam),
    ],
    "RMSprop": [
        ({}, rmsprop),
        ({"learning_rate": 0.05, "rho": 0.8, "momentum": 0.5}, rmsprop),
        ({"learning_rate": 0.05, "centered": True}, rmsprop),
        ({"learning_rate": 0.05, "centered": True, "momentum": 0.5}, rmsprop),
    ],
    "AdamW": [
        ({}, adam),
        ({"learning_rate": 0.1, "weight_decay": 0.05, "beta_1": 0.8, "amsgrad": True}, adam),
    ],
    "Nadam": [({}, nadam), ({"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}, nadam)],
    "Adamax": [({}, adamax), ({"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}, adamax)],
    "Adagrad": [({}, adagrad), ({"learning_rate": 0.1, "initial_accumulator_value": 0.5, "epsilon": 0.1}, adagrad)],
    "Adadelta": [({}, adadelta), ({"learning_rate": 1.0, "rho": 0.8, "epsilon": 1e-3}, adadelta)],
    "Lion": [({}, lion), ({"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.9}, lion)],
    "Ftrl": [
        ({}, ftrl),
        ({"learning_rate": 0.2, "l1_regularization_strength": 0.3, "beta": 0.1}, ftrl),
        (
            {
                "learning_rate": 0.2,
                "learning_rate_power": -0.7,
                "initial_accumulator_value": 0.3,
                "l2_regularization_strength": 0.2,
                "l2_shrinkage_regularization_strength": 0.1,
            },
            ftrl,
        ),
    ],
    "Lamb": [({}, lamb), ({"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}, lamb)],
    "Adafactor": [
        ({}, adafactor),
        ({"learning_rate": 0.5, "beta_2_decay": -0.5, "epsilon_2": 0.1, "clip_threshold": 0.8}, adafactor),
    ],
}
# What the rule of one weight cannot be written in alone: a norm of the whole weight stands in it.
OF_WHOLE_WEIGHTS = {"Lamb", "Adafactor"}
# What any optimizer does to gradients and weights before its own step.
COMMON: dict[str, Callable[[list[Array], float], list[Array]]] = {
    "clipvalue": lambda ds, limit: [np.clip(d, -limit, limit) for d in ds],
    "clipnorm": lambda ds, limit: [d * min(1.0, limit / np.linalg.norm(d)) for d in ds],
    "global_clipnorm": lambda ds, limit: [
        d * min(1.0, limit / np.sqrt(sum((other**2).sum() for other in ds))) for d in ds
    ],
}
OPTIMIZER_CASES = [
    pytest.param(name, {**settings, **more}, formula, id=f"{name}-{index}-{next(iter(more), 'plain')}")
    for name, cases in OPTIMIZERS.items()
    for index, (settings, formula) in enumerate(cases)
    for more in ({}, {"weight_decay": 0.1}, {"clipvalue": 0.3}, {"clipnorm": 0.5}, {"global_clipnorm": 0.5})
]
STEPS = 20


def weights(generator: Any) -> list[Variable]:
    shapes = {"dense/kernel": (3, 4), "dense/bias": (4,), "scale": ()}
    return [
        Variable(generator.normal(size=shape), dtype="float64", name=path.split("/")[-1], path=path)
        for path, shape in shapes.items()
    ]


def slopes(values: list[Array]) -> list[Array]:
    """The gradients of a quadratic bowl whose floor lies at 1, steeper along each weight in turn."""
    return [(position + 1.0) * (value - 1.0) for position, value in enumerate(values)]


def test_every_optimizer_of_the_registry_has_a_formula_here() -> None:
    assert of_kind(optimizers, Optimizer) == sorted(OPTIMIZERS)


@pytest.mark.parametrize(("name", "settings", "formula"), OPTIMIZER_CASES)
def test_an_optimizer_steps_as_its_formula_says(name: str, settings: Any, formula: Any) -> None:
    variables = weights(generator_for(name))
    expected = [variable.numpy() for variable in variables]
    optimizer = getattr(optimizers, name)(**settings)
    rate = optimizer.learning_rate.numpy().item()
    step = formula({**settings, "learning_rate": rate})
    kept: list[dict[str, Array]] = [{} for _ in variables]
    for t in range(1, STEPS + 1):
        optimizer.apply_gradients(zip(slopes([v.numpy() for v in variables]), variables, strict=True))
        gradients = slopes(expected)
        for setting, clip in COMMON.items():
            gradients = clip(gradients, settings[setting]) if setting in settings else gradients
        for w, d, memory in zip(expected, gradients, kept, strict=True):
            w -= w * (optimizer.weight_decay or 0.0) * rate
            step(w, d, memory, t)
    assert optimizer.iterations.numpy() == STEPS
    for variable, wanted in zip(variables, expected, strict=True):
        np.testing.assert_allclose(variable.numpy(), wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("name", "settings", "formula"), OPTIMIZER_CASES)
def test_a_traced_step_is_the_step(name: str, settings: Any, formula: Any) -> None:
    (eager, variables), (optimizer, others) = (
        (getattr(optimizers, name)(**settings), weights(generator_for(name))) for _ in range(2)
    )
    optimizer.build(others)
    traced = trace(lambda *ds: optimizer.apply(ds, others), [v.spec for v in others], "step")
    for _ in range(3):
        gradients = slopes([variable.numpy() for variable in variables])
        eager.apply(gradients, variables)
        traced.run(gradients)
    for mine, other in zip((*variables, *eager.variables), (*others, *optimizer.variables), strict=True):
        np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=1e-12, err_msg=mine.path)


@pytest.mark.parametrize(("name", "settings", "formula"), OPTIMIZER_CASES)
def test_an_optimizer_made_from_its_configuration_is_the_same_optimizer(name: str, settings: Any, formula: Any) -> None:
    optimizer = getattr(optimizers, name)(**settings)
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert type(again) is type(optimizer)
    assert again.get_config() == optimizer.get_config()
    assert optimizers.get(name.lower()).get_config().keys() == optimizer.get_config().keys()


@pytest.mark.parametrize("name", sorted(set(OPTIMIZERS) - OF_WHOLE_WEIGHTS - {"AdamW"}))
def test_the_updates_of_all_weights_stand_together_as_one_block(name: str) -> None:
    variables = weights(generator_for(name))
    optimizer = getattr(optimizers, name)()
    optimizer.build(variables)
    traced = trace(lambda *ds: optimizer.apply(ds, variables), [v.spec for v in variables], "step")
    lines = traced.program.instructions
    blocks = [position for position, line in enumerate(lines) if line.primitive == "each"]
    assert blocks == list(range(blocks[0], blocks[0] + len(variables)))
    assert len({lines[position].attributes["body"] for position in blocks}) == 1

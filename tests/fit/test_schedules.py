"""Schedules of the learning rate: their formulas, on every engine, in every optimizer, and as dictionaries."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from tests.fit.support import X, Y, same, sequential

from flintglass import config, ops, optimizers
from flintglass.engines.engine import engine
from flintglass.optimizers import schedules
from flintglass.optimizers.schedules import LearningRateSchedule
from flintglass.program import Spec
from flintglass.tracing.tensor import convert
from flintglass.tracing.trace import trace


def engines() -> list[str]:
    """The engines of this install."""
    try:
        engine("native")
    except ImportError:  # an install without a compiler
        return ["numpy"]
    return ["numpy", "native"]


@pytest.fixture(params=engines())
def on_engine(request: Any) -> Iterator[str]:
    before = config.engine()
    config.set_engine(request.param)
    yield request.param
    config.set_engine(before)


def piecewise(step: int) -> float:
    return 1.0 if step <= 5 else 0.5 if step <= 9 else 0.1


def polynomial(step: int) -> float:
    return 0.01 + (0.1 - 0.01) * (1 - min(step, 10) / 10) ** 2


def cycling(step: int) -> float:
    length = 10 * max(1, math.ceil(step / 10))
    return 0.01 + (0.1 - 0.01) * (1 - step / length)


def cosine(step: float, highest: float, length: float, alpha: float) -> float:
    return highest * (alpha + (1 - alpha) * (1 + math.cos(math.pi * min(step, length) / length)) / 2)


def warming(step: int) -> float:
    return 0.1 + 0.4 * step / 5 if step < 5 else cosine(step - 5, 0.5, 10, 0.0)


def waves(first: float, longer: float, lower: float, alpha: float) -> Callable[[int], float]:
    """The rate, found by walking from wave to wave."""

    def rate(step: int) -> float:
        begin, length, height = 0.0, first, 1.0
        while step >= begin + length:
            begin, length, height = begin + length, length * longer, height * lower
        return 0.1 * (alpha + (1 - alpha) * height * (1 + math.cos(math.pi * (step - begin) / length)) / 2)

    return rate


# class -> (arguments, formula)
SCHEDULES: dict[str, list[tuple[dict[str, Any], Callable[[int], float]]]] = {
    "ExponentialDecay": [
        ({"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}, lambda t: 0.1 * 0.5 ** (t / 10)),
        (
            {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5, "staircase": True},
            lambda t: 0.1 * 0.5 ** (t // 10),
        ),
    ],
    "InverseTimeDecay": [
        ({"initial_learning_rate": 0.1, "decay_steps": 4, "decay_rate": 0.5}, lambda t: 0.1 / (1 + 0.5 * t / 4)),
        (
            {"initial_learning_rate": 0.1, "decay_steps": 4, "decay_rate": 0.5, "staircase": True},
            lambda t: 0.1 / (1 + 0.5 * (t // 4)),
        ),
    ],
    "PiecewiseConstantDecay": [({"boundaries": [5, 9], "values": [1.0, 0.5, 0.1]}, piecewise)],
    "PolynomialDecay": [
        ({"initial_learning_rate": 0.1, "decay_steps": 10, "end_learning_rate": 0.01, "power": 2.0}, polynomial),
        ({"initial_learning_rate": 0.1, "decay_steps": 10, "end_learning_rate": 0.01, "cycle": True}, cycling),
    ],
    "CosineDecay": [
        ({"initial_learning_rate": 0.1, "decay_steps": 10, "alpha": 0.2}, lambda t: cosine(t, 0.1, 10, 0.2)),
        ({"initial_learning_rate": 0.1, "decay_steps": 10, "warmup_target": 0.5, "warmup_steps": 5}, warming),
        ({"initial_learning_rate": 0.1, "decay_steps": 10, "warmup_target": 0.5}, lambda t: cosine(t, 0.5, 10, 0.0)),
    ],
    "CosineDecayRestarts": [
        ({"initial_learning_rate": 0.1, "first_decay_steps": 3, "m_mul": 0.5, "alpha": 0.1}, waves(3, 2, 0.5, 0.1)),
        ({"initial_learning_rate": 0.1, "first_decay_steps": 7, "t_mul": 1.0, "m_mul": 0.9}, waves(7, 1, 0.9, 0.0)),
    ],
}
CASES = [
    pytest.param(name, settings, formula, id=f"{name}-{index}")
    for name, cases in SCHEDULES.items()
    for index, (settings, formula) in enumerate(cases)
]
# Where a whole number stands in a rounded quotient, its last bit decides the wave: these steps are left out.
STEPS = [0, 1, 2, 4, 5, 6, 8, 10, 11, 13, 16, 23, 25]


def made(name: str, settings: dict[str, Any]) -> Any:
    return getattr(schedules, name)(**settings)


def test_every_schedule_has_a_formula_here() -> None:
    found = {name: getattr(schedules, name) for name in schedules.__all__}
    kinds = [n for n, x in found.items() if isinstance(x, type) and x is not LearningRateSchedule]
    assert sorted(kinds) == sorted(SCHEDULES)


@pytest.mark.parametrize(("name", "settings", "formula"), CASES)
def test_a_schedule_is_its_formula_at_once_and_in_a_program(
    on_engine: str, name: str, settings: Any, formula: Any
) -> None:
    schedule = made(name, settings)
    traced = trace(schedule, [Spec((), "int32")], "rate", ["step"])
    expected = [formula(step) for step in STEPS]
    np.testing.assert_allclose([schedule(step).numpy() for step in STEPS], expected, rtol=2e-5, atol=1e-8)
    found = [traced.run([np.asarray(step, "int32")]).numpy() for step in STEPS]
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-8)
    assert traced.program.output_specs[0] == Spec((), "float32")


@pytest.mark.parametrize(("name", "settings", "formula"), CASES)
def test_a_schedule_made_from_its_configuration_is_the_same_schedule(name: str, settings: Any, formula: Any) -> None:
    schedule = made(name, settings)
    described = schedules.serialize(schedule)
    assert described["module"] == "keras.optimizers.schedules"
    assert described["class_name"] == name
    again = schedules.deserialize(described)
    assert type(again) is type(schedule)
    assert again.get_config() == schedule.get_config()
    optimizer = optimizers.Adam(schedule)
    config_of_it = optimizer.get_config()
    assert config_of_it["learning_rate"] == described
    assert optimizers.Adam.from_config(config_of_it).get_config() == config_of_it
    assert config_of_it["learning_rate"] == described  # making one changed nothing


@pytest.mark.parametrize(("name", "settings", "formula"), CASES)
def test_a_fit_takes_the_rate_of_each_step(on_engine: str, name: str, settings: Any, formula: Any) -> None:
    scheduled, by_hand = (sequential(optimizers.SGD(rate), "mse") for rate in (made(name, settings), 0.1))
    scheduled.fit(X, Y, batch_size=10, epochs=2, shuffle=False, verbose=0)
    for step in range(14):
        by_hand.optimizer.learning_rate = formula(step)
        rows = slice(step % 7 * 10, step % 7 * 10 + 10)
        by_hand.train_on_batch(X[rows], Y[rows])
    for mine, theirs in zip(scheduled.get_weights(), by_hand.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)


def test_every_optimizer_takes_a_schedule() -> None:
    for name in optimizers.__all__:
        kind = getattr(optimizers, name)
        if isinstance(kind, type) and kind is not optimizers.Optimizer:
            model = sequential(kind(schedules.ExponentialDecay(0.01, 5, 0.5)), "mse")
            model.fit(X, Y, verbose=0)
            assert float(model.optimizer.learning_rate) == pytest.approx(0.01 * 0.5**0.6)
            assert "learning_rate" not in [variable.name for variable in model.optimizer.variables]


def test_the_rate_reads_as_it_is_now() -> None:
    optimizer = optimizers.SGD(schedules.PiecewiseConstantDecay([2, 5], [0.5, 0.25, 0.125]))
    model = sequential(optimizer, "mse")
    seen = [float(optimizer.learning_rate)]
    for _ in range(2):
        model.fit(X, Y, verbose=0)
        seen.append(float(optimizer.learning_rate))
    assert seen == [0.5, 0.25, 0.125]


def test_a_schedule_is_one_line_of_the_step() -> None:
    model = sequential(optimizers.Adam(schedules.CosineDecay(0.1, 100), name="adam"), "mse")
    model.fit(X, Y, verbose=0)
    listing = str(model.program("train"))
    assert "learning_rate = call cosine_decay(adam.iteration)" in listing
    assert "block cosine_decay" in listing


def test_a_number_cannot_be_assigned_where_a_schedule_rules() -> None:
    optimizer = optimizers.SGD(schedules.CosineDecay(0.1, 100))
    with pytest.raises(TypeError, match=r"learning_rate is given by CosineDecay, so 0\.5 cannot be assigned"):
        optimizer.learning_rate = 0.5


def test_another_schedule_takes_the_place_of_a_number() -> None:
    model = sequential(optimizers.SGD(0.1), "mse")
    model.fit(X, Y, verbose=0)
    model.optimizer.learning_rate = schedules.PiecewiseConstantDecay([1], [0.0, 0.0])
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))


def test_a_setting_of_a_schedule_that_is_changed_holds_from_then_on() -> None:
    schedule = schedules.ExponentialDecay(0.1, 10, 0.5)
    model = sequential(optimizers.SGD(schedule), "mse")
    model.fit(X, Y, verbose=0)
    schedule.initial_learning_rate = 0.0
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    assert np.array_equal(model.get_weights()[0], before[0])


class Warming(LearningRateSchedule):
    """One of the user's own: it rises in a line, then falls with the root of the step."""

    def __init__(self, highest: float, steps: int) -> None:
        self.highest, self.steps = highest, steps

    def __call__(self, step: Any) -> Any:
        step = ops.cast(step, "float32") + 1
        return self.highest * ops.minimum(step / self.steps, ops.sqrt(self.steps / step))

    def get_config(self) -> dict[str, Any]:
        return {"highest": self.highest, "steps": self.steps}


def test_a_schedule_of_the_users_own_is_traced_too(on_engine: str) -> None:
    model = sequential(optimizers.SGD(Warming(0.1, 4), name="sgd"), "mse")
    model.fit(X, Y, epochs=5, verbose=0)
    assert "call warming(sgd.iteration)" in str(model.program("train"))
    assert float(model.optimizer.learning_rate) == pytest.approx(0.1 * math.sqrt(4 / 16))
    description = optimizers.serialize(model.optimizer)
    with pytest.raises(ValueError, match="there is no learning rate schedule 'Warming'"):
        optimizers.SGD.from_config(description["config"])
    again = optimizers.SGD.from_config(description["config"], custom_objects={"Warming": Warming})
    assert float(again.learning_rate) == pytest.approx(0.1 / 4)


def test_a_schedule_that_asks_for_values_runs_eagerly_and_says_so() -> None:
    class Jumping(LearningRateSchedule):
        def __call__(self, step: Any) -> Any:
            return 0.1 if step < 3 else 0.01

    model = sequential(optimizers.SGD(Jumping()), "mse")
    with pytest.warns(UserWarning, match="is run eagerly"):
        model.fit(X, Y, verbose=0)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)
    with pytest.raises(NotImplementedError, match=r"Jumping must define get_config\(\)"):
        model.optimizer.get_config()


def test_a_function_gives_the_rate() -> None:
    scheduled = sequential(optimizers.SGD(schedules.InverseTimeDecay(0.1, 1, 1.0)), "mse")
    of_step = sequential(optimizers.SGD(lambda step: 0.1 / (1.0 + ops.cast(step, "float32"))), "mse")
    for model in (scheduled, of_step):
        model.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    for mine, theirs in zip(scheduled.get_weights(), of_step.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)


def test_a_function_that_returns_a_number_is_asked_at_every_step() -> None:
    rates = iter([0.1, 0.0, 0.0, 0.0, 0.0])
    model, once = sequential(optimizers.SGD(lambda: next(rates)), "mse"), sequential(optimizers.SGD(0.1), "mse")
    model.run_eagerly = True
    model.fit(X, Y, shuffle=False, verbose=0)
    once.fit(X, Y, shuffle=False, steps_per_epoch=1, verbose=0)
    for mine, theirs in zip(model.get_weights(), once.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)
    number = sequential(optimizers.SGD(lambda: 0.1), "mse")
    with pytest.warns(UserWarning, match=r"returned the number 0\.1, which a program would keep for good"):
        number.fit(X, Y, verbose=0)


def test_a_copy_of_a_model_has_the_schedule() -> None:
    model = sequential(optimizers.Adam(schedules.CosineDecay(0.1, 100)), "mse")
    model.fit(X, Y, verbose=0)
    twin = copy.deepcopy(model)
    for one in (model, twin):
        one.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    assert same(model, twin)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.ExponentialDecay(0.1, 0, 0.5), "ExponentialDecay: decay_steps is a number of steps above 0"),
        (lambda: schedules.CosineDecayRestarts(0.1, -1), "SGDRDecay: first_decay_steps is a number of steps above 0"),
        (lambda: schedules.PiecewiseConstantDecay([1], [0.1]), "1 boundaries take 2 values, not 1"),
        (lambda: schedules.PiecewiseConstantDecay([5, 1], [1.0, 2.0, 3.0]), "boundaries rise from step to step"),
        (lambda: optimizers.Adam("fast"), "learning_rate is a number, a schedule of .* or a function, not 'fast'"),
        (lambda: optimizers.Adam(schedules.CosineDecay), "learning_rate is a number, a schedule"),
        (lambda: optimizers.Adam(decay=0.1), "Give a schedule instead, such as learning_rate="),
    ],
)
def test_what_makes_no_schedule_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_a_schedule_without_a_formula_says_what_to_write() -> None:
    with pytest.raises(NotImplementedError, match=r"must define __call__\(self, step\)"):
        LearningRateSchedule()(convert(1))

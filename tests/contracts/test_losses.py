"""The contract of every loss: its formula, gradient, trace, weights and configuration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.contracts.parts import (
    ROWS,
    Array,
    at_label,
    chances,
    circle,
    cosine,
    directions,
    focal,
    huber,
    labelled,
    lead_missed,
    log_softmax,
    numbers,
    odds,
    of_kind,
    one_hot,
    positive,
    share,
    shared,
    signs,
    surprise,
)
from tests.contracts.support import generator_for

from flintglass import losses
from flintglass.engines.engine import engine
from flintglass.errors import ShapeError
from flintglass.losses.base import Loss
from flintglass.primitives import Builder
from flintglass.program import Literal, Program, Size, Spec
from flintglass.tracing.gradient import reverse
from flintglass.tracing.trace import Traced, trace

N = Size("n")
EPSILON = 1e-7


def untouched(y: Array, p: Array, missed: float, invented: float, axis: Any) -> Array:
    """1 less the Tversky index."""
    both = (y * p).sum(axis)
    weighed = missed * (y * (1 - p)).sum(axis) + invented * ((1 - y) * p).sum(axis)
    return 1 - both / (both + weighed + EPSILON)


# class -> (settings, data, the formula)
LOSSES: dict[str, list[tuple[dict[str, Any], Callable[..., Any], Callable[..., Array]]]] = {
    "LossFunctionWrapper": [
        ({"fn": losses.mean_squared_error}, numbers, lambda y, p: ((y - p) ** 2).mean(-1)),
        ({"fn": losses.huber, "delta": 0.5}, numbers, lambda y, p: huber(y, p, 0.5)),
    ],
    "MeanSquaredError": [({}, numbers, lambda y, p: ((y - p) ** 2).mean(-1))],
    "MeanAbsoluteError": [({}, numbers, lambda y, p: np.abs(y - p).mean(-1))],
    "MeanAbsolutePercentageError": [({}, numbers, lambda y, p: 100 * np.abs((y - p) / y).mean(-1))],
    "Huber": [
        ({}, numbers, lambda y, p: huber(y, p, 1.0)),
        ({"delta": 2.5}, numbers, lambda y, p: huber(y, p, 2.5)),
    ],
    "BinaryCrossentropy": [
        ({}, chances, surprise),
        ({"label_smoothing": 0.2}, chances, lambda y, p: surprise(y * 0.8 + 0.1, p)),
        ({"from_logits": True}, odds, lambda y, z: surprise(y, 1 / (1 + np.exp(-z)))),
    ],
    "CategoricalCrossentropy": [
        ({}, one_hot, lambda y, p: -(y * np.log(share(p))).sum(-1)),
        ({"label_smoothing": 0.2}, one_hot, lambda y, p: -((y * 0.8 + 0.05) * np.log(share(p))).sum(-1)),
        ({"from_logits": True}, one_hot, lambda y, z: -(y * log_softmax(z)).sum(-1)),
    ],
    "SparseCategoricalCrossentropy": [
        ({}, labelled, lambda y, p: -at_label(y, np.log(share(p)))),
        ({"from_logits": True}, labelled, lambda y, z: -at_label(y, log_softmax(z))),
    ],
    "MeanSquaredLogarithmicError": [
        ({}, positive, lambda y, p: ((np.log(1 + y) - np.log(1 + p)) ** 2).mean(-1)),
    ],
    "LogCosh": [({}, numbers, lambda y, p: np.log(np.cosh(y - p)).mean(-1))],
    "Hinge": [
        ({}, signs, lambda y, p: np.maximum(1 - y * p, 0).mean(-1)),
        ({}, odds, lambda y, p: np.maximum(1 - (2 * y - 1) * p, 0).mean(-1)),
        ({}, numbers, lambda y, p: np.maximum(1 - y * p, 0).mean(-1)),
    ],
    "SquaredHinge": [
        ({}, signs, lambda y, p: (np.maximum(1 - y * p, 0) ** 2).mean(-1)),
        ({}, odds, lambda y, p: (np.maximum(1 - (2 * y - 1) * p, 0) ** 2).mean(-1)),
    ],
    "CategoricalHinge": [({}, one_hot, lambda y, p: lead_missed(y, p))],
    "KLDivergence": [({}, shared, lambda y, p: (y * np.log(y / p)).sum(-1))],
    "Poisson": [({}, positive, lambda y, p: (p - y * np.log(p + EPSILON)).mean(-1))],
    "CosineSimilarity": [({}, numbers, lambda y, p: -cosine(y, p))],
    "BinaryFocalCrossentropy": [
        ({}, chances, lambda y, p: focal(y, p, 2.0).mean(-1)),
        ({"gamma": 0.0, "label_smoothing": 0.2}, chances, lambda y, p: surprise(y * 0.8 + 0.1, p)),
        ({"gamma": 1.5, "from_logits": True}, odds, lambda y, z: focal(y, 1 / (1 + np.exp(-z)), 1.5).mean(-1)),
        (
            {"apply_class_balancing": True, "alpha": 0.4},
            chances,
            lambda y, p: (np.where(y > 0, 0.4, 0.6) * focal(y, p, 2.0)).mean(-1),
        ),
    ],
    "CategoricalFocalCrossentropy": [
        ({}, one_hot, lambda y, p: (0.25 * y * focal(np.ones_like(p), share(p), 2.0)).sum(-1)),
        (
            {"alpha": 1.0, "gamma": 0.0, "label_smoothing": 0.2},
            one_hot,
            lambda y, p: -((y * 0.8 + 0.05) * np.log(share(p))).sum(-1),
        ),
        (
            {"alpha": 0.5, "gamma": 3.0, "from_logits": True},
            one_hot,
            lambda y, z: (0.5 * y * focal(np.ones_like(z), np.exp(log_softmax(z)), 3.0)).sum(-1),
        ),
    ],
    "Dice": [
        ({"axis": -1}, chances, lambda y, p: 1 - 2 * (y * p).sum(-1) / ((y + p).sum(-1) + EPSILON)),
        ({}, chances, lambda y, p: 1 - 2 * (y * p).sum() / ((y + p).sum() + EPSILON)),
    ],
    "Tversky": [
        ({"alpha": 0.3, "beta": 0.7, "axis": (1,)}, chances, lambda y, p: untouched(y, p, 0.3, 0.7, -1)),
        ({}, chances, lambda y, p: untouched(y, p, 0.5, 0.5, None)),
    ],
    "CategoricalGeneralizedCrossEntropy": [
        ({}, labelled, lambda y, p: (1 - at_label(y, p) ** 0.5) / 0.5),
        ({"q": 0.2}, labelled, lambda y, p: (1 - at_label(y, p) ** 0.2) / 0.2),
    ],
    "Circle": [({"gamma": 3.0, "margin": 0.25}, directions, lambda y, p: circle(y, p, 3.0, 0.25))],
}
LOSS_CASES = [
    pytest.param(name, settings, data, formula, id=f"{name}-{index}")
    for name, cases in LOSSES.items()
    for index, (settings, data, formula) in enumerate(cases)
]


def made(name: str, settings: dict[str, Any], **more: Any) -> Loss:
    return getattr(losses, name)(**settings, **more, dtype="float64")


def traced_loss(loss: Loss, y: Array, p: Array) -> Traced:
    """The loss's program for any number of rows."""
    specs = [Spec((N, *array.shape[1:]), array.dtype.name) for array in (y, p)]
    return trace(loss, specs, "loss", ["y_true", "y_pred"])


def refusal(loss: Loss, y: Array, p: Array, weight: Array) -> str:
    """What the loss says of weights that it cannot use."""
    with pytest.raises(ShapeError) as caught:
        loss(y, p, sample_weight=weight)
    return str(caught.value)


def slope(program: Program) -> Program:
    """The program that computes the gradient of a loss along its second input."""
    b = Builder("slope")
    b.inputs, b.instructions = list(program.inputs), list(program.instructions)
    b.reserve(value.name for value in program.inputs)
    b.reserve(value.name for line in program.instructions for value in line.outputs)
    (gradient,) = reverse(b, program.outputs, [Literal(1.0, "float64")], [program.inputs[1]])
    assert gradient is not None
    return b.finish([gradient])


def differences(function: Callable[[Array], float], x: Array, step: float = 1e-6) -> Array:
    """The slopes of a function of an array, by central differences."""
    result = np.empty_like(x)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += step
        down[index] -= step
        result[index] = (function(up) - function(down)) / (2 * step)
    return result


def test_every_loss_of_the_registry_has_a_formula_here() -> None:
    assert of_kind(losses, Loss) == sorted(LOSSES)


@pytest.mark.parametrize(("name", "settings", "data", "formula"), LOSS_CASES)
def test_a_loss_is_the_mean_of_its_formula_over_the_rows(name: str, settings: Any, data: Any, formula: Any) -> None:
    y, p = data(generator_for(name))
    value = made(name, settings)(y, p).numpy()
    assert value.shape == ()
    np.testing.assert_allclose(value, formula(y, p).mean(), rtol=1e-9)


@pytest.mark.parametrize(("name", "settings", "data", "formula"), LOSS_CASES)
def test_a_reduction_and_the_weights_say_how_rows_add_up(name: str, settings: Any, data: Any, formula: Any) -> None:
    generator = generator_for(name, "weights")
    y, p = data(generator)
    weight = generator.uniform(0.5, 2.0, ROWS)
    rows = formula(y, p)
    if not np.shape(rows):
        assert "one number for all rows" in refusal(made(name, settings), y, p, weight)
        return
    for reduction, plain, weighted in (
        ("sum_over_batch_size", rows.mean(), (rows * weight).mean()),
        ("mean", rows.mean(), (rows * weight).mean()),
        ("sum", rows.sum(), (rows * weight).sum()),
        ("mean_with_sample_weight", rows.mean(), (rows * weight).sum() / weight.sum()),
        ("none", rows, rows * weight),
        (None, rows, rows * weight),
    ):
        loss = made(name, settings, reduction=reduction)
        np.testing.assert_allclose(loss(y, p).numpy(), plain, rtol=1e-9)
        np.testing.assert_allclose(loss(y, p, sample_weight=weight).numpy(), weighted, rtol=1e-9)
        of_columns = loss(y, p, sample_weight=weight[:, None]).numpy()
        np.testing.assert_allclose(of_columns.ravel(), np.ravel(weighted), rtol=1e-9)


@pytest.mark.parametrize(("name", "settings", "data", "formula"), LOSS_CASES)
def test_a_loss_traced_for_any_batch_gives_what_it_gives_at_once(
    name: str, settings: Any, data: Any, formula: Any
) -> None:
    y, p = data(generator_for(name))
    loss = made(name, settings)
    traced = traced_loss(loss, y, p)
    for rows in (ROWS, 5, 1):
        expected = loss(y[:rows], p[:rows]).numpy()
        np.testing.assert_allclose(traced.run([y[:rows], p[:rows]]).numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize(("name", "settings", "data", "formula"), LOSS_CASES)
def test_the_gradient_of_a_loss_is_its_slope(name: str, settings: Any, data: Any, formula: Any) -> None:
    y, p = data(generator_for(name))
    program = slope(traced_loss(made(name, settings), y, p).program)
    (gradient,) = engine("numpy").execute(program, [], [y, p])
    expected = differences(lambda moved: float(formula(y, moved).mean()), p)
    np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(("name", "settings", "data", "formula"), LOSS_CASES)
def test_a_loss_made_from_its_configuration_is_the_same_loss(name: str, settings: Any, data: Any, formula: Any) -> None:
    y, p = data(generator_for(name))
    loss = getattr(losses, name)(**settings, reduction="sum")
    again = losses.deserialize(losses.serialize(loss))
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()
    np.testing.assert_array_equal(again(y, p).numpy(), loss(y, p).numpy())


@pytest.mark.parametrize("from_logits", [False, True])
def test_rows_of_the_ignored_class_count_nothing(from_logits: bool) -> None:
    y, p = labelled(generator_for("ignored"))
    ignored = np.where(np.arange(ROWS) % 3 == 0, -1, y)
    loss = made("SparseCategoricalCrossentropy", {"from_logits": from_logits, "ignore_class": -1})
    plain = made("SparseCategoricalCrossentropy", {"from_logits": from_logits})
    kept = ignored != -1
    np.testing.assert_allclose(loss(ignored, p).numpy(), plain(y[kept], p[kept]).numpy(), rtol=1e-12)
    np.testing.assert_allclose(traced_loss(loss, ignored, p).run([ignored, p]).numpy(), loss(ignored, p).numpy())

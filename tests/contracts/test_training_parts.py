"""The contract of every loss, metric and optimizer: formulas, gradients, traces, weights, configurations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.contracts.support import generator_for

from flintglass import losses, metrics, optimizers
from flintglass.engines.engine import engine
from flintglass.losses.base import Loss
from flintglass.metrics.base import Metric
from flintglass.optimizers.base import Optimizer
from flintglass.primitives import Builder
from flintglass.program import Literal, Program, Size, Spec
from flintglass.tracing.gradient import reverse
from flintglass.tracing.trace import Traced, trace
from flintglass.tracing.variable import Variable

ROWS, CLASSES = 12, 4
N = Size("n")
Array = np.ndarray
EPSILON = 1e-7


def of_kind(package: Any, base: type) -> list[str]:
    """The public names of a package's registry that are classes of this kind, the base left out."""
    found = {name: getattr(package, name) for name in package.__all__}
    return sorted(n for n, x in found.items() if isinstance(x, type) and issubclass(x, base) and x is not base)


# -- data


def numbers(generator: Any) -> tuple[Array, Array]:
    return generator.normal(size=(ROWS, CLASSES)) * 2, generator.normal(size=(ROWS, CLASSES))


def chances(generator: Any) -> tuple[Array, Array]:
    """Yes or no, and the probabilities that were predicted."""
    return generator.integers(0, 2, (ROWS, CLASSES)) * 1.0, generator.uniform(0.1, 0.9, (ROWS, CLASSES))


def odds(generator: Any) -> tuple[Array, Array]:
    """Yes or no, and the log odds that were predicted."""
    return generator.integers(0, 2, (ROWS, CLASSES)) * 1.0, generator.normal(size=(ROWS, CLASSES))


def one_hot(generator: Any) -> tuple[Array, Array]:
    labels, shares = labelled(generator)
    return np.eye(CLASSES)[labels], shares


def labelled(generator: Any) -> tuple[Array, Array]:
    return generator.integers(0, CLASSES, ROWS), generator.uniform(0.1, 0.9, (ROWS, CLASSES))


def whole(generator: Any) -> tuple[Array, Array]:
    return generator.integers(0, 3, (ROWS, 1)), generator.integers(0, 3, (ROWS, 1))


# -- formulas, one value a row


def share(p: Array) -> Array:
    return p / p.sum(-1, keepdims=True)


def log_softmax(z: Array) -> Array:
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def at_label(y: Array, values: Array) -> Array:
    return values[np.arange(len(y)), y]


def huber(y: Array, p: Array, delta: float) -> Array:
    size = np.abs(y - p)
    return np.where(size <= delta, size**2 / 2, delta * size - delta**2 / 2).mean(-1)


def surprise(y: Array, p: Array) -> Array:
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(-1)


def wrapped(y_true: Any, y_pred: Any) -> Any:
    return losses.mean_squared_error(y_true, y_pred)


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


# -- metrics


METRICS: dict[str, tuple[dict[str, Any], Callable[..., Any], Callable[..., Any]]] = {
    "Mean": ({}, numbers, lambda y, p: y.mean()),
    "Sum": ({}, numbers, lambda y, p: y.sum()),
    "MeanMetricWrapper": ({"fn": losses.mean_squared_error}, numbers, lambda y, p: ((y - p) ** 2).mean()),
    "MeanSquaredError": ({}, numbers, lambda y, p: ((y - p) ** 2).mean()),
    "RootMeanSquaredError": ({}, numbers, lambda y, p: np.sqrt(((y - p) ** 2).mean())),
    "MeanAbsoluteError": ({}, numbers, lambda y, p: np.abs(y - p).mean()),
    "MeanAbsolutePercentageError": ({}, numbers, lambda y, p: 100 * np.abs((y - p) / y).mean()),
    "Accuracy": ({}, whole, lambda y, p: (y == p).mean()),
    "BinaryAccuracy": ({"threshold": 0.4}, chances, lambda y, p: ((p > 0.4) == y).mean()),
    "CategoricalAccuracy": ({}, one_hot, lambda y, p: (p.argmax(-1) == y.argmax(-1)).mean()),
    "SparseCategoricalAccuracy": ({}, labelled, lambda y, p: (p.argmax(-1) == y).mean()),
    "TopKCategoricalAccuracy": ({"k": 2}, one_hot, lambda y, p: in_top_two(y.argmax(-1), p)),
    "SparseTopKCategoricalAccuracy": ({"k": 2}, labelled, lambda y, p: in_top_two(y, p)),
    "BinaryCrossentropy": ({}, chances, lambda y, p: surprise(y, p).mean()),
    "CategoricalCrossentropy": ({}, one_hot, lambda y, p: -(y * np.log(share(p))).sum(-1).mean()),
    "SparseCategoricalCrossentropy": ({}, labelled, lambda y, p: -at_label(y, np.log(share(p))).mean()),
}
METRIC_CASES = [pytest.param(name, *case, id=name) for name, case in METRICS.items()]


def in_top_two(y: Array, p: Array) -> float:
    return float(np.mean([label in np.argsort(row)[-2:] for label, row in zip(y, p, strict=True)]))


def given(metric: Metric, y: Array, p: Array) -> tuple[Array, ...]:
    """What update_state takes: values alone, or targets and predictions."""
    return (y,) if type(metric) in (metrics.Mean, metrics.Sum) else (y, p)


def test_every_metric_of_the_registry_has_a_formula_here() -> None:
    assert of_kind(metrics, Metric) == sorted(METRICS)


@pytest.mark.parametrize(("name", "settings", "data", "formula"), METRIC_CASES)
def test_a_metric_is_its_formula_over_all_batches(name: str, settings: Any, data: Any, formula: Any) -> None:
    y, p = data(generator_for(name))
    metric = getattr(metrics, name)(**settings, dtype="float64")
    for rows in (slice(0, 7), slice(7, None)):
        metric.update_state(*given(metric, y[rows], p[rows]))
    np.testing.assert_allclose(metric.result().numpy(), formula(y, p), rtol=1e-6)
    at_once = getattr(metrics, name)(**settings, dtype="float64")
    np.testing.assert_allclose(at_once(*given(metric, y, p)).numpy(), metric.result().numpy(), rtol=1e-9)


@pytest.mark.parametrize(("name", "settings", "data", "formula"), METRIC_CASES)
def test_a_reset_metric_knows_no_batch(name: str, settings: Any, data: Any, formula: Any) -> None:
    y, p = data(generator_for(name))
    metric = getattr(metrics, name)(**settings)
    assert metric.result().numpy() == 0
    first = metric(*given(metric, y, p)).numpy()
    metric.reset_state()
    assert [variable.numpy().item() for variable in metric.variables] == [0.0] * len(metric.variables)
    assert metric.result().numpy() == 0
    assert metric(*given(metric, y, p)).numpy() == first


@pytest.mark.parametrize(("name", "settings", "data", "formula"), METRIC_CASES)
def test_a_weight_counts_a_row_as_often_as_it_says(name: str, settings: Any, data: Any, formula: Any) -> None:
    y, p = data(generator_for(name))
    times = np.arange(ROWS) % 3
    weighted = getattr(metrics, name)(**settings, dtype="float64")
    weighted.update_state(*given(weighted, y, p), sample_weight=times)
    repeated = getattr(metrics, name)(**settings, dtype="float64")
    repeated.update_state(*given(repeated, np.repeat(y, times, 0), np.repeat(p, times, 0)))
    np.testing.assert_allclose(weighted.result().numpy(), repeated.result().numpy(), rtol=1e-9)


@pytest.mark.parametrize(("name", "settings", "data", "formula"), METRIC_CASES)
def test_a_metric_traced_for_any_batch_adds_what_it_adds_at_once(
    name: str, settings: Any, data: Any, formula: Any
) -> None:
    y, p = data(generator_for(name))
    eager, metric = (getattr(metrics, name)(**settings) for _ in range(2))
    specs = [Spec((N, *array.shape[1:]), array.dtype.name) for array in given(metric, y, p)]
    traced = trace(metric, specs, "metric")
    for rows in (slice(0, 7), slice(7, None)):
        value = traced.run(list(given(metric, y[rows], p[rows]))).numpy()
        np.testing.assert_allclose(value, eager(*given(metric, y[rows], p[rows])).numpy(), rtol=1e-6)
    for mine, other in zip(metric.variables, eager.variables, strict=True):
        np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=1e-6)


@pytest.mark.parametrize(("name", "settings", "data", "formula"), METRIC_CASES)
def test_a_metric_made_from_its_configuration_is_the_same_metric(
    name: str, settings: Any, data: Any, formula: Any
) -> None:
    y, p = data(generator_for(name))
    metric = getattr(metrics, name)(**settings, name="watched")
    again = metrics.deserialize(metrics.serialize(metric))
    assert type(again) is type(metric)
    assert again.get_config() == metric.get_config()
    assert [v.path for v in again.variables] == [v.path for v in metric.variables]
    assert again(*given(metric, y, p)).numpy() == metric(*given(metric, y, p)).numpy()


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
}
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
            w -= w * settings.get("weight_decay", 0.0) * rate
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


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_the_updates_of_all_weights_stand_together_as_one_block(name: str) -> None:
    variables = weights(generator_for(name))
    optimizer = getattr(optimizers, name)()
    optimizer.build(variables)
    traced = trace(lambda *ds: optimizer.apply(ds, variables), [v.spec for v in variables], "step")
    lines = traced.program.instructions
    blocks = [position for position, line in enumerate(lines) if line.primitive == "each"]
    assert blocks == list(range(blocks[0], blocks[0] + len(variables)))
    assert len({lines[position].attributes["body"] for position in blocks}) == 1

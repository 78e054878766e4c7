"""Helpers of the tests of glass: formulas recomputed from their leaves, and networks to explain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from flintglass import layers, losses, models, ops, optimizers, regularizers
from flintglass.engines.engine import engine
from flintglass.glass.explanation import Explanation
from flintglass.glass.formula import Binary, Choice, Formula, Function, Negative, Power, Sum

SYMBOLS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
    ">": lambda x, y: x > y,
    ">=": lambda x, y: x >= y,
    "<": lambda x, y: x < y,
    "<=": lambda x, y: x <= y,
    "==": lambda x, y: x == y,
    "!=": lambda x, y: x != y,
}
PYTHON = {
    "max": max,
    "min": min,
    "prod": lambda *items: np.prod(items),
    "abs": abs,
    "any": lambda *i: any(i),
    "all": lambda *i: all(i),
}


def recomputed(formula: Formula) -> float:
    """The number of a formula, from the numbers at its leaves alone."""
    with np.errstate(all="ignore"):
        match formula:
            case Sum():
                return sum(recomputed(term) for term in (*formula.terms, *formula.kept))
            case Binary():
                left, right = np.float64(recomputed(formula.left)), np.float64(recomputed(formula.right))
                if formula.symbol in ("==", "!="):  # of numbers that were rounded on the way
                    return bool(formula.value)
                return SYMBOLS[formula.symbol](left, right)
            case Power():
                return np.float64(recomputed(formula.base)) ** recomputed(formula.exponent)
            case Negative():
                return -recomputed(formula.operand)
            case Choice():
                return recomputed(formula.yes if recomputed(formula.condition) else formula.no)
            case Function():
                operands = [recomputed(operand) for operand in formula.operands]
                if formula.name in PYTHON:
                    return PYTHON[formula.name](*operands)
                kind = "bool" if formula.name.startswith("logical") else "float64"
                return engine("numpy").apply(formula.name, [np.asarray(o, kind) for o in operands], {})[0].item()
            case _:
                return formula.value


def parts(formula: Formula) -> Iterator[Formula]:
    """The formula and all that stands inside it."""
    yield formula
    for value in vars(formula).values():
        for item in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(item, Formula):
                yield from parts(item)


def close(found: float, wanted: float, scale: float) -> bool:
    found, wanted = float(found), float(wanted)
    if np.isnan(wanted) or np.isinf(wanted):
        return bool(np.isnan(found) or found == wanted)
    return abs(found - wanted) <= 1e-3 * abs(wanted) + 1e-5 * scale


def check(explanation: Explanation) -> None:
    """Every formula gives its number; texts are of one line, and say something."""
    assert explanation.entries
    for entry in explanation.entries:
        scale = max([1e-3, *(abs(part.value) for part in parts(entry.formula) if np.isfinite(part.value))])
        found = recomputed(entry.formula)
        assert close(found, entry.number, scale), f"{entry.text(explanation.style)} but its formula gives {found}"
        assert entry.formula.value == entry.number or np.isnan(entry.number)
        text = entry.text(explanation.style)
        assert "\n" not in text
        assert "()" not in text
        assert "  " not in text
        assert text.count("(") == text.count(")")


def compiled(model: Any, loss: Any, optimizer: Any = "adam", **more: Any) -> Any:
    model.compile(optimizer=optimizer, loss=loss, **more)
    return model


def sequential(*parts: Any, **options: Any) -> Any:
    return models.Sequential(list(parts), **options)


def functional() -> Any:
    a, b = layers.Input((3,), name="a"), layers.Input((2,), name="b")
    shared = layers.Dense(4, activation="tanh", name="shared")
    left, right = shared(a), layers.Dense(4, activation="relu", name="right")(b)
    joined = ops.concatenate([left, right * 2.0, ops.square(left)], axis=-1)
    return models.Model([a, b], layers.Dense(1, name="out")(joined), name="two")


class Twice(models.Model):
    """A model of a user's own, which calls one layer twice."""

    def __init__(self) -> None:
        super().__init__(name="twice")
        self.inner = layers.Dense(3, activation="tanh", name="inner")
        self.last = layers.Dense(1, name="last")

    def call(self, x: Any) -> Any:
        hidden = self.inner(x)
        return self.last(self.inner(hidden) + ops.maximum(hidden, 0.1) * ops.mean(hidden, axis=-1, keepdims=True))


def dense(units: int, activation: Any = None, **options: Any) -> Any:
    return layers.Dense(units, activation=activation, **options)


INPUT = (3,)
NETWORKS: dict[str, tuple[Callable[[], Any], str]] = {
    "linear": (lambda: compiled(sequential(layers.Input(INPUT), dense(1)), "mse", "sgd"), "numbers"),
    "relu": (lambda: compiled(sequential(layers.Input(INPUT), dense(4, "relu"), dense(1)), "mse"), "numbers"),
    "sigmoid": (
        lambda: compiled(
            sequential(layers.Input(INPUT), dense(4, "sigmoid"), dense(1, "sigmoid")), "binary_crossentropy"
        ),
        "yes or no",
    ),
    "tanh": (lambda: compiled(sequential(layers.Input(INPUT), dense(4, "tanh"), dense(2)), "mae"), "pairs"),
    "gelu": (lambda: compiled(sequential(layers.Input(INPUT), dense(4, "gelu"), dense(1)), "huber"), "numbers"),
    "elu, swish": (
        lambda: compiled(sequential(layers.Input(INPUT), dense(4, "elu"), dense(4, "swish"), dense(1)), "mse", "sgd"),
        "numbers",
    ),
    "softplus, softsign": (
        lambda: compiled(sequential(layers.Input(INPUT), dense(4, "softplus"), dense(4, "softsign"), dense(1)), "mape"),
        "numbers",
    ),
    "softmax, sparse": (
        lambda: compiled(
            sequential(layers.Input(INPUT), dense(4, "relu"), dense(3, "softmax")),
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
        ),
        "labels",
    ),
    "logits, sparse": (
        lambda: compiled(
            sequential(layers.Input(INPUT), dense(4, "relu"), dense(3)),
            losses.SparseCategoricalCrossentropy(from_logits=True),
        ),
        "labels",
    ),
    "softmax, one-hot": (
        lambda: compiled(sequential(layers.Input(INPUT), dense(3, "softmax")), "categorical_crossentropy"),
        "one-hot",
    ),
    "regularized": (
        lambda: compiled(
            sequential(
                layers.Input(INPUT),
                dense(4, "relu", kernel_regularizer=regularizers.L1L2(0.01, 0.02)),
                dense(1, bias_regularizer="l2", activity_regularizer=regularizers.L2(0.01)),
            ),
            "mse",
            optimizers.SGD(0.1, momentum=0.9, nesterov=True),
        ),
        "numbers",
    ),
    "clipped": (
        lambda: compiled(
            sequential(layers.Input(INPUT), dense(4, "relu", use_bias=False), dense(1)),
            "mse",
            optimizers.Adam(amsgrad=True, clipnorm=0.5, weight_decay=0.01),
        ),
        "numbers",
    ),
    "rank 3": (
        lambda: compiled(
            sequential(layers.Input((2, 3)), dense(4, "relu"), layers.Flatten(), dense(1)), "mse", weighted_metrics=[]
        ),
        "rank 3",
    ),
    "functional": (lambda: compiled(functional(), "mse"), "two inputs"),
    "subclassed": (lambda: compiled(Twice(), "mse"), "numbers"),
}


def data(kind: str) -> tuple[Any, Any]:
    draw = np.random.RandomState(5)
    x = draw.standard_normal((6, 3))
    targets: dict[str, Any] = {
        "numbers": x @ np.array([[1.0], [-2.0], [0.5]]) + 3,
        "pairs": draw.standard_normal((6, 2)),
        "yes or no": draw.randint(0, 2, (6, 1)),
        "labels": draw.randint(0, 3, 6),
        "one-hot": np.eye(3)[draw.randint(0, 3, 6)],
    }
    if kind == "rank 3":
        return draw.standard_normal((6, 2, 3)), draw.standard_normal((6, 1))
    if kind == "two inputs":
        return [x, draw.standard_normal((6, 2))], draw.standard_normal((6, 1))
    return x, targets[kind]

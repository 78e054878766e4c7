"""The formulas of metrics over all rows at once, in NumPy: rates, curves and their areas, scores, correlations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from tests.contracts.parts import Array


def in_top_two(y: Array, p: Array) -> float:
    return float(np.mean([label in np.argsort(row)[-2:] for label, row in zip(y, p, strict=True)]))


def centred(x: Array) -> Array:
    return x - x.mean(-1, keepdims=True)


def concordance(y: Array, p: Array) -> Array:
    shared = (centred(y) * centred(p)).mean(-1)
    return 2 * shared / (y.var(-1) + p.var(-1) + (y.mean(-1) - p.mean(-1)) ** 2 + 1e-7)


def evenly(count: int) -> list[float]:
    return list(np.linspace(0, 1, count))


def counts(y: Array, p: Array, limits: list[float]) -> list[Array]:
    """True and false positives, true and false negatives, at each threshold."""
    yes = [p.ravel() > limit for limit in limits]
    true = y.ravel() > 0
    cells = ((true, 1), (~true, 1), (~true, 0), (true, 0))
    return [np.array([(kind & (above == bool(side))).sum() * 1.0 for above in yes]) for kind, side in cells]


def quotient(x: Array, y: Array) -> Array:
    return np.divide(x, y, out=np.zeros_like(x), where=y > 0)


def rates(y: Array, p: Array, limits: list[float]) -> dict[str, Array]:
    tp, fp, tn, fn = counts(y, p, limits)
    prior = (tp + fn) / (tn + fp)
    return {
        "precision": quotient(tp, tp + fp),
        "recall": quotient(tp, tp + fn),
        "specificity": quotient(tn, tn + fp),
        "alarm": quotient(fp, fp + tn),
        "recall gain": np.maximum(np.where(tp > 0, 1 - prior * quotient(fn, tp), 0), 0),
        "precision gain": np.where(tp > 0, 1 - prior * quotient(fp, tp), 1),
    }


def best(y: Array, p: Array, count: int, held: str, value: float, wanted: str) -> float:
    found = rates(y, p, evenly(count) if count > 1 else [0.5])
    return float(found[wanted][found[held] >= value].max(initial=0))


def middle(left: Array, right: Array) -> Array:
    return (left + right) / 2


def area(y: Array, p: Array, limits: list[float], x_rate: str, y_rate: str, height: Callable[..., Array]) -> float:
    """The area under a curve, from the threshold where all is yes to that where nothing is."""
    found = rates(y, p, [-1.0, *limits[1:-1], 2.0])
    across, up = found[x_rate], found[y_rate]
    return float(((across[:-1] - across[1:]) * height(up[:-1], up[1:])).sum())


def roc(y: Array, p: Array, limits: list[float]) -> float:
    return area(y, p, limits, "alarm", "recall", middle)


def precision_recall(y: Array, p: Array, limits: list[float]) -> float:
    """The area with true positives that grow in a straight line with the positives between two thresholds,
    by summing the precision over many small steps."""
    tp, fp, _, fn = counts(y, p, [-1.0, *limits[1:-1], 2.0])
    total = 0.0
    for i in range(len(tp) - 1):
        if tp[i] > tp[i + 1]:
            right = tp[i + 1] + (tp[i] - tp[i + 1]) * (np.arange(100_000) + 0.5) / 100_000
            wrong = fp[i + 1] + (fp[i] - fp[i + 1]) * (np.arange(100_000) + 0.5) / 100_000
            total += (tp[i] - tp[i + 1]) * np.mean(right / (right + wrong))
    return float(total / (tp + fn)[0])


def by_column(function: Callable[..., float], y: Array, p: Array, limits: list[float]) -> list[float]:
    return [function(y[:, i], p[:, i], limits) for i in range(y.shape[1])]


def largest(p: Array) -> Array:
    return p == p.max(-1, keepdims=True)


def f_scores(y: Array, yes: Array, beta: float) -> Array:
    right, wrong, missed = (y * yes).sum(0), ((1 - y) * yes).sum(0), (y * ~yes).sum(0)
    return (1 + beta**2) * right / ((1 + beta**2) * right + beta**2 * missed + wrong)


def explained(y: Array, p: Array) -> Array:
    return 1 - ((y - p) ** 2).sum(0) / ((y - y.mean(0)) ** 2).sum(0)


def overlaps(y: Array, p: Array, classes: Any) -> float:
    return float(np.mean([((y == c) & (p == c)).sum() / ((y == c) | (p == c)).sum() for c in classes]))

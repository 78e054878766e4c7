"""The contract of every metric: its formula over batches, weights, trace, reset and configuration."""

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
    cosine,
    labelled,
    lead_missed,
    numbers,
    odds,
    of_kind,
    one_hot,
    positive,
    share,
    shared,
    signs,
    surprise,
    whole,
)
from tests.contracts.rates import (
    area,
    best,
    by_column,
    centred,
    concordance,
    counts,
    evenly,
    explained,
    f_scores,
    in_top_two,
    largest,
    middle,
    overlaps,
    precision_recall,
    rates,
    roc,
)
from tests.contracts.support import generator_for

from flintglass import losses, metrics
from flintglass.metrics.base import Metric
from flintglass.program import Size, Spec
from flintglass.tracing.trace import trace

N = Size("n")


METRICS: dict[str, list[tuple[dict[str, Any], Callable[..., Any], Callable[..., Any]]]] = {
    "Mean": [({}, numbers, lambda y, p: y.mean())],
    "Sum": [({}, numbers, lambda y, p: y.sum())],
    "MeanMetricWrapper": [({"fn": losses.mean_squared_error}, numbers, lambda y, p: ((y - p) ** 2).mean())],
    "MeanSquaredError": [({}, numbers, lambda y, p: ((y - p) ** 2).mean())],
    "RootMeanSquaredError": [({}, numbers, lambda y, p: np.sqrt(((y - p) ** 2).mean()))],
    "MeanAbsoluteError": [({}, numbers, lambda y, p: np.abs(y - p).mean())],
    "MeanAbsolutePercentageError": [({}, numbers, lambda y, p: 100 * np.abs((y - p) / y).mean())],
    "Accuracy": [({}, whole, lambda y, p: (y == p).mean())],
    "BinaryAccuracy": [({"threshold": 0.4}, chances, lambda y, p: ((p > 0.4) == y).mean())],
    "CategoricalAccuracy": [({}, one_hot, lambda y, p: (p.argmax(-1) == y.argmax(-1)).mean())],
    "SparseCategoricalAccuracy": [({}, labelled, lambda y, p: (p.argmax(-1) == y).mean())],
    "TopKCategoricalAccuracy": [({"k": 2}, one_hot, lambda y, p: in_top_two(y.argmax(-1), p))],
    "SparseTopKCategoricalAccuracy": [({"k": 2}, labelled, lambda y, p: in_top_two(y, p))],
    "BinaryCrossentropy": [({}, chances, lambda y, p: surprise(y, p).mean())],
    "CategoricalCrossentropy": [({}, one_hot, lambda y, p: -(y * np.log(share(p))).sum(-1).mean())],
    "SparseCategoricalCrossentropy": [({}, labelled, lambda y, p: -at_label(y, np.log(share(p))).mean())],
    "MeanSquaredLogarithmicError": [({}, positive, lambda y, p: ((np.log(1 + y) - np.log(1 + p)) ** 2).mean())],
    "LogCoshError": [({}, numbers, lambda y, p: np.log(np.cosh(y - p)).mean())],
    "MeanRelativeError": [
        ({"normalizer": 2.0}, numbers, lambda y, p: np.abs(y - p).mean() / 2),
        ({"normalizer": [1.0, 2.0, 0.0, 4.0]}, numbers, lambda y, p: (np.abs(y - p) * [1, 0.5, 0, 0.25]).mean()),
    ],
    "CosineSimilarity": [({}, numbers, lambda y, p: cosine(y, p).mean())],
    "PearsonCorrelation": [({}, numbers, lambda y, p: cosine(centred(y), centred(p)).mean())],
    "ConcordanceCorrelation": [({}, numbers, lambda y, p: concordance(y, p).mean())],
    "Hinge": [({}, signs, lambda y, p: np.maximum(1 - y * p, 0).mean())],
    "SquaredHinge": [({}, signs, lambda y, p: (np.maximum(1 - y * p, 0) ** 2).mean())],
    "CategoricalHinge": [({}, one_hot, lambda y, p: lead_missed(y, p).mean())],
    "KLDivergence": [({}, shared, lambda y, p: (y * np.log(y / p)).sum(-1).mean())],
    "Poisson": [({}, positive, lambda y, p: (p - y * np.log(p)).mean())],
    "TruePositives": [
        ({}, chances, lambda y, p: counts(y, p, [0.5])[0][0]),
        ({"thresholds": [0.2, 0.7]}, chances, lambda y, p: counts(y, p, [0.2, 0.7])[0]),
    ],
    "FalsePositives": [
        ({}, chances, lambda y, p: counts(y, p, [0.5])[1][0]),
        ({"thresholds": [0.0, 0.5, 1.0]}, chances, lambda y, p: counts(y, p, [0.0, 0.5, 1.0])[1]),
    ],
    "TrueNegatives": [({"thresholds": 0.4}, chances, lambda y, p: counts(y, p, [0.4])[2][0])],
    "FalseNegatives": [
        ({}, chances, lambda y, p: counts(y, p, [0.5])[3][0]),
        ({"thresholds": [0.0, 0.25, 0.5, 0.75, 1.0]}, chances, lambda y, p: counts(y, p, evenly(5))[3]),
    ],
    "Precision": [
        ({}, chances, lambda y, p: rates(y, p, [0.5])["precision"][0]),
        ({"thresholds": [0.3, 0.6]}, chances, lambda y, p: rates(y, p, [0.3, 0.6])["precision"]),
        ({"class_id": 2, "thresholds": 0.4}, chances, lambda y, p: rates(y[:, 2], p[:, 2], [0.4])["precision"][0]),
        ({"top_k": 2}, one_hot, lambda y, p: in_top_two(y.argmax(-1), p) / 2),
    ],
    "Recall": [
        ({}, chances, lambda y, p: rates(y, p, [0.5])["recall"][0]),
        ({"thresholds": [0.0, 0.5, 1.0]}, chances, lambda y, p: rates(y, p, [0.0, 0.5, 1.0])["recall"]),
        ({"top_k": 2}, one_hot, lambda y, p: in_top_two(y.argmax(-1), p)),
    ],
    "SensitivityAtSpecificity": [
        ({"specificity": 0.4}, chances, lambda y, p: best(y, p, 200, "specificity", 0.4, "recall")),
        ({"specificity": 0.4, "num_thresholds": 1}, chances, lambda y, p: best(y, p, 1, "specificity", 0.4, "recall")),
    ],
    "SpecificityAtSensitivity": [
        ({"sensitivity": 0.4}, chances, lambda y, p: best(y, p, 200, "recall", 0.4, "specificity")),
    ],
    "PrecisionAtRecall": [
        ({"recall": 0.6, "num_thresholds": 50}, chances, lambda y, p: best(y, p, 50, "recall", 0.6, "precision")),
    ],
    "RecallAtPrecision": [
        ({"precision": 0.5}, chances, lambda y, p: best(y, p, 200, "precision", 0.5, "recall")),
        (
            {"precision": 0.5, "class_id": 1},
            chances,
            lambda y, p: best(y[:, 1], p[:, 1], 200, "precision", 0.5, "recall"),
        ),
    ],
    "AUC": [
        ({}, chances, lambda y, p: roc(y, p, evenly(200))),
        ({"thresholds": [0.2, 0.3, 0.8]}, chances, lambda y, p: roc(y, p, [0.0, 0.2, 0.3, 0.8, 1.0])),
        ({"from_logits": True}, odds, lambda y, z: roc(y, 1 / (1 + np.exp(-z)), evenly(200))),
        ({"multi_label": True}, chances, lambda y, p: np.mean(by_column(roc, y, p, evenly(200)))),
        (
            {"multi_label": True, "num_labels": 4, "label_weights": [1.0, 2.0, 0.0, 1.0], "thresholds": [0.3, 0.6]},
            chances,
            lambda y, p: np.average(by_column(roc, y, p, [0.0, 0.3, 0.6, 1.0]), weights=[1, 2, 0, 1]),
        ),
        (
            {"curve": "PR", "summation_method": "minoring"},
            chances,
            lambda y, p: area(y, p, evenly(200), "recall", "precision", np.minimum),
        ),
        (
            {"summation_method": "majoring"},
            chances,
            lambda y, p: area(y, p, evenly(200), "alarm", "recall", np.maximum),
        ),
        ({"curve": "PR"}, chances, lambda y, p: precision_recall(y, p, evenly(200))),
        (
            {"curve": "PR", "multi_label": True},
            chances,
            lambda y, p: np.mean(by_column(precision_recall, y, p, evenly(200))),
        ),
        ({"curve": "PRGAIN"}, chances, lambda y, p: area(y, p, evenly(200), "recall gain", "precision gain", middle)),
    ],
    "F1Score": [
        ({}, one_hot, lambda y, p: f_scores(y, largest(p), 1.0)),
        ({"average": "macro", "threshold": 0.4}, chances, lambda y, p: f_scores(y, p > 0.4, 1.0).mean()),
    ],
    "FBetaScore": [
        (
            {"beta": 2.0, "average": "micro"},
            one_hot,
            lambda y, p: f_scores(y.reshape(-1, 1), largest(p).reshape(-1, 1), 2.0),
        ),
        (
            {"beta": 0.5, "average": "weighted", "threshold": 0.5},
            chances,
            lambda y, p: np.average(f_scores(y, p > 0.5, 0.5), weights=y.sum(0)),
        ),
    ],
    "R2Score": [
        ({}, numbers, lambda y, p: explained(y, p).mean()),
        ({"class_aggregation": None}, numbers, explained),
        (
            {"class_aggregation": "variance_weighted_average"},
            numbers,
            lambda y, p: np.average(explained(y, p), weights=y.var(0)),
        ),
        ({"num_regressors": 3}, numbers, lambda y, p: 1 - (1 - explained(y, p).mean()) * (y.size - 1) / (y.size - 4)),
        ({"num_regressors": 99}, numbers, lambda y, p: explained(y, p).mean()),
    ],
    "IoU": [({"num_classes": 3, "target_class_ids": [0, 2]}, whole, lambda y, p: overlaps(y, p, [0, 2]))],
    "BinaryIoU": [
        ({}, chances, lambda y, p: overlaps(y, p >= 0.5, [0, 1])),
        ({"target_class_ids": [1], "threshold": 0.3}, chances, lambda y, p: overlaps(y, p >= 0.3, [1])),
    ],
    "MeanIoU": [
        ({"num_classes": 3}, whole, lambda y, p: overlaps(y, p, range(3))),
        ({"num_classes": 5}, whole, lambda y, p: overlaps(y, p, range(3))),
        ({"num_classes": 3, "ignore_class": 1}, whole, lambda y, p: overlaps(y[y != 1], p[y != 1], range(3))),
    ],
    "OneHotIoU": [
        (
            {"num_classes": 4, "target_class_ids": [1, 3]},
            one_hot,
            lambda y, p: overlaps(y.argmax(-1), p.argmax(-1), [1, 3]),
        ),
    ],
    "OneHotMeanIoU": [({"num_classes": 4}, one_hot, lambda y, p: overlaps(y.argmax(-1), p.argmax(-1), range(4)))],
}
# What a metric says of no data, where that is not 0.
OF_NOTHING = {"R2Score": np.nan}
METRIC_CASES = [
    pytest.param(name, *case, id=f"{name}-{index}")
    for name, cases in METRICS.items()
    for index, case in enumerate(cases)
]


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
    of_nothing = OF_NOTHING.get(name, 0.0)
    np.testing.assert_array_equal(metric.result().numpy(), of_nothing)
    first = metric(*given(metric, y, p)).numpy()
    metric.reset_state()
    assert not any(variable.numpy().any() for variable in metric.variables)
    np.testing.assert_array_equal(metric.result().numpy(), np.full(first.shape, of_nothing))
    np.testing.assert_array_equal(metric(*given(metric, y, p)).numpy(), first)


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
    np.testing.assert_array_equal(again(*given(metric, y, p)).numpy(), metric(*given(metric, y, p)).numpy())

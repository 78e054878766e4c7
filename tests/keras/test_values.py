"""Values: a loss and a metric of the same numbers, over several batches and with weights, are those of Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.keras.sides import SIDES, apart, fresh, sampled
from tests.keras.table.parts import LOSSES, METRICS, ROWS, Parts, data

# In float64 Keras averages and takes sigmoids in float32 all the same.
LIMITS = {"float32": 5e-6, "float64": 1e-6}
# Those in the quick sample; Keras compiles each operation of every other anew.
QUICK = ("Hinge", "KLDivergence", "AUC", "Precision", "F1Score")
BATCHES = (slice(0, 9), slice(9, 10), slice(10, None))
REDUCTIONS = ("sum_over_batch_size", "sum", "mean_with_sample_weight", "none")


def parameters(parts: Parts) -> list[Any]:
    return [
        pytest.param(
            name, dtype, id=f"{name}-{dtype}", marks=() if (name in QUICK and dtype == "float32") else pytest.mark.slow
        )
        for name in parts
        for dtype in LIMITS
    ]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("name", "dtype"), parameters(LOSSES))
def test_a_loss_is_that_of_keras(name: str, dtype: str, weighted: bool) -> None:
    kind, settings, given = LOSSES[name]
    if weighted and name in ("Dice", "Tversky"):
        pytest.skip("one number for all rows takes no weights here; see test_loss_errors")
    with fresh(dtype):
        y, p = data(given, dtype)
        weight = np.linspace(0.25, 2.0, ROWS).astype(dtype) if weighted else None
        for reduction in REDUCTIONS:
            kept, made = (
                np.asarray(getattr(side.losses, kind)(**settings, reduction=reduction)(y, p, sample_weight=weight))
                for side in SIDES
            )
            assert made.dtype == kept.dtype
            assert apart(kept, made) < LIMITS[dtype], reduction


@pytest.mark.parametrize("weighted", sampled([False, True], True))
@pytest.mark.parametrize(("name", "dtype"), parameters(METRICS))
def test_a_metric_over_several_batches_is_that_of_keras(name: str, dtype: str, weighted: bool) -> None:
    kind, settings, given = METRICS[name]
    with fresh(dtype):
        arrays = data(given, dtype)
        weight = np.linspace(0.25, 2.0, ROWS).astype(dtype)
        sides = [getattr(side.metrics, kind)(**settings) for side in SIDES]
        for rows in BATCHES:
            for metric in sides:
                more = {"sample_weight": weight[rows]} if weighted else {}
                metric.update_state(*(array[rows] for array in arrays), **more)
            kept, made = (np.asarray(metric.result()) for metric in sides)
            assert made.shape == kept.shape
            assert apart(kept, made) < LIMITS[dtype]
        kept, made = sides
        assert [v.path.split("/")[-1] for v in made.variables] == [v.path.split("/")[-1] for v in kept.variables]
        for mine, other in zip(made.variables, kept.variables, strict=True):
            assert apart(np.asarray(other), np.asarray(mine)) < LIMITS[dtype], mine.path

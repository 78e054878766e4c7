"""Training: after the same steps from the same weights, flintglass holds the numbers that Keras holds."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.keras.case import HISTORY_LIMITS, LIMITS, Case
from tests.keras.sides import compare
from tests.keras.table import CASES


def _parameters(quick: bool) -> list:
    return [
        pytest.param(case, dtype, id=f"{case.name}-{dtype}", marks=[] if quick else [pytest.mark.slow])
        for case in CASES
        for dtype in case.dtypes
        if (dtype in case.quick) == quick
    ]


@pytest.mark.parametrize(("case", "dtype"), _parameters(quick=True) + _parameters(quick=False))
def test_training_ends_where_keras_ends(case: Case, dtype: str) -> None:
    found = compare(case, dtype)
    limit = case.limits[dtype]
    assert found.steps[0] == found.steps[1], "the sides took different numbers of steps"
    assert found.weights < limit
    assert found.predicted < limit
    assert found.history < HISTORY_LIMITS[dtype]
    assert found.evaluated < HISTORY_LIMITS[dtype]


def test_cases_have_names_of_their_own() -> None:
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []


def test_a_case_with_limits_of_its_own_says_why() -> None:
    assert [case.name for case in CASES if case.limits is not LIMITS and not case.note] == []

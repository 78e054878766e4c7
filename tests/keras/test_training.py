"""Training: after the same steps from the same weights, flintglass holds the numbers that Keras holds."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.keras.case import HISTORY_LIMITS, STEPS, Case
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


def test_cases_have_names_of_their_own_and_the_steps_that_the_document_states() -> None:
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []
    assert STEPS == 50


def test_a_case_with_a_limit_of_its_own_says_why() -> None:
    assert [case.name for case in CASES if any(case.limits[d] > 1e-9 for d in ("float64",) if d in case.dtypes)
            and not case.note] == []

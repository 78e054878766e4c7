"""A short run of the fuzz of whole models: mutated files end in ModelFileError or in a model."""

from __future__ import annotations

import pytest
from tests.files.fuzz_models import fuzz


def assert_well(cases: int, seed: int) -> None:
    outcome = fuzz(cases, seed)
    assert not outcome.wrong, "\n".join(outcome.wrong)
    assert outcome.outcomes["refused"] > cases // 4
    assert outcome.outcomes["read"] > cases // 20


def test_mutated_models_end_in_the_one_exception_or_in_a_model() -> None:
    assert_well(400, 1)


@pytest.mark.slow
def test_many_mutated_models_end_in_the_one_exception_or_in_a_model() -> None:
    assert_well(10_000, 2)

"""A short run of the fuzz of whole models: mutated files end in ModelFileError or in a model."""

from __future__ import annotations

import pytest
from tests.files.fuzz_models import fuzz
from tests.files.fuzzing import assert_well


def test_mutated_models_end_in_the_one_exception_or_in_a_model() -> None:
    assert_well(fuzz(400, 1))


@pytest.mark.slow
def test_many_mutated_models_end_in_the_one_exception_or_in_a_model() -> None:
    assert_well(fuzz(10_000, 2))

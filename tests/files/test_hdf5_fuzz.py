"""A short run of the fuzz: mutated files end in ModelFileError or in a tree, within time and memory."""

from __future__ import annotations

import pytest
from tests.files.fuzz_hdf5 import fuzz


def assert_well(cases: int, seed: int) -> None:
    outcome = fuzz(cases, seed)
    assert not outcome.wrong, "\n".join(outcome.wrong)
    assert outcome.outcomes["refused"] > cases // 4  # the mutations do reach the reader's checks
    assert outcome.outcomes["read"] > cases // 20


def test_mutated_files_end_in_the_one_exception_or_in_a_tree() -> None:
    assert_well(800, 1)


@pytest.mark.slow
def test_many_mutated_files_end_in_the_one_exception_or_in_a_tree() -> None:
    assert_well(50_000, 2)

"""A short run of the fuzz: mutated files end in ModelFileError or in a tree, within time and memory."""

from __future__ import annotations

import pytest
from tests.files.fuzz_hdf5 import fuzz
from tests.files.fuzzing import assert_well


def test_mutated_files_end_in_the_one_exception_or_in_a_tree() -> None:
    assert_well(fuzz(800, 1))


@pytest.mark.slow
def test_many_mutated_files_end_in_the_one_exception_or_in_a_tree() -> None:
    assert_well(fuzz(50_000, 2))

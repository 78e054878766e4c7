"""Golden listings: what users read is kept word for word, and a change of it is seen in review."""

from __future__ import annotations

import pytest
from tests.golden.networks import NETWORKS
from tests.golden.write import FOLDER, text_of

from flintglass.primitives import types_of
from flintglass.program import listing, parse, verify


@pytest.mark.parametrize("name", NETWORKS)
def test_the_listing_of_a_network_is_the_one_that_was_reviewed(name: str) -> None:
    kept = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    assert text_of(name) == kept, "if the change is meant: python -m tests.golden.write, and read the difference"


@pytest.mark.parametrize("name", NETWORKS)
def test_a_kept_listing_reads_back_to_a_program_that_verifies(name: str) -> None:
    for text in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n").split("\n\n\n"):
        program = parse(text)
        verify(program, types_of)
        assert listing(program) == text


def test_no_listing_is_left_of_a_network_that_is_gone() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(NETWORKS)

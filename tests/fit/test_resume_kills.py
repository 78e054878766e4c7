"""A run that is killed by SIGKILL anywhere, and started again, ends with the bits of one that never was."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fit.resuming import kills_until_the_end, process

from flintglass.engines.engine import ENGINES, engine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL there")
FREQUENCIES = ("epoch", 1, 4)


def uninterrupted(folder: Path, name: str) -> str:
    output, _ = process(folder, name, "epoch").communicate(timeout=100)
    return output.splitlines()[-1]


def installed(name: str) -> bool:
    try:
        engine(name)
    except ImportError:
        return False
    return True


@pytest.mark.parametrize("name", sorted(ENGINES))
def test_a_killed_run_ends_with_the_same_bits(tmp_path: Path, name: str) -> None:
    if not installed(name):
        pytest.skip(f"there is no {name} engine here")
    rng = np.random.default_rng()
    whole = uninterrupted(tmp_path / "whole", name)
    found, hit = kills_until_the_end(tmp_path / "killed", name, 4, 3, rng)
    assert found == whole
    assert hit


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("save_freq", FREQUENCIES)
@pytest.mark.parametrize("name", sorted(ENGINES))
def test_many_killed_runs_end_with_the_same_bits(tmp_path: Path, name: str, save_freq: Any) -> None:
    """Sixty kills in all, at moments that are drawn anew each time the test runs."""
    if not installed(name):
        pytest.skip(f"there is no {name} engine here")
    rng = np.random.default_rng()
    whole = uninterrupted(tmp_path / "whole", name)
    hits = 0
    for run in range(2):
        found, hit = kills_until_the_end(tmp_path / f"killed{run}", name, save_freq, 5, rng)
        assert found == whole
        hits += hit
    assert hits >= 5

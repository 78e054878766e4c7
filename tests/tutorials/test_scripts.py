"""The four tutorials, written anew: the same calls with the same arguments, and every figure compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tutorials.running import finished, fused_multiply_add

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.py"))
DRAWN = {"squares": ["figure-1.png"]}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_tutorial_runs_and_its_figures_hold(script: Path, tmp_path: Path) -> None:
    if script.stem == "dense_layer" and not fused_multiply_add():
        pytest.skip("the last digits need a processor with fused multiply-add")
    if script.stem in DRAWN:
        pytest.importorskip("matplotlib")
    done = finished("run", "--save-figures", str(tmp_path), str(script), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in sorted(tmp_path.glob("*.png"))] == DRAWN.get(script.stem, [])

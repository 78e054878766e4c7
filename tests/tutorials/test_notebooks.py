"""The tutorials re-told in examples/tutorials: their notebooks run, and the page tells what the scripts hold."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from tests.tutorials.running import run

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "examples" / "tutorials"
SCRIPTS = sorted(FOLDER.glob("[0-9]_*.py"))
PAGE = (REPOSITORY / "docs" / "tutorials.md").read_text(encoding="utf-8")


def writer() -> Any:
    spec = importlib.util.spec_from_file_location("write", FOLDER / "write.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_notebook_runs(script: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    notebook = json.loads(script.with_suffix(".ipynb").read_text(encoding="utf-8"))
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(code) > 3
    run("\n\n".join(code), tmp_path, figures=tmp_path)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_notebook_and_the_page_hold_the_cells_of_the_script(script: Path) -> None:
    cells = writer().cells(script)
    notebook = json.loads(script.with_suffix(".ipynb").read_text(encoding="utf-8"))
    assert [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]] == cells
    for _, text in cells:
        assert text in PAGE, "run python examples/tutorials/write.py"

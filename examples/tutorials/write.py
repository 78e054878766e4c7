"""Runs the tutorials of this folder, and writes docs/tutorials.md and a notebook of each, with what they print.

    python examples/tutorials/write.py            writes them
    python examples/tutorials/write.py --sources  writes the notebooks' cells only, and runs nothing

A tutorial is a script in cells: `# %%` begins code, `# %% [markdown]` text.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
DOCS = HERE.parents[1] / "docs"
TUTORIALS = sorted(path for path in HERE.glob("[0-9]_*.py"))


def cells(path: Path) -> list[tuple[str, str]]:
    """(kind, text) of each cell; kind is "markdown" or "code"."""
    found: list[tuple[str, str]] = []
    for part in path.read_text(encoding="utf-8").split("# %%")[1:]:
        head, _, body = part.partition("\n")
        if "markdown" in head:
            lines = [line.removeprefix("#").removeprefix(" ") for line in body.strip().splitlines()]
            found.append(("markdown", "\n".join(lines)))
        else:
            found.append(("code", body.strip()))
    return found


def outputs(path: Path) -> list[str]:
    """What each code cell prints, run in this process one after the other."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    variables: dict[str, Any] = {"__name__": "__main__"}
    printed = []
    for kind, text in cells(path):
        if kind != "code":
            continue
        stream = io.StringIO()
        pyplot.show = lambda: pyplot.savefig(DOCS / "pictures" / f"{path.stem}.png", dpi=80)
        with contextlib.redirect_stdout(stream):
            exec(compile(ast.parse(text), str(path), "exec"), variables)
        printed.append(stream.getvalue().rstrip())
    return printed


def notebook(path: Path, printed: list[str] | None) -> str:
    """A notebook of the cells, and of what they print, where that is known."""
    made: list[dict[str, Any]] = []
    waiting = iter(printed or [])
    for number, (kind, text) in enumerate(cells(path)):
        source = text.splitlines(keepends=True)
        if kind == "markdown":
            made.append({"cell_type": "markdown", "id": f"cell-{number}", "metadata": {}, "source": source})
            continue
        shown = next(waiting, "")
        stream = {"name": "stdout", "output_type": "stream", "text": shown.splitlines(keepends=True)}
        cell = {"cell_type": "code", "execution_count": None, "id": f"cell-{number}", "metadata": {}}
        made.append({**cell, "outputs": [stream] if shown else [], "source": source})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def document(pages: dict[Path, list[str]]) -> str:
    """All tutorials as one page."""
    parts = [
        "<!-- Written by examples/tutorials/write.py; not edited by hand. -->",
        "Four tutorials open the black box of a dense layer. They are re-told here, with the numbers that the engine "
        "computed; the scripts and notebooks are in `examples/tutorials`. How their originals run as they stand: "
        "`flintglass run script.py`.",
    ]
    for path, printed in pages.items():
        waiting = iter(printed)
        for kind, text in cells(path):
            if kind == "markdown":
                parts.append(text)
                continue
            parts.append(f"```python\n{text}\n```")
            shown = next(waiting)
            if shown:
                parts.append(f"```text\n{shown}\n```")
            if "plt.show()" in text:
                parts.append(f"![The data, the fit and each unit's line](pictures/{path.stem}.png)")
    return "\n\n".join(parts) + "\n"


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(outputs(Path(sys.argv[2]))))
        return
    pages: dict[Path, list[str]] = {}
    for path in TUTORIALS:
        if sys.argv[1:] != ["--sources"]:
            # A process each, as for a reader: nothing of one tutorial reaches another.
            command = [sys.executable, __file__, "--one", str(path)]
            found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            pages[path] = json.loads(found.splitlines()[-1])
        path.with_suffix(".ipynb").write_text(notebook(path, pages.get(path)), encoding="utf-8")
    if pages:
        (DOCS / "tutorials.md").write_text(document(pages), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Writes docs/security.md: every hostile file, what it tries, and what happens.

``python -m tests.files.security_report``
"""

from __future__ import annotations

import os
import tempfile
import time
import tracemalloc
from pathlib import Path

from tests.files.hostile import ACCESS, CASES, CODE, EXHAUSTION, MISLOAD, Hostile, archive, honest

import flintglass as fg
from flintglass.errors import ModelFileError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "security.md"
LONGEST = 200
HEAD = """# Hostile files: what each tries, and what happens

Written by `python -m tests.files.security_report` from the table in `tests/files/hostile.py`; each row is a test
(`tests/files/test_hostile_models.py`), which also looks that no program is started, no module imported and no other
file opened. `SECURITY.md` says what is promised. Time is processor time; memory is the most that Python held beyond
what it held before.

"""
COLUMNS = "| case | what it tries | what happens | ms | MB |\n| --- | --- | --- | ---: | ---: |\n"


def refusal(case: Hostile, path: Path) -> str:
    """What the error said, without the folder."""
    try:
        if case.opened == "weights":
            honest().load_weights(path)
        elif case.opened == "json":
            fg.models.model_from_json(path.read_text())
        else:
            fg.models.load_model(path)
    except ModelFileError as refused:
        said = f"{refused.item}: {refused.reason}" if refused.item else refused.reason
        said = said.replace(os.fspath(path.parent), "").replace("|", "\\|").replace("\n", " ")
        return said if len(said) <= LONGEST else said[:LONGEST] + "..."
    raise AssertionError(f"{path.name} was opened")


def row(name: str, case: Hostile) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = case.make(Path(folder))
        begin = time.process_time()
        refusal(case, path)
        seconds = time.process_time() - begin
        tracemalloc.start()
        said = refusal(case, path)
        memory = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return f"| {name} | {case.tries} | {said} | {seconds * 1e3:.0f} | {memory / 2**20:.1f} |"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        fg.models.load_model(archive()(Path(folder)))  # what loads on first use is loaded
    text = HEAD
    for kind in (CODE, ACCESS, EXHAUSTION, MISLOAD):
        text += f"## {kind.capitalize()}\n\n{COLUMNS}"
        text += "\n".join(row(name, case) for name, case in CASES.items() if case.kind == kind) + "\n\n"
    PAGE.write_text(text.rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

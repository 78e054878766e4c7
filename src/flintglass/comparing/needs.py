"""What a comparison needs before anything runs: the script, and in the other Python the packages that it imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from flintglass.comparing.sides import ANOTHER, NotComparable, installed
from flintglass.compat.finder import ROOTS


def require_script(script: str) -> None:
    """Raises NotComparable where there is no such file."""
    if not Path(script).is_file():
        raise NotComparable(f"there is no script {script!r} in {Path.cwd()}; it is the first of: {ANOTHER}")


def require_imports(script: str, interpreter: str) -> None:
    """Raises NotComparable where the other Python lacks a package without which the script cannot begin.

    Asked are those that this Python has, or answers for: another may lie in a folder that the script itself names.
    """
    needed = [name for name in imported_at_once(script) if name in ROOTS or _is_here(name)]
    there = installed(interpreter, [*needed, "keras"], Path(script).parent)
    missing = [name for name in needed if name not in there]
    if missing:
        raise NotComparable(
            f"{script} imports {', '.join(missing)}, which {interpreter} does not have; install it there, or name an "
            f"interpreter that has it: {ANOTHER}"
            + ("; or let the script import keras alone" if missing == ["tensorflow"] and "keras" in there else "")
        )


def imported_at_once(script: str) -> list[str]:
    """The packages whose import the script cannot do without: none that stands in a function, a branch or a try."""
    try:
        body = ast.parse(Path(script).read_bytes()).body
    except (SyntaxError, ValueError):
        return []  # the run says what is wrong, with its line
    return list(dict.fromkeys(name.partition(".")[0] for statement in body for name in _names(statement)))


def _names(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
    elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
        yield statement.module


def _is_here(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):  # __main__ has no spec
        return False

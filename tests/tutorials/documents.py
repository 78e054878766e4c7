"""The code of a tutorial, taken out of its text: statements in cells, each with the figures that follow it.

The texts have lost their layout, so code is found by what it is: a statement of Python whose names are all known at
that point, from the code before it or from what the test supplies. The body of a function reaches to the last line that
follows it and names one of its parameters.
"""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import dataclass, field
from pathlib import Path

SEEDS = Path(__file__).resolve().parents[3] / "shared" / "seeds"
FIGURE = re.compile(r"-?\d+\.\d*(?:e[-+]?\d+)?")
BEGINNING = re.compile(r"^(import |from \w|def |return |[A-Za-z_][\w.]*(\[[^=]*\])? ?=[^=]|[A-Za-z_][\w.]*\()")


@dataclass
class Cell:
    """Lines of code without text between them, and the lines of text that follow."""

    code: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    @property
    def figures(self) -> list[str]:
        """The numbers with a decimal point that the text prints after the code."""
        printed = [line for line in self.text if re.match(r"^(\[|array\(|\d+\.\d+$)", line) and "0x" not in line]
        return [figure for line in printed for figure in FIGURE.findall(line)]


def cells(name: str, known: set[str], once: bool = False) -> list[Cell]:
    """The cells of a tutorial. known: the names that the test supplies. once: a line that comes again is explained."""
    lines = [clean(line) for line in (SEEDS / name).read_text(encoding="utf-8").splitlines()]
    names = known | set(dir(builtins))
    found = [Cell()]
    seen: set[str] = set()
    position = 0
    while position < len(lines):
        statement, after = statement_at(lines, position, names)
        if statement is None or (once and statement in seen):
            if lines[position]:
                found[-1].text.append(lines[position])
            position = after if statement is not None else position + 1
            continue
        if found[-1].text:
            found.append(Cell())
        found[-1].code.append(statement)
        seen.add(statement)
        names |= bound_by(statement)
        position = after
    return [cell for cell in found if cell.code]


def clean(line: str) -> str:
    return line.strip().strip("`").removeprefix(">>> ").strip()


def statement_at(lines: list[str], position: int, names: set[str]) -> tuple[str | None, int]:
    """The statement that begins on a line, with the position after it; None where no code begins there."""
    if not BEGINNING.match(lines[position]):
        return None, position
    for end in range(position + 1, min(position + 12, len(lines)) + 1):
        text = "\n".join(lines[position:end])
        if text.startswith("def "):
            return function_at(lines, position, names)
        tree = parsed(text)
        if tree is not None:
            return (text, end) if read_by(tree) <= names else (None, position)
    return None, position


def function_at(lines: list[str], position: int, names: set[str]) -> tuple[str | None, int]:
    """A function with its indentation restored."""
    head = parsed(lines[position] + "\n    pass")
    if head is None:
        return None, position
    assert isinstance(head.body[0], ast.FunctionDef)
    parameters = {argument.arg for argument in head.body[0].args.args}
    end, at = position + 1, position + 1
    while at < len(lines):
        tree = parsed(lines[at].removeprefix("return "))
        if tree is None or not BEGINNING.match(lines[at]):
            break
        at += 1
        if read_by(tree) & parameters:
            end = at
    return "\n".join([lines[position], *(f"    {line}" for line in lines[position + 1 : end])]), end


def parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except SyntaxError:
        return None


def read_by(tree: ast.Module) -> set[str]:
    """The names that code reads without having bound them itself."""
    named = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return {node.id for node in named if isinstance(node.ctx, ast.Load)} - bound(tree)


def bound(tree: ast.Module) -> set[str]:
    """The names that code defines."""
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
    return found


def bound_by(statement: str) -> set[str]:
    tree = parsed(statement)
    return bound(tree) if tree is not None else set()

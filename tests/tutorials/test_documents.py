"""The tutorials, where they lie beside the checkout: their code runs as it stands, and prints their figures."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from tests.tutorials.documents import FIGURE, SEEDS, Cell, cells
from tests.tutorials.running import fused_multiply_add, run

pytestmark = pytest.mark.skipif(not SEEDS.exists(), reason="the tutorials' texts do not lie beside the checkout")

MARK = "<<cell {}>>"


def script_of(found: list[Cell], before: str = "", after: str = "") -> str:
    """The cells as one script that says which cell it is in, and shows what a notebook would show."""
    parts = [before]
    for number, cell in enumerate(found):
        *code, last = cell.code
        node = ast.parse(last).body[-1]
        if isinstance(node, ast.Expr):
            shown = last.partition("# ")[0]
            last = f"_shown = ({shown})\nif _shown is not None:\n    print(repr(_shown))"
        parts.append("\n".join([f"print({MARK.format(number)!r})", *code, last]))
    return "\n".join([*parts, "print('<<end>>')", after]) + "\n"


def printed(found: list[Cell], output: str) -> list[str]:
    """What each cell printed."""
    parts = re.split(r"<<(?:cell \d+|end)>>\n", output)
    return parts[1 : len(found) + 1]


def figures(text: str) -> list[str]:
    """The numbers in lines that print arrays and numbers."""
    lines = [line.strip() for line in text.splitlines()]
    return [
        figure
        for line in lines
        if re.match(r"^(\[|array\(|\d+\.\d+$|<Variable|value=)", line)
        for figure in FIGURE.findall(line)
    ]


def test_seed_001_prints_every_figure_to_the_last_digit(tmp_path: Path) -> None:
    if not fused_multiply_add():
        pytest.skip("the last digits need a processor with fused multiply-add")
    found = cells("seed_001.txt", set())
    matrix = next(cell for cell in found if cell.text and cell.text[0].startswith("[[73"))
    numbers = [[int(n) for n in re.findall(r"\d+", line)] for line in matrix.text if line.startswith("[")]
    assert len(numbers) == 10
    # The page drew its input before it set a seed, so the printed matrix is given in its place.
    matrix.code.append(f"in_np = np.array({numbers})")
    cell_texts = printed(found, run(script_of(found), tmp_path))
    compared = 0
    for cell, text in zip(found, cell_texts, strict=True):
        assert figures(text) == cell.figures, "\n".join(cell.code)
        shapes = [line for line in cell.text if re.match(r"^(input shape|output shape|\((None|\d+), )", line)]
        assert [line.strip() for line in text.splitlines() if re.match(r"^ ?(input|output) shape|^\(", line)] == shapes
        compared += len(cell.figures) + len(shapes)
    assert compared > 500


def test_seed_003_predicts_the_price_of_ten_flats(tmp_path: Path) -> None:
    found = cells("seed_003.txt", set(), once=True)
    assert [cell.figures for cell in found if cell.figures] == [["99711.765625"]]
    (prediction,) = re.findall(r"array\(\[\[([\d.]+)\]\]", printed(found, run(script_of(found), tmp_path))[-1])
    assert abs(float(prediction) - 99711.77) < 0.1


def test_seed_000_draws_its_picture(tmp_path: Path) -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    found = cells("seed_000.txt", {"keras", "layers", "x", "y", "np"})
    before = """
from tensorflow import keras
from tensorflow.keras import layers
import numpy as np
x = np.linspace(-10, 10, 201)
y = x ** 2
keras.utils.set_random_seed(2)
"""
    after = "print('error', float(np.abs(np.asarray(m1(x))[:, 0] - y).mean()), 'lines', len(plt.gca().lines))"
    output = run(script_of(found, before, after), tmp_path, figures=tmp_path)
    error, lines = re.findall(r"error ([\d.]+) lines (\d+)", output)[0]
    assert float(error) < 8, "four units draw a parabola from 0 to 100 with a few straight lines"
    assert int(lines) == 6  # the data, the fit, and a line for each of the four units
    picture = pyplot.imread(tmp_path / "figure-1.png")
    assert picture.shape[0] > 100
    assert len({tuple(colour) for colour in picture.reshape(-1, picture.shape[-1]).round(1).tolist()}) > 6

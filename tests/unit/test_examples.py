"""The examples show what they announce."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_the_digits_show_the_sums_that_a_misread_digit_got_its_score_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib").use("Agg")
    monkeypatch.chdir(tmp_path)
    after = runpy.run_path(str(EXAMPLES / "digits_classification.py"))
    told = capsys.readouterr().out.partition("the last layer's sums")[2].splitlines()
    lines = [line for line in told if re.match(r"  \w+\[0, \d\] = ", line)]
    assert len(lines) == 10
    assert all(line.count("*") == 4 and "(60 more terms: " in line for line in lines)
    row = after["images"][after["first"]].reshape(1, 64).astype("float32")
    first_kernel, first_bias, kernel, bias = after["model"].get_weights()
    hidden = np.maximum(row @ first_kernel + first_bias, 0)
    sums = (hidden @ kernel + bias)[0]
    assert [float(line.rpartition(" = ")[2]) for line in lines] == pytest.approx(list(sums), rel=0.01, abs=0.01)
    assert sums.argmax() == after["read"][after["first"]] != after["labels"][after["first"]]
    for digit, line in enumerate(lines):
        for weight, value, unit in re.findall(r"([\d.]+)\*([\d.]+) \[(\d+)\]", line):
            assert float(weight) == pytest.approx(abs(kernel[int(unit), digit]), abs=6e-3)
            assert float(value) == pytest.approx(hidden[0, int(unit)], abs=6e-3)
    assert (tmp_path / "digits-learning-curve.png").exists()

"""``flintglass compare`` beside real Keras: the same small script, on both sides, by this interpreter."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.tutorials.running import finished

SCRIPT = """
import numpy as np
import keras

keras.utils.set_random_seed(1)
x = np.linspace(-1, 1, 64).reshape(-1, 1)
model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1)])
model.compile(keras.optimizers.Adam(0.02), "mse")
model.fit(x, 2 * x + 1, epochs=60, batch_size=16, verbose=0, validation_split=0.25)
"""


@pytest.mark.keras
def test_a_script_is_measured_on_both_sides_and_both_learn(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    done = finished("compare", "--python", sys.executable, "--backend", "jax", "script.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "not known" not in done.stdout
    assert "with its share of validation" in done.stdout
    head, *_, last = done.stdout.split("\n\n")[0].splitlines()
    assert "on jax" in head
    assert last.startswith("loss at the end")
    assert all(float(value) < 0.1 for value in last.split()[-2:])

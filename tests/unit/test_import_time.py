"""Importing flintglass adds little to importing NumPy: this holds what it loads, a benchmark times it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# 300 trivial modules take about 70 ms to import, so a face that loads on first use costs a few.
MOST_OWN_MODULES = 25
MOST_OTHER_MODULES = 40  # of the standard library and NumPy, beyond what NumPy itself loads
HEAVY = (
    "matplotlib",
    "sklearn",
    "scipy",
    "pandas",
    "jax",
    "keras",
    "tensorflow",
    "torch",
    "h5py",
    "asyncio",
    "multiprocessing",
)

SCRIPT = """
import json, sys
import numpy
before = set(sys.modules)
import flintglass
print(json.dumps(sorted(set(sys.modules) - before)))
"""


@pytest.fixture(scope="module")
def loaded() -> list[str]:
    """The modules that `import flintglass` loads in a fresh interpreter that has loaded NumPy."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def package(module: str) -> str:
    return module.partition(".")[0]


def test_importing_flintglass_loads_few_of_its_own_modules(loaded: list[str]) -> None:
    own = [module for module in loaded if package(module) == "flintglass"]
    assert len(own) < MOST_OWN_MODULES, own


def test_importing_flintglass_loads_no_third_party_package_but_numpy(loaded: list[str]) -> None:
    known = {"flintglass", "numpy", *sys.stdlib_module_names}
    assert [module for module in loaded if package(module) not in known] == []


def test_importing_flintglass_loads_nothing_heavy(loaded: list[str]) -> None:
    assert [module for module in loaded if package(module) in HEAVY] == []


def test_importing_flintglass_loads_few_modules_of_others(loaded: list[str]) -> None:
    others = [module for module in loaded if package(module) != "flintglass"]
    assert len(others) < MOST_OTHER_MODULES, others


FIRST_FIT = """
import json, sys
import numpy as np
from flintglass import Sequential, layers

model = Sequential([layers.Dense(4, "tanh"), layers.Dense(1)])
model.compile("adam", "mse")
model.fit(np.ones((8, 3)), np.ones(8), verbose=0)
print(json.dumps(sorted(sys.modules)))
"""
# Together they are 20 ms of the 100 that a process takes from NumPy to its first step.
NOT_FOR_A_FIRST_FIT = ("logging", "concurrent.futures", "difflib", "flintglass.saving")


def test_a_first_fit_loads_neither_threads_nor_files_nor_what_finds_nearest_names() -> None:
    done = subprocess.run([sys.executable, "-c", FIRST_FIT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert "flintglass.models.fitting" in found
    assert [name for name in found if name.startswith(NOT_FOR_A_FIRST_FIT)] == []

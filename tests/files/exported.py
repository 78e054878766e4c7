"""What the tests of exports share: running a script in a namespace, and many headers in one C program."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import flintglass
from flintglass import Input, Model, layers
from flintglass.exporters import c_header, python_script
from flintglass.exporters.exported import Exported
from flintglass.tracing.structure import flatten

Array = np.ndarray
COMPILERS = [name for name in ("gcc", "clang", "cc") if shutil.which(name)]
STRICT = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-ffp-contract=off"]

# Clang's own front end, with its warnings, where there is no clang: beside this Python, or on the path.
CLANG_TIDY = shutil.which("clang-tidy", path=os.path.dirname(sys.executable)) or shutil.which("clang-tidy")

needs_a_compiler = pytest.mark.skipif(not COMPILERS, reason="no C compiler here")
# A test of headers, once for each of the two compilers whose warnings are promised to be none.
each_compiler = pytest.mark.parametrize(
    "compiler",
    [
        pytest.param(name, marks=pytest.mark.skipif(not shutil.which(name), reason=f"no {name} here"))
        for name in ("gcc", "clang")
    ],
)


def loaded(text: str) -> dict[str, Any]:
    """What a script defines, when it is imported and not run."""
    names: dict[str, Any] = {"__name__": "exported"}
    exec(compile(text, "exported.py", "exec"), names)
    return names


def by_keys() -> Model:
    """Inputs and outputs in dicts whose order is neither that of their names nor that of the layers."""
    flintglass.utils.set_random_seed(6)
    b, a = Input((2,), name="of b"), Input((3,), name="of a")
    reg, cls = layers.Dense(2, name="first")(a), layers.Dense(4, name="second")(b)
    return Model({"b": b, "a": a}, {"reg": reg, "cls": cls})


def differences(text: str) -> list[float]:
    """How far a script is from its own test vectors, one number for each output."""
    names = loaded(text)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = names["predict"](*names["GIVEN"])
    found = flatten(found)
    for array, expected in zip(found, names["EXPECTED"], strict=True):
        assert np.asarray(array).dtype == expected.dtype
    return [float(names["difference"](*pair)) for pair in zip(found, names["EXPECTED"], strict=True)]


def check_script(exported: Exported, allowed: float) -> None:
    """The script holds the test vectors as they are, and computes them again."""
    text = python_script(exported)
    names = loaded(text)
    for kind, arrays in (("GIVEN", exported.given), ("EXPECTED", exported.expected)):
        for mine, theirs in zip(names[kind], arrays, strict=True):
            np.testing.assert_array_equal(mine, theirs)
            assert mine.dtype == theirs.dtype
    assert max(differences(text)) <= allowed, text


def compiled(sources: dict[str, str], folder: Path, compiler: str, flags: Sequence[str] = ()) -> Path:
    """A program made of one C file, in which these headers are included one after another, and a main."""
    for name, text in sources.items():
        (folder / name).write_text(text, encoding="utf-8")
    program = folder / "program"
    order = [compiler, *STRICT, *flags, "main.c", "-o", str(program), "-lm"]
    made = subprocess.run(order, cwd=folder, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr[:4000]
    return program


def output_of(program: Path) -> str:
    return subprocess.run([program], capture_output=True, text=True, check=True, timeout=60).stdout


def self_tests(exports: Iterable[Exported], folder: Path, compiler: str) -> dict[str, float]:
    """The largest difference that the self-test of each header prints; all of them run in one program."""
    exports = list(exports)
    sources, lines = {}, ["#include <stdio.h>"]
    for exported in exports:
        name = exported.name
        sources[f"{name}.h"] = c_header(exported)
        lines += [
            f"#define {name.upper()}_SELF_TEST",
            f"#define main {name}_main",
            f'#include "{name}.h"',
            "#undef main",
        ]
    calls = [f'    printf("{e.name}: ");\n    printf("%s\\n", {e.name}_main() ? "fails" : "holds");' for e in exports]
    sources["main.c"] = "\n".join([*lines, "int main(void)", "{", *calls, "    return 0;", "}", ""])
    found = {}
    for line in output_of(compiled(sources, folder, compiler)).split("\n"):
        if "largest difference is" in line:
            name, _, rest = line.partition(": ")
            found[name] = float(rest.split("difference is ")[1].split(",")[0])
        else:
            assert line in ("holds", ""), f"{line}\n{sources}"[:6000]
    assert set(found) == {exported.name for exported in exports}
    return found

"""The contract of exports over the layers: each, in a small model, predicts the same in every language."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.contracts.support import generator_for
from tests.contracts.test_layer_contracts import SAMPLES, Sample, arrays_for, every_layer, made
from tests.files.exported import Array, check_script, compiled, each_compiler, output_of, self_tests

from flintglass import Input, Model
from flintglass.exporters import c_header
from flintglass.exporters.exported import Exported
from flintglass.models.exporting import gathered

ALLOWED = 1e-6  # of the largest number of an output


def small_model(name: str, sample: Sample) -> tuple[Model, list[Array]]:
    """The layer as a model of its own, with weights that are neither 0 nor 1, and rows for it."""
    layer = made(name, sample, "float32")
    inputs = [Input(shape, dtype="int32" if sample.table else "float32") for shape in sample.shapes]
    model = Model(sample.given(inputs), layer(sample.given(inputs)))
    generator = generator_for(name, "weights")
    model.set_weights([generator.uniform(0.5, 1.5, array.shape).astype(array.dtype) for array in model.get_weights()])
    return model, arrays_for(name, sample, rows=3, dtype="float32")


def export_of(name: str, sample: Sample, called: str = "layer") -> Exported:
    model, rows = small_model(name, sample)
    item = gathered(model, called, sample.given(rows))
    expected = model.predict(sample.given(rows), verbose=0)
    np.testing.assert_array_equal(item.expected[0], expected)
    return item


@every_layer
def test_a_layer_predicts_the_same_in_numpy_alone(name: str, sample: Sample) -> None:
    check_script(export_of(name, sample), ALLOWED)


@each_compiler
def test_every_layer_predicts_the_same_in_c(tmp_path: Path, compiler: str) -> None:
    items = [
        export_of(name, sample, f"{name.lower()}_{index}")
        for name, samples in SAMPLES.items()
        for index, sample in enumerate(samples)
    ]
    largest = self_tests(items, tmp_path, compiler)
    assert {name: far for name, far in largest.items() if not far <= ALLOWED} == {}


@each_compiler
def test_the_rows_of_a_batch_are_predicted_one_by_one_in_c(tmp_path: Path, compiler: str) -> None:
    """Rows that the header does not hold, through its function of many rows, as text in and text out."""
    model, _ = small_model("LayerNormalization", SAMPLES["LayerNormalization"][0])
    x = np.random.default_rng(3).normal(size=(50, 6)).astype("float32")
    numbers = ", ".join(f"{number!r}f" for number in x.ravel().tolist())
    main = f"""#include "net.h"
#include <stdio.h>
static const float x[300] = {{{numbers}}};
int main(void)
{{
    float y[300];
    int failed = net_predict_rows(50, x, y);
    for (int i = 0; i < 300; i++)
        printf("%.9g\\n", (double)y[i]);
    return failed;
}}
"""
    program = compiled({"net.h": c_header(gathered(model, "net")), "main.c": main}, tmp_path, compiler)
    found = np.array([float(line) for line in output_of(program).split()]).reshape(50, 6)
    np.testing.assert_allclose(found, model.predict(x, verbose=0), rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("rows", [1, 7])
def test_an_exported_script_takes_any_number_of_rows_as_lists(tmp_path: Path, rows: int) -> None:
    model, _ = small_model("Dense", SAMPLES["Dense"][0])
    path = tmp_path / "net.py"
    model.export(path)
    x = np.random.default_rng(4).normal(size=(rows, 6)).round(3).tolist()
    code = f"import net; print(net.predict({x!r}).tolist())"
    found: Any = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    np.testing.assert_allclose(np.array(json.loads(found)), model.predict(np.array(x), verbose=0), rtol=1e-5)

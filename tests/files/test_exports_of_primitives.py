"""The contract of exports over the primitives: each has a row in every language, or a reason why it has none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.contracts.support import bound, computed, draw, every_sample, generator_for, holds_blocks, one_line
from tests.files.exported import check_script, each_compiler, self_tests

from flintglass.errors import ExportError
from flintglass.exporters import c_body, c_header, c_words, numpy_rows, python_lines, python_script, row_wise
from flintglass.exporters.binding import bound as with_sizes
from flintglass.exporters.c_elements import ELEMENTS
from flintglass.exporters.exported import Exported
from flintglass.primitives import PRIMITIVES, Primitive, Sample

ALLOWED = 1e-12  # in float64; erf of the reference kernel and of libm differ in the last digits
REFUSED = {"random_bits"}
REFUSED_IN_C = REFUSED | {name for name, primitive in PRIMITIVES.items() if primitive.tier == "host"}


def exported(primitive: Primitive, sample: Sample, name: str = "one", named: bool = False) -> Exported:
    """A program of one line, with what the reference kernel gives for inputs as the sample wants them."""
    sizes = {"n": 4}
    b, _, outputs = one_line(primitive, sample)
    program = b.finish(list(outputs))
    arrays = draw(sample, generator_for(primitive.name, "export"), sizes)
    expected = computed(primitive.name, arrays, bound(sample.attributes, sizes))
    return Exported(program if named else with_sizes(program, sizes), {}, arrays, expected, name)


def tolerance(primitive: Primitive, item: Exported) -> float:
    single = any(array.dtype in ("float32", "float16") for array in item.expected)
    return 1e-6 if single or primitive.name == "erf_inverse" else ALLOWED


def is_offered(primitive: Primitive, sample: Sample) -> bool:
    return primitive.name not in REFUSED


def test_every_primitive_has_a_row_in_each_language_or_is_refused_with_a_reason() -> None:
    in_numpy = {*numpy_rows.ROWS, *python_lines.BLOCKS}
    assert in_numpy | set(numpy_rows.REFUSED) == set(PRIMITIVES)
    in_c = {*c_body.ROWS, *ELEMENTS, "each"}
    assert in_c | set(c_words.REFUSED) == set(PRIMITIVES)
    assert set(numpy_rows.REFUSED) == REFUSED
    assert set(c_words.REFUSED) == REFUSED_IN_C
    assert all(len(reason) > 20 for reason in (*numpy_rows.REFUSED.values(), *c_words.REFUSED.values()))


def test_every_primitive_has_a_rule_whether_it_stays_within_a_row() -> None:
    without = [name for name, item in PRIMITIVES.items() if name not in row_wise.RULES and not item.elementwise]
    assert without == []
    assert set(row_wise.RULES) <= set(PRIMITIVES)


@every_sample(is_offered)
def test_the_row_in_numpy_computes_what_the_kernel_computes(primitive: Primitive, sample: Sample) -> None:
    item = exported(primitive, sample)
    check_script(item, tolerance(primitive, item))


@each_compiler
def test_the_rows_in_c_compute_what_the_kernels_compute(tmp_path: Path, compiler: str) -> None:
    """All samples of all primitives, in one program, without a warning."""
    items: dict[str, tuple[Primitive, Exported]] = {}
    for name, primitive in sorted(PRIMITIVES.items()):
        for index, sample in enumerate(primitive.samples()):
            if name not in REFUSED_IN_C and not holds_blocks(primitive):
                found = exported(primitive, sample, f"{name}_{index}")
                if not any(array.dtype == "float16" for array in (*found.given, *found.expected)):
                    items[found.name] = primitive, found
    assert len(items) > 200
    largest = self_tests([item for _, item in items.values()], tmp_path, compiler)
    far = {name: largest[name] for name, (of, item) in items.items() if not largest[name] <= tolerance(of, item)}
    assert far == {}


@pytest.mark.parametrize("write", [python_script, c_header])
def test_random_bits_are_refused_with_the_reason(write: Any) -> None:
    sample = PRIMITIVES["random_bits"].samples()[0]
    with pytest.raises(ExportError, match=r"random_bits, which an export does not hold: .*keeps no state"):
        write(exported(PRIMITIVES["random_bits"], sample))


def test_linear_algebra_is_refused_in_c_with_the_reason() -> None:
    solve = PRIMITIVES["host_solve"]
    with pytest.raises(ExportError, match=r"host_solve, which an export does not hold: .*LAPACK.*export to \.py"):
        c_header(exported(solve, solve.samples()[0]))


@every_sample(lambda primitive, sample: any("n" in text.partition("[")[2] for text in sample.specs))
def test_a_line_is_refused_in_c_just_where_the_rows_of_its_result_need_each_other(
    primitive: Primitive, sample: Sample
) -> None:
    """Rows of a batch are changed: where the rule says that rows stay apart, the other rows of the result stay."""
    if primitive.name in REFUSED:
        return
    item = exported(primitive, sample, named=True)
    try:
        row_wise.require_row_wise(item.program)
    except ExportError:
        return
    axes = [row_wise.row_axis(value.spec) for value in item.program.inputs]
    changed = [array.copy() for array in item.given]
    for array, axis in zip(changed, axes, strict=True):
        if axis is not None:
            rows = np.moveaxis(array, axis, 0)
            rows[-rows.shape[0] // 4 :] = rows[: rows.shape[0] // 4]
    again = computed(primitive.name, changed, bound(sample.attributes, {"n": 4}))
    for value, old, new in zip(item.program.outputs, item.expected, again, strict=True):
        axis = row_wise.row_axis(value.spec)
        if axis is not None:
            kept = old.shape[axis] * 3 // 4
            np.testing.assert_array_equal(*(np.moveaxis(array, axis, 0)[:kept] for array in (old, new)))

"""The contract of every primitive: its rules agree with its kernel; found through the registry."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from tests.contracts.support import (
    Arrays,
    append_gradient,
    apply,
    bound,
    computed,
    differences,
    draw,
    evaluate,
    every_sample,
    generator_for,
    holds_blocks,
    one_line,
    outputs_for,
    prepared,
    specs_of,
)

from flintglass.engines.numpy_engine.kernels import KERNELS, VIEWS
from flintglass.errors import ProgramError
from flintglass.primitives import PRIMITIVES, Builder, Primitive, Sample, types_of
from flintglass.program import Program, Size, Spec, Value, listing, parse, verify

SIZES = (4, 1)
TOLERANCE = 2e-6
ROWS = 3


def computes_in_float64(primitive: Primitive, sample: Sample) -> bool:
    """Whether finite differences can be told from rounding: every float is a float64."""
    specs = [*specs_of(sample), *primitive.specs(specs_of(sample), sample.attributes)]
    floats = {item.dtype for item in specs if item.is_float}
    return floats == {"float64"} and any(item.is_float for item in specs_of(sample))


def is_smooth(primitive: Primitive, sample: Sample) -> bool:
    return primitive.differentiable and computes_in_float64(primitive, sample)


@pytest.mark.parametrize("primitive", [pytest.param(item, id=name) for name, item in sorted(PRIMITIVES.items())])
def test_it_says_what_it_does_and_has_samples_and_a_kernel(primitive: Primitive) -> None:
    first_line = (type(primitive).__doc__ or "").strip().split("\n")[0]
    assert len(first_line) > 10
    assert primitive.tier in ("core", "host")
    if not holds_blocks(primitive):
        assert primitive.samples()
        assert primitive.name in KERNELS or primitive.name in VIEWS


def test_every_kernel_and_view_belongs_to_a_primitive() -> None:
    assert set(KERNELS) | set(VIEWS) <= set(PRIMITIVES)


@every_sample()
def test_the_shape_rule_is_the_same_before_and_after_sizes_are_bound(primitive: Primitive, sample: Sample) -> None:
    named = primitive.specs(specs_of(sample), sample.attributes)
    for n in SIZES:
        numbers = [item.bind({"n": n}) for item in specs_of(sample)]
        found = primitive.specs(numbers, bound(sample.attributes, {"n": n}))
        assert [item.bind({"n": n}) for item in named] == list(found)


@every_sample()
def test_the_kernel_writes_every_element_of_its_outputs_and_none_of_its_inputs(
    primitive: Primitive, sample: Sample
) -> None:
    for n in SIZES:
        inputs = draw(sample, generator_for(primitive.name, n), {"n": n})
        kept = [array.copy() for array in inputs]
        attributes = bound(sample.attributes, {"n": n})
        first, second = (outputs_for(primitive.name, inputs, attributes, poison) for poison in (77, 13))
        for outputs in (first, second):
            apply(primitive.name, inputs, attributes, outputs)
        assert_same(first, second)
        assert_same(inputs, kept)


@every_sample()
def test_a_kernel_bound_once_reads_its_inputs_at_every_run(primitive: Primitive, sample: Sample) -> None:
    if primitive.name not in KERNELS:
        return
    generator, sizes = generator_for(primitive.name, "twice"), {"n": 4}
    attributes = bound(sample.attributes, sizes)
    inputs, later = draw(sample, generator, sizes), draw(sample, generator, sizes)
    outputs = outputs_for(primitive.name, inputs, attributes)
    with np.errstate(all="ignore"):
        run = KERNELS[primitive.name](inputs, outputs, attributes)
        run()
        for array, new in zip(inputs, later, strict=True):
            array[...] = new
        run()
    assert_same(outputs, computed(primitive.name, later, attributes))


@every_sample()
def test_the_kernel_reads_inputs_of_any_strides(primitive: Primitive, sample: Sample) -> None:
    inputs = draw(sample, generator_for(primitive.name, "strides"), {"n": 4})
    attributes = bound(sample.attributes, {"n": 4})
    expected = computed(primitive.name, inputs, attributes)
    assert_close(computed(primitive.name, [scattered(array) for array in inputs], attributes), expected, 1e-12)


@every_sample(lambda primitive, sample: primitive.name in KERNELS and primitive.name in VIEWS)
def test_a_view_shows_what_the_kernel_computes(primitive: Primitive, sample: Sample) -> None:
    inputs = draw(sample, generator_for(primitive.name, "view"), {"n": 4})
    attributes = bound(sample.attributes, {"n": 4})
    seen = VIEWS[primitive.name](inputs[0], attributes)
    if seen is not None:
        assert np.shares_memory(seen, inputs[0]) or seen.size == 0
        assert_same([seen], computed(primitive.name, inputs, attributes))


@every_sample(lambda primitive, sample: primitive.elementwise)
def test_an_elementwise_kernel_may_write_over_any_input_of_the_same_type(primitive: Primitive, sample: Sample) -> None:
    inputs = draw(sample, generator_for(primitive.name, "alias"), {"n": 4})
    attributes = bound(sample.attributes, {"n": 4})
    expected = computed(primitive.name, inputs, attributes)
    for position, array in enumerate(inputs):
        if (array.shape, array.dtype) == (expected[0].shape, expected[0].dtype):
            given = [item.copy() for item in inputs]
            apply(primitive.name, given, attributes, [given[position]])
            assert_same([given[position]], expected)


@every_sample(is_smooth)
def test_the_gradient_is_what_finite_differences_say(primitive: Primitive, sample: Sample) -> None:
    for n in SIZES:
        b, _, outputs = one_line(primitive, sample)
        check_gradient(b, outputs, draw(sample, generator_for(primitive.name, "g", n), {"n": n}), n)


@every_sample(is_smooth)
def test_the_second_gradient_is_what_finite_differences_say(primitive: Primitive, sample: Sample) -> None:
    b, _, outputs = one_line(primitive, sample)
    generator = generator_for(primitive.name, "gg")
    arrays = draw(sample, generator, {"n": 4})
    gradients = append_gradient(b, outputs, [value for value in b.inputs if value.spec.is_float])
    arrays += [generator.normal(size=value.spec.bind({"n": 4}).shape) for value in b.inputs[len(arrays) :]]
    check_gradient(b, [item for item in gradients if isinstance(item, Value)], arrays, 4)


@every_sample(
    lambda primitive, sample: primitive.elementwise and is_smooth(primitive, sample) and len(sample.specs) > 1
)
def test_the_gradient_is_right_where_an_operand_is_a_literal(primitive: Primitive, sample: Sample) -> None:
    arrays = draw(sample, generator_for(primitive.name, "literal"), {"n": 4})
    for position, array in enumerate(arrays):
        b, _, outputs = one_line(primitive, sample, {position: array.flat[0].item()})
        if any(value.spec.is_float for value in b.inputs):
            check_gradient(b, outputs, arrays[:position] + arrays[position + 1 :], 4)


@every_sample(lambda primitive, sample: not primitive.differentiable)
def test_nothing_flows_through_what_is_not_differentiable(primitive: Primitive, sample: Sample) -> None:
    b, operands, outputs = one_line(primitive, sample)
    flows = primitive.gradient(b, b.instructions[-1], [b.input("g", value.spec) for value in outputs])
    assert list(flows) == [None] * len(operands)


@every_sample()
def test_the_batch_rule_does_what_a_loop_over_rows_does(primitive: Primitive, sample: Sample) -> None:
    generator, sizes = generator_for(primitive.name, "batch"), {"n": 4, "rows": ROWS}
    attributes = bound(sample.attributes, sizes)
    draws = [draw(sample, generator, sizes) for _ in range(ROWS)]
    for mask in itertools.product((False, True), repeat=len(sample.specs)):
        if not any(mask):
            continue
        try:
            program = batched_program(primitive, sample, mask)
        except ProgramError as refusal:
            # Only a refusal to be batched at all may stand in for the rule.
            if f"{primitive.name} " in str(refusal) and "batch" in str(refusal):
                continue
            raise
        stacked = [
            np.stack(rows) if flag else rows[0] for flag, rows in zip(mask, zip(*draws, strict=True), strict=True)
        ]
        pairs = list(zip(stacked, mask, strict=True))
        one_by_one = [
            computed(primitive.name, [a[row] if flag else a for a, flag in pairs], attributes) for row in range(ROWS)
        ]
        expected = [np.stack(rows) for rows in zip(*one_by_one, strict=True)]
        assert_close(evaluate(program, stacked, sizes), expected, 1e-12)


@every_sample(computes_in_float64)
def test_single_precision_agrees_with_double(primitive: Primitive, sample: Sample) -> None:
    attributes = bound(sample.attributes, {"n": 4})
    single = [
        array.astype("float32") if array.dtype == "float64" else array
        for array in draw(sample, generator_for(primitive.name, "single"), {"n": 4})
    ]
    double = [array.astype("float64") if array.dtype == "float32" else array for array in single]
    assert_close(computed(primitive.name, single, attributes), computed(primitive.name, double, attributes), 2e-5)


@every_sample()
def test_a_program_of_one_line_is_right_and_reads_back_from_its_listing(primitive: Primitive, sample: Sample) -> None:
    b, _, outputs = one_line(primitive, sample)
    program = b.finish(outputs)
    verify(program, types_of)
    assert parse(listing(program)) == program


def batched_program(primitive: Primitive, sample: Sample, mask: Sequence[bool]) -> Program:
    """The lines of the batch rule, for a batch whose size has a name; checked against the shape rule."""
    b = Builder(primitive.name)
    operands = [
        b.input(f"x{index}", Spec((Size("rows"), *item.shape), item.dtype) if flag else item)
        for index, (item, flag) in enumerate(zip(specs_of(sample), mask, strict=True))
    ]
    outputs = primitive.batch(b, operands, mask, sample.attributes)
    expected = primitive.specs(specs_of(sample), sample.attributes)
    assert [value.spec for value in outputs] == [Spec((Size("rows"), *i.shape), i.dtype) for i in expected]
    program = b.finish(outputs)
    verify(program, types_of)
    return program


def check_gradient(b: Builder, outputs: Sequence[Value], arrays: Arrays, n: int) -> None:
    """Compare the reverse pass with central differences along every float input."""
    sizes, count = {"n": n}, len(b.inputs)
    floats = [value for value in outputs if value.spec.is_float]
    run = prepared(b.finish(floats), sizes)
    wrt = [value for value in b.inputs if value.spec.is_float]
    gradients = append_gradient(b, outputs, wrt)
    program = b.finish(gradients)
    verify(program, types_of)
    generator = generator_for(b.name, n)
    cotangents = [generator.normal(size=value.spec.bind(sizes).shape) for value in b.inputs[count:]]
    assert [item.spec for item in gradients] == [value.spec for value in wrt]
    found = evaluate(program, arrays + cotangents, sizes)
    for value, gradient in zip(wrt, found, strict=True):
        expected = differences(run, arrays, b.inputs.index(value), cotangents)
        np.testing.assert_allclose(gradient, expected, rtol=TOLERANCE, atol=TOLERANCE, err_msg=value.name)


def scattered(array: np.ndarray) -> np.ndarray:
    """The same numbers, in memory in another order and with gaps."""
    wide = np.empty(tuple(2 * extent for extent in array.shape), array.dtype, order="F")
    result = wide[tuple(slice(None, None, -2) for _ in array.shape)] if array.ndim else wide
    result[...] = array
    return result


def assert_same(found: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        np.testing.assert_array_equal(one, other)


def assert_close(found: Sequence[np.ndarray], expected: Sequence[np.ndarray], tolerance: float) -> None:
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        if other.dtype.kind == "f":
            finite = np.abs(other[np.isfinite(other)])
            scale = max(1.0, float(finite.max())) if finite.size else 1.0
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * scale)
        else:
            np.testing.assert_array_equal(one, other)

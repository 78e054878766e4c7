"""Tracing: the states of a tensor, what needs a number, names, blocks' names, captures and state."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import flintglass as fg
from flintglass import layers, models, ops
from flintglass.errors import NeedsConcrete, ProgramError
from flintglass.primitives import types_of
from flintglass.program import Size, Spec, parse, verify
from flintglass.tracing.blocks import call, each
from flintglass.tracing.tensor import convert
from flintglass.tracing.trace import trace
from flintglass.tracing.variable import Variable

N = Size("n")
ROWS_OF_THREE = [Spec((N, 3), "float32")]


# -- a tensor's states


def test_a_concrete_tensor_has_numbers_a_shape_and_a_dtype() -> None:
    tensor = convert(np.arange(6, dtype="float32").reshape(2, 3))
    assert tensor.is_concrete
    assert not tensor.is_placeholder
    assert (tensor.shape, tensor.dtype, tensor.ndim, tensor.size) == ((2, 3), "float32", 2, 6)
    assert len(tensor) == 2
    assert [float(row[0]) for row in tensor] == [0.0, 3.0]
    copied = tensor.numpy()
    copied[:] = 9
    assert tensor.numpy()[0, 0] == 0


def test_a_traced_tensor_has_a_shape_with_named_sizes_and_no_numbers() -> None:
    seen = []

    def function(x):
        seen.append((x.is_concrete, x.is_placeholder, str(x.shape), x.dtype, repr(x)))
        return x

    trace(function, ROWS_OF_THREE)
    assert seen == [(False, False, "(n, 3)", "float32", "<Tensor traced float32[n, 3]>")]


def test_a_placeholder_shows_none_for_the_batch_and_grows_a_graph() -> None:
    x = layers.Input((3,))
    y = ops.square(x) + 1.0
    assert x.is_placeholder
    assert y.is_placeholder
    assert y.shape == (None, 3)
    assert not y.is_concrete
    with pytest.raises(NeedsConcrete):
        y.numpy()


def test_a_pending_tensor_runs_when_it_is_read_and_not_before() -> None:
    x = convert([1.0, 2.0])
    with fg.GradientTape():
        y = ops.square(x)
        z = y + 1.0
        assert y._array is None
        assert y.is_concrete
        assert z.numpy().tolist() == [2.0, 5.0]
        assert y._array is not None  # what lives was run in the same go


# -- what needs a number

ASKING = {
    "if tensor": lambda x: 1.0 if x[0, 0] > 0 else 2.0,
    "float(tensor)": lambda x: float(ops.sum(x)),
    "int(tensor)": lambda x: int(ops.sum(x)),
    "tensor.numpy()": lambda x: x.numpy(),
    "np.asarray(tensor)": lambda x: np.asarray(x),
    "an f-string": lambda x: f"{ops.sum(x):.2f}",
    "range of the batch": lambda x: [0 for _ in range(x.shape[0])],
    "len(tensor)": lambda x: len(x),
    "rows in a loop": lambda x: list(x),
    "float(size)": lambda x: float(x.shape[0]),
    "size == number": lambda x: x.shape[0] == 1,
    "size * 2 == number": lambda x: x.shape[0] * 2 == 4,
    "size > number": lambda x: x.shape[0] > 1,
    "size + 1 <= number": lambda x: x.shape[0] + 1 <= 1,
    "size % number": lambda x: x.shape[0] % 2,
    "half of a size": lambda x: ops.reshape(x, (x.shape[0] // 2, 2, 3)),
    "variable.numpy()": lambda x: KEPT.numpy(),
    "float(variable)": lambda x: float(KEPT[0]),
}
KEPT = Variable(np.ones(2, "float32"), name="kept")


@pytest.mark.parametrize("name", ASKING)
def test_python_that_needs_a_number_is_told_its_own_line(name: str) -> None:
    function = ASKING[name]
    with pytest.raises(NeedsConcrete) as caught:
        trace(function, [Spec((N, 3), "float32")] if "rows" in name or "size" in name or "batch" in name
              or "len" in name else [Spec((2, 3), "float32")])  # fmt: skip
    if name != "float(variable)":
        assert f"{os.path.basename(__file__)}:{function.__code__.co_firstlineno}" in str(caught.value)


def test_sizes_take_part_in_arithmetic_as_polynomials_and_with_floats_as_tensors() -> None:
    def function(x):
        n = x.shape[0]
        whole = ops.reshape(x, (n * 3,))
        assert n * 2 - n == n
        return ops.sum(whole) / n, ops.sum(x) * (n * 0.5), ops.sum(x) + 1.0 / (n + 1)

    x = np.arange(12, dtype="float32").reshape(4, 3)
    found = [float(item) for item in trace(function, ROWS_OF_THREE).run([x])]
    assert found == pytest.approx([66 / 4, 66 * 2.0, 66 + 0.2])


X = Spec((9,), "float32")
SPECIAL = np.array([0.0, -0.0, 1.5, -2.0, np.inf, -np.inf, np.nan, 1e-42, 3e38], "float32")


# -- names and blocks' names


def softmax_of_two_widths(x, y):
    return ops.softmax(x), ops.softmax(y)


def test_two_different_blocks_of_one_name_get_names_of_their_own() -> None:
    program = trace(softmax_of_two_widths, [Spec((N, 3), "float32"), Spec((N, 5), "float32")]).program
    verify(program, types_of)
    assert [block.name for block in program.blocks()] == ["softmax", "softmax_2"]
    assert parse(str(program)) == program
    assert "call softmax(x)" in str(program)
    assert "call softmax_2(x1)" in str(program)


def test_the_same_block_keeps_one_name_however_often_it_is_called() -> None:
    program = trace(softmax_of_two_widths, [Spec((N, 3), "float32"), Spec((N, 3), "float32")]).program
    assert [block.name for block in program.blocks()] == ["softmax"]


def test_blocks_within_blocks_get_names_of_their_own() -> None:
    def inner(x):
        return call(lambda a: a * 2.0, x, name="helper") + call(lambda a: ops.exp(a), x, name="helper")

    def outer(x):
        return call(inner, x, name="helper") + call(lambda a: a - 1.0, x, name="helper")

    program = trace(outer, [X]).program
    verify(program, types_of)
    names = [block.name for block in program.blocks()]
    assert len(set(names)) == len(names) == 4
    assert names[0] == "helper"
    assert parse(str(program)) == program
    found = trace(outer, [X]).run([SPECIAL]).numpy()
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(found, SPECIAL * 2 + np.exp(SPECIAL) + SPECIAL - 1, rtol=1e-6)


def test_a_block_whose_function_has_no_name_gets_one_that_reads_back() -> None:
    program = trace(lambda x: each(lambda a: a * 2.0, x) + call(lambda a: a + 1.0, x), [X]).program
    verify(program, types_of)
    assert parse(str(program)) == program


def test_a_block_may_have_the_name_of_the_program_or_of_a_primitive() -> None:
    program = trace(lambda x: call(lambda a: a * 2.0, call(ops.exp, x, name="exp"), name="p"), [X], "p").program
    verify(program, types_of)
    assert parse(str(program)) == program


def test_a_finished_program_says_nothing_that_only_differentiation_needs() -> None:
    program = trace(lambda x: ops.stop_gradient(ops.softmax(x)) * 2.0, ROWS_OF_THREE).program
    everything = [line for part in (program, *program.blocks()) for line in part.instructions]
    assert not any(line.primitive == "stop_gradient" for line in everything)
    assert [block.name for block in program.blocks()] == ["softmax"]


def test_what_is_assigned_twice_has_one_more_prime() -> None:
    def function():
        KEPT.assign(KEPT * 2.0)
        KEPT.assign(KEPT + 1.0)

    program = trace(function, []).program
    assert [line.outputs[0].name for line in program.instructions] == ["kept'", "kept''"]
    verify(program, types_of)
    assert parse(str(program)) == program


NAMING = """
from tests.golden.networks import NETWORKS
for name in ("softmax_classifier", "regularized_and_constrained", "two_inputs_and_a_shared_layer"):
    for program in NETWORKS[name]():
        print(program)
"""


def test_a_listing_is_the_same_text_in_every_process() -> None:
    texts = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        found = subprocess.run([sys.executable, "-c", NAMING], env=environment, capture_output=True, text=True)
        assert found.returncode == 0, found.stderr
        texts.add(found.stdout)
    assert len(texts) == 1


# -- transforms and captures of a trace


def test_an_array_from_outside_is_an_input_and_a_number_from_outside_a_literal() -> None:
    shift, scale = convert(np.arange(3.0, dtype="float32")), convert(2.5)
    traced = trace(lambda x: (x + shift) * scale, ROWS_OF_THREE)
    assert [value.name for value in traced.program.inputs] == ["x", "captured1"]
    assert "2.5" in str(traced.program)
    found = traced.run([np.zeros((2, 3), "float32")])
    assert found.numpy()[0].tolist() == [0.0, 2.5, 5.0]


def test_variables_are_state_and_assignments_are_written_when_the_program_ends() -> None:
    count = Variable(np.asarray(0, "int32"), name="count")
    total = Variable(np.zeros(3, "float32"), name="total")

    def function(x):
        count.assign_add(1)
        before = total.value + 0.0
        total.assign_add(ops.sum(x, axis=0))
        return before, total.value

    traced = trace(function, ROWS_OF_THREE)
    x = np.ones((4, 3), "float32")
    traced.run([x])
    before, after = traced.run([x])
    assert int(count) == 2
    assert (before.numpy()[0], after.numpy()[0], total.numpy()[0]) == (4.0, 8.0, 8.0)
    assert [value.name for value in traced.program.state] == ["count", "total"]


def test_a_tensor_of_another_program_is_refused() -> None:
    leaked = []
    trace(lambda x: leaked.append(x) or x, ROWS_OF_THREE)
    with pytest.raises(NeedsConcrete, match="another program"):
        trace(lambda x: x + leaked[0], ROWS_OF_THREE)


def test_a_block_for_elements_may_use_nothing_from_outside() -> None:
    with pytest.raises(ProgramError, match="only its arguments"):
        each(lambda x: x * KEPT, convert([1.0, 2.0]), name="greedy")


def test_the_graph_of_a_model_gives_what_its_calls_give_one_by_one() -> None:
    inputs = layers.Input((3,))
    first = layers.Dense(4, activation="relu")
    outputs = ops.concatenate([first(inputs), ops.square(inputs)], axis=1)
    x = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    by_hand = np.concatenate([np.asarray(first(convert(x))), x * x], axis=1)
    np.testing.assert_allclose(models.Model(inputs, outputs).predict(x, verbose=0), by_hand, rtol=1e-6)

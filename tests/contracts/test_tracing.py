"""Tracing: tensors in their four states, simplification, names, blocks' names, indexing, promotion, NumPy."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contracts.random_programs import Drawn, assert_same_bits, programs
from tests.contracts.support import read_spec

import flintglass as fg
from flintglass import layers, models, ops
from flintglass.engines.engine import engine
from flintglass.errors import NeedsConcrete, ProgramError, ShapeError
from flintglass.primitives import Builder, types_of
from flintglass.program import Literal, Program, Size, Spec, parse, verify
from flintglass.program.spec import DTYPES
from flintglass.tracing.block_names import with_unique_blocks
from flintglass.tracing.blocks import call, each
from flintglass.tracing.inlining import inlined
from flintglass.tracing.promotion import result_dtype
from flintglass.tracing.simplify import simplify
from flintglass.tracing.tensor import Tensor, convert
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


# -- simplify


@settings(deadline=None, max_examples=200)
@given(programs())
def test_simplify_changes_no_bit_of_any_program(drawn: Drawn) -> None:
    simple = simplify(drawn.program)
    verify(with_unique_blocks(simple), types_of)
    run = engine("numpy").execute
    kept = {value.name for value in simple.state}
    before, after = [[np.array(array) for array in drawn.state] for _ in range(2)]
    expected = run(drawn.program, before, drawn.inputs)
    mine = [array for value, array in zip(drawn.program.state, after, strict=True) if value.name in kept]
    assert_same_bits(run(simple, mine, drawn.inputs), expected)
    assert_same_bits(after, before)


@settings(deadline=None, max_examples=60)
@given(programs())
def test_simplify_has_nothing_left_to_do_on_what_it_returns(drawn: Drawn) -> None:
    once = simplify(drawn.program)
    assert simplify(once) == once
    assert len(once.instructions) <= 2 * len(drawn.program.instructions)


@settings(deadline=None, max_examples=60)
@given(programs())
def test_inlining_blocks_changes_no_bit_of_any_program(drawn: Drawn) -> None:
    plain = inlined(drawn.program)
    verify(plain, types_of)
    assert not list(plain.blocks())
    run = engine("numpy").execute
    before, after = [[np.array(array) for array in drawn.state] for _ in range(2)]
    assert_same_bits(run(plain, after, drawn.inputs), run(drawn.program, before, drawn.inputs))
    assert_same_bits(after, before)


SPECIAL = np.array([0.0, -0.0, 1.5, -2.0, np.inf, -np.inf, np.nan, 1e-42, 3e38], "float32")
X = Spec(SPECIAL.shape, "float32")


def lines_of(write) -> tuple[Program, list[str]]:
    """A program of one input, simplified, with the primitives that are left; its bits are checked."""
    b = Builder()
    program = b.finish([write(b, b.input("x", X))])
    simple = simplify(program)
    run = engine("numpy").execute
    assert_same_bits(run(simple, [], [SPECIAL]), run(program, [], [SPECIAL]))
    return simple, [line.primitive for line in simple.instructions]


GONE = {
    "x * 1": lambda b, x: b.multiply(x, 1.0),
    "1 * x": lambda b, x: b.multiply(Literal(1.0, "float32"), x),
    "x / 1": lambda b, x: b.divide(x, 1.0),
    "x - 0": lambda b, x: b.subtract(x, 0.0),
    "x ** 1": lambda b, x: b.power(x, 1.0),
    "-(-x)": lambda b, x: b.negative(b.negative(x)),
    "a reshape to the same shape": lambda b, x: b.emit("reshape", x, shape=X.shape),
    "a cast to the same dtype": lambda b, x: b.cast(x, dtype="float32"),
    "a slice of everything": lambda b, x: b.slice(x, start=(0,), stop=X.shape),
    "a reversal along no axis": lambda b, x: b.reverse(x, axis=()),
    "a transposition that keeps the order": lambda b, x: b.transpose(x, axes=(0,)),
    "there and back": lambda b, x: b.reshape(b.reshape(x, (3, 3)), X.shape),
    "the largest along an axis of extent 1": lambda b, x: b.reshape(b.max(b.reshape(x, (9, 1)), axis=(1,)), X.shape),
}
LEFT = {
    "x + 0, which makes -0 a 0": (lambda b, x: b.add(x, 0.0), ["add"]),
    "x - -0, which makes -0 a 0": (lambda b, x: b.subtract(x, -0.0), ["subtract"]),
    "0 - x, which is 0 where x is": (lambda b, x: b.subtract(Literal(0.0, "float32"), x), ["subtract"]),
    "x + -x, which is nan where x is infinite": (lambda b, x: b.add(x, b.negative(x)), ["negative", "add"]),
    "x * 0": (lambda b, x: b.multiply(x, 0.0), ["multiply"]),
    "x / x": (lambda b, x: b.divide(x, x), ["divide"]),
    "x ** 2 as a square": (lambda b, x: b.power(x, 2.0), ["square"]),
    "x ** 0.5, which is no root of -0": (lambda b, x: b.power(x, 0.5), ["power"]),
    "twins as one": (lambda b, x: b.add(b.exp(x), b.exp(x)), ["exp", "add"]),
    "a number computed once": (
        lambda b, x: b.add(x, b.multiply(b.full(X.shape, 2.0, "float32"), 3.0)), ["add"]),
    "a size in its own dtype": (
        lambda b, x: b.multiply(x, b.cast(b.emit("extent", size=Size("n") * 0 + 9, dtype="int32"), dtype="float32")),
        ["extent", "multiply"]),
    "a sum of one number, which makes -0 a 0": (
        lambda b, x: b.sum(b.reshape(x, (9, 1)), axis=(1,)), ["reshape", "sum"]),
    "a sum of one number that is no -0": (lambda b, x: b.sum(b.reshape(b.square(x), (9, 1)), axis=(1,)), ["square"]),
    "a mean of means of one number": (
        lambda b, x: b.mean(b.mean(b.reshape(b.exp(x), (3, 3, 1)), axis=(2,)), axis=(0, 1)), ["exp", "mean"]),
    "what nobody reads": (lambda b, x: (b.exp(x), b.square(x))[1], ["square"]),
}  # fmt: skip


@pytest.mark.parametrize("name", GONE)
def test_what_changes_nothing_is_gone(name: str) -> None:
    program, primitives = lines_of(GONE[name])
    assert primitives == []
    assert program.outputs == program.inputs


@pytest.mark.parametrize("name", LEFT)
def test_what_is_left_is_exact(name: str) -> None:
    write, expected = LEFT[name]
    assert lines_of(write)[1] == expected


def test_results_of_blocks_that_nobody_reads_are_not_computed() -> None:
    inner = Builder("pair")
    x, y = inner.input("x", read_spec("float32[]")), inner.input("y", read_spec("float32[]"))
    body = inner.finish([inner.exp(x), inner.sin(y)], ["first", "second"])
    b = Builder()
    given = [b.input(name, X) for name in "ab"]
    for primitive in ("each", "call"):
        operands = given if primitive == "each" else [b.max(item, axis=(0,)) for item in given]
        simple = simplify(b.finish([b.emit(primitive, *operands, body=body)[1]]))
        (line,) = [line for line in simple.instructions if line.primitive == primitive]
        assert len(line.operands) == len(line.outputs) == 1
        assert [item.primitive for item in line.attributes["body"].instructions] == ["sin"]
        assert line.attributes["body"].output_names == ("second",)


def test_an_operand_that_gives_a_block_over_elements_its_shape_stays() -> None:
    inner = Builder("first")
    x, _ = inner.input("x", read_spec("float32[]")), inner.input("y", read_spec("float32[]"))
    b = Builder()
    a, c = b.input("a", read_spec("float32[]")), b.input("c", X)
    simple = simplify(b.finish([b.emit("each", a, c, body=inner.finish([inner.exp(x)]))]))
    assert simple.output_specs == (X,)


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


# -- NumPy


def test_numpy_sees_a_tensor_as_an_array() -> None:
    tensor = convert(np.array([1.0, 4.0, 9.0], "float32"))
    assert np.sqrt(tensor).tolist() == [1.0, 2.0, 3.0]
    assert np.asarray(tensor).dtype == np.float32
    assert np.asarray(tensor, dtype="float64").dtype == np.float64
    assert np.concatenate([tensor, tensor]).shape == (6,)
    assert np.stack([tensor, np.ones(3)]).shape == (2, 3)
    assert np.allclose(tensor, [1, 4, 9])
    assert np.array(tensor) is not tensor.array
    assert np.mean(tensor) == pytest.approx(14 / 3)
    assert [1.0, 2.0, 3.0][convert(1)] == 2.0


@pytest.mark.parametrize("left", [np.full(3, 2.0, "float32"), np.float32(2.0), np.float64(2.0), 2.0, 2])
def test_an_array_or_a_number_on_the_left_of_a_tensor_gives_a_tensor(left) -> None:
    tensor = convert(np.array([1.0, 4.0, 9.0], "float32"))
    for result, expected in (
        (left * tensor, [2, 8, 18]), (left + tensor, [3, 6, 11]), (left - tensor, [1, -2, -7]),
        (left / tensor, [2, 0.5, 2 / 9]), (left**tensor, [2, 16, 512]), (left > tensor, [True, False, False]),
    ):  # fmt: skip
        assert isinstance(result, Tensor)
        np.testing.assert_allclose(result.numpy(), expected, rtol=1e-6)


def test_operators_of_tensors_are_those_of_numpy() -> None:
    a, c = np.array([[1.0, -2.0], [3.5, 4.0]]), np.array([[2.0, 3.0], [-1.0, 0.5]])
    x, y = convert(a), convert(c)
    pairs = [
        (x + y, a + c), (x - y, a - c), (x * y, a * c), (x / y, a / c), (x // y, a // c), (x % y, a % c),
        (x @ y, a @ c), (abs(x) ** y, np.abs(a) ** c), (-x, -a), (x == y, a == c), (x != y, a != c), (x < y, a < c),
        (x <= y, a <= c), (x > y, a > c), (x >= y, a >= c), ((x > 0) & (y > 0), (a > 0) & (c > 0)),
        ((x > 0) | (y > 0), (a > 0) | (c > 0)), ((x > 0) ^ (y > 0), (a > 0) ^ (c > 0)), (~(x > 0), ~(a > 0)),
        (x @ y[0], a @ c[0]), (x[0] @ y, a[0] @ c), (x[0] @ y[0], a[0] @ c[0]),
    ]  # fmt: skip
    for found, expected in pairs:
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-15)
    whole = convert(np.array([6, 3], "int32"))
    assert ((whole & 2).numpy().tolist(), (whole | 1).numpy().tolist()) == ([2, 2], [7, 3])
    assert (whole / 4).dtype == "float32"


# -- promotion

# Keras's table: the dtype in which two meet. Rows and columns in the order of NAMES.
NAMES = ["bool", "uint8", "int8", "int32", "uint32", "int64", "float16", "float32", "float64", "int", "float"]
TABLE = """
bool    uint8   int8    int32   uint32  int64   float16 float32 float64 int32   float32
uint8   uint8   int16   int32   uint32  int64   float16 float32 float64 uint8   float32
int8    int16   int8    int32   int64   int64   float16 float32 float64 int8    float32
int32   int32   int32   int32   int64   int64   float16 float32 float64 int32   float32
uint32  uint32  int64   int64   uint32  int64   float16 float32 float64 uint32  float32
int64   int64   int64   int64   int64   int64   float16 float32 float64 int64   float32
float16 float16 float16 float16 float16 float16 float16 float32 float64 float16 float16
float32 float32 float32 float32 float32 float32 float32 float32 float64 float32 float32
float64 float64 float64 float64 float64 float64 float64 float64 float64 float64 float64
int32   uint8   int8    int32   uint32  int64   float16 float32 float64 int32   float32
float32 float32 float32 float32 float32 float32 float16 float32 float64 float32 float32
"""


def test_dtypes_meet_where_the_table_says() -> None:
    for a, row in zip(NAMES, TABLE.split("\n")[1:-1], strict=True):
        for b, expected in zip(NAMES, row.split(), strict=True):
            assert result_dtype(a, b) == expected, (a, b)


@pytest.mark.parametrize("dtype", DTYPES)
def test_python_numbers_take_the_dtype_of_the_tensor_beside_them(dtype: str) -> None:
    tensor = convert(np.ones(2, dtype))
    whole = tensor.dtype if dtype != "bool" else "int32"
    assert (tensor + 1).dtype == whole
    assert (2 * tensor).dtype == whole
    assert (tensor + 0.5).dtype == (dtype if dtype.startswith("float") else "float32")


def test_sixty_four_bits_are_honoured_and_whole_numbers_meet_in_the_default_float_when_divided() -> None:
    assert (convert(np.int64(1)) + convert(np.int32(1))).dtype == "int64"
    assert (convert(np.float64(1)) + convert(np.float32(1))).dtype == "float64"
    assert (convert(np.arange(3)) + convert(np.ones(3, "float32"))).dtype == "float32"
    assert (convert(3) / convert(2)).dtype == "float32"
    assert convert(2**40 + np.int64(1)).numpy() == 2**40 + 1


# -- indexing

SHAPE = (4, 3, 5)
ARRAY = np.arange(60, dtype="float32").reshape(SHAPE)


def one_axis(extent: int):
    bound = st.none() | st.integers(-extent - 2, extent + 2)
    steps = st.none() | st.sampled_from([1, 2, 3, -1, -2])
    return st.integers(-extent, extent - 1) | st.builds(slice, bound, bound, steps)


@st.composite
def keys(draw):
    """Integers, slices of either direction, None and one Ellipsis."""
    count = draw(st.integers(0, 3))
    key = [draw(one_axis(extent)) for extent in SHAPE[:count]]
    if draw(st.booleans()):
        tail = draw(st.integers(0, 3 - count))
        key += [Ellipsis, *(draw(one_axis(extent)) for extent in SHAPE[3 - tail :])]
    for _ in range(draw(st.integers(0, 2))):
        key.insert(draw(st.integers(0, len(key))), None)
    return tuple(key)


@settings(deadline=None, max_examples=300)
@given(keys())
def test_indexing_is_numpys(key) -> None:
    expected = ARRAY[key]
    found = convert(ARRAY)[key]
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found.numpy(), expected)


@st.composite
def keys_with_an_array(draw):
    """One array of integers, of rank 0 to 2, among slices."""
    axis = draw(st.integers(0, 2))
    shape = draw(st.sampled_from([(), (1,), (3,), (2, 2), (0,)]))
    places = draw(st.lists(st.integers(-SHAPE[axis], SHAPE[axis] - 1), min_size=int(np.prod(shape)),
                           max_size=int(np.prod(shape))))  # fmt: skip
    key = [slice(None), slice(1, None), slice(None, None, -1)][:axis]
    return (*key, np.array(places, "int32").reshape(shape))


@settings(deadline=None, max_examples=150)
@given(keys_with_an_array())
def test_indexing_by_an_array_is_numpys_and_so_is_its_gradient(key) -> None:
    expected = ARRAY[key]
    for given_key in (key, (*key[:-1], convert(key[-1]))):
        found = convert(ARRAY)[given_key]
        assert found.shape == expected.shape
        np.testing.assert_array_equal(found.numpy(), expected)
    gradient = fg.grad(lambda x: ops.sum(x[key] * expected))(ARRAY).numpy()
    by_hand = np.zeros_like(ARRAY)
    np.add.at(by_hand, key, expected)
    np.testing.assert_allclose(gradient, by_hand)


@pytest.mark.parametrize(
    "key",
    [
        ARRAY > 20,
        ARRAY[:, :, 0] > 20,
        np.array([True, False, True, True]),
        ([0, 3, 1], [2, 2, 0]),
        (np.array([[0], [3]]), np.array([1, 2])),
        (np.array([0, 3]), np.array([-1, -2]), np.array([4, 0])),
        [0, 2],
        (slice(None), [0, 2]),
        (..., [0, -1]),
    ],
    ids=str,
)
def test_masks_lists_and_several_arrays_index_as_in_numpy(key) -> None:
    np.testing.assert_array_equal(convert(ARRAY)[key].numpy(), ARRAY[key])


@pytest.mark.parametrize(
    ("key", "error"),
    [(4, IndexError), (-5, IndexError), ((0, 3), IndexError), ((0, 0, 0, 0), ShapeError), ([0, 4], IndexError)],
    ids=str,
)
def test_an_index_outside_is_refused(key, error) -> None:
    with pytest.raises(error):
        convert(ARRAY)[key].numpy()


def test_the_batch_is_indexed_whole_and_the_other_axes_freely_while_tracing() -> None:
    def function(x):
        return x[:, 0], x[:, ::-1], x[..., None], x[:, None, 1:], x[:, convert(np.array([2, 0]))]

    x = ARRAY[:, :, 0]
    found = trace(function, [Spec((N, 3), "float32")]).run([x])
    expected = x[:, 0], x[:, ::-1], x[..., None], x[:, None, 1:], x[:, [2, 0]]
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a.numpy(), b)
    with pytest.raises((NeedsConcrete, ShapeError)):
        trace(lambda x: x[7], ROWS_OF_THREE)

"""Blocks and control flow: call, each, cond, while, scan, by themselves and as operations of users."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tests.contracts.interpreter import interpret
from tests.contracts.situations import ALL, EACH_ONE, FALSE, LOOPS, PRODUCT, SIZES, SMOOTH, TRUE, Situation, block
from tests.contracts.support import append_gradient, differences, read_spec

from flintglass import ops
from flintglass.engines.engine import engine
from flintglass.errors import FlintglassError, ProgramError
from flintglass.primitives import Builder, types_of
from flintglass.program import Literal, Program, Size, Spec, listing, parse, verify
from flintglass.tracing.batching import batch_lines
from flintglass.tracing.block_names import with_unique_blocks
from flintglass.tracing.simplify import simplify
from flintglass.tracing.tape import GradientTape
from flintglass.tracing.tensor import convert
from flintglass.tracing.trace import trace
from flintglass.tracing.transforms import grad, vectorized_map
from flintglass.tracing.variable import Variable

ROWS = 3

every_situation = pytest.mark.parametrize("situation", ALL.values(), ids=ALL.keys())
every_smooth_situation = pytest.mark.parametrize("situation", SMOOTH.values(), ids=SMOOTH.keys())


def run(program, arrays):
    return engine("numpy").execute(program, [], arrays)


def close(found, expected):
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def with_gradient(program: Program) -> Program:
    """The program that returns the cotangents of the float inputs; cotangents of the outputs come last."""
    b = Builder("gradient")
    b.inputs, b.instructions = list(program.inputs), list(program.instructions)
    b.reserve(value.name for value in program.inputs)
    b.reserve(value.name for line in program.instructions for value in line.outputs)
    floats = [value for value in program.inputs if value.spec.is_float]
    outputs = [value for value in program.outputs if not isinstance(value, Literal)]
    return with_unique_blocks(b.finish(append_gradient(b, outputs, floats)))


def cotangents_for(program: Program, seed: int = 0):
    generator = np.random.default_rng(seed)
    return [generator.normal(size=spec.bind(SIZES).shape) for spec in program.output_specs if spec.is_float]


# -- the primitives


@every_situation
def test_a_block_gives_what_its_body_says(situation: Situation) -> None:
    program, arrays = situation.program(), situation.arrays()
    close(run(program, arrays), interpret(program, arrays, sizes=SIZES)[0])


@every_situation
def test_a_loaded_block_reads_its_inputs_at_every_run(situation: Situation) -> None:
    program = situation.program()
    for seed in range(3):
        arrays = situation.arrays(seed)
        close(run(program, arrays), interpret(program, arrays, sizes=SIZES)[0])


@every_situation
def test_a_block_stands_in_a_listing_that_reads_back_and_verifies(situation: Situation) -> None:
    program = situation.program()
    verify(program, types_of)
    assert parse(listing(program)) == program
    assert listing(parse(listing(program))) == listing(program)


@every_situation
def test_simplifying_a_program_of_a_block_changes_no_bit(situation: Situation) -> None:
    program, arrays = situation.program(), situation.arrays()
    for a, b in zip(run(simplify(program), arrays), run(program, arrays), strict=True):
        assert a.tobytes() == b.tobytes()


@every_smooth_situation
def test_the_gradient_of_a_block_agrees_with_finite_differences(situation: Situation) -> None:
    program, arrays = situation.program(), situation.arrays()
    agrees_with_differences(program, arrays)


@every_smooth_situation
def test_the_second_gradient_of_a_block_agrees_with_finite_differences(situation: Situation) -> None:
    program, arrays = situation.program(), situation.arrays()
    agrees_with_differences(with_gradient(program), [*arrays, *cotangents_for(program)])


def agrees_with_differences(program: Program, arrays) -> None:
    gradient, cotangents = with_gradient(program), cotangents_for(program, 1)
    verify(gradient, types_of)
    assert parse(listing(gradient)) == gradient
    found = iter(run(gradient, [*arrays, *cotangents]))

    def floats(given):
        return [o for o, spec in zip(run(program, given), program.output_specs, strict=True) if spec.is_float]

    for position, value in enumerate(program.inputs):
        if value.spec.is_float:
            expected = differences(floats, arrays, position, cotangents)
            np.testing.assert_allclose(next(found), expected, rtol=2e-6, atol=2e-6)


@every_situation
def test_a_batch_of_a_block_gives_what_a_loop_over_its_rows_gives(situation: Situation) -> None:
    agrees_with_a_loop(situation.program(), situation)


@every_smooth_situation
def test_a_batch_of_the_gradient_of_a_block_gives_what_a_loop_gives(situation: Situation) -> None:
    program = situation.program()
    count = len(program.inputs)
    agrees_with_a_loop(with_gradient(program), situation, cotangents_for(program), [(True,) * count])


def agrees_with_a_loop(program: Program, situation: Situation, more=(), choices=None) -> None:
    """Whichever inputs carry the batch; rows have numbers of their own."""
    count = len(program.inputs) - len(more)
    rows = [[*situation.arrays(seed), *more] for seed in range(ROWS)]
    for row, end in zip(rows, (5, 0, 2), strict=True):  # rows of a loop stop at different steps
        if situation.primitive == "while":
            row[1] = np.asarray(end, "int32")
        if situation.primitive == "cond":
            row[0] = np.asarray(end > 1)
    for marks in choices or itertools.product([False, True], repeat=count):
        flags = [*marks, *[False] * len(more)]
        if not any(flags):
            continue
        b = Builder("batch")
        given = [
            b.input(value.name, Spec((Size("rows"), *value.spec.shape), value.spec.dtype) if flag else value.spec)
            for value, flag in zip(program.inputs, flags, strict=True)
        ]
        outputs, batched = batch_lines(b, program, given, flags)
        batch = with_unique_blocks(b.finish(outputs))
        verify(batch, types_of)
        arrays = [np.stack([row[i] for row in rows]) if flag else rows[0][i] for i, flag in enumerate(flags)]
        found = run(batch, arrays)
        for i in range(ROWS):
            mine = [rows[i][k] if flag else rows[0][k] for k, flag in enumerate(flags)]
            one = interpret(program, mine, sizes=SIZES)[0]
            close([array[i] if flag else array for array, flag in zip(found, batched, strict=True)], one)


def test_rows_of_a_batched_while_stop_at_different_steps() -> None:
    program = LOOPS["while"].program()
    b = Builder("batch")
    specs = ["int32[3]", "int32[3]", "float64[3, n]"]
    given = [b.input(f"x{i}", read_spec(text)) for i, text in enumerate(specs)]
    outputs, _ = batch_lines(b, program, given, [True, True, True])
    starts, ends = np.zeros(3, "int32"), np.array([0, 4, 2], "int32")
    steps, _, x = run(b.finish(outputs), [starts, ends, np.ones((3, 2))])
    assert steps.tolist() == [0, 4, 2]
    np.testing.assert_allclose(x[:, 0], 1.5 ** np.array([0, 4, 2]))


def test_a_scan_of_no_steps_returns_its_carries_and_empty_stacks() -> None:
    situation = SMOOTH["scan"]
    program = Situation("scan", "float64[3];float64[3];int32[];float64[0, 3]", {**situation.attributes, "length": 0})
    w, h, x = np.ones(3), np.arange(3.0), np.zeros((0, 3))
    outputs = run(program.program(), [w, h, np.asarray(7, "int32"), x])
    assert outputs[0].tolist() == [0, 1, 2]
    assert outputs[1] == 7
    assert outputs[2].shape == (0, 3)


def test_a_call_with_a_gradient_of_its_own_uses_it_also_in_a_batch() -> None:
    body = block("cube", "float64[2];float64[2]", lambda b, x, w: [b.multiply(b.power(x, 3.0), w)])
    own = block(
        "cube_gradient",
        "float64[2];float64[2];float64[2]",
        lambda b, x, w, g: [b.multiply(g, 100.0), b.multiply(g, x)],
    )
    program = Situation("call", "float64[2];float64[2]", {"body": body, "gradient": own}).program()
    verify(program, types_of)
    assert parse(listing(program)) == program
    x, w, g = np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array([1.0, 0.5])
    along_x, along_w = run(with_gradient(program), [x, w, g])
    assert along_x.tolist() == [100.0, 50.0]
    assert along_w.tolist() == [1.0, 1.0]
    b = Builder("batch")
    given = [b.input("x", read_spec("float64[3, 2]")), b.input("w", read_spec("float64[2]"))]
    (rows,), _ = batch_lines(b, program, given, [True, False])
    batch = with_gradient(b.finish([rows]))
    rows_of_x, rows_of_g = np.arange(6.0).reshape(3, 2), np.ones((3, 2))
    along_x, along_w = run(batch, [rows_of_x, w, rows_of_g])
    assert (along_x == 100.0).all()
    assert along_w.tolist() == rows_of_x.sum(axis=0).tolist()  # w is shared by the rows


def test_the_gradient_of_while_raises_and_names_the_way_out() -> None:
    with pytest.raises(ProgramError, match="use scan"):
        with_gradient(LOOPS["while"].program())


def test_nothing_flows_into_a_branch_that_was_not_taken() -> None:
    true = block("true", "float64[]", lambda b, x: [b.log(x)])
    false = block("false", "float64[]", lambda b, x: [b.multiply(x, 0.0)])
    program = Situation("cond", "bool[];float64[]", {"true": true, "false": false}).program()
    arrays = [np.asarray(False), np.asarray(0.0), np.asarray(1.0)]
    assert run(with_gradient(program), arrays)[0] == 0.0


SHAPE_ERRORS = {
    "call: operands of another type": (
        "float64[3];float64[4]", "call", {"body": PRODUCT}, "product: the body takes float64"),
    "call: too few operands": ("float64[3]", "call", {"body": PRODUCT}, "the body takes float64"),
    "each: a body that is not for each element": (
        "float64[3]", "each", {"body": block("sums", "float64[]", lambda b, x: [b.sum(x, axis=())])},
        "sum is not a function of each element"),
    "each: a body that is not for scalars": ("float64[3];float64[3]", "each", {"body": PRODUCT}, "the body takes"),
    "each: operands that do not broadcast": (
        "float64[3];float64[4]", "each", {"body": EACH_ONE}, "do not fit together"),
    "cond: a choice that is a number": (
        "float64[];float64[n, 3];float64[3]", "cond", {"true": TRUE, "false": FALSE}, "bool"),
    "cond: branches that return different types": (
        "bool[];float64[3];float64[3]", "cond",
        {"true": PRODUCT, "false": block("f", "float64[3];float64[3]", lambda b, x, y: [b.sum(x, axis=(0,))])},
        "they must agree"),
    "while: a condition that is no truth value": (
        "float64[3];float64[3]", "while", {"condition": PRODUCT, "body": PRODUCT}, "one bool"),
    "while: a body that changes a type": (
        "float64[3]", "while",
        {"condition": block("c", "float64[3]", lambda b, x: [b.less(b.sum(x, axis=(0,)), 1.0)]),
         "body": block("b", "float64[3]", lambda b, x: [b.sum(x, axis=(0,))])},
        "they must agree"),
    "scan: rows of another length": (
        "float64[3];float64[3];int32[];float64[4, 3]", "scan",
        {**SMOOTH["scan"].attributes}, "has not the length 5"),
    "scan: a carry that changes its type": (
        "float64[3];float64[5, 3]", "scan",
        {"body": block("s", "float64[3];float64[3]", lambda b, h, x: [b.sum(x, axis=(0,))]),
         "length": 5, "carries": 1},
        "carries with their own types"),
}  # fmt: skip


@pytest.mark.parametrize(("specs", "primitive", "attributes", "message"), SHAPE_ERRORS.values(), ids=SHAPE_ERRORS)
def test_a_block_that_does_not_fit_is_refused_and_the_message_says_why(
    specs: str, primitive: str, attributes: dict, message: str
) -> None:
    with pytest.raises(FlintglassError, match=message):
        Situation(primitive, specs, attributes).program()


# -- the operations of users


def traced_like(function, *arrays):
    """What the function gives eagerly; in a program with its sizes named it must give the same."""
    eager = function(*(convert(array) for array in arrays))
    leaves = eager if isinstance(eager, (tuple, list)) else [eager]
    specs = [
        Spec((Size("n"), *array.shape[1:]) if array.ndim == 2 else array.shape, array.dtype.name) for array in arrays
    ]
    program = trace(function, specs)
    verify(program.program, types_of)
    assert parse(listing(program.program)) == program.program
    found = program.run(list(arrays))
    for a, b in zip(found if isinstance(found, (tuple, list)) else [found], leaves, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-12)
    return eager


X = np.arange(6.0).reshape(3, 2) - 2.0
SHIFT = convert(np.array([10.0, 20.0]))
WEIGHT = Variable(np.array([2.0, 3.0]), name="weight")

USES = {
    "cond that takes its first branch": lambda x: ops.cond(ops.sum(x) > 0, lambda: x * WEIGHT, lambda: x + SHIFT),
    "cond that takes its second branch": lambda x: ops.cond(ops.sum(x) > 99, lambda: x * WEIGHT, lambda: x + SHIFT),
    "cond of the same variable in both branches": lambda x: ops.cond(
        ops.sum(x) > 0, lambda: x * WEIGHT * WEIGHT, lambda: x - WEIGHT
    ),
    "cond with several results": lambda x: ops.cond(
        ops.all(x > -9.0), lambda: (x, ops.sum(x)), lambda: (x * 2.0, ops.sum(x))
    ),
    "switch": lambda x: ops.switch(
        ops.cast(ops.sum(x) - 1.5, "int32"), [lambda a: a, lambda a: a * WEIGHT, lambda a: a + SHIFT], x
    ),
    "while_loop": lambda x: ops.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a * WEIGHT + SHIFT), (0, x)),
    "while_loop of one tensor": lambda x: ops.while_loop(lambda a: ops.sum(a) < 500.0, lambda a: a * 2.0 + WEIGHT, x),
    "while_loop with a limit": lambda x: ops.while_loop(
        lambda a: ops.sum(a) < 1e9, lambda a: a + SHIFT, x, maximum_iterations=4
    ),
    "fori_loop": lambda x: ops.fori_loop(1, 4, lambda i, a: a * WEIGHT + ops.cast(i, "float64"), x),
    "fori_loop of no turns": lambda x: ops.fori_loop(4, 1, lambda i, a: a * WEIGHT, x) + 0.0,
    "fori_loop to a number that is computed": lambda x: ops.fori_loop(
        0, ops.cast(ops.max(x), "int32"), lambda i, a: a + SHIFT, x
    ),
    "scan over the rows": lambda x: ops.scan(lambda h, row: (h * WEIGHT + row, h - SHIFT), SHIFT, x),
    "scan from the last row": lambda x: ops.scan(lambda h, row: (h * WEIGHT + row, h), SHIFT, x, reverse=True),
    "scan without rows": lambda x: ops.scan(lambda h, _: (h + SHIFT, ops.sum(h)), x, length=3),
    "map over the rows": lambda x: ops.map(lambda row: ops.sum(row * WEIGHT), x),
}


@pytest.mark.parametrize("function", USES.values(), ids=USES.keys())
def test_control_flow_gives_the_same_eagerly_and_in_a_program_that_is_for_every_size(function) -> None:
    traced_like(function, X)


def test_only_the_branch_that_is_taken_runs_eagerly() -> None:
    ran = []
    ops.cond(convert(True), lambda: ran.append("true"), lambda: ran.append("false"))
    assert ran == ["true"]


def test_a_body_captures_a_variable_once_however_often_it_reads_it() -> None:
    def function(x):
        return ops.scan(lambda h, row: (h * WEIGHT + row * WEIGHT - WEIGHT, None), SHIFT, x)[0]

    program = trace(function, [Spec((3, 2), "float64")]).program
    (line,) = [line for line in program.instructions if line.primitive == "scan"]
    assert line.attributes["constants"] == 1


DIFFERENTIABLE = {
    name: function for name, function in USES.items() if not any(word in name for word in ("while", "computed"))
}


@pytest.mark.parametrize("function", DIFFERENTIABLE.values(), ids=DIFFERENTIABLE.keys())
def test_gradients_through_control_flow_are_the_same_by_tape_and_by_grad(function) -> None:
    def total(x):
        leaves = function(x)
        leaves = leaves if isinstance(leaves, (tuple, list)) else [leaves]
        return sum(ops.sum(ops.square(leaf)) for leaf in leaves if leaf is not None)

    x = convert(X)
    with GradientTape() as tape:
        tape.watch(x)
        value = total(x)
    by_tape = tape.gradient(value, x).numpy()
    np.testing.assert_allclose(grad(total)(X).numpy(), by_tape, rtol=1e-12)

    def at(arrays):
        return [np.asarray(total(convert(arrays[0])))]

    np.testing.assert_allclose(by_tape, differences(at, [X], 0, [np.ones(())]), rtol=1e-5, atol=1e-4)


def test_a_variable_read_in_a_body_gets_its_gradient() -> None:
    weight = Variable(np.array([0.5, 1.5]), name="w")
    for function in (
        lambda: ops.scan(lambda h, row: (h * weight + row, h), SHIFT, convert(X))[0],
        lambda: ops.fori_loop(0, 3, lambda i, h: h * weight, SHIFT),
        lambda: ops.cond(convert(True), lambda: SHIFT * weight * weight, lambda: SHIFT),
    ):
        with GradientTape() as tape:
            value = ops.sum(function())
        found = tape.gradient(value, weight).numpy()

        def at(arrays, function=function):
            kept = weight.numpy()
            weight.assign(arrays[0])
            result = np.asarray(ops.sum(function()))
            weight.assign(kept)
            return [result]

        np.testing.assert_allclose(found, differences(at, [weight.numpy()], 0, [np.ones(())]), rtol=1e-6)


def test_while_loop_under_a_tape_runs_in_python_and_has_a_gradient() -> None:
    x = convert(2.0)
    with GradientTape() as tape:
        tape.watch(x)
        y = ops.while_loop(lambda a: a < 10.0, lambda a: a * x, x)
    assert float(y) == 16.0
    assert float(tape.gradient(y, x)) == 32.0


def test_while_loop_in_a_program_has_no_gradient_and_says_so() -> None:
    with pytest.raises(ProgramError, match="use scan"):
        grad(lambda x: ops.while_loop(lambda a: a < 10.0, lambda a: a * x, x))(2.0)


def test_rows_of_vectorized_map_choose_their_own_branch_and_stop_at_their_own_step() -> None:
    def row(x):
        grown = ops.while_loop(lambda a: ops.sum(a * a) < 99.0, lambda a: a * 2.0 - 1.0, x)
        return ops.cond(ops.sum(x) > 0.0, lambda: grown, lambda: -grown)

    found = vectorized_map(row, X).numpy()
    np.testing.assert_allclose(found, np.stack([np.asarray(row(convert(one))) for one in X]))


def test_custom_gradients_are_used_in_programs_in_tapes_and_in_batches() -> None:
    scale = convert(np.array([3.0, 4.0]))

    @ops.custom_gradient
    def clipped(x):
        return x * scale, lambda upstream: ops.clip(upstream, -1.0, 1.0)

    def total(x):
        return ops.sum(clipped(x) * 5.0)

    assert grad(total)(X[0]).numpy().tolist() == [1.0, 1.0]
    x = convert(X[0])
    with GradientTape() as tape:
        tape.watch(x)
        y = total(x)
    assert tape.gradient(y, x).numpy().tolist() == [1.0, 1.0]
    assert (vectorized_map(grad(total), X).numpy() == 1.0).all()
    assert (grad(lambda x: ops.sum(vectorized_map(clipped, x) * 5.0))(X).numpy() == 1.0).all()

"""The engine's plans: the numbers of a naive interpreter, in place, in groups, in many threads and runs."""

from __future__ import annotations

import gc
import threading
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from tests.contracts.interpreter import interpret
from tests.contracts.random_programs import Drawn, assert_same_bits, programs
from tests.contracts.support import read_spec

from flintglass.engines import engine as engines
from flintglass.engines.engine import engine
from flintglass.engines.numpy_engine import groups
from flintglass.engines.numpy_engine.engine import NumpyEngine
from flintglass.engines.numpy_engine.flatten import flatten
from flintglass.engines.numpy_engine.plan import Plan
from flintglass.errors import IndexOutOfRange, ShapeError
from flintglass.primitives import Builder
from flintglass.program import Literal, Program, parse


def run(program, state, inputs):
    """The outputs and the state after a run by the engine."""
    mine = [np.array(array) for array in state]
    return engine("numpy").execute(program, mine, inputs), mine


@settings(deadline=None, max_examples=200)
@given(programs())
def test_a_plan_gives_the_numbers_of_a_line_by_line_interpreter(drawn: Drawn) -> None:
    expected = interpret(drawn.program, drawn.inputs, drawn.state, drawn.sizes)
    outputs, state = run(drawn.program, drawn.state, drawn.inputs)
    assert_same_bits(outputs, expected[0])
    assert_same_bits(state, expected[1])


@settings(deadline=None, max_examples=50)
@given(programs())
def test_a_plan_that_is_run_again_goes_on_from_the_new_state(drawn: Drawn) -> None:
    mine, theirs = [np.array(array) for array in drawn.state], drawn.state
    for _ in range(3):
        outputs = engine("numpy").execute(drawn.program, mine, drawn.inputs)
        expected, theirs = interpret(drawn.program, drawn.inputs, theirs, drawn.sizes)
        assert_same_bits(outputs, expected)
        assert_same_bits(mine, theirs)


def test_state_is_written_after_it_has_been_read_so_two_variables_can_be_swapped() -> None:
    b = Builder()
    x, y = (b.state_value(name, read_spec("float32[3]")) for name in "xy")
    _, state = run(b.finish([], updates=[(x, y), (y, x)]), [np.full(3, 1.0, "f"), np.full(3, 2.0, "f")], [])
    assert [array[0] for array in state] == [2.0, 1.0]


def test_three_variables_rotate() -> None:
    b = Builder()
    x, y, z = (b.state_value(name, read_spec("float32[2]")) for name in "xyz")
    program = b.finish([x], updates=[(x, y), (y, z), (z, x)])
    outputs, state = run(program, [np.full(2, i, "f") for i in (1, 2, 3)], [])
    assert [array[0] for array in state] == [2.0, 3.0, 1.0]
    assert outputs[0][0] == 1.0


@pytest.mark.parametrize("view", ["transpose", "reverse", "reshape", "slice and join"])
def test_a_variable_becomes_a_rearrangement_of_itself(view: str) -> None:
    b = Builder()
    w = b.state_value("w", read_spec("float32[3, 3]"))
    made = {
        "transpose": lambda: b.transpose(w, axes=(1, 0)),
        "reverse": lambda: b.reverse(w, axis=(0, 1)),
        "reshape": lambda: b.reshape(b.transpose(b.reshape(w, (9,)), axes=(0,)), (3, 3)),
        "slice and join": lambda: b.concatenate(
            b.slice(w, start=(1, 0), stop=(3, 3)), b.slice(w, start=(0, 0), stop=(1, 3)), axis=0
        ),
    }
    for change in (lambda item: item, lambda item: b.add(item, w)):
        program = b.finish([w], updates=[(w, change(made[view]()))])
        array = np.arange(9, dtype="f").reshape(3, 3)
        expected = interpret(program, [], [array])
        outputs, state = run(program, [array], [])
        assert_same_bits(outputs, expected[0])
        assert_same_bits(state, expected[1])


def test_a_new_value_that_is_read_again_is_the_new_one_and_the_old_stays_the_old() -> None:
    b = Builder()
    w = b.state_value("w", read_spec("float32[2]"))
    new = b.add(w, 1.0)
    program = b.finish([b.multiply(new, 10.0), w, new], updates=[(w, new)])
    outputs, state = run(program, [np.zeros(2, "f")], [])
    assert [array[0] for array in outputs] == [10.0, 0.0, 1.0]
    assert state[0][0] == 1.0


def test_a_variable_that_becomes_a_constant_is_read_before_and_set_in_every_run() -> None:
    b = Builder()
    w = b.state_value("w", read_spec("float32[2]"))
    program = b.finish([b.multiply(w, 2.0)], updates=[(w, b.full((2,), 7.0, "float32"))])
    array = np.ones(2, "f")
    for before in (1.0, 5.0, 7.0):
        array[:] = before
        assert engine("numpy").execute(program, [array], [])[0][0] == 2.0 * before
        assert array[0] == 7.0


def test_two_variables_may_become_the_same_value() -> None:
    b = Builder()
    x, y = (b.state_value(name, read_spec("float32[2]")) for name in "xy")
    total = b.add(x, y)
    _, state = run(b.finish([], updates=[(x, total), (y, total)]), [np.ones(2, "f"), np.ones(2, "f")], [])
    assert [array[0] for array in state] == [2.0, 2.0]


def test_a_choice_between_a_value_and_its_own_transposition_reads_both_before_it_writes() -> None:
    b = Builder()
    x, c = b.input("x", read_spec("float32[3, 3]")), b.input("c", read_spec("bool[3, 3]"))
    for swap in (False, True):
        doubled = b.multiply(x, 2.0)
        pair = [doubled, b.transpose(doubled, axes=(1, 0))]
        program = b.finish([b.select(c, *(pair[::-1] if swap else pair))])
        inputs = [np.arange(9, dtype="f").reshape(3, 3), np.eye(3, k=1) > 0]
        assert_same_bits(run(program, [], inputs)[0], interpret(program, inputs)[0])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8", "bool"])
def test_every_dtype_goes_through_state_inputs_and_outputs_as_it_is(dtype: str) -> None:
    b = Builder()
    w, x = b.state_value("w", read_spec(f"{dtype}[n]")), b.input("x", read_spec(f"{dtype}[n]"))
    join = b.logical_xor if dtype == "bool" else b.add
    program = b.finish([b.equal(w, x), b.cast(x, dtype="float64")], updates=[(w, join(w, x))])
    arrays = [np.array([0, 1, 1], dtype), np.array([1, 1, 0], dtype)]
    expected = interpret(program, arrays[1:], arrays[:1], {"n": 3})
    outputs, state = run(program, arrays[:1], arrays[1:])
    assert_same_bits(outputs, expected[0])
    assert_same_bits(state, expected[1])


def test_inputs_of_another_shape_are_refused_with_the_name_of_the_input() -> None:
    b = Builder("predict")
    program = b.finish([b.add(b.input("x", read_spec("float32[n, 3]")), b.input("y", read_spec("float32[n, 3]")))])
    for shapes in ([(2, 4), (2, 3)], [(2, 3), (5, 3)], [(3,), (3, 3)]):
        with pytest.raises(ShapeError, match=r"predict: the input '[xy]' should have the shape \[n, 3\]"):
            run(program, [], [np.zeros(shape, "f") for shape in shapes])


def test_an_index_out_of_range_names_the_line_and_the_run_after_it_is_sound() -> None:
    b = Builder()
    x, i = b.input("x", read_spec("float32[3]")), b.input("i", read_spec("int32[2]"))
    with b.belonging_to("embedding"):
        program = b.finish([b.gather(x, i, axis=0)])
    array = np.arange(3, dtype="f")
    with pytest.raises(IndexOutOfRange, match=r"index 3 at position .*in embedding"):
        run(program, [], [array, np.array([0, 3], "i")])
    assert run(program, [], [array, np.array([2, 0], "i")])[0][0].tolist() == [2.0, 0.0]


# -- groups


def block() -> Program:
    """Two results of three numbers: some lines, temporaries, a literal."""
    b = Builder("slots")
    w, m, g, rate = (b.input(name, read_spec("float32[]")) for name in ("w", "m", "g", "rate"))
    mean = b.add(b.multiply(m, 0.5), b.multiply(g, 0.25))
    step = b.divide(mean, b.add(b.sqrt(b.square(mean)), 1.0))
    return b.finish([b.subtract(w, b.multiply(step, rate)), mean])


def slots_program(shapes) -> Program:
    """A step of ``block`` for variables of these shapes: gradients are computed, slots are state."""
    b = Builder("train")
    rate = b.state_value("rate", read_spec("float32[]"))
    specs = [read_spec(f"float32[{', '.join(map(str, shape))}]") for shape in shapes]
    weights = [b.state_value(f"w{i}", spec) for i, spec in enumerate(specs)]
    means = [b.state_value(f"m{i}", spec) for i, spec in enumerate(specs)]
    x = b.input("x", read_spec("float32[]"))
    gradients = [b.add(b.multiply(w, 2.0), x) for w in weights]
    results = [b.emit("each", w, m, g, rate, body=block()) for w, m, g in zip(weights, means, gradients, strict=True)]
    updates = [pair for w, m, (a, c) in zip(weights, means, results, strict=True) for pair in ((w, a), (m, c))]
    return b.finish([results[0][0], gradients[-1]], updates=updates)


def laid_together(shapes, generator) -> list[np.ndarray]:
    slab = generator.normal(size=sum(int(np.prod(shape)) for shape in shapes)).astype("f")
    arrays, start = [], 0
    for shape in shapes:
        count = int(np.prod(shape))
        arrays.append(slab[start : start + count].reshape(shape))
        start += count
    return arrays


def apart(shapes, generator) -> list[np.ndarray]:
    return [generator.normal(size=shape).astype("f") for shape in shapes]


SHAPES = [[(3, 5), (5,), (5, 1), (1,)], [(7,)], [(1,), (1,), ()], [(0, 3), (2,)], [(13, 11), (3, 3, 3)]]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("arrange", [laid_together, apart], ids=["in one slab", "apart"])
@pytest.mark.parametrize("chunk", [1, 3, 16, 32768])
def test_a_block_over_neighbours_gives_what_it_gives_over_each(monkeypatch, shapes, arrange, chunk: int) -> None:
    monkeypatch.setattr(groups, "CHUNK", chunk)
    program, generator = slots_program(shapes), np.random.default_rng(0)
    state = [np.asarray(0.125, "f"), *arrange(shapes, generator), *arrange(shapes, generator)]
    expected_state = [array.copy() for array in state]
    plan = NumpyEngine()
    for x in (0.5, -1.0):
        expected, expected_state = interpret(program, [np.asarray(x, "f")], expected_state)
        outputs = plan.execute(program, state, [np.asarray(x, "f")])
        assert_same_bits(outputs, expected)
        assert_same_bits(state, expected_state)


def test_neighbouring_variables_are_one_group() -> None:
    program, generator = slots_program(SHAPES[0]), np.random.default_rng(0)
    state = [np.asarray(0.1, "f"), *laid_together(SHAPES[0], generator), *laid_together(SHAPES[0], generator)]
    plan = Plan(flatten(program, {}), state)
    assert [line.primitive for line in plan.lines].count("group") == 1


@pytest.mark.parametrize("chunk", [1, 2, 32768])
@pytest.mark.parametrize("reads", ["the one before", "the one after", "what another computes", "a shared number"])
def test_a_group_never_reads_what_it_has_already_overwritten(monkeypatch, reads: str, chunk: int) -> None:
    monkeypatch.setattr(groups, "CHUNK", chunk)
    inner = Builder("mix")
    x, z = (inner.input(name, read_spec("float32[]")) for name in "xz")
    body = inner.finish([inner.add(inner.multiply(inner.square(x), 2.0), inner.multiply(z, x))])
    b = Builder()
    shape = "[]" if reads == "a shared number" else "[3]"
    w = [b.state_value(f"w{i}", read_spec(f"float32{shape}")) for i in range(4)]
    if reads == "what another computes":
        first, second = (b.emit("each", w[i], w[i + 2], body=body) for i in (0, 1))
        third = b.emit("each", first, w[2], body=body)
        program = b.finish([third], updates=[(w[0], first), (w[1], second), (w[2], third)])
    else:
        partner = {"the one before": lambda i: i - 1, "the one after": lambda i: i + 1, "a shared number": lambda i: 1}
        results = [b.emit("each", w[i], w[partner[reads](i)], body=body) for i in (1, 2)]
        program = b.finish([], updates=[(w[1], results[0]), (w[2], results[1])])
    shapes = [() if reads == "a shared number" else (3,)] * 4
    state = laid_together(shapes, np.random.default_rng(0))
    expected = interpret(program, [], state)
    outputs = NumpyEngine().execute(program, state, [])
    assert_same_bits(outputs, expected[0])
    assert_same_bits(state, expected[1])


def test_a_block_that_returns_a_value_twice_or_its_operand_fills_all_results() -> None:
    inner = Builder("several")
    x = inner.input("x", read_spec("float32[]"))
    doubled = inner.multiply(x, 2.0)
    body = inner.finish([doubled, doubled, x, Literal(4.0, "float32"), x])
    b = Builder()
    w = [b.state_value(f"w{i}", read_spec("float32[3]")) for i in range(2)]
    results = [b.emit("each", item, body=body) for item in w]
    program = b.finish([item for group in results for item in group], updates=[(w[0], results[0][1])])
    state = laid_together([(3,), (3,)], np.random.default_rng(0))
    expected = interpret(program, [], state)
    outputs = NumpyEngine().execute(program, state, [])
    assert_same_bits(outputs, expected[0])
    assert_same_bits(state, expected[1])


def test_a_variable_of_two_programs_is_the_same_memory_in_both() -> None:
    w = np.zeros(3, "f")
    programs_of_two = []
    for step in (1.0, 10.0):
        b = Builder("step")
        value = b.state_value("w", read_spec("float32[3]"))
        programs_of_two.append(b.finish([], updates=[(value, b.add(value, step))]))
    for program in (*programs_of_two, *programs_of_two):
        engine("numpy").execute(program, [w], [])
    assert w.tolist() == [22.0] * 3


def test_a_program_runs_on_other_state_when_it_is_given_other_arrays() -> None:
    program = slots_program(SHAPES[0])
    for seed in range(3):
        generator = np.random.default_rng(seed)
        arrange = laid_together if seed % 2 else apart
        state = [np.asarray(0.1, "f"), *arrange(SHAPES[0], generator), *arrange(SHAPES[0], generator)]
        expected = interpret(program, [np.asarray(0.5, "f")], state)
        outputs = engine("numpy").execute(program, state, [np.asarray(0.5, "f")])
        assert_same_bits(outputs, expected[0])
        assert_same_bits(state, expected[1])


# -- many runs, many threads


def test_memory_stays_flat_over_a_thousand_runs() -> None:
    program, generator = slots_program(SHAPES[0]), np.random.default_rng(0)
    numpy_engine, x = NumpyEngine(), np.asarray(0.5, "f")
    state = [np.asarray(0.1, "f"), *apart(SHAPES[0], generator), *apart(SHAPES[0], generator)]

    def runs(count: int, fresh: bool) -> int:
        for _ in range(count):
            given = [array.copy() for array in state] if fresh else state
            numpy_engine.execute(program, given, [x])
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        runs(200, fresh=True)
        before = runs(20, fresh=False)
        assert runs(1000, fresh=False) - before < 4096
        before = runs(200, fresh=True)
        assert runs(200, fresh=True) - before < 32768  # plans for arrays that are gone do not pile up
    finally:
        tracemalloc.stop()


def test_many_threads_run_one_loaded_program_and_each_gets_its_own_numbers() -> None:
    b = Builder("predict")
    w, x = b.state_value("w", read_spec("float32[4, 4]")), b.input("x", read_spec("float32[n, 4]"))
    y = b.matmul(x, w)
    for _ in range(5):
        y = b.emit("each", b.add(b.matmul(y, w), x), y, y, 0.5, body=block())[0]
    program = b.finish([y])
    weights = np.random.default_rng(0).normal(size=(4, 4)).astype("f")
    given = [np.random.default_rng(i).normal(size=(1 + i % 3, 4)).astype("f") for i in range(12)]
    expected = [interpret(program, [array], [weights], {"n": len(array)})[0][0] for array in given]
    shared = NumpyEngine()
    start, wrong = threading.Barrier(len(given)), []

    def work(i: int) -> None:
        start.wait()
        for _ in range(50):
            found = shared.execute(program, [weights], [given[i]])[0]
            if not np.allclose(found, expected[i], rtol=1e-5, atol=1e-6):
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(given))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_threads_that_load_more_sizes_than_are_kept_do_not_disturb_each_other(monkeypatch) -> None:
    monkeypatch.setattr(engines, "CACHED_BINDINGS", 2)
    b = Builder("predict")
    program = b.finish([b.multiply(b.input("x", read_spec("float32[n]")), 2.0)])
    shared, start, wrong = NumpyEngine(), threading.Barrier(8), []

    def work(seed: int) -> None:
        start.wait()
        for size in np.random.default_rng(seed).integers(1, 6, 100):
            try:
                found = shared.execute(program, [], [np.ones(size, "f")])[0]
                wrong.extend([] if (found == 2.0).all() and found.shape == (size,) else [found])
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_view_of_old_state_that_is_returned_is_read_before_a_group_writes() -> None:
    text = """program kept
  state w                                      : float32[2]
  state u                                      : float32[2]
    v1 = stop_gradient(w)                      : float32[2]
    v2 = each moved(w)                         : float32[2]
    v3 = each moved(u)                         : float32[2]
  update w <- v2
  update u <- v3
  return result = v1

block moved
  input x                                      : float32[]
    v1 = x + 1.0                               : float32[]
  return result = v1"""
    state = list(np.arange(4, dtype="float32").reshape(2, 2))
    assert engine("numpy").execute(parse(text), state, [])[0].tolist() == [0.0, 1.0]
    assert [array.tolist() for array in state] == [[1.0, 2.0], [3.0, 4.0]]

"""The native engine gives the NumPy engine's results: every primitive, random programs, whole training steps."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from tests.contracts.interpreter import interpret
from tests.contracts.random_programs import Drawn, assert_same_bits, programs
from tests.contracts.support import bound, computed, draw, every_sample, generator_for, holds_blocks
from tests.golden.networks import NETWORKS

import flintglass
from flintglass import config, layers, optimizers
from flintglass.engines.engine import engine
from flintglass.engines.numpy_engine.kernels import KERNELS, VIEWS
from flintglass.errors import IndexOutOfRange
from flintglass.primitives import PRIMITIVES, Primitive, Sample
from flintglass.program import Spec, parse

machines = pytest.importorskip("flintglass.engines.native_engine.machines")
try:
    MACHINE = machines.machine()
except ImportError as error:  # an install without a compiler, which the NumPy engine serves
    pytest.skip(str(error), allow_module_level=True)

NATIVE, NUMPY = engine("native"), engine("numpy")
# Functions of the C library against NumPy's: a few units in the last place; sums in another order: more of them.
LOOSE = {"float16": 2e-3, "float32": 3e-6, "float64": 5e-15}
FLOATS = ("float16", "float32", "float64")
EXACT_KINDS = "iub"


def assert_close(found: np.ndarray, expected: np.ndarray) -> None:
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    if expected.dtype.kind in EXACT_KINDS:
        np.testing.assert_array_equal(found, expected)
        return
    tolerance = LOOSE[expected.dtype.name]
    finite = expected[np.isfinite(expected)]
    scale = float(np.abs(finite).max()) if finite.size else 1.0
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * min(scale, 1e30))


def as_dtype(sample: Sample, arrays: list[np.ndarray], dtype: str) -> list[np.ndarray]:
    return [array.astype(dtype) if array.dtype.kind == "f" else array for array in arrays]


def test_the_names_of_the_hosts_tier_and_no_others_say_so() -> None:
    host = {name for name, primitive in PRIMITIVES.items() if primitive.tier == "host"}
    assert host == {name for name in PRIMITIVES if name.startswith("host_")}
    assert host <= set(KERNELS)
    assert host


def test_every_primitive_of_the_core_has_a_kernel_in_the_machine_and_no_other_does() -> None:
    core = {name for name, primitive in PRIMITIVES.items() if primitive.tier == "core"} - {"call", "each"}
    assert set(MACHINE.kernel_names()) == core
    assert (set(KERNELS) | set(VIEWS)) <= set(PRIMITIVES)


@pytest.mark.parametrize("rows", [1, 4, 37])
@pytest.mark.parametrize("dtype", FLOATS)
def test_every_primitive_gives_the_same_numbers(dtype: str, rows: int) -> None:
    def check(primitive: Primitive, sample: Sample) -> None:
        if any(isinstance(value, str) and value in FLOATS for value in sample.attributes.values()):
            return  # a cast or the like, which says its dtypes itself
        arrays = as_dtype(sample, draw(sample, generator_for(primitive.name, dtype), {"n": rows}), dtype)
        attributes = bound(sample.attributes, {"n": rows})
        try:
            primitive.specs([Spec(array.shape, array.dtype.name) for array in arrays], attributes)
        except Exception:
            return  # the primitive does not take this dtype
        expected = computed(primitive.name, arrays, attributes)
        found = NATIVE.apply(primitive.name, arrays, attributes)
        assert len(found) == len(expected)
        for mine, theirs in zip(found, expected, strict=True):
            assert_close(mine, theirs)

    for name, primitive in sorted(PRIMITIVES.items()):
        if holds_blocks(primitive):
            continue
        for index, sample in enumerate(primitive.samples()):
            try:
                check(primitive, sample)
            except BaseException as failure:
                failure.add_note(f"{name}, sample {index}: {sample.specs}, {sample.attributes}, {dtype}, {rows} rows")
                raise


@every_sample(lambda primitive, sample: not holds_blocks(primitive))
def test_each_sample_as_it_stands(primitive: Primitive, sample: Sample) -> None:
    for rows in (1, 5):
        arrays = draw(sample, generator_for(primitive.name, rows), {"n": rows})
        attributes = bound(sample.attributes, {"n": rows})
        expected = computed(primitive.name, arrays, attributes)
        for mine, theirs in zip(NATIVE.apply(primitive.name, arrays, attributes), expected, strict=True):
            assert_close(mine, theirs)


# The larger of 0 and -0 is either of them: NumPy itself gives one or the other by where in an array they stand.
AMBIGUOUS = ("relu", "maximum", "minimum", "clip", "max", "min")


@given(programs())
def test_random_programs_give_the_same_bits_as_the_naive_interpreter(drawn: Drawn) -> None:
    assume(not any(f"{name}(" in str(drawn.program) for name in AMBIGUOUS))
    expected, after = interpret(drawn.program, drawn.inputs, drawn.state, drawn.sizes)
    mine = [array.copy() for array in drawn.state]
    for _ in range(2):
        outputs = NATIVE.execute(drawn.program, mine, drawn.inputs)
        assert_same_bits(outputs, expected)
        assert_same_bits(mine, after)
        expected, after = interpret(drawn.program, drawn.inputs, mine, drawn.sizes)


@given(programs())
def test_random_programs_give_the_same_numbers_as_the_naive_interpreter(drawn: Drawn) -> None:
    assume(not any(sign in str(drawn.program) for sign in (" / ", "**")))  # which tell 0 from -0
    # NumPy's BLAS skips a factor of 0, and so gives 0 for 0 times infinity now and then.
    assume(" @ " not in str(drawn.program) or all(np.isfinite(array).all() for array in (*drawn.inputs, *drawn.state)))
    expected, after = interpret(drawn.program, drawn.inputs, drawn.state, drawn.sizes)
    outputs = NATIVE.execute(drawn.program, drawn.state, drawn.inputs)
    for found, wanted in zip([*outputs, *drawn.state], [*expected, *after], strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_training_steps_of_whole_networks_agree(name: str) -> None:
    for program in NETWORKS[name]():
        generator, rows = generator_for(name, program.name), {"n": 7}
        inputs = [some(value.spec.bind(rows), generator) for value in program.inputs]
        state = [np.asarray(some(value.spec.bind(rows), generator)) for value in program.state]
        mine, theirs = [array.copy() for array in state], [array.copy() for array in state]
        for _ in range(3):
            found = NATIVE.execute(program, mine, inputs)
            expected = NUMPY.execute(program, theirs, inputs)
            for one, other in zip([*found, *mine], [*expected, *theirs], strict=True):
                tolerance = 1e-4 if other.dtype == "float32" else 1e-10
                np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def some(spec, generator: np.random.Generator) -> np.ndarray:
    if spec.dtype.startswith("float"):
        return np.asarray(generator.uniform(0.05, 1.0, spec.shape), spec.dtype)
    if spec.dtype == "bool":
        return np.asarray(generator.integers(0, 2, spec.shape) > 0)
    return np.asarray(generator.integers(0, 2, spec.shape), spec.dtype)


def test_an_index_that_does_not_exist_is_named() -> None:
    x, indices = np.zeros((3, 4), "float32"), np.array([0, 7])
    with pytest.raises(IndexOutOfRange, match=r"gather: index 7 at position \(1,\) is outside 0..2"):
        NATIVE.apply("gather", [x, indices], {"axis": 0})


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("transposed", [{}, {"transpose_a": True}, {"transpose_b": True}])
@pytest.mark.parametrize(
    "shape", [(127, 70, 300), (129, 513, 201), (300, 65, 1), (450, 1030, 64), (131, 300, 33)], ids=str
)
def test_large_products_of_whole_numbers_are_exact(
    shape: tuple[int, int, int], transposed: dict[str, bool], dtype: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, inner, columns = shape
    rng = generator_for(f"{shape}{transposed}")
    a, b = rng.integers(-1, 2, (rows, inner)), rng.integers(-1, 2, (inner, columns))
    operands = [a.T if "transpose_a" in transposed else a, b.T if "transpose_b" in transposed else b]
    monkeypatch.setitem(config._settings, "threads", threads)
    (found,) = NATIVE.apply("matmul", [np.ascontiguousarray(x, dtype) for x in operands], dict(transposed))
    np.testing.assert_array_equal(found, a @ b)


def joined(loaded: Any, state: list[np.ndarray]) -> list[str]:
    """The steps in which an optimizer takes a product while it is made, of those of a loaded program."""
    return [label for label, *_ in loaded.timed(state, 1) if label.startswith("matmul") and ", fused" in label]


def test_a_large_weights_gradient_is_taken_up_by_the_optimizer_while_it_is_made() -> None:
    wide = flintglass.Sequential([flintglass.Input((512,)), *[layers.Dense(512, activation="relu") for _ in range(3)]])
    wide.compile("adam", "mse")
    step = wide.traced("train")
    assert len(joined(NATIVE.load(step.program, {"n": 64}), step.state)) == 3


OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.01),
    "momentum": lambda: optimizers.SGD(0.01, momentum=0.9),
    "nesterov": lambda: optimizers.SGD(0.01, momentum=0.9, nesterov=True),
    "adam": lambda: optimizers.Adam(0.01),
    "amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True),
    "adamw": lambda: optimizers.AdamW(0.01, weight_decay=0.1),
    "rmsprop": lambda: optimizers.RMSprop(0.01),
    "rmsprop, centred": lambda: optimizers.RMSprop(0.01, momentum=0.9, centered=True),
}


@pytest.mark.parametrize(("dtype", "threads"), [("float32", 1), ("float32", 3), ("float64", 2)])
@pytest.mark.parametrize(("inputs", "units", "rows"), [(130, 65, 513), (211, 300, 64), (9, 1000, 3)], ids=str)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_gradient_that_never_goes_through_memory_changes_no_bit(
    name: str, inputs: int, units: int, rows: int, dtype: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = flintglass.Sequential([flintglass.Input((inputs,)), layers.Dense(units, name="wide"), layers.Dense(1)])
    model.compile(OPTIMIZERS[name](), "mse")
    taken = parse(str(model.traced("train").program).replace("float32", dtype))
    end = "  return loss = loss\n"
    read_by_another = parse(str(taken).replace(end, end + "  return d = d_wide.kernel\n"))
    monkeypatch.setitem(config._settings, "threads", threads)
    generator = generator_for(name)
    arrays = [some(value.spec.bind({"n": rows}), generator) for value in taken.inputs]
    begin = [np.asarray(some(value.spec, generator)) for value in taken.state]
    states = []
    for program, expected in ((taken, 1), (read_by_another, 0)):
        state = [array.copy() for array in begin]
        assert len(joined(NATIVE.load(program, {"n": rows}), [array.copy() for array in begin])) == expected
        for _ in range(2):
            NATIVE.execute(program, state, arrays)
        states.append(state)
    assert_same_bits(*states)


SGD = (
    "block sgd\n  input w : float32[]\n  input d : float32[]\n  input rate : float32[]\n"
    "    v1 = d * rate : float32[]\n    v2 = w - v1 : float32[]\n  return result = v2\n"
)


def test_a_product_that_is_made_later_still_finds_its_operand_as_it_was() -> None:
    """The second line of p takes over the memory of h, row by row, between the product and what takes it."""
    program = parse(
        "program p\n  state w : float32[100, 100]\n  input x : float32[100, 128]\n  input c : float32[128, 100]\n"
        "    h = exp(x) : float32[100, 128]\n    d = h @ c : float32[100, 100]\n    z = tanh(h) : float32[100, 128]\n"
        "    w' = each sgd(w, d, 0.5) : float32[100, 100]\n  update w <- w'\n  return z = z\n\n" + SGD
    )
    generator = generator_for("made later")
    arrays = [np.asarray(some(value.spec, generator)) for value in program.inputs]
    mine, theirs = ([np.zeros((100, 100), "float32")] for _ in range(2))
    found, expected = NATIVE.execute(program, mine, arrays), NUMPY.execute(program, theirs, arrays)
    for one, other in zip([*found, *mine], [*expected, *theirs], strict=True):
        assert_close(one, other)


def chain_of(choose: random.Random) -> str:
    """A program of lines over rows: products, functions that may take over memory, steps of an optimizer."""
    values = {"a": ["x"], "b": ["y"], "d": []}
    shapes = {"a": "[100, 128]", "b": "[128, 100]", "d": "[100, 100]"}
    waiting, lines = ["w", "u"], []
    for number in range(choose.randint(4, 14)):
        name = f"v{number}"
        kind = choose.choice(["a", "a", "b", "product", "product", "d", "of the state", "step", "step"])
        if kind in shapes and values[kind]:
            line, made = f"{choose.choice(['tanh', 'sin'])}({choose.choice(values[kind][-2:])})", kind
        elif kind == "product":
            line = choose.choice([f"{choose.choice(values['a'][-2:])} @ c", f"{choose.choice(values['b'])}^T @ c"])
            made = "d"
        elif kind == "of the state":
            line, made = "w @ c^T", "a"
        elif kind == "step" and waiting and values["d"]:
            state = waiting.pop()
            lines.append(
                f"    {state}' = each sgd({state}, {choose.choice(values['d'][-2:])}, 0.01) : float32[100, 100]"
            )
            continue
        else:
            continue
        lines.append(f"    {name} = {line} : float32{shapes[made]}")
        values[made].append(name)
    shown = [name for names in values.values() for name in names[1:]]
    return "\n".join(
        [
            "program p\n  state w : float32[100, 100]\n  state u : float32[100, 100]",
            "  input x : float32[100, 128]\n  input y : float32[128, 100]\n  input c : float32[128, 100]",
            *lines,
            *(f"  update {state} <- {state}'" for state in ("w", "u") if state not in waiting),
            *(f"  return {name} = {name}" for name in choose.sample(shown, min(len(shown), choose.randint(0, 2)))),
            f"\n{SGD}",
        ]
    )


@pytest.mark.parametrize("threads", [1, 2])
def test_chains_in_which_optimizers_take_products_give_the_numbers_of_the_lines(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(config._settings, "threads", threads)
    taken = 0
    for seed in range(300):  # two of them would go wrong if products were simply made later
        program = parse(chain_of(random.Random(seed)))
        generator = generator_for(f"chain {seed}")
        arrays = [generator.uniform(-1, 1, value.spec.shape).astype("float32") for value in program.inputs]
        mine = [generator.uniform(-1, 1, value.spec.shape).astype("float32") for value in program.state]
        theirs = [array.copy() for array in mine]
        taken += len(joined(NATIVE.load(program, {}), [array.copy() for array in mine]))
        found, expected = NATIVE.execute(program, mine, arrays), NUMPY.execute(program, theirs, arrays)
        for one, other in zip([*found, *mine], [*expected, *theirs], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4, err_msg=str(program))
    assert taken > 30


@pytest.mark.parametrize("rows", [1, 2, 5, 201, 5000])
def test_the_order_of_rows_is_the_same_as_numpys(rows: int) -> None:
    for seed, epoch in ((0, 0), (1, 0), (2**31 - 1, 17)):
        expected = np.random.RandomState(np.random.Philox(key=[seed, epoch])).permutation(rows)
        np.testing.assert_array_equal(MACHINE.permutation(seed, epoch, rows), expected)


@pytest.mark.parametrize("line", ["reverse(w, axis=(0,))", "reshape(w, shape=(2,))", "add(w, 1.0)"])
def test_an_output_shows_the_state_as_it_was_before_a_view_of_it_is_written_back(line: str) -> None:
    program = parse(
        f"program p\n  state w : float32[2]\n    v1 = {line} : float32[2]\n"
        "  update w <- v1\n  return a = w\n  return b = v1\n"
    )
    results = []
    for name in ("numpy", "native"):
        state = [np.array([1.0, 2.0], "f")]
        outputs = engine(name).execute(program, state, [])
        results.append([array.tolist() for array in (*outputs, *state)])
    assert results[0] == results[1]
    assert results[0][0] == [1.0, 2.0]

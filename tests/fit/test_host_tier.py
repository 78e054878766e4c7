"""Lines of the host's tier in the native engine: the reference kernels' numbers, in fits, blocks, threads, errors."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.contracts.support import bound, computed, draw, every_sample, generator_for
from tests.fit.support import same
from tests.fit.test_threads_and_memory import growth, in_threads

import flintglass as fg
from flintglass import callbacks, config, layers, ops
from flintglass.engines.engine import engine
from flintglass.engines.numpy_engine.kernels import KERNELS
from flintglass.primitives import Primitive, Sample
from flintglass.program import Spec
from flintglass.tracing.trace import trace

try:
    NATIVE = engine("native")
except ImportError as error:  # an install without a compiler, which the NumPy engine serves
    pytest.skip(str(error), allow_module_level=True)

from flintglass.engines.native_engine.host import host_call

DRAW = np.random.default_rng(4)
X = DRAW.normal(size=(64, 3)).astype("float32")
Y = (X @ np.array([[1.0, -1.0], [2.0, 0.5], [0.3, 1.0]]) + 0.1 * DRAW.normal(size=(64, 2))).astype("float32")


@pytest.fixture
def choosing() -> Iterator[None]:
    before = config.engine(), config.threads()
    yield
    config.set_engine(before[0])
    config.set_threads(before[1])


def negative_log_likelihood(y: Any, parameters: Any) -> Any:
    """Of a normal distribution with the mean and a root of the covariance that the network gives for each row."""
    mean, root = parameters[:, :2], ops.reshape(parameters[:, 2:], (-1, 2, 2))
    covariance = ops.matmul(root, ops.swapaxes(root, -1, -2)) + 0.3 * ops.eye(2)
    whitened = ops.solve_triangular(ops.cholesky(covariance), (y - mean)[..., None], lower=True)
    _, volume = ops.slogdet(covariance)
    return 0.5 * (volume + ops.sum(ops.square(whitened), axis=(1, 2)))


def network() -> Any:
    fg.utils.set_random_seed(2)
    model = fg.Sequential([fg.Input((3,)), layers.Dense(8, activation="tanh"), layers.Dense(6)])
    model.compile(fg.optimizers.Adam(0.02), negative_log_likelihood)
    return model


def fitted(name: str, **options: Any) -> tuple[Any, dict[str, Any]]:
    config.set_engine(name)
    model = network()
    return model, model.fit(X, Y, batch_size=16, verbose=0, **{"epochs": 13, **options}).history


# -- numbers


@every_sample(lambda primitive, sample: primitive.tier == "host")
def test_the_machine_gives_the_bits_of_the_kernel(primitive: Primitive, sample: Sample) -> None:
    for dtype in ("float32", "float64"):
        for rows in (1, 5):
            arrays = draw(sample, generator_for(primitive.name, rows), {"n": rows})
            arrays = [array.astype(dtype) for array in arrays]
            attributes = bound(sample.attributes, {"n": rows})
            found = NATIVE.apply(primitive.name, arrays, attributes)
            for mine, theirs in zip(found, computed(primitive.name, arrays, attributes), strict=True):
                assert mine.dtype == theirs.dtype
                np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("name", ["numpy", "native"])
def test_matrices_without_a_result_give_nan_and_the_others_of_the_stack_do_not(name: str) -> None:
    stack = np.stack([np.eye(2), np.ones((2, 2)), 2 * np.eye(2), np.full((2, 2), np.nan), -np.eye(2)]).astype("float32")
    run = engine(name)
    (solved,) = run.apply("host_solve", [stack, np.eye(2, dtype="float32")], {})
    assert np.isnan(solved).any(axis=(1, 2)).tolist() == [False, True, False, True, False]
    np.testing.assert_array_equal(solved[2], np.eye(2) / 2)
    (factors,) = run.apply("host_cholesky", [stack], {})
    # Rounding decides about the matrix of ones, whose second eigenvalue is 0.
    assert np.isnan(factors).any(axis=(1, 2))[[0, 2, 3, 4]].tolist() == [False, False, True, True]
    for primitive in ("host_eigh", "host_svd", "host_qr"):
        for part in run.apply(primitive, [stack], {}):
            missing = np.isnan(part).reshape(5, -1)
            assert missing.all(axis=1).tolist() == missing.any(axis=1).tolist() == [False, False, False, True, False]
    sign, size = run.apply("host_log_determinant", [stack[:3]], {})
    np.testing.assert_array_equal(sign, [1, 0, 1])
    np.testing.assert_array_equal(size[:2], [0, -np.inf])


def test_equal_lines_share_one_function() -> None:
    assert host_call("host_solve", ()) is host_call("host_solve", ())
    assert host_call("host_solve", ()) is not host_call("host_eigh", ())


# -- blocks


def stepped(start: Any, rows: Any) -> Any:
    """A solution for each row from the one before: the line stands in the body of a scan, and of a cond in it."""

    def body(carry: Any, row: Any) -> Any:
        matrix = ops.reshape(row, (2, 2)) + 3.0 * ops.eye(2, dtype="float64")
        straight, turned = (lambda m: lambda: ops.solve(m, carry))(matrix), (lambda: ops.inv(matrix) @ carry * 2.0)
        found = ops.cond(ops.sum(row) > 0, straight, turned)
        return found, ops.det(matrix)

    return ops.scan(body, start, rows)


def test_blocks_that_hold_such_lines_give_the_numbers_of_the_other_engine() -> None:
    def slopes(start: Any, rows: Any) -> Any:
        def total(a: Any, b: Any) -> Any:
            last, sizes = stepped(a, b)
            return ops.sum(last) + ops.sum(ops.sin(sizes))

        return [*stepped(start, rows), *fg.grad(total, argnums=(0, 1))(start, rows)]

    program = trace(slopes, [Spec((2,), "float64"), Spec((7, 4), "float64")]).program
    assert "host_solve" in str(program)
    inputs = [DRAW.normal(size=2), DRAW.normal(size=(7, 4))]
    found, expected = (engine(name).execute(program, [], inputs) for name in ("native", "numpy"))
    assert len(found) == 4
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-13, atol=1e-13)


# -- fits


@pytest.mark.parametrize("options", [{}, {"validation_split": 0.25}, {"callbacks": ["by steps"]}])
def test_a_fit_of_fifty_steps_gives_the_same_numbers_on_both_engines(choosing: None, options: dict[str, Any]) -> None:
    def given() -> dict[str, Any]:
        each = [callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)] if "callbacks" in options else []
        return {**options, "callbacks": each}

    (mine, told), (theirs, expected) = fitted("native", **given()), fitted("numpy", **given())
    assert mine.optimizer.iterations.numpy() == (39 if "validation_split" in options else 52)
    assert told["loss"][-1] < 0.5 * told["loss"][0]
    for name, numbers in expected.items():
        np.testing.assert_allclose(told[name], numbers, rtol=2e-5)
    for one, other in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=2e-5)


def test_threads_of_the_machine_change_no_bit(choosing: None) -> None:
    models = []
    for count in (1, 3):
        config.set_threads(count)
        models.append(fitted("native")[0])
    assert same(*models)


def test_a_step_is_explained_with_its_lines() -> None:
    text = str(network().explain_step(X[:2], Y[:2]))
    assert "host_cholesky" in text
    assert "host_log_determinant" in text


# -- threads and memory


def inverting() -> Any:
    x = fg.Input((2, 2))
    return fg.Model(x, ops.inv(x))


def test_many_threads_may_call_at_once() -> None:
    model, given = inverting(), DRAW.normal(size=(50, 2, 2)).astype("float32")
    expected = {size: model.predict(given[:size], verbose=0) for size in (1, 7, 50)}

    def work() -> bool:
        return all(
            np.array_equal(model.predict(given[:size], verbose=0), expected[size])
            for _ in range(60)
            for size in expected
        )

    assert all(in_threads(*[work] * 6))


def test_predictions_are_made_while_a_fit_computes_such_lines() -> None:
    model, done = network(), threading.Event()
    first = model.predict(X, verbose=0)

    def train() -> None:
        model.fit(X, Y, epochs=200, verbose=0)
        done.set()

    def read() -> int:
        found = [first]
        while not done.is_set():
            found.append(model.predict(X, verbose=0))
        assert all(np.isfinite(item).all() for item in found)
        return len({item.tobytes() for item in found})

    assert max(in_threads(train, read, read)[1:]) > 1  # some were of later steps
    assert not np.array_equal(model.predict(X, verbose=0), first)


def resident() -> int:
    """Bytes of memory that the process holds."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the memory of a process is read from /proc")
def test_memory_is_flat_over_ten_thousand_calls() -> None:
    given = np.eye(8, dtype="float32") * 2
    specs = [Spec((8, 8), "float32")]
    loaded = NATIVE.load(trace(lambda x: ops.inv(x) @ ops.cholesky(x), specs).program, {})

    def calls(count: int) -> None:
        for _ in range(count):
            NATIVE.run(loaded, [], [given])

    assert growth(lambda: calls(100), 3) < 2000
    calls(1000)
    before = resident()
    calls(10_000)
    assert resident() - before < 1_500_000  # one array of 256 bytes kept a call would be 2,560,000


# -- errors


class Broken(Exception):
    """An exception that only this test knows."""


def breaking(monkeypatch: pytest.MonkeyPatch, name: str, at: int, act: Callable[[], None]) -> None:
    """Do something in the n-th call of a kernel, in the middle of a step."""
    kernel, calls = KERNELS[name], [0]

    def kernel_that_acts(*arguments: Any) -> Any:
        calls[0] += 1
        if calls[0] == at:
            act()
        return kernel(*arguments)

    monkeypatch.setitem(KERNELS, name, kernel_that_acts)


def break_off() -> None:
    raise Broken("in the middle")


def test_an_exception_of_the_kernel_comes_through_and_leaves_the_engine_usable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, given = inverting(), np.stack([np.eye(2)] * 3).astype("float32")
    expected = model.predict(given, verbose=0)
    with monkeypatch.context() as patch:
        breaking(patch, "host_solve", 1, break_off)
        with pytest.raises(Broken, match="in the middle"):
            model.predict(given, verbose=0)
        np.testing.assert_array_equal(model.predict(given, verbose=0), expected)
    with monkeypatch.context() as patch:
        breaking(patch, "host_cholesky", 7, break_off)
        broken = network()
        with pytest.raises(Broken, match="in the middle"):
            broken.fit(X, Y, batch_size=16, epochs=3, verbose=0)
    assert np.isfinite(network().fit(X, Y, verbose=0).history["loss"]).all()
    assert np.isfinite(broken.fit(X, Y, verbose=0).history["loss"]).all()


@pytest.mark.parametrize("threads", [1, 3])
def test_an_exception_reaches_the_caller_while_many_threads_compute(
    choosing: None, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    config.set_threads(threads)
    inverse = layers.Lambda(lambda t: t + ops.reshape(ops.inv(ops.reshape(t, (-1, 8, 8)) + 9 * ops.eye(8)), (-1, 64)))
    model = fg.Sequential([fg.Input((3,)), layers.Dense(64, activation="relu"), inverse, layers.Dense(2)])
    model.compile("sgd", "mse")
    x, y = np.tile(X, (16, 1)), np.tile(Y, (16, 1))
    with monkeypatch.context() as patch:
        breaking(patch, "host_solve", 5, break_off)
        with pytest.raises(Broken, match="in the middle"):
            model.fit(x, y, batch_size=256, epochs=3, verbose=0)
    assert np.isfinite(model.fit(x, y, batch_size=256, verbose=0).history["loss"]).all()


def test_an_exception_in_a_constant_line_ends_the_loading_and_the_next_one_succeeds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = trace(lambda x: x @ ops.inv(2.0 * ops.eye(2)), [Spec((3, 2), "float32")]).program
    with monkeypatch.context() as patch:
        breaking(patch, "host_solve", 1, break_off)
        with pytest.raises(Broken, match="in the middle"):
            NATIVE.execute(program, [], [np.ones((3, 2), "float32")])
    (found,) = NATIVE.execute(program, [], [np.ones((3, 2), "float32")])
    np.testing.assert_array_equal(found, np.full((3, 2), 0.5))


@pytest.mark.parametrize("given", [[], [callbacks.Callback()]])
@pytest.mark.parametrize("call", [1, 10, 30])
def test_ctrl_c_in_the_middle_of_a_kernel_leaves_whole_steps(
    monkeypatch: pytest.MonkeyPatch, given: list[Any], call: int
) -> None:
    model = network()
    model.train_on_batch(X[:16], Y[:16])
    breaking(monkeypatch, "host_cholesky", call, lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt, match="last finished step"):
        model.fit(X, Y, batch_size=16, epochs=10**6, shuffle=False, verbose=0, callbacks=given)
    steps = int(model.optimizer.iterations.numpy())
    assert steps > call // 2  # two calls a step at most
    whole = network()
    for step in range(-1, steps - 1):
        rows = slice(max(step, 0) % 4 * 16, max(step, 0) % 4 * 16 + 16)
        whole.train_on_batch(X[rows], Y[rows])
    assert same(model, whole)

"""What the NumPy engine does to be fast changes no number."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from flintglass import callbacks, config, layers, models
from flintglass.engines.engine import engine
from flintglass.engines.memory import LINE, aligned
from flintglass.engines.numpy_engine import engine as numpy_engine
from flintglass.engines.numpy_engine import subnormals
from flintglass.engines.numpy_engine.blas import OneThread, one_thread_for
from flintglass.engines.numpy_engine.kernels import KERNELS
from flintglass.program import Literal

SIZES = [(3, 4), (40, 50)]  # chosen by branches, chosen by bits


def literal(dtype: str) -> np.ndarray:
    from flintglass.engines.numpy_engine.flatten import Flat

    flat = Flat()
    slot = flat.literal(Literal(0.0 if dtype.startswith("float") else 0, dtype))
    return flat.literals[slot]


@pytest.mark.parametrize("shape", SIZES, ids=str)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "int64", "uint8"])
def test_select_copies_bits_whatever_they_mean(shape: tuple[int, ...], dtype: str) -> None:
    draw = np.random.RandomState(0)
    condition = draw.random(shape) > 0.5
    x, y = (draw.standard_normal(shape).astype(dtype) for _ in range(2))
    if x.dtype.kind == "f":
        x[0, :3] = np.nan, -0.0, np.inf
        y[0, :3] = -np.inf, np.nan, -0.0
    for other in (y, y[:, :1], y[0, 0].reshape(()), literal(dtype)):
        out = np.empty(shape, dtype)
        KERNELS["select"]([condition, x, other], [out], {})()
        assert out.tobytes() == np.where(condition, x, other).astype(dtype).tobytes()
        kept = x.copy()
        KERNELS["select"]([condition, kept, other], [kept], {})()
        assert kept.tobytes() == out.tobytes()


def test_select_of_a_number_that_changes_is_not_frozen() -> None:
    condition, x = np.zeros((40, 50), bool), np.ones((40, 50), "float32")
    number, out = np.zeros((), "float32"), np.empty((40, 50), "float32")
    run = KERNELS["select"]([condition, x, np.broadcast_to(number, ())], [out], {})
    number[...] = 5
    run()
    assert np.all(out == 5)


@pytest.mark.parametrize("shape", [(3, 4), (400, 500)], ids=str)
def test_relu_lets_nan_through_and_makes_negatives_zero(shape: tuple[int, ...]) -> None:
    x = np.random.RandomState(0).standard_normal(shape).astype("float32")
    x[0, 0] = np.nan
    out = np.empty_like(x)
    KERNELS["relu"]([x], [out], {})()
    np.testing.assert_array_equal(out, np.where(x < 0, 0, x))


@pytest.mark.parametrize(("shape", "axis"), [((32, 10), 1), ((4, 5, 6), 2), ((10, 32), 0)], ids=str)
def test_one_element_of_each_row_is_gathered(shape: tuple[int, ...], axis: int) -> None:
    draw = np.random.RandomState(0)
    x = draw.standard_normal(shape).astype("float32")
    moved = np.moveaxis(x, axis, -1)
    indices = draw.randint(0, shape[axis], moved.shape[:-1]).astype("int32")
    out = np.empty(indices.shape, "float32")
    run = KERNELS["gather"]([x, indices], [out], {"axis": axis, "batch": len(shape) - 1})
    x += 1  # the kernel was bound to the array, not to its numbers
    run()
    np.testing.assert_array_equal(out, np.take_along_axis(moved, indices[..., None], -1)[..., 0])


def test_small_products_ask_for_one_thread() -> None:
    assert one_thread_for([]) is None
    assert one_thread_for([64 * 64 * 64]) is None  # OpenBLAS takes one anyway
    assert one_thread_for([100, 100_000_000]) is None


def test_the_number_of_threads_comes_back_when_the_last_leaves() -> None:
    setting = [8]
    switch = OneThread(lambda: setting[0], lambda count: setting.__setitem__(0, count))
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with switch:
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with switch:
        thread.start()
        inside.wait(10)
    assert setting == [1]
    leave.set()
    thread.join()
    assert setting == [8]


@pytest.mark.parametrize("dtype", ["bool", "int8", "float16", "float32", "int64", "complex128"])
@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 5), (1000, 7)], ids=str)
def test_memory_for_arrays_begins_at_a_cache_line(shape: tuple[int, ...], dtype: str) -> None:
    for _ in range(5):
        array = aligned(shape, dtype)
        assert (array.shape, array.dtype.name) == (shape, dtype)
        assert array.ctypes.data % LINE == 0 or not array.size
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert not array.any()


def test_what_an_optimizer_passes_over_begins_at_a_cache_line() -> None:
    model = remembering()
    model.train_on_batch(np.zeros((4, 2)), np.zeros(4))
    owners = {variable.owner for variable in (*model.trainable_variables, *memories(model))}
    assert None not in owners
    assert all(owner.array.ctypes.data % LINE == 0 for owner in owners)


SUBNORMAL = np.float32(1e-40)


@pytest.fixture
def chosen() -> Iterator[Callable[[str], None]]:
    """Chooses an engine until the test ends."""
    before = config.engine()
    if subnormals.LIBRARY is None:
        assert not (sys.platform == "linux" and os.uname().machine == "x86_64")
        pytest.skip("no switch for this system is known")
    yield config.set_engine
    config.set_engine(before)


def remembering() -> models.Sequential:
    """A model whose optimizer remembers nothing but subnormal numbers."""
    model = models.Sequential([layers.Input((2,)), layers.Dense(1)])
    model.compile("adam", loss="mse")
    model.optimizer.build(model.trainable_variables)
    for variable in memories(model):
        variable.assign(np.full(variable.shape, SUBNORMAL))
    return model


def memories(model: models.Sequential) -> list[Any]:
    return [variable for variable in model.optimizer.variables if "momentum" in variable.path]


def is_kept() -> bool:
    return bool(SUBNORMAL / np.float32(2) > 0)


@pytest.mark.parametrize("name", ["numpy", "native"])
@pytest.mark.parametrize("listened", [False, True], ids=["in one go", "step by step"])
def test_a_step_takes_subnormal_numbers_for_0_and_callbacks_do_not(
    chosen: Callable[[str], None], name: str, listened: bool
) -> None:
    chosen(name)
    try:
        engine()
    except ImportError as error:
        pytest.skip(str(error))
    kept = []

    class Halves(callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            kept.append(is_kept())

        on_train_batch_end = on_train_batch_begin

    model = remembering()
    model.fit(np.zeros((4, 2)), np.zeros(4), batch_size=2, verbose=0, callbacks=[Halves()] if listened else [])
    assert memories(model)
    assert not any(variable.numpy().any() for variable in memories(model))
    assert kept == [True] * 4 * listened
    assert is_kept()


def test_a_step_that_ends_in_an_error_leaves_the_thread_as_it_was(
    chosen: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen("numpy")
    run = numpy_engine._run

    def fails(plan: Any) -> None:
        run(plan)
        if not is_kept():  # in a step, not in what is computed before
            raise KeyError("here")

    monkeypatch.setattr(numpy_engine, "_run", fails)
    with pytest.raises(KeyError, match="here"):
        remembering().fit(np.zeros((4, 2)), np.zeros(4), verbose=0)
    assert is_kept()

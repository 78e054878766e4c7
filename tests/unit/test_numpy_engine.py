"""What the NumPy engine does to be fast changes no number."""

from __future__ import annotations

import threading

import numpy as np
import pytest

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

"""Tensors as Python and NumPy see them: operators, arrays, dtypes that meet, indexing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import flintglass as fg
from flintglass import ops
from flintglass.errors import NeedsConcrete, ShapeError
from flintglass.program import Size, Spec
from flintglass.program.spec import DTYPES
from flintglass.tracing.promotion import result_dtype
from flintglass.tracing.tensor import Tensor, convert
from flintglass.tracing.trace import trace

N = Size("n")
ROWS_OF_THREE = [Spec((N, 3), "float32")]


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

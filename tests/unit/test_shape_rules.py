"""The shape rules of what moves, reduces, multiplies and indexes: refusals, and the numbers of NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from flintglass.engines.numpy_engine.kernels import KERNELS
from flintglass.errors import IndexOutOfRange, NeedsConcrete, ProgramError, ShapeError
from flintglass.primitives import Builder, primitive
from flintglass.program import Size, Spec

N = Size("n")


def shape_of(name: str, *shapes: tuple[Any, ...], **attributes: Any) -> tuple[Any, ...]:
    """The shape that a primitive gives to float32 operands of these shapes."""
    return primitive(name).specs([Spec(shape, "float32") for shape in shapes], attributes)[0].shape


def computed(name: str, *arrays: Any, **attributes: Any) -> Any:
    """What the reference kernel gives: an array, or a list of them where there are several outputs."""
    inputs = [np.asarray(array) for array in arrays]
    specs = primitive(name).specs([Spec(array.shape, array.dtype.name) for array in inputs], attributes)
    outputs = [np.full(item.shape, 77, item.dtype) for item in specs]
    KERNELS[name](inputs, outputs, attributes)()
    return outputs[0] if len(outputs) == 1 else outputs


def numbers(*shape: int) -> np.ndarray:
    """Distinct numbers in no order."""
    return np.random.default_rng(7).permutation(int(np.prod(shape))).reshape(shape) * 0.5 - 3.0


# -- what is refused, and in which words

REFUSALS = [
    (
        "matmul",
        ((N, 3), (4, 2)),
        {},
        "matmul: [n, 3] and [4, 2] do not fit together: the last axis of the first (3) must equal "
        "the first of the second (4)",
    ),
    (
        "matmul",
        ((N, 3), (4, 2)),
        {"transpose_a": True, "transpose_b": True},
        "matmul: [n, 3]^T and [4, 2]^T do not fit together: the first axis of the first (n) must equal "
        "the last of the second (2)",
    ),
    (
        "matmul",
        ((5, N, 3), (5, 4, 2)),
        {},
        "the last axis of the first (3) must equal the second-to-last of the second (4)",
    ),
    ("matmul", ((3,), (3, 2)), {}, "matmul: operands of rank 2 or more expected, not [3] and [3, 2]"),
    ("matmul", ((2, N, 3), (4, 3, 2)), {}, "matmul: the shapes [2] and [4] do not fit together"),
    ("reshape", ((N, 6),), {"shape": (N, 5)}, "reshape: [n, 6] holds 6*n elements and [n, 5] holds 5*n"),
    ("reshape", ((N, 6),), {"shape": (12,)}, "[n, 6] holds 6*n elements and [12] holds 12"),
    ("broadcast", ((2, 3),), {"shape": (4, 3)}, "the shapes [2, 3] and [4, 3] do not fit together"),
    ("broadcast", ((2, 3),), {"shape": (2, 1)}, "broadcast: [2, 3] does not stretch to [2, 1]"),
    ("transpose", ((N, 3),), {"axes": (0, 0)}, "transpose: (0, 0) is no order of the 2 axes of [n, 3]"),
    ("sum", ((N, 3),), {"axis": (2,)}, "sum: axis=(2,) is no ascending tuple of axes of a value of rank 2"),
    ("sum", ((N, 3),), {"axis": (1, 0)}, "sum: axis=(1, 0) is no ascending tuple"),
    ("max", ((N, 0),), {"axis": (1,)}, "max: [n, 0] has no elements along (1,)"),
    ("argmax", ((N, 0),), {"axis": 1}, "argmax: [n, 0] has no elements along axis 1"),
    ("slice", ((4,),), {"start": (1,), "stop": (5,)}, "slice: 1 up to 5 by 1 does not lie within axis 0"),
    (
        "slice",
        ((N, 4),),
        {"start": (1,), "stop": (2,)},
        "must have one entry for each of the 2 axes of [n, 4]",
    ),
    (
        "pad",
        ((4,),),
        {"low": (-1,), "high": (0,)},
        "pad: low=(-1,) and high=(0,) must have one entry from 0 up",
    ),
    (
        "concatenate",
        ((N, 3), (N, 4)),
        {"axis": 0},
        "concatenate: [n, 3] and [n, 4] do not fit together: all axes but axis 0 must be equal",
    ),
    ("top_k", ((N, 3),), {"k": 4}, "top_k: k=4 elements cannot be taken from the last axis of [n, 3]"),
]


@pytest.mark.parametrize(("name", "shapes", "attributes", "text"), REFUSALS)
def test_a_shape_that_does_not_fit_is_refused_with_its_place_and_numbers(
    name: str, shapes: tuple[Any, ...], attributes: dict[str, Any], text: str
) -> None:
    with pytest.raises(ShapeError) as refusal:
        shape_of(name, *shapes, **attributes)
    assert text in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "dtype", "attributes"),
    [("mean", "int32", {"axis": (0,)}), ("any", "float32", {"axis": (0,)}), ("sum", "bool", {"axis": (0,)})],
)
def test_a_reduction_refuses_a_dtype_that_it_has_no_meaning_for(
    name: str, dtype: str, attributes: dict[str, Any]
) -> None:
    with pytest.raises(ProgramError, match=rf"^{name} takes .* not {dtype}; cast"):
        primitive(name).specs([Spec((3,), dtype)], attributes)


def test_gather_wants_whole_numbers_and_shared_axes_before_the_indexed_one() -> None:
    x, indices = Spec((N, 3), "float32"), Spec((N,), "int32")
    with pytest.raises(ProgramError, match="integer dtype, not float32"):
        primitive("gather").specs([x, x], {"axis": 0})
    with pytest.raises(ShapeError, match="batch=1 shared axes must all come before axis 0"):
        primitive("gather").specs([x, indices], {"axis": 0, "batch": 1})
    with pytest.raises(ShapeError, match=r"the first 1 axes of \[n, 3\] and of the indices, \[4\], must be equal"):
        primitive("gather").specs([x, Spec((4,), "int32")], {"axis": 1, "batch": 1})
    with pytest.raises(ShapeError, match=r"updates of shape \[n\] expected, not \[n, 3\]"):
        primitive("scatter_add").specs([x, indices, x], {"axis": 1, "batch": 1})


@pytest.mark.parametrize(
    ("start", "stop", "step"), [((None,), (5,), (1,)), ((None,), (None,), (2,)), ((2,), (None,), (1,))]
)
def test_a_slice_that_a_small_batch_would_not_hold_needs_the_number(start: Any, stop: Any, step: Any) -> None:
    with pytest.raises(NeedsConcrete, match="depends on its size n"):
        shape_of("slice", (N,), start=start, stop=stop, step=step)


def test_a_slice_of_a_named_axis_may_start_and_stop_at_expressions_of_it() -> None:
    assert shape_of("slice", (2 * N, 3), start=(N, None), stop=(None, 2)) == (N, 2)
    assert shape_of("slice", (N,), start=(1,), stop=(None,)) == (N - 1,)


# -- indices out of range


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint8"])
def test_an_index_beyond_the_axis_is_named_with_its_position(dtype: str) -> None:
    indices = np.array([0, 9, 3, 12, 99], dtype)
    with pytest.raises(IndexOutOfRange) as refusal:
        computed("gather", np.zeros(10), indices, axis=0)
    assert str(refusal.value) == "gather: index 12 at position (3,) is outside 0..9"


def test_a_negative_index_is_refused_by_every_path() -> None:
    x, row, matrix = np.zeros((3, 4)), np.array([0, -1, 2]), np.array([[0], [3], [-2]])
    with pytest.raises(IndexOutOfRange, match=r"^gather: index -1 at position \(1,\) is outside 0\.\.2$"):
        computed("gather", x, row, axis=0)
    with pytest.raises(IndexOutOfRange, match=r"^gather: index -2 at position \(2, 0\) is outside 0\.\.3$"):
        computed("gather", x, matrix, axis=1, batch=1)
    with pytest.raises(IndexOutOfRange, match=r"^scatter_add: index -1 at position \(1,\) is outside 0\.\.2$"):
        computed("scatter_add", x, row, x, axis=0)


def test_no_index_fits_an_axis_without_elements() -> None:
    with pytest.raises(IndexOutOfRange, match=r"index 0 at position \(0,\) is outside an axis without elements"):
        computed("gather", np.zeros((0, 2)), np.array([0]), axis=0)
    assert computed("gather", np.zeros((0, 2)), np.zeros(0, "int32"), axis=0).shape == (0, 2)


def test_nothing_is_written_where_an_index_is_refused() -> None:
    out = np.full((2, 4), 77.0)
    run = KERNELS["gather"]([np.zeros((3, 4)), np.array([0, 3])], [out], {"axis": 0})
    with pytest.raises(IndexOutOfRange):
        run()
    assert (out == 77.0).all()


# -- the same numbers as NumPy

MATRIX, CUBE = numbers(3, 4), numbers(2, 3, 4)
WITH_NAN = np.array([1.0, np.nan, 3.0, -1.0])
EQUIVALENCES = [
    ("matmul", (MATRIX, numbers(4, 2)), {}, MATRIX @ numbers(4, 2)),
    ("matmul", (MATRIX, numbers(3, 2)), {"transpose_a": True}, MATRIX.T @ numbers(3, 2)),
    ("matmul", (CUBE, numbers(4, 5)), {}, CUBE @ numbers(4, 5)),
    ("matmul", (CUBE.transpose(1, 0, 2), numbers(4, 5)), {}, CUBE.transpose(1, 0, 2) @ numbers(4, 5)),
    ("matmul", (CUBE, CUBE), {"transpose_b": True}, CUBE @ CUBE.swapaxes(1, 2)),
    ("matmul", (np.zeros((3, 0)), np.zeros((0, 2))), {}, np.zeros((3, 2))),
    ("matmul", (np.zeros((0, 4)), numbers(4, 2)), {}, np.zeros((0, 2))),
    ("sum", (CUBE,), {"axis": (0, 2)}, CUBE.sum((0, 2))),
    ("sum", (CUBE,), {"axis": ()}, CUBE),
    ("sum", (np.full(3, 100, "int8"),), {"axis": (0,)}, np.int8(44)),
    ("mean", (CUBE,), {"axis": (1,), "keepdims": True}, CUBE.mean(1, keepdims=True)),
    ("mean", (np.full(9000, 60.0, "float16"),), {"axis": (0,)}, np.float16(60.0)),
    ("max", (WITH_NAN,), {"axis": (0,)}, np.nan),
    ("prod", (CUBE,), {"axis": (0, 1, 2)}, CUBE.prod()),
    ("all", (MATRIX > -3,), {"axis": (1,)}, (MATRIX > -3).all(1)),
    ("any", (np.zeros((2, 0), bool),), {"axis": (1,)}, [False, False]),
    ("argmax", (np.array([1.0, 4.0, 4.0]),), {"axis": 0}, 1),
    ("argmin", (CUBE,), {"axis": 2}, CUBE.argmin(2)),
    ("cumulative_sum", (MATRIX,), {"axis": 1, "reverse": True}, MATRIX[:, ::-1].cumsum(1)[:, ::-1]),
    ("cumulative_product", (np.array([2.0, 3.0, 4.0]),), {"axis": 0, "exclusive": True}, [1.0, 2.0, 6.0]),
    ("cumulative_maximum", (np.array([2, 1, 3, 0]),), {"axis": 0}, [2, 2, 3, 3]),
    ("slice", (MATRIX,), {"start": (None, 1), "stop": (None, 4), "step": (2, 2)}, MATRIX[::2, 1:4:2]),
    (
        "pad",
        (MATRIX,),
        {"low": (1, 0), "high": (0, 2), "value": 5.0},
        np.pad(MATRIX, ((1, 0), (0, 2)), constant_values=5.0),
    ),
    ("concatenate", (MATRIX, MATRIX[:1]), {"axis": 0}, np.concatenate([MATRIX, MATRIX[:1]])),
    ("reverse", (CUBE,), {"axis": (0, 2)}, CUBE[::-1, :, ::-1]),
    ("iota", (), {"shape": (2, 3), "axis": 1, "dtype": "int32"}, [[0, 1, 2], [0, 1, 2]]),
    ("extent", (), {"size": 12, "dtype": "float32"}, 12.0),
    ("gather", (CUBE, np.array([[0, 2], [1, 1]])), {"axis": 1}, CUBE[:, [[0, 2], [1, 1]]]),
    ("gather", (MATRIX, np.array([3, 0, 1])), {"axis": 1, "batch": 1}, MATRIX[[0, 1, 2], [3, 0, 1]]),
    (
        "gather",
        (CUBE, np.array([[3], [1]])),
        {"axis": 2, "batch": 1},
        np.stack([CUBE[0][:, [3]], CUBE[1][:, [1]]]),
    ),
    (
        "scatter_add",
        (np.ones(3), np.array([2, 0, 2]), np.array([1.0, 2.0, 4.0])),
        {"axis": 0},
        [3.0, 1.0, 6.0],
    ),
    ("sort", (WITH_NAN,), {"axis": 0}, [-1.0, 1.0, 3.0, np.nan]),
    ("argsort", (np.array([2, 1, 2, 1]),), {"axis": 0}, [1, 3, 0, 2]),
]


@pytest.mark.parametrize(("name", "arrays", "attributes", "expected"), EQUIVALENCES)
def test_the_kernel_gives_what_numpy_gives(
    name: str, arrays: tuple[Any, ...], attributes: dict[str, Any], expected: Any
) -> None:
    result = computed(name, *arrays, **attributes)
    assert result.shape == np.shape(expected)
    np.testing.assert_allclose(result, expected, rtol=1e-12)


def test_top_k_takes_the_first_of_equal_elements_first() -> None:
    values, positions = computed("top_k", np.array([[1, 7, 7, 3], [0, 0, 0, 0]], "uint8"), k=3)
    assert values.tolist() == [[7, 7, 3], [0, 0, 0]]
    assert positions.tolist() == [[1, 2, 3], [0, 1, 2]]


def test_scatter_add_adds_in_the_order_of_the_rows() -> None:
    # In float32, (1e8 + 1) - 1e8 is 0 and (1e8 - 1e8) + 1 is 1.
    updates = np.array([[1e8, 1e8], [1.0, -1e8], [-1e8, 1.0]], "float32")
    result = computed("scatter_add", np.zeros((2, 2), "float32"), np.array([1, 1, 1]), updates, axis=0)
    assert result.tolist() == [[0.0, 0.0], [0.0, 1.0]]


def test_a_product_may_be_summed_in_a_wider_dtype_than_its_operands() -> None:
    # 1e8 + 1 - 1e8: a float32 sum loses the 1, a float64 sum keeps it.
    a, b = np.array([[1e8, 1.0, -1e8]], "float32"), np.ones((3, 1), "float32")
    result = computed("matmul", a, b, accumulate="float64")
    assert result.dtype == np.float32
    assert result.tolist() == [[1.0]]


# -- what the rules write


def gradient_lines(name: str, specs: list[Spec], **attributes: Any) -> list[str]:
    """The names of the primitives that a gradient rule appends."""
    b = Builder()
    operands = [b.input(f"x{index}", item) for index, item in enumerate(specs)]
    outputs = b.emit_all(name, operands, attributes)
    cotangents = [b.input("g", value.spec) for value in outputs]
    line, before = b.instructions[-1], len(b.instructions)
    primitive(name).gradient(b, line, cotangents)
    return [item.primitive for item in b.instructions[before:]]


def test_the_gradient_of_a_product_is_two_products_and_no_transposition() -> None:
    a, b = Spec((N, 3), "float32"), Spec((3, 2), "float32")
    assert gradient_lines("matmul", [a, b]) == ["matmul", "matmul"]


def test_the_weights_of_a_layer_on_sequences_get_their_gradient_from_one_product() -> None:
    a, b = Spec((N, 5, 3), "float32"), Spec((3, 2), "float32")
    assert gradient_lines("matmul", [a, b]) == ["matmul", "reshape", "reshape", "matmul"]


def test_the_gradient_of_a_mean_over_the_batch_divides_by_its_named_size() -> None:
    assert gradient_lines("mean", [Spec((N, 3), "float32")], axis=(0,)) == [
        "extent",
        "divide",
        "reshape",
        "broadcast",
    ]

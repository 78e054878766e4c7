"""The values of elementwise primitives, against expressions that were not used to write the kernels."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.contracts.support import computed, draw, every_sample, generator_for

from flintglass.engines.numpy_engine.philox import advance, philox_bits
from flintglass.errors import ProgramError, ShapeError
from flintglass.primitives import PRIMITIVES, Sample
from flintglass.program import Spec

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "floor_divide": lambda x, y: x // y if y else 0,
    "remainder": lambda x, y: x - y * math.floor(x / y) if y else 0,
    "power": lambda x, y: x**y,
    "negative": lambda x: -x,
    "maximum": max,
    "minimum": min,
    "relu": lambda x: max(x, 0),
    "absolute": abs,
    "sign": lambda x: (x > 0) - (x < 0),
    "square": lambda x: x * x,
    "sqrt": math.sqrt,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,
    "exp": math.exp,
    "expm1": math.expm1,
    "log": math.log,
    "log1p": math.log1p,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "arcsin": math.asin,
    "arccos": math.acos,
    "arctan": math.atan,
    "arctan2": math.atan2,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "arcsinh": math.asinh,
    "arccosh": math.acosh,
    "arctanh": math.atanh,
    "sigmoid": lambda x: (1.0 + math.tanh(x / 2.0)) / 2.0,
    "erf": math.erf,
    "equal": lambda x, y: x == y,
    "not_equal": lambda x, y: x != y,
    "greater": lambda x, y: x > y,
    "greater_equal": lambda x, y: x >= y,
    "less": lambda x, y: x < y,
    "less_equal": lambda x, y: x <= y,
    "logical_and": lambda x, y: x and y,
    "logical_or": lambda x, y: x or y,
    "logical_xor": lambda x, y: x != y,
    "logical_not": lambda x: not x,
    "is_finite": math.isfinite,
    "is_nan": math.isnan,
    "bitwise_and": lambda x, y: x & y,
    "bitwise_or": lambda x, y: x | y,
    "bitwise_xor": lambda x, y: x ^ y,
    "shift_left": lambda x, y: (x << y) & 0xFFFFFFFF,
    "shift_right": lambda x, y: x >> y,
    "select": lambda condition, x, y: x if condition else y,
    "stop_gradient": lambda x: x,
}


@every_sample(lambda primitive, sample: primitive.name in FUNCTIONS)
def test_each_element_is_the_function_of_its_operands(primitive: Any, sample: Sample) -> None:
    inputs = draw(sample, generator_for(primitive.name, "values"), {"n": 4})
    (found,) = computed(primitive.name, inputs, sample.attributes)
    broadcast = np.broadcast_arrays(*inputs)
    for index in np.ndindex(found.shape):
        expected = FUNCTIONS[primitive.name](*(array[index].item() for array in broadcast))
        expected = np.asarray(expected).astype(found.dtype) if found.dtype.kind in "iu" else expected
        assert found[index] == pytest.approx(expected, rel=2e-15, abs=4e-16, nan_ok=True)


@pytest.mark.parametrize(("dtype", "digits"), [("float64", 2.5), ("float32", 2.5), ("float16", 0.6)])
def test_erf_is_right_to_the_last_digits_everywhere(dtype: str, digits: float) -> None:
    generator = generator_for("erf")
    x = np.concatenate([generator.uniform(-7, 7, 3000), generator.uniform(-1.2, 1.2, 3000), [1.0, -1.0, 40.0]])
    x = x.astype(dtype)
    expected = np.array([math.erf(item) for item in x.tolist()])
    (found,) = computed("erf", [x], {})
    assert (np.abs(found - expected) <= digits * np.spacing(np.abs(expected).astype(dtype))).all()


def test_erf_keeps_signs_infinities_nan_and_the_smallest_numbers() -> None:
    (found,) = computed("erf", [np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-300])], {})
    np.testing.assert_array_equal(found[:5], [0.0, -0.0, 1.0, -1.0, np.nan])
    assert found[5] == pytest.approx(2e-300 / math.sqrt(math.pi), rel=5e-16)
    assert np.signbit(found[1])


def test_the_inverse_of_erf_undoes_it_and_is_infinite_at_one() -> None:
    y = np.linspace(-3.0, 3.0, 200)
    (x,) = computed("erf", [y], {})
    (found,) = computed("erf_inverse", [x], {})
    # One unit in the last place of x moves the inverse by this much.
    allowed = 4 * np.spacing(np.abs(x)) * np.exp(y * y) * math.sqrt(math.pi) / 2 + 1e-15
    assert (np.abs(found - y) <= allowed).all()
    (ends,) = computed("erf_inverse", [np.array([0.0, 1.0, -1.0, 1.5, np.nan])], {})
    np.testing.assert_array_equal(ends, [0.0, np.inf, -np.inf, np.nan, np.nan])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sigmoid_neither_overflows_nor_loses_small_results(dtype: str) -> None:
    (found,) = computed("sigmoid", [np.array([-1e4, -80.0, -30.0, 0.0, 40.0, 1e4], dtype)], {})
    expected = [0.0, math.exp(-80.0), math.exp(-30.0) / (1.0 + math.exp(-30.0)), 0.5, 1.0, 1.0]
    np.testing.assert_allclose(found, expected, rtol=8 * np.finfo(dtype).eps)


def test_relu_lets_nan_through() -> None:
    (found,) = computed("relu", [np.array([np.nan, -np.inf, np.inf, -1.0, 2.0])], {})
    np.testing.assert_array_equal(found, [np.nan, 0.0, np.inf, 0.0, 2.0])


def test_rounding_takes_halves_to_the_even_number() -> None:
    (found,) = computed("round", [np.array([0.5, 1.5, 2.5, -0.5, -1.5])], {})
    np.testing.assert_array_equal(found, [0.0, 2.0, 2.0, 0.0, -2.0])


def test_a_shift_by_the_width_leaves_nothing_but_the_sign() -> None:
    x = np.array([-5, 5], "int32")
    np.testing.assert_array_equal(computed("shift_left", [x, np.int32(32)[None]], {})[0], [0, 0])
    np.testing.assert_array_equal(computed("shift_right", [x, np.int32(32)[None]], {})[0], [-1, 0])


@pytest.mark.parametrize("shape", [(5, 3), (), (8,)])
def test_random_bits_are_philox_and_the_state_moves_by_whole_blocks(shape: tuple[int, ...]) -> None:
    state = np.array([1, 2, 0xFFFFFFFF, 0xFFFFFFFF, 7, 8], "uint32")
    bits, following = computed("random_bits", [state], {"shape": shape})
    count = math.prod(shape)
    np.testing.assert_array_equal(bits.reshape(-1), philox_bits([1, 2], state[2:].tolist(), count))
    assert following.tolist() == [1, 2, *advance(state[2:].tolist(), count)]


@pytest.mark.parametrize(
    ("name", "specs", "attributes", "words"),
    [
        ("add", ["float32", "float64"], {}, "one dtype expected"),
        ("exp", ["int32"], {}, "takes a floating-point dtype"),
        ("logical_and", ["float32", "float32"], {}, "takes the boolean dtype"),
        ("select", ["float32", "float32", "float32"], {}, "boolean condition"),
        ("cast", ["float32"], {"dtype": "float"}, "takes dtype="),
        ("bitcast", ["float32"], {"dtype": "int64"}, "keeps the number of bytes"),
        ("random_bits", ["uint32"], {"shape": (2,)}, "takes a state"),
        ("negative", ["float32", "float32"], {}, "takes 1 operands"),
    ],
)
def test_a_wrong_type_is_refused_with_what_was_expected(
    name: str, specs: list[str], attributes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ProgramError, match=words):
        PRIMITIVES[name].specs([Spec((2,), dtype) for dtype in specs], attributes)


def test_shapes_that_do_not_fit_are_refused_with_both_shapes() -> None:
    with pytest.raises(ShapeError, match=r"\[2, 3\] and \[4\]"):
        PRIMITIVES["add"].specs([Spec((2, 3), "float32"), Spec((4,), "float32")], {})

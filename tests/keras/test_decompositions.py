"""Linear algebra: the values and the gradients of Keras on JAX, one matrix and stacks of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest
from tests.keras.case import BOTH
from tests.keras.sides import SIDES, apart, fresh, leaves, one_in, sampled

import flintglass
from flintglass import ops
from flintglass.ops.graph import KINDS

pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore:.*batched 1D solves")]

LIMITS = {"float32": 1e-5, "float64": 1e-11}
DRAW = np.random.default_rng(8)


def of_values(rows: int, columns: int, *stack: int) -> np.ndarray:
    """Matrices with the singular values 1, 1.5, 2, ..."""
    left = np.linalg.qr(DRAW.normal(size=(*stack, rows, rows)))[0]
    right = np.linalg.qr(DRAW.normal(size=(*stack, columns, columns)))[0]
    count = min(rows, columns)
    return (left[..., :count] * (1 + 0.5 * np.arange(count))) @ right[..., :count, :]


SQUARE, TALL, WIDE = of_values(4, 4, 3), of_values(5, 3, 2), of_values(3, 5, 2)
POSITIVE = SQUARE @ SQUARE.swapaxes(-1, -2) + 0.3 * (SQUARE - SQUARE.swapaxes(-1, -2))
LOWER = np.tril(SQUARE) + 3 * np.eye(4)
VECTOR, MATRIX, STACK = (DRAW.normal(size=shape) for shape in ((4,), (4, 2), (3, 4, 2)))

# By operation: what is called, and the arrays that it is called on. What depends on the signs of vectors
# that LAPACK chooses is made to depend on them no longer.
Case = tuple[Callable[..., Any], tuple[np.ndarray, ...]]
CASES: dict[str, list[Case]] = {
    "cholesky": [(lambda o, x: o.cholesky(x), (POSITIVE,)), (lambda o, x: o.cholesky(x, upper=True), (POSITIVE[0],))],
    # Keras on JAX takes no stack of these.
    "cholesky_inverse": [
        (lambda o, x: o.cholesky_inverse(x), (LOWER[0],)),
        (lambda o, x: o.cholesky_inverse(x, upper=True), (LOWER[0].T,)),
    ],
    "det": [(lambda o, x: o.det(x), (SQUARE,)), (lambda o, x: o.det(x), (SQUARE[0],))],
    "eigh": [
        (lambda o, x: o.eigh(x)[0], (POSITIVE,)),
        (lambda o, x: o.abs(o.eigh(x)[1]), (POSITIVE,)),
        (lambda o, x: o.eigh(x)[0] * o.square(o.eigh(x)[1]), (POSITIVE[0],)),
    ],
    "inv": [(lambda o, x: o.inv(x), (SQUARE,))],
    "lstsq": [
        (lambda o, a, b: o.lstsq(a, b), (TALL[0], DRAW.normal(size=5))),
        (lambda o, a, b: o.lstsq(a, b), (TALL[1], DRAW.normal(size=(5, 2)))),
        (lambda o, a, b: o.lstsq(a, b), (WIDE[0], DRAW.normal(size=(3, 2)))),
        (lambda o, a, b: o.lstsq(a, b), (SQUARE[0], VECTOR)),
    ],
    "qr": [
        (lambda o, x: [o.abs(part) for part in o.qr(x)], (SQUARE,)),
        (lambda o, x: [o.abs(part) for part in o.qr(x)], (TALL,)),
    ],
    "slogdet": [(lambda o, x: list(o.slogdet(x)), (SQUARE,)), (lambda o, x: o.slogdet(x)[1], (POSITIVE[0],))],
    "solve": [
        (lambda o, a, b: o.solve(a, b), (SQUARE, VECTOR)),
        (lambda o, a, b: o.solve(a, b), (SQUARE[0], VECTOR)),
        (lambda o, a, b: o.solve(a, b), (SQUARE[0], MATRIX)),
        (lambda o, a, b: o.solve(a, b), (SQUARE, MATRIX)),
        (lambda o, a, b: o.solve(a, b), (SQUARE, STACK)),
    ],
    "solve_triangular": [
        (lambda o, a, b: o.solve_triangular(a, b, lower=True), (LOWER, STACK)),
        (lambda o, a, b: o.solve_triangular(a, b), (LOWER.swapaxes(-1, -2), STACK)),
        (lambda o, a, b: o.solve_triangular(a, b), (LOWER[0].T, VECTOR)),
        (lambda o, a, b: o.solve_triangular(a, b, lower=True), (LOWER, STACK[..., 0])),
    ],
    "svd": [
        (lambda o, x: o.svd(x, compute_uv=False), (TALL,)),
        *[
            (lambda o, x: [o.abs(part) for part in o.svd(x, full_matrices=False)], (given,))
            for given in (TALL, WIDE, SQUARE)
        ],
        (lambda o, x: [o.abs(part) for part in o.svd(x)], (SQUARE,)),
    ],
}
EVERY = [(name, number) for name, cases in CASES.items() for number in range(len(cases))]


def test_every_operation_of_linear_algebra_is_compared() -> None:
    assert set(CASES) == {name for name, place in ops.TABLE.items() if place == "flintglass.ops.decompositions"}
    assert set(CASES) <= set(KINDS)


@pytest.mark.parametrize("dtype", sampled(BOTH, "float32"))
@pytest.mark.parametrize(("name", "number"), one_in(4, EVERY))
def test_the_values_are_those_of_keras(name: str, number: int, dtype: str) -> None:
    function, arrays = CASES[name][number]
    with fresh(dtype):
        given = [array.astype(dtype) for array in arrays]
        kept, made = (leaves(function(side.ops, *given)) for side in SIDES)
        assert [array.dtype for array in made] == [array.dtype for array in kept]
        assert apart(kept, made) < LIMITS[dtype]


@pytest.mark.parametrize("dtype", sampled(BOTH, "float32"))
@pytest.mark.parametrize(("name", "number"), one_in(4, EVERY))
def test_the_gradients_are_those_of_jax(name: str, number: int, dtype: str) -> None:
    function, arrays = CASES[name][number]

    def weighted(side: Any) -> Callable[..., Any]:
        def total(*given: Any) -> Any:
            found = function(side.ops, *given)
            parts = found if isinstance(found, list) else [found]
            # A weight for each element, so that nothing cancels out.
            weights = [np.cos(np.arange(np.prod(part.shape))).reshape(part.shape) for part in parts]
            return sum(side.ops.sum(a * w.astype(dtype)) for a, w in zip(parts, weights, strict=True))

        return total

    with fresh(dtype):
        given = [array.astype(dtype) for array in arrays]
        places = tuple(range(len(given)))
        expected = jax.grad(weighted(SIDES[0]), argnums=places)(*given)
        found = flintglass.grad(weighted(flintglass), argnums=places)(*given)
        assert apart(list(expected), [np.asarray(item) for item in found]) < LIMITS[dtype]


def test_the_second_name_of_a_path_leads_to_the_same_operations() -> None:
    for name in flintglass.ops.linalg.TABLE:
        assert getattr(flintglass.ops.linalg, name) is getattr(ops, name)
        assert hasattr(SIDES[0].ops.linalg, name)


def test_the_columns_that_complete_a_factor_span_what_keras_completes_it_with() -> None:
    for given in (TALL[0], WIDE[0]):
        kept, made = ([np.asarray(part) for part in side.ops.svd(given.astype("float32"))] for side in SIDES)
        assert [part.shape for part in made] == [part.shape for part in kept]
        for one, other in ((made[0], kept[0]), (made[2].T, kept[2].T)):
            missing = one[:, 3:] @ one[:, 3:].T
            np.testing.assert_allclose(missing, other[:, 3:] @ other[:, 3:].T, atol=2e-6)
    kept, made = ([np.asarray(part) for part in side.ops.qr(TALL[0].astype("float32"), "complete")] for side in SIDES)
    assert [part.shape for part in made] == [part.shape for part in kept]
    np.testing.assert_allclose(made[0] @ made[1], TALL[0], atol=2e-6)


@pytest.mark.parametrize("rcond", [None, 0.3])
def test_least_squares_without_full_rank_take_the_shortest_solution_of_keras(rcond: float | None) -> None:
    low = (TALL[0] @ np.diag([1.0, 1.0, 0.0])).astype("float32")
    for a in (low, low.T, np.zeros((3, 2), "float32")):
        b = np.linspace(-1, 1, len(a), dtype="float32")
        kept, made = (np.asarray(side.ops.lstsq(a, b, rcond=rcond)) for side in SIDES)
        np.testing.assert_allclose(made, kept, rtol=1e-5, atol=2e-6)

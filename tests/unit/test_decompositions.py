"""Linear algebra in ops: clear errors, gradients where others give up, nodes of a graph, places of nan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import flintglass as fg
from flintglass import config, layers, ops
from flintglass.errors import NeedsConcrete, NotFinite, ProgramError, ShapeError
from flintglass.program import Size, Spec
from flintglass.tracing.trace import trace

DRAW = np.random.default_rng(6)
TALL = DRAW.normal(size=(5, 3))
WEIGHTS = DRAW.normal(size=(5, 5))


def differences(function: Callable[[np.ndarray], float], at: np.ndarray, step: float = 1e-6) -> np.ndarray:
    found = np.zeros_like(at)
    for index in np.ndindex(at.shape):
        moved = np.zeros_like(at)
        moved[index] = step
        found[index] = (function(at + moved) - function(at - moved)) / (2 * step)
    return found


def check_gradients(function: Callable[[Any], Any], at: np.ndarray) -> None:
    """The first and the second gradient against differences."""

    def squares(x: Any) -> Any:
        return ops.sum(ops.square(fg.grad(function)(x)))

    for of in (function, squares):
        expected = differences(lambda x, of=of: float(of(x)), at)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(np.asarray(fg.grad(of)(at)) / scale, expected / scale, atol=2e-7)


# -- mistakes

MATRIX, VECTOR = np.eye(3, dtype="float32"), np.ones(3, "float32")
MISTAKES: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "no square": (lambda: ops.inv(MATRIX[:2]), ShapeError, r"inv: square matrices expected, not \[2, 3\]"),
    "a vector": (lambda: ops.det(VECTOR), ShapeError, r"det: square matrices expected, not \[3\]"),
    "a vector to qr": (lambda: ops.qr(VECTOR), ShapeError, r"host_qr: matrices expected, of rank 2 or more, not \[3\]"),
    "half precision": (
        lambda: ops.eigh(MATRIX.astype("float16")),
        ProgramError,
        "host_eigh takes float32 or float64, not float16; cast the operand first",
    ),
    "too few rows": (
        lambda: ops.solve(MATRIX, np.ones((2, 1), "float32")),
        ShapeError,
        r"the second needs as many rows \(it has 2\) as the matrix has \(3\)",
    ),
    "stacks of vectors": (
        lambda: ops.solve(np.stack([MATRIX] * 2), np.ones((2, 3), "float32")),
        ShapeError,
        r"b of shape \[2, 3\] is read as one matrix, .*write b\[\.\.\., None\] for vectors",
    ),
    "stacks that differ": (
        lambda: ops.solve(np.stack([MATRIX] * 2), np.ones((4, 3, 1), "float32")),
        ShapeError,
        "do not fit together: axis -1 has 2 in one and 4 in another",
    ),
    "least squares of a stack": (
        lambda: ops.lstsq(np.stack([MATRIX] * 2), VECTOR),
        ShapeError,
        r"lstsq: one matrix and a vector or a matrix expected, not \[2, 3, 3\] and \[3\]",
    ),
    "a mode": (lambda: ops.qr(MATRIX, "full"), ValueError, "mode='reduced' or 'complete' expected, not 'full'"),
    "a name": (lambda: ops.linalg.invert, AttributeError, "flintglass.ops.linalg has no 'invert'"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_said_with_what_came_and_what_was_expected(name: str) -> None:
    call, kind, message = MISTAKES[name]
    with pytest.raises(kind, match=message):
        call()


def test_a_matrix_of_as_many_rows_as_the_batch_asks_for_its_number() -> None:
    with pytest.raises(NeedsConcrete, match=r"host_svd: whether the matrices of .* more rows or more columns"):
        trace(lambda x: ops.svd(x, compute_uv=False), [Spec((Size("n"), 3), "float32")])
    square = trace(lambda x: ops.svd(x)[1], [Spec((Size("n"), Size("n")), "float32")])
    assert square.program.output_specs[0].shape == (Size("n"),)


def test_a_loss_over_the_rows_of_a_batch_is_traced_for_each_size() -> None:
    def explained(y: Any, found: Any) -> Any:
        return ops.mean(ops.square(y - found @ ops.lstsq(found, y)))

    model = fg.Sequential([fg.Input((3,)), layers.Dense(2)])
    model.compile("sgd", explained)
    x = DRAW.normal(size=(20, 3)).astype("float32")
    before = model.get_weights()[0]
    assert np.isfinite(model.fit(x, x[:, :1] ** 2, batch_size=8, verbose=0).history["loss"]).all()
    after = model.get_weights()[0]
    assert np.isfinite(after).all()
    assert not np.array_equal(before, after)


# -- gradients


@pytest.mark.parametrize(
    "matrix", [TALL, TALL.T, TALL[:3], np.eye(5, 3), np.eye(3)], ids=["tall", "wide", "square", "equal", "unit"]
)
def test_least_squares_have_gradients_whatever_the_singular_values(matrix: np.ndarray) -> None:
    right = DRAW.normal(size=(len(matrix), 2))
    check_gradients(lambda a: ops.sum(ops.sin(ops.lstsq(a, right))), matrix)
    check_gradients(lambda b: ops.sum(ops.sin(ops.lstsq(matrix, b))), right)


@pytest.mark.parametrize("factor", [lambda x: ops.svd(x)[0], lambda x: ops.qr(x, "complete")[0]], ids=["svd", "qr"])
def test_what_does_not_depend_on_the_choice_of_the_completing_columns_has_its_gradients(factor: Any) -> None:
    def projected(x: Any) -> Any:
        others = factor(x)[:, 3:]
        return ops.sum(ops.matmul(others, ops.transpose(others)) * WEIGHTS)

    check_gradients(projected, TALL)


def test_a_stack_of_inverses_of_factors() -> None:
    lower = np.tril(DRAW.normal(size=(2, 3, 3))) + 3 * np.eye(3)
    expected = np.linalg.inv(lower @ lower.swapaxes(-1, -2))
    np.testing.assert_allclose(ops.cholesky_inverse(lower), expected, rtol=1e-12)
    np.testing.assert_allclose(ops.cholesky_inverse(lower.swapaxes(-1, -2), upper=True), expected, rtol=1e-12)


def test_equal_eigenvalues_and_singular_values_have_gradients_of_their_own() -> None:
    matrix = np.diag([2.0, 2.0, 3.0])
    for values in (lambda x: ops.eigh(x)[0], lambda x: ops.svd(x, compute_uv=False), lambda x: ops.svd(x)[1]):
        np.testing.assert_allclose(fg.grad(lambda x, of=values: ops.sum(of(x)))(matrix), np.eye(3), atol=1e-12)


def test_the_gradients_of_vectors_of_equal_values_are_not_finite_and_say_so() -> None:
    for vectors in (lambda x: ops.eigh(x)[1], lambda x: ops.svd(x)[0], lambda x: ops.svd(x)[2]):
        slopes = fg.grad(lambda x, of=vectors: ops.sum(of(x) * WEIGHTS[:3, :3]))(np.eye(3))
        assert not np.isfinite(slopes).all()


def test_the_rows_of_a_batch_are_solved_for_by_themselves() -> None:
    stack, right = DRAW.normal(size=(4, 3, 3)), DRAW.normal(size=(4, 3))
    found = fg.vectorized_map(lambda pair: ops.solve(pair[0], pair[1]), [stack, right])
    np.testing.assert_allclose(found, np.linalg.solve(stack, right[..., None])[..., 0], rtol=1e-10)


# -- models


def test_a_graph_of_such_operations_is_saved_and_read_again(tmp_path: Path) -> None:
    x = fg.Input((3, 3))
    across = x @ ops.transpose(x, (0, 2, 1)) + 0.5 * ops.eye(3)
    values, vectors = ops.eigh(across)
    parts = [values, ops.det(x), ops.slogdet(across)[1], ops.linalg.solve(across, vectors), ops.svd(x)[1]]
    model = fg.Model(x, [*parts, ops.cholesky(across, upper=True), ops.qr(x, mode="complete")[1]])
    given = DRAW.normal(size=(4, 3, 3)).astype("float32")
    expected = model.predict(given, verbose=0)
    model.save(tmp_path / "one.keras")
    for other in (fg.models.load_model(tmp_path / "one.keras"), fg.Model.from_config(model.get_config())):
        for mine, theirs in zip(other.predict(given, verbose=0), expected, strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_a_model_is_explained_and_exported_with_its_inverse(tmp_path: Path) -> None:
    x = fg.Input((2, 2))
    model = fg.Model(x, layers.Flatten()(ops.inv(x)))
    given = np.array([[[2.0, 0.0], [0.0, 4.0]]], "float32")
    assert "[0, 1, 1] = host_solve of x, " in str(model.explain(given))
    assert "host_solve(x, " in str(model.program("predict"))
    model.export(tmp_path / "net.py")
    assert "np.linalg.solve(x, " in (tmp_path / "net.py").read_text(encoding="utf-8")


def test_a_singular_matrix_in_a_fit_is_named_with_its_line() -> None:
    before = config.nan()
    config.set_nan("raise")
    try:
        square = layers.Lambda(lambda t: ops.reshape(ops.inv(ops.reshape(t, (-1, 2, 2))), (-1, 4)), name="inverse")
        model = fg.Sequential([fg.Input((4,)), layers.Dense(4, kernel_initializer="zeros"), square])
        model.compile("sgd", "mse")
        ones = np.ones((4, 4), "float32")
        with pytest.raises(NotFinite, match=r"begins in the line .* = host_solve\(.*\(in inverse\), nan at row 0"):
            model.fit(ones, ones, verbose=0)
    finally:
        config.set_nan(before)

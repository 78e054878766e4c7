"""TensorFlow's operations and keras.backend's, as a script calls them, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from flintglass.compat import backend, names, operations, tensorflow
from flintglass.faces import load_named
from flintglass.tracing.tape import GradientTape
from flintglass.tracing.tensor import Tensor

TF: dict[str, Any] = {name: value for name, value in names.MODULES["tensorflow"][0].items() if callable(value)}
MATH = names.MODULES["tensorflow.math"][0]
NN = names.MODULES["tensorflow.nn"][0]
X = np.array([[1.5, -2.0, 0.25], [3.0, 0.5, -1.0]], "float32")
Y = np.array([[0.5, 2.0, 1.0], [1.0, 4.0, 2.0]], "float32")
SQUARE = np.array([[4.0, 1.0], [1.0, 3.0]], "float32")
LINALG: dict[str, Any] = {
    name: load_named(value) if isinstance(value, str) else value
    for name, value in names.MODULES["tensorflow.linalg"][0].items()
}
BACKEND = operations.table(backend.TEXT)


def _again(s: Any, u: Any, v: Any) -> Tensor:
    """The matrix of these factors, as TensorFlow's documentation puts it together."""
    return tensorflow.matmul(u, tensorflow.matmul(LINALG["diag"](s), v, transpose_b=True))


CASES: dict[str, tuple[Any, Any]] = {
    "reduce_mean over all": (lambda: TF["reduce_mean"](X), X.mean()),
    "reduce_mean by axis": (lambda: TF["reduce_mean"](X, 1, True), X.mean(1, keepdims=True)),
    "reduce_sum by keyword": (lambda: TF["reduce_sum"](input_tensor=X, axis=0, name="s"), X.sum(0)),
    "reduce_max": (lambda: TF["reduce_max"](X, axis=-1), X.max(-1)),
    "reduce_std": (lambda: MATH["reduce_std"](X, axis=0), X.std(0)),
    "concat": (lambda: TF["concat"]([X, Y], axis=1), np.concatenate([X, Y], 1)),
    "stack": (lambda: TF["stack"](values=[X, Y]), np.stack([X, Y])),
    "matmul": (lambda: tensorflow.matmul(X, Y, transpose_b=True), X @ Y.T),
    "matmul, first transposed": (lambda: tensorflow.matmul(X, Y, transpose_a=True), X.T @ Y),
    "transpose": (lambda: TF["transpose"](X, perm=[1, 0]), X.T),
    "cast": (lambda: TF["cast"](X, "int32"), X.astype("int32")),
    "argmax": (lambda: TF["argmax"](X, axis=1, output_type="int64"), X.argmax(1)),
    "clip_by_value": (lambda: TF["clip_by_value"](X, -1.0, 1.0), X.clip(-1, 1)),
    "one_hot": (lambda: TF["one_hot"]([0, 2], depth=3), np.eye(3)[[0, 2]]),
    "gather": (lambda: TF["gather"](X, [1, 0], axis=0), X[[1, 0]]),
    "where": (lambda: TF["where"](X > 0, X, Y), np.where(X > 0, X, Y)),
    "pow": (lambda: TF["pow"](Y, 2.0), Y**2),
    "norm": (lambda: TF["norm"](X, axis=1), np.linalg.norm(X, axis=1)),
    "tensordot": (lambda: TF["tensordot"](X, Y, axes=[[1], [1]]), X @ Y.T),
    "constant of a shape": (lambda: tensorflow.constant(2.0, shape=(2, 2)), np.full((2, 2), 2.0)),
    "constant reshaped": (lambda: tensorflow.constant([1, 2, 3, 4], "float32", (2, 2)), [[1, 2], [3, 4]]),
    "fill": (lambda: tensorflow.fill([2], 3.0), [3.0, 3.0]),
    "range": (lambda: tensorflow.range(2, 8, 2), [2, 4, 6]),
    "add_n": (lambda: tensorflow.add_n([X, Y, Y]), X + 2 * Y),
    "squared_difference": (lambda: MATH["squared_difference"](X, Y, name="d"), (X - Y) ** 2),
    "nn.l2_normalize": (
        lambda: NN["l2_normalize"](X, axis=1, epsilon=1e-9),
        X / np.linalg.norm(X, axis=1, keepdims=True),
    ),
    "math.reduce_euclidean_norm": (lambda: MATH["reduce_euclidean_norm"](X, 1), np.linalg.norm(X, axis=1)),
    "norm of all numbers": (lambda: TF["norm"](X, ord=1), np.abs(X).sum()),
    "norm by its name": (lambda: TF["norm"](X, "euclidean", 0), np.linalg.norm(X, axis=0)),
    "pad": (lambda: TF["pad"](X, [[1, 0], [0, 0]], "CONSTANT", 2.0), np.pad(X, [[1, 0], [0, 0]], constant_values=2.0)),
    "pad by reflection": (lambda: TF["pad"](X, [[1, 0], [0, 0]], "REFLECT"), np.pad(X, [[1, 0], [0, 0]], "reflect")),
    "split into parts": (lambda: TF["split"](X, 3, axis=1)[1], X[:, 1:2]),
    "split by sizes": (lambda: TF["split"](X, [1, 2], axis=1)[1], X[:, 1:]),
    "split by sizes, one of them open": (lambda: TF["split"](X, [1, -1, 1], 1)[1], X[:, 1:2]),
    "linalg.diag": (lambda: LINALG["diag"](X)[1], np.diag(X[1])),
    "linalg.inv": (lambda: LINALG["inv"](SQUARE), np.linalg.inv(SQUARE)),
    "linalg.det": (lambda: LINALG["det"](SQUARE), np.linalg.det(SQUARE)),
    "linalg.solve": (lambda: LINALG["solve"](matrix=SQUARE, rhs=X), np.linalg.solve(SQUARE, X)),
    "linalg.lstsq": (
        lambda: LINALG["lstsq"](X.T, SQUARE[:1].repeat(3, 0)),
        np.linalg.lstsq(X.T, SQUARE[:1].repeat(3, 0))[0],
    ),
    "linalg.cholesky": (lambda: LINALG["cholesky"](SQUARE), np.linalg.cholesky(SQUARE)),
    "linalg.eigh": (lambda: LINALG["eigh"](SQUARE)[0], np.linalg.eigh(SQUARE)[0]),
    "linalg.slogdet": (lambda: LINALG["slogdet"](SQUARE)[1], np.linalg.slogdet(SQUARE)[1]),
    "linalg.cross": (lambda: LINALG["cross"](X, Y), np.cross(X, Y)),
    "linalg.svd, values first": (lambda: LINALG["svd"](X)[0], np.linalg.svd(X)[1]),
    "linalg.svd, values alone": (lambda: LINALG["svd"](X, compute_uv=False), np.linalg.svd(X)[1]),
    "linalg.svd, v with vectors as columns": (lambda: _again(*LINALG["svd"](X)), X),
    "linalg.qr": (lambda: tensorflow.matmul(*LINALG["qr"](X)), X),
    "l2_loss": (lambda: tensorflow.l2_loss(X), (X**2).sum() / 2),
    "clip_by_norm": (lambda: tensorflow.clip_by_norm(X, 1.0), X / np.linalg.norm(X)),
    "clip_by_global_norm": (lambda: tensorflow.clip_by_global_norm([X, Y], 100.0)[0][1], Y),
    "global_norm": (lambda: tensorflow.global_norm([X, Y]), np.sqrt((X**2).sum() + (Y**2).sum())),
    "nn.relu": (lambda: NN["relu"](X), X.clip(0)),
    "nn.leaky_relu": (lambda: NN["leaky_relu"](X, alpha=0.1), np.where(X > 0, X, 0.1 * X)),
    "nn.softmax": (lambda: NN["softmax"](X), np.exp(X) / np.exp(X).sum(-1, keepdims=True)),
    "softmax cross-entropy": (
        lambda: tensorflow.softmax_cross_entropy_with_logits(labels=np.eye(3)[[0, 2]].astype("float32"), logits=X),
        -(X - np.log(np.exp(X).sum(-1, keepdims=True)))[[0, 1], [0, 2]],
    ),
    "sparse softmax cross-entropy": (
        lambda: tensorflow.sparse_softmax_cross_entropy_with_logits(labels=[0, 2], logits=X),
        -(X - np.log(np.exp(X).sum(-1, keepdims=True)))[[0, 1], [0, 2]],
    ),
    "sigmoid cross-entropy": (
        lambda: tensorflow.sigmoid_cross_entropy_with_logits(labels=(Y > 1).astype("float32"), logits=X),
        np.log1p(np.exp(X)) - X * (Y > 1),
    ),
    "numpy_function": (lambda: tensorflow.numpy_function(np.square, [X], "float32"), X**2),
    "K.mean": (lambda: BACKEND["mean"](X, axis=0), X.mean(0)),
    "K.clip": (lambda: BACKEND["clip"](X, min_value=-1.0, max_value=1.0), X.clip(-1, 1)),
    "K.flatten": (lambda: BACKEND["flatten"](X), X.ravel()),
    "K.permute_dimensions": (lambda: BACKEND["permute_dimensions"](X, (1, 0)), X.T),
    "K.l2_normalize": (lambda: backend.l2_normalize(X, axis=1), X / np.linalg.norm(X, axis=1, keepdims=True)),
    "K.batch_dot of rows": (lambda: backend.batch_dot(X, Y), (X * Y).sum(1, keepdims=True)),
    "K.batch_dot of matrices": (
        lambda: backend.batch_dot(X[:, None], SQUARE[:1, :1] * np.ones((2, 3, 4), "float32")),
        4 * X.sum(1).reshape(2, 1, 1).repeat(4, 2),
    ),
    "K.batch_dot by axes": (
        lambda: backend.batch_dot(X[:, None], Y[:, None], axes=(2, 2)),
        (X * Y).sum(1).reshape(2, 1, 1),
    ),
    "K.constant": (lambda: backend.constant(2.0, shape=(2,)), [2.0, 2.0]),
}


@pytest.mark.parametrize("name", CASES)
def test_an_operation_gives_what_numpy_gives(name: str) -> None:
    call, expected = CASES[name]
    found = call()
    assert isinstance(found, Tensor)
    np.testing.assert_allclose(found.numpy(), expected, rtol=2e-5)


def test_a_variable_is_one_for_isinstance_whoever_made_it() -> None:
    from flintglass import layers

    layer = layers.Dense(2)
    layer(X)
    own = tensorflow.Variable([1.0, 2.0], trainable=False, name="v")
    assert isinstance(own, tensorflow.Variable)
    assert isinstance(layer.kernel, tensorflow.Variable)
    assert not isinstance(tensorflow.constant(1.0), tensorflow.Variable)
    assert (own.name, own.trainable, own.dtype) == ("v", False, "float32")


def test_a_hand_written_step_learns() -> None:
    w, b = tensorflow.Variable(0.0), tensorflow.Variable(0.0)
    x = tensorflow.range(0.0, 5.0)
    for _ in range(200):
        with GradientTape() as tape:
            loss = TF["reduce_mean"](TF["square"](w * x + b - (3.0 * x + 1.0)))
        for variable, gradient in zip((w, b), tape.gradient(loss, [w, b]), strict=True):
            variable.assign_sub(0.05 * gradient)
    assert abs(float(w) - 3) < 0.05
    assert abs(float(b) - 1) < 0.15


def test_function_leaves_a_function_as_it_is() -> None:
    def f(x: Any) -> Any:
        return x

    assert tensorflow.function(f) is f
    assert tensorflow.function(reduce_retracing=True)(f) is f


def test_print_shows_numbers(capsys: Any) -> None:
    tensorflow.print("x:", tensorflow.constant([1.0, 2.0]), sep=" ")
    assert capsys.readouterr().out == "x: [1. 2.]\n"


def test_random_numbers_have_their_bounds() -> None:
    assert tensorflow.uniform((50,), 3, 5, "int32").numpy().min() >= 3
    found = tensorflow.uniform((50,), maxval=2.0).numpy()
    assert 0 <= found.min() < found.max() < 2
    assert sorted(tensorflow.shuffle(np.arange(5)).numpy()) == [0, 1, 2, 3, 4]

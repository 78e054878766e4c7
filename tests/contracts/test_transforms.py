"""Transforms of functions: grad, value_and_grad, jacobian, hessian, vectorized_map."""

from __future__ import annotations

import numpy as np
import pytest
from tests.contracts.support import differences

from flintglass import grad, hessian, jacobian, ops, value_and_grad, vectorized_map
from flintglass.errors import ShapeError
from flintglass.program import Size, Spec
from flintglass.tracing.tape import GradientTape
from flintglass.tracing.tensor import convert
from flintglass.tracing.trace import trace
from flintglass.tracing.variable import Variable

RNG = np.random.default_rng(0)
X, W = RNG.normal(size=(4, 3)), RNG.normal(size=(3, 2))


def loss(w, x):
    return ops.mean(ops.square(ops.tanh(x @ w)) * ops.exp(x[:, :1]))


def numbers(function, *arrays):
    return [np.asarray(function(*(convert(array) for array in arrays)))]


def test_grad_agrees_with_finite_differences_for_each_argument() -> None:
    for argnums in (0, 1):
        found = grad(loss, argnums)(W, X).numpy()
        expected = differences(lambda arrays: numbers(loss, *arrays), [W, X], argnums, [np.ones(())])
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    both = grad(loss, (1, 0))(W, X)
    np.testing.assert_array_equal(both[0].numpy(), grad(loss, 1)(W, X).numpy())
    np.testing.assert_array_equal(both[1].numpy(), grad(loss, 0)(W, X).numpy())


def test_value_and_grad_gives_both_and_what_else_the_function_returns() -> None:
    value, gradient = value_and_grad(loss)(W, X)
    assert float(value) == pytest.approx(float(numbers(loss, W, X)[0]))
    np.testing.assert_array_equal(gradient.numpy(), grad(loss)(W, X).numpy())

    def with_more(w):
        return ops.sum(w * w), {"double": w * 2.0, "count": 3}

    (value, aux), gradient = value_and_grad(with_more, has_aux=True)(W)
    assert float(value) == pytest.approx((W * W).sum())
    np.testing.assert_allclose(aux["double"], 2 * W)
    assert int(aux["count"]) == 3
    np.testing.assert_allclose(gradient, 2 * W)


def test_arguments_and_gradients_may_be_nested() -> None:
    def network(parameters, x):
        hidden = ops.tanh(x @ parameters["layers"][0]["w"] + parameters["layers"][0]["b"])
        return ops.sum(hidden * parameters["scale"])

    parameters = {"layers": [{"w": W, "b": np.zeros(2)}], "scale": np.ones(2)}
    found = grad(network)(parameters, X)
    assert set(found) == {"layers", "scale"}
    hidden = np.tanh(X @ W)
    np.testing.assert_allclose(found["scale"], hidden.sum(axis=0))
    np.testing.assert_allclose(found["layers"][0]["b"], (1 - hidden**2).sum(axis=0))
    np.testing.assert_allclose(found["layers"][0]["w"], X.T @ (1 - hidden**2))


def test_an_argument_that_does_not_matter_has_a_gradient_of_zeros() -> None:
    assert grad(lambda a, b: ops.sum(a), 1)(W, X).numpy().tolist() == np.zeros_like(X).tolist()


def test_grad_of_what_is_no_scalar_is_refused() -> None:
    with pytest.raises(ShapeError, match="returns a scalar"):
        grad(lambda w: w * 2.0)(W)


def test_gradients_of_gradients_go_on() -> None:
    def power(x):
        return x**5.0

    for order, expected in enumerate([5 * 16.0, 20 * 8.0, 60 * 4.0, 120 * 2.0], start=1):
        function = power
        for _ in range(order):
            function = grad(function)
        assert float(function(2.0)) == pytest.approx(expected)


def test_the_jacobian_agrees_with_a_loop_over_the_outputs() -> None:
    def function(w):
        return ops.sin(convert(X) @ w) * 2.0

    found = jacobian(function)(W).numpy()
    assert found.shape == (4, 2, 3, 2)
    for place in np.ndindex(4, 2):
        row = grad(lambda w, place=place: function(w)[place[0], place[1]])(W).numpy()
        np.testing.assert_allclose(found[place], row, rtol=1e-12, atol=1e-14)


def test_the_jacobian_of_a_function_that_does_not_depend_is_zero_and_of_the_identity_is_the_identity() -> None:
    assert not jacobian(lambda w: convert(X) * 1.0)(W).numpy().any()
    np.testing.assert_array_equal(jacobian(lambda v: v)(np.arange(3.0)), np.eye(3))


def test_the_hessian_is_the_jacobian_of_the_gradient_and_symmetric() -> None:
    def function(v):
        return ops.sum(ops.exp(v[:2]) * v[1:]) + ops.sum(v) ** 3.0

    v = np.array([0.3, -0.2, 0.7])
    found = hessian(function)(v).numpy()
    assert found.shape == (3, 3)
    np.testing.assert_allclose(found, found.T, rtol=1e-12)
    for i in range(3):
        row = differences(lambda arrays, i=i: [grad(function)(arrays[0]).numpy()[i]], [v], 0, [np.ones(())])
        np.testing.assert_allclose(found[i], row, rtol=1e-6, atol=1e-8)


def test_vectorized_map_gives_what_a_loop_over_the_rows_gives() -> None:
    def row(x):
        return ops.tanh(x @ convert(W)), ops.sum(x), ops.reshape(x, (3, 1)) * x

    found = vectorized_map(row, X)
    for position, expected in enumerate(zip(*(row(convert(x)) for x in X), strict=True)):
        np.testing.assert_allclose(found[position], np.stack([np.asarray(item) for item in expected]), rtol=1e-12)


def test_vectorized_map_takes_several_arguments_and_gives_constants_a_row_each() -> None:
    def row(arguments):
        a, b = arguments
        return {"sum": ops.sum(a) + ops.sum(b), "constant": ops.ones(2)}

    found = vectorized_map(row, [X, X[:, :2]])
    np.testing.assert_allclose(found["sum"], X.sum(axis=1) + X[:, :2].sum(axis=1))
    assert found["constant"].shape == (4, 2)
    assert vectorized_map(lambda x: x * 2.0)(X).shape == X.shape
    with pytest.raises(ShapeError, match="same number of rows"):
        vectorized_map(row, [X, X[:2]])


def test_gradients_of_single_rows_come_from_mapping_grad() -> None:
    def of_row(x):
        return ops.sum(ops.square(x @ convert(W)))

    found = vectorized_map(grad(of_row), X).numpy()
    np.testing.assert_allclose(found, np.stack([grad(of_row)(x).numpy() for x in X]), rtol=1e-12)


def test_a_closure_that_changes_is_seen() -> None:
    scale, shift, numpy_scale, table = 2.0, convert(1.0), np.float32(3.0), {"a": 1.0}

    def function(x):
        return ops.sum(x * scale + shift * x * numpy_scale) * table["a"]

    gradient = grad(function)
    assert float(gradient(1.0)) == 5.0
    scale = 10.0
    assert float(gradient(1.0)) == 13.0
    shift = convert(2.0)
    assert float(gradient(1.0)) == 16.0
    for number in range(20):  # numbers that are made and forgotten lie at the same address
        numpy_scale = np.float32(number)
        shift = convert(float(number + 1))
        assert float(gradient(1.0)) == 10.0 + (number + 1) * number
    table = {"a": 2.0}
    assert float(gradient(1.0)) == 2 * (10.0 + 20 * 19)


FACTOR = 2.0


def test_a_global_that_changes_is_seen(monkeypatch) -> None:
    gradient = grad(lambda x: x * FACTOR)
    assert float(gradient(1.0)) == 2.0
    monkeypatch.setitem(globals(), "FACTOR", 5.0)
    assert float(gradient(1.0)) == 5.0


def test_one_trace_serves_every_call_with_the_same_types() -> None:
    traced = []

    def function(x):
        traced.append(x.spec.shape)
        return ops.sum(x)

    gradient = grad(function)
    for length in (3, 3, 4, 3, 4):
        gradient(np.ones(length))
    assert traced == [(3,), (4,)]


def test_a_variable_in_a_transformed_function_is_read_anew_at_every_call() -> None:
    weight = Variable(np.asarray(2.0), name="weight")
    gradient = grad(lambda x: x * x * weight)
    assert float(gradient(3.0)) == 12.0
    weight.assign(10.0)
    assert float(gradient(3.0)) == 60.0


# -- inside other traces


def in_program(function, *arrays):
    """The result of the function in a program, whose first argument's first axis is named."""
    specs = [Spec((Size("n"), *arrays[0].shape[1:]), "float64")]
    specs += [Spec(array.shape, "float64") for array in arrays[1:]]
    return np.asarray(trace(function, specs).run(list(arrays)))


def test_transforms_inside_a_program_give_what_they_give_outside() -> None:
    np.testing.assert_allclose(in_program(lambda x, w: grad(loss)(w, x), X, W), grad(loss)(W, X).numpy(), rtol=1e-12)
    np.testing.assert_allclose(
        in_program(lambda x, w: vectorized_map(lambda row: ops.sum(ops.exp(row @ w)), x), X, W),
        np.exp(X @ W).sum(axis=1),
        rtol=1e-12,
    )
    np.testing.assert_allclose(
        in_program(lambda x, w: hessian(lambda v: ops.sum(ops.exp(x @ v)))(w[:, 0]), X, W),
        (X[:, :, None] * X[:, None, :] * np.exp(X @ W[:, 0])[:, None, None]).sum(axis=0),
        rtol=1e-10,
    )


def test_an_inner_gradient_is_taken_along_the_argument_alone() -> None:
    # What the inner function reads from outside is held fast, also where it is the same value.
    assert float(grad(lambda x: grad(lambda a: a * x)(x))(3.0)) == 1.0
    assert float(grad(lambda x: grad(lambda a, b: a * b)(x, x))(3.0)) == 1.0
    assert [float(g) for g in trace(lambda x: grad(lambda a, b: a * a * b, (0, 1))(x, x), [Spec((), "float64")])
            .run([np.asarray(3.0)])] == [18.0, 9.0]  # fmt: skip
    assert float(grad(lambda x: grad(lambda s: s * s * s)(2.0) * x)(1.0)) == 12.0


def test_grad_under_a_tape_is_differentiated_by_it() -> None:
    x = convert(3.0)
    with GradientTape() as tape:
        tape.watch(x)
        y = grad(lambda a: a * a * a)(x)
    assert (float(y), float(tape.gradient(y, x))) == (27.0, 18.0)


def test_a_call_made_again_sees_other_arguments_and_another_closure() -> None:
    factor = np.float64(2.0)
    both = value_and_grad(lambda w, x: ops.sum(ops.square(w[0] * x + w[1])) * factor)
    x = np.arange(3.0)

    def found(slope: float, start: float, rows: int = 3) -> tuple[float, list[float]]:
        value, (a, b) = both([np.float64(slope) * np.ones(()), np.full((), start)], np.arange(float(rows)))
        return float(value), [float(a), float(b)]

    def expected(slope: float, start: float, rows: int = 3) -> tuple[float, list[float]]:
        x = np.arange(float(rows))
        line = slope * x + start
        return float(factor * (line**2).sum()), [float(factor * 2 * (line * x).sum()), float(factor * 2 * line.sum())]

    for _ in range(3):
        assert found(1.0, 2.0) == expected(1.0, 2.0)
        assert found(3.0, -1.0) == expected(3.0, -1.0)
        assert found(3.0, -1.0, rows=5) == expected(3.0, -1.0, rows=5)
    factor = np.float64(5.0)
    assert found(1.0, 2.0) == expected(1.0, 2.0)
    value, _ = both([convert(np.ones(())), convert(np.ones(()))], convert(x))
    assert float(value) == expected(1.0, 1.0)[0]


def test_results_of_a_call_are_not_overwritten_by_the_next() -> None:
    both = value_and_grad(lambda x: ops.sum(ops.square(x)))
    first = [both(np.full(4, 2.0)) for _ in range(3)][-1]
    both(np.full(4, 7.0))
    assert float(first[0]) == 16.0
    np.testing.assert_array_equal(first[1].numpy(), np.full(4, 4.0))


def test_calls_of_several_shapes_and_dtypes_in_turn_get_each_its_own_program() -> None:
    function = value_and_grad(lambda x: ops.sum(ops.square(x)))
    kinds = [X, X[:2], X.astype("float32"), np.asfortranarray(X), X[::-1, ::2], X[0], np.arange(5.0)]
    for _ in range(3):
        for x in kinds:
            value, slope = function(x)
            np.testing.assert_allclose(np.asarray(value), np.sum(x * x), rtol=1e-6)
            np.testing.assert_allclose(np.asarray(slope), 2 * x, rtol=1e-6)
            assert np.asarray(slope).dtype == x.dtype


def test_a_function_that_is_given_other_code_or_defaults_is_traced_anew() -> None:
    def scaled(x, factor=2.0):
        return ops.sum(x * factor)

    def shifted(x, factor=2.0):
        return ops.sum((x + 1.0) * factor)

    slope = value_and_grad(scaled)
    assert [float(slope(np.ones(3))[0]) for _ in range(2)] == [6.0, 6.0]
    scaled.__defaults__ = (3.0,)
    assert [float(slope(np.ones(3))[0]) for _ in range(2)] == [9.0, 9.0]
    scaled.__code__ = shifted.__code__
    assert [float(slope(np.ones(3))[0]) for _ in range(2)] == [18.0, 18.0]


@pytest.mark.parametrize("transform", [grad, value_and_grad, jacobian])
@pytest.mark.parametrize("argument", [3, np.array([1, 2])])
def test_a_gradient_at_whole_numbers_is_refused_not_zero(transform, argument) -> None:
    with pytest.raises(TypeError, match=r"real numbers, not .*write 3\.0 for 3"):
        transform(lambda w: ops.sum(w * w))(argument)

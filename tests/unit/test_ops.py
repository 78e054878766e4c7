"""Operations: shapes with open sizes, labels, blocks of control flow, gradients of one's own, all states."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import flintglass
from flintglass import ops
from flintglass.errors import IndexOutOfRange, ShapeError
from flintglass.program import Size, Spec
from flintglass.tracing.trace import trace
from flintglass.tracing.variable import Variable

N = Size("n")
X = np.array([1.0, 2.0, 3.0], "float32")


@pytest.mark.parametrize("name", ops.__all__)
def test_every_name_of_the_table_loads_and_says_what_it_does(name):
    assert inspect.getdoc(getattr(ops, name))


def traced(function, *arrays, batch=True):
    """What the program of the function gives, its first axis being ``n``."""
    specs = [Spec((N, *a.shape[1:]) if batch else a.shape, a.dtype.name) for a in arrays]
    return trace(function, specs).run(list(arrays))


OPEN = {
    "reshape": lambda x: ops.reshape(x, (-1, 2, 2)),
    "reshape by shape": lambda x: ops.reshape(x, (ops.shape(x)[0], 2, 2)),
    "zeros_like": lambda x: ops.zeros_like(x) + x,
    "ones_like": ops.ones_like,
    "size of the batch": lambda x: x / ops.cast(ops.shape(x)[0], "float32"),
    "arange of the batch": lambda x: ops.cast(ops.arange(ops.shape(x)[0]), "float32"),
    "concatenate": lambda x: ops.concatenate([x, x], axis=0),
    "stack": lambda x: ops.stack([x, x], axis=1),
    "split": lambda x: ops.split(x, 2, axis=-1)[1],
    "unstack": lambda x: ops.unstack(x, axis=1)[3],
    "tile": lambda x: ops.tile(x, (1, 2)),
    "repeat": lambda x: ops.repeat(x, 2, axis=0),
    "pad": lambda x: ops.pad(x, ((0, 0), (1, 2)), constant_values=2.0),
    "top_k": lambda x: ops.top_k(x, 2)[0],
    "take": lambda x: ops.take(x, [0, -1], axis=1),
    "one_hot": lambda x: ops.one_hot(ops.argmax(x, axis=1), 4),
    "einsum": lambda x: ops.einsum("ij,ik->ijk", x, x),
    "softmax": ops.softmax,
    "var": lambda x: ops.var(x, axis=0),
    "normal": lambda x: flintglass.random.normal(ops.shape(x), seed=3),
    "odd normal": lambda x: flintglass.random.normal(ops.shape(x[:, :3]), seed=3),
    "truncated normal": lambda x: flintglass.random.truncated_normal(ops.shape(x[:, :3]), seed=3),
    "dropout": lambda x: flintglass.random.dropout(x, 0.5, seed=3),
}


@pytest.mark.parametrize("name", OPEN)
def test_an_operation_gives_the_same_eagerly_in_a_program_and_in_a_functional_model(name):
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    eager = OPEN[name](flintglass.convert_to_tensor(x)).numpy()
    np.testing.assert_array_equal(traced(OPEN[name], x).numpy(), eager)
    given = flintglass.Input((4,))
    model = flintglass.Model(given, OPEN[name](given))
    np.testing.assert_array_equal(np.asarray(model(x)), eager)


def test_reshape_says_what_does_not_divide():
    with pytest.raises(ShapeError, match="does not divide"):
        ops.reshape(np.ones((3, 4)), (5, -1))
    with pytest.raises(ShapeError, match="only one extent"):
        ops.reshape(np.ones((3, 4)), (-1, -1))


def test_a_label_outside_the_axis_is_an_error_and_one_hot_of_it_is_zero():
    with pytest.raises(IndexOutOfRange):
        ops.sparse_categorical_crossentropy([4], np.full((1, 4), 0.25))
    assert ops.one_hot([4, -1], 4).numpy().tolist() == [[0.0] * 4] * 2


def test_cross_entropies_of_logits_are_one_named_line():
    program = trace(
        lambda y, z: ops.sparse_categorical_crossentropy(y, z, from_logits=True),
        [Spec((N,), "int32"), Spec((N, 3), "float32")],
    ).program
    assert [line.primitive for line in program.instructions] == ["call"]
    assert "block sparse_softmax_cross_entropy" in str(program)
    assert "input logits" in str(program)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cross_entropies_stay_finite_where_outputs_are_certain_and_wrong(dtype):
    target, output = np.eye(3, dtype=dtype), np.roll(np.eye(3, dtype=dtype), 1, axis=0)
    for loss in (ops.categorical_crossentropy, ops.binary_crossentropy):
        for given, from_logits in ((output, False), (output * 1e4, True)):
            value = loss(target, given, from_logits=from_logits)
            gradient = flintglass.grad(lambda z, f=from_logits, g=loss: ops.sum(g(target, z, from_logits=f)))(given)
            assert np.isfinite(value.numpy()).all()
            assert np.isfinite(gradient.numpy()).all()


# name: (function of x and the variable v, its value, its gradient by x of the sum, by v under a tape)
CONTROL = {
    "cond": (lambda x, v: ops.cond(ops.sum(x) > 2.0, lambda: x * v, lambda: x), [2, 4, 6], [2, 2, 2], [1, 2, 3]),
    "cond, else": (lambda x, v: ops.cond(ops.sum(x) > 20.0, lambda: v, lambda: x * x), [1, 4, 9], [2, 4, 6], None),
    "switch": (
        lambda x, v: ops.switch(ops.cast(x[0], "int32"), [lambda q: q, lambda q: q * v, lambda q: -q], x),
        [2, 4, 6], [2, 2, 2], [1, 2, 3],
    ),
    "fori_loop": (lambda x, v: ops.fori_loop(0, 2, lambda i, q: q * v, x), [4, 8, 12], [4, 4, 4], [4, 8, 12]),
    "scan": (
        lambda x, v: ops.scan(lambda c, r: (c + r * v[0], c * r), ops.zeros(()), x)[1],
        [0, 4, 18], [10, 8, 6], [11, 0, 0],
    ),
    "map": (lambda x, v: ops.map(lambda r: r * r + v[0], x), [3, 6, 11], [2, 4, 6], [3, 0, 0]),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTROL)
def test_control_flow_gives_values_and_gradients_eagerly_traced_and_under_a_tape(name):
    function, value, by_x, by_v = CONTROL[name]
    v = Variable(np.full(3, 2.0, "float32"), name="v")
    of_x = lambda x: function(x, v)  # noqa: E731
    np.testing.assert_allclose(of_x(flintglass.convert_to_tensor(X)).numpy(), value)
    np.testing.assert_allclose(traced(of_x, X, batch=False).numpy(), value)
    np.testing.assert_allclose(flintglass.grad(lambda x: ops.sum(of_x(x)))(X).numpy(), by_x)
    with flintglass.GradientTape() as tape:
        x = flintglass.convert_to_tensor(X)
        tape.watch(x)
        total = ops.sum(of_x(x))
    gradients = tape.gradient(total, [x, v])
    np.testing.assert_allclose(gradients[0].numpy(), by_x)
    if by_v is not None:
        np.testing.assert_allclose(gradients[1].numpy(), by_v)


def test_while_loops_carry_nested_values_and_stop_at_their_limit():
    def grown(x):
        return ops.while_loop(lambda i, q: ops.sum(q) < 100.0, lambda i, q: (i + 1, q * 2.0 + x), (0, x))

    def limited(x):
        return ops.while_loop(lambda q: ops.sum(q) < 1e9, lambda q: q * 2.0, x, maximum_iterations=3)

    for run in (lambda f: f(flintglass.convert_to_tensor(X)), lambda f: traced(f, X, batch=False)):
        count, value = run(grown)
        assert (int(count), value.numpy().tolist()) == (5 - 1, [31.0, 62.0, 93.0])
        assert run(limited).numpy().tolist() == [8.0, 16.0, 24.0]


def test_a_gradient_of_ones_own_replaces_the_derivative_and_may_use_what_was_computed():
    v = Variable(np.full(3, 2.0, "float32"), name="v")

    @ops.custom_gradient
    def scaled(x):
        e = ops.exp(x)

        def gradient(*upstream):
            return upstream[0] * e * 10.0 * v

        return e * v, gradient

    np.testing.assert_allclose(scaled(X).numpy(), 2.0 * np.exp(X), rtol=1e-6)
    np.testing.assert_allclose(flintglass.grad(lambda x: ops.sum(scaled(x)))(X).numpy(), 20.0 * np.exp(X), rtol=1e-6)


def test_dropout_keeps_the_mean_and_follows_its_noise_shape():
    x = np.ones((2000, 4), "float32")
    kept = flintglass.random.dropout(x, 0.25, seed=1).numpy()
    assert set(np.unique(kept)) == {0.0, np.float32(1 / 0.75)}
    assert kept.mean() == pytest.approx(1.0, abs=0.03)
    rows = flintglass.random.dropout(x, 0.5, noise_shape=(None, 1), seed=1).numpy()
    assert (rows == rows[:, :1]).all()


def test_shuffles_and_whole_numbers_are_what_they_say():
    shuffled = flintglass.random.shuffle(np.arange(50), seed=1).numpy()
    assert sorted(shuffled) == list(range(50))
    assert list(shuffled) != list(range(50))
    drawn = flintglass.random.randint((4000,), -3, 4, seed=1)
    assert (drawn.dtype, set(drawn.numpy().tolist())) == ("int32", set(range(-3, 4)))
    wide = flintglass.random.randint((1000,), 0, 2**40, dtype="int64", seed=1).numpy()
    assert wide.max() > 2**38
    drawn = flintglass.random.categorical(np.log([[0.2, 0.8]]), 4000, seed=1).numpy()
    assert drawn.mean() == pytest.approx(0.8, abs=0.03)

"""Every activation, initializer, regularizer and constraint of the registries keeps the same promises."""

from __future__ import annotations

import numpy as np
import pytest

import flintglass
from flintglass import activations, constraints, initializers, random, regularizers
from flintglass.errors import ShapeError
from flintglass.program import Size, Spec
from flintglass.tracing.trace import trace

# What an activation needs beside its input, and the points at which its slope jumps.
MORE = {"threshold": {"threshold": 0.3, "default_value": -0.7}}
KINKS = (-3.0, -1.0, -0.5, 0.0, 0.3, 0.5, 1.0, 3.0, 6.0)
OF_ROWS = ("softmax", "log_softmax", "sparsemax", "glu")
N = Size("n")


def activation(name):
    function, more = getattr(activations, name), MORE.get(name, {})
    return lambda x: function(x, **more)


def points(seed=0):
    """Rows of numbers, none within 0.02 of a kink."""
    generator = np.random.default_rng(seed)
    x = generator.uniform(-7.0, 7.0, (60, 4))
    near = np.abs(x[..., None] - np.array(KINKS)).min(-1) < 0.02
    return np.where(near, x + 0.05, x)


def total(function, weights):
    """A scalar function of x that weighs every result."""
    return lambda x: flintglass.ops.sum(function(x) * weights[..., : function(x).spec.shape[-1]])


@pytest.mark.parametrize("name", sorted(activations.FUNCTIONS))
def test_an_activation_gives_the_same_numbers_eagerly_and_traced_for_any_batch(name):
    x = points().astype("float32")
    eager = activation(name)(x)
    traced = trace(activation(name), [Spec((N, 4), "float32")], name)
    assert eager.dtype == "float32"
    np.testing.assert_array_equal(eager.numpy(), traced.run([x]).numpy())
    np.testing.assert_array_equal(activation(name)(x[:3]).numpy(), traced.run([x[:3]]).numpy())


@pytest.mark.parametrize("name", sorted(activations.FUNCTIONS))
def test_an_activation_keeps_float64_and_turns_whole_numbers_into_floats(name):
    assert activation(name)(points()).dtype == "float64"
    assert activation(name)(np.array([[1, -2, 3, 0]], "int64")).dtype in ("float32", "int64")


@pytest.mark.parametrize("name", sorted(activations.FUNCTIONS))
def test_the_gradient_of_an_activation_is_its_slope(name):
    x, weights, step = points(), np.random.default_rng(1).normal(size=(60, 4)), 1e-6
    scalar = total(activation(name), weights)
    gradient = flintglass.grad(scalar)(x).numpy()
    for row, column in ((0, 0), (3, 1), (7, 2), (20, 3), (41, 0), (55, 2)):
        alone, moved = x[row : row + 1], np.zeros((1, 4))
        moved[0, column] = step
        of_row = total(activation(name), weights[row : row + 1])
        slope = (float(of_row(alone + moved)) - float(of_row(alone - moved))) / (2 * step)
        assert gradient[row, column] == pytest.approx(slope, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(activations.FUNCTIONS))
def test_an_activation_and_its_gradient_have_no_nan_for_any_input_from_minus_1e4_to_1e4(name, dtype):
    bounds = 80.0 if name == "exponential" else 1e4
    x = np.concatenate([np.linspace(-bounds, bounds, 41), np.array([*KINKS, 1e-30, -1e-30, 88.0, -88.0])])
    x = np.clip(x, -bounds, bounds).astype(dtype).reshape(-1, 2)
    assert np.isfinite(activation(name)(x).numpy()).all()
    assert np.isfinite(flintglass.grad(total(activation(name), np.ones_like(x)))(x).numpy()).all()


@pytest.mark.parametrize("name", sorted(set(activations.FUNCTIONS) - set(OF_ROWS)))
def test_an_activation_is_one_line_of_a_listing(name):
    traced = trace(activation(name), [Spec((N, 4), "float32")], name)
    assert len(traced.program.instructions) <= 1


@pytest.mark.parametrize("name", sorted(activations.FUNCTIONS))
def test_an_activation_is_found_by_its_name_and_serialized_to_one(name):
    function = activations.get(name)
    assert function is getattr(activations, name)
    assert activations.get(activations.serialize(function)) is function
    assert activations.deserialize(activations.serialize(function)) is function


def test_activations_are_understood_in_every_form():
    assert activations.get(None) is activations.linear
    own = lambda x: x * 2.0  # noqa: E731
    assert activations.get(own) is own
    description = activations.serialize(own)
    assert description["class_name"] == "function"
    assert activations.deserialize(description, {description["config"]: own}) is own
    with pytest.raises(ValueError, match=r"unknown activation 'reluu'. Did you mean 'relu'"):
        activations.get("reluu")
    with pytest.raises(ValueError, match="not 3"):
        activations.get(3)


def test_relu_with_settings_bends_where_they_say():
    x = np.array([-2.0, -0.5, 0.5, 2.0, 9.0])
    bent = activations.relu(x, negative_slope=0.1, max_value=6.0, threshold=1.0).numpy()
    np.testing.assert_allclose(bent, [-0.3, -0.15, -0.05, 2.0, 6.0])
    np.testing.assert_array_equal(activations.relu(x, max_value=1.0).numpy(), [0.0, 0.0, 0.5, 1.0, 1.0])


INITIALIZERS = sorted(set(initializers.CLASSES) - {"Initializer"})
DRAWING = sorted(set(INITIALIZERS) - {"Constant", "Identity", "Ones", "Zeros"})


@pytest.mark.parametrize("dtype", ["float32", "float64", None])
@pytest.mark.parametrize("name", INITIALIZERS)
def test_an_initializer_gives_the_shape_and_the_dtype_that_were_asked_for(name, dtype):
    for shape in ((3, 4), (4, 3)):
        tensor = getattr(initializers, name)()(shape, dtype=dtype)
        assert tensor.shape == shape
        assert tensor.dtype == (dtype or "float32")
        assert np.isfinite(tensor.numpy()).all()


@pytest.mark.parametrize("name", INITIALIZERS)
def test_an_initializer_is_made_again_from_its_description(name):
    settings = {"seed": 3} if name in DRAWING else {}
    initializer = getattr(initializers, name)(**settings)
    for again in (
        initializer.clone(),
        initializers.deserialize(initializers.serialize(initializer)),
        initializers.get(initializers.serialize(initializer)),
    ):
        assert type(again) is type(initializer)
        assert again.get_config() == initializer.get_config()
        np.testing.assert_array_equal(again((2, 3)).numpy(), initializer((2, 3)).numpy())
    description = initializers.serialize(initializer)
    assert (description["module"], description["class_name"]) == ("keras.initializers", name)


@pytest.mark.parametrize("name", DRAWING)
def test_the_same_seed_gives_the_same_values_and_another_seed_others(name):
    made = [getattr(initializers, name)(seed=seed)((3, 4)).numpy() for seed in (7, 7, 8)]
    np.testing.assert_array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])
    generator = random.SeedGenerator(7)
    initializer = getattr(initializers, name)(seed=generator)
    first, second = initializer((3, 4)).numpy(), initializer((3, 4)).numpy()
    np.testing.assert_array_equal(first, made[0])
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("alias", sorted(initializers.ALIASES))
def test_an_initializer_is_found_by_its_other_names(alias):
    assert type(initializers.get(alias)).__name__ == initializers.ALIASES[alias]


def test_constants_are_what_they_say():
    assert initializers.Constant(2.5)((2,)).numpy().tolist() == [2.5, 2.5]
    assert initializers.Constant([1.0, 2.0])((2, 2)).numpy().tolist() == [[1, 2], [1, 2]]
    assert initializers.Identity(gain=3.0)((2, 3)).numpy().tolist() == [[3, 0, 0], [0, 3, 0]]
    with pytest.raises(ShapeError, match="Identity"):
        initializers.Identity()((2,))


REGULARIZERS = sorted(set(regularizers.CLASSES) - {"Regularizer"})
CONSTRAINTS = sorted(set(constraints.CLASSES) - {"Constraint"})


@pytest.mark.parametrize("name", REGULARIZERS)
def test_a_regularizer_is_made_again_from_its_description(name):
    regularizer = getattr(regularizers, name)()
    description = regularizers.serialize(regularizer)
    again = regularizers.deserialize(description)
    assert type(again) is type(regularizer)
    assert again.get_config() == regularizer.get_config()
    assert description["module"] == "keras.regularizers"


@pytest.mark.parametrize("name", REGULARIZERS)
def test_a_regularizer_gives_a_scalar_with_a_gradient_eagerly_and_traced(name):
    x = np.random.default_rng(0).normal(size=(4, 3))
    regularizer = getattr(regularizers, name)()
    value = regularizer(x)
    assert (value.shape, value.dtype) == ((), "float64")
    assert float(trace(regularizer, [Spec((4, 3), "float64")], name).run([x])) == float(value)
    gradient = flintglass.grad(regularizer)(x).numpy()
    moved = np.zeros_like(x)
    moved[1, 2] = 1e-6
    slope = (float(regularizer(x + moved)) - float(regularizer(x - moved))) / 2e-6
    assert gradient[1, 2] == pytest.approx(slope, rel=1e-5, abs=1e-9)


def test_regularizers_penalise_what_they_say():
    x = np.array([[1.0, -2.0], [0.0, 3.0]])
    assert float(regularizers.L1(0.5)(x)) == pytest.approx(3.0)
    assert float(regularizers.L2(0.5)(x)) == pytest.approx(7.0)
    assert float(regularizers.L1L2(0.5, 0.5)(x)) == pytest.approx(10.0)
    assert float(regularizers.get("l1")(x)) == pytest.approx(0.06)
    assert float(regularizers.get("l2")(x)) == pytest.approx(0.14)
    assert regularizers.get(None) is None
    own = regularizers.get(lambda x: flintglass.ops.sum(x))
    assert float(own(x)) == 2.0
    with pytest.raises(ValueError, match="Did you mean 'l2'"):
        regularizers.get("l22")
    with pytest.raises(ValueError, match="from 0 up"):
        regularizers.L2(-1.0)


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_a_constraint_is_made_again_from_its_description(name):
    constraint = getattr(constraints, name)()
    again = constraints.deserialize(constraints.serialize(constraint))
    assert type(again) is type(constraint)
    assert again.get_config() == constraint.get_config()


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_a_constraint_keeps_shape_and_dtype_and_changes_little_the_second_time(name):
    w = np.random.default_rng(0).normal(size=(4, 3)).astype("float32") * 3.0
    constraint = getattr(constraints, name)()
    once = constraint(w)
    assert (once.shape, once.dtype) == ((4, 3), "float32")
    np.testing.assert_allclose(constraint(once).numpy(), once.numpy(), rtol=1e-5)
    np.testing.assert_array_equal(trace(constraint, [Spec((4, 3), "float32")], name).run([w]).numpy(), once.numpy())


def test_constraints_keep_what_they_say():
    w = np.array([[3.0, 0.1], [4.0, -0.1]])
    assert constraints.NonNeg()(w).numpy().min() == 0.0
    np.testing.assert_allclose(np.linalg.norm(constraints.UnitNorm()(w).numpy(), axis=0), 1.0, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(constraints.MaxNorm(2)(w).numpy(), axis=0)[0], 2.0, rtol=1e-5)
    lengths = np.linalg.norm(constraints.MinMaxNorm(0.5, 1.0)(w).numpy(), axis=0)
    np.testing.assert_allclose(lengths, [1.0, 0.5], rtol=1e-5)
    assert constraints.get(None) is None
    with pytest.raises(ValueError, match="Did you mean 'non_neg'"):
        constraints.get("nonneg")

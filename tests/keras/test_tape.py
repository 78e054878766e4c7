"""Gradients and loops written by hand: flintglass's tape against JAX's gradients of the same Keras model."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
from tests.keras.case import BOTH, LIMITS, Data
from tests.keras.sides import SIDES, apart, fresh, same_weights, sampled
from tests.keras.table.losses import net
from tests.keras.table.models import own_layer

import flintglass

BUILT = {"a stack": net(2), "a layer of one's own": own_layer}


def _loss_of_keras(model: Any) -> Any:
    """The mean of the summed squares, with what layers add, as a function of the variables."""

    def loss(trained: Any, fixed: Any, x: Any, y: Any) -> Any:
        outputs, fixed, added = model.stateless_call(trained, fixed, x, training=True, return_losses=True)
        return ((outputs - y) ** 2).sum() / len(x) + sum(added), fixed

    return loss


def _values(variables: Any) -> list[Any]:
    return [variable.value for variable in variables]


def _taped(model: Any, x: Any, y: Any) -> tuple[Any, list[Any]]:
    with flintglass.GradientTape() as tape:
        error = model(x, training=True) - y
        loss = flintglass.ops.sum(error * error) / len(x) + sum(model.losses)
    return loss, tape.gradient(loss, model.trainable_variables)


@pytest.mark.parametrize("dtype", sampled(BOTH, "float64"))
@pytest.mark.parametrize("built", sampled(BUILT, "a layer of one's own"))
def test_the_tape_gives_the_gradients_of_jax(built: str, dtype: str) -> None:
    with fresh(dtype):
        reference, model = (BUILT[built](side) for side in SIDES)
        same_weights([reference, model])
        data = Data("rows", "numbers", dtype)
        variables = _values(reference.trainable_variables), _values(reference.non_trainable_variables)
        gradient = jax.value_and_grad(_loss_of_keras(reference), has_aux=True)
        (expected, _), slopes = gradient(*variables, data.x, data.y)
        found, taped = _taped(model, data.x, data.y)
        assert apart(float(expected), float(found)) < LIMITS[dtype]
        assert apart(list(slopes), [np.asarray(slope) for slope in taped]) < LIMITS[dtype]


@pytest.mark.parametrize("dtype", sampled(BOTH, "float32"))
@pytest.mark.parametrize("name", sampled(["SGD", "Adam"], "Adam"))
def test_a_loop_with_a_tape_ends_where_the_stateless_loop_of_jax_ends(name: str, dtype: str) -> None:
    with fresh(dtype):
        reference, model = (net(2)(side) for side in SIDES)
        same_weights([reference, model])
        data = Data("rows", "numbers", dtype)
        expected = _loop_of_jax(reference, name, data)
        optimizer = getattr(flintglass.optimizers, name)(0.02)
        for step in range(50):
            rows = slice(step, step + 15)
            _, gradients = _taped(model, data.x[rows], data.y[rows])
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        assert apart(expected, model.get_weights()) < LIMITS[dtype]


def _loop_of_jax(model: Any, name: str, data: Data) -> list[Any]:
    optimizer = getattr(SIDES[0].optimizers, name)(0.02)
    optimizer.build(model.trainable_variables)
    gradient = jax.jit(jax.grad(_loss_of_keras(model), has_aux=True))
    update = jax.jit(optimizer.stateless_apply)
    trained, fixed = _values(model.trainable_variables), _values(model.non_trainable_variables)
    state = _values(optimizer.variables)
    for step in range(50):
        rows = slice(step, step + 15)
        slopes, fixed = gradient(trained, fixed, data.x[rows], data.y[rows])
        trained, state = update(state, slopes, trained)
    return trained


@pytest.mark.slow
def test_the_second_derivative_of_a_network_is_that_of_jax() -> None:
    with fresh("float64"):
        reference, model = (net(1)(side) for side in SIDES)
        same_weights([reference, model])
        x = Data("rows", "none", "float64").x[:1]
        variables = _values(reference.trainable_variables), _values(reference.non_trainable_variables)

        def output(row: Any) -> Any:
            return reference.stateless_call(*variables, row)[0].sum()

        expected = jax.hessian(output)(x).reshape(5, 5)
        point = flintglass.convert_to_tensor(x)
        with flintglass.GradientTape() as outer:
            outer.watch(point)
            with flintglass.GradientTape() as inner:
                inner.watch(point)
                value = flintglass.ops.sum(model(point))
            slope = inner.gradient(value, point)
        found = np.asarray(outer.jacobian(slope, point)).reshape(5, 5)
        assert apart(expected, found) < LIMITS["float64"]

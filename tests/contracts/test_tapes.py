"""GradientTape: what is watched, nested and persistent tapes, assignments, and what a recording costs."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import flintglass as fg
from flintglass import layers, ops
from flintglass.program import Size, Spec
from flintglass.tracing import recording
from flintglass.tracing.tape import GradientTape
from flintglass.tracing.tensor import convert
from flintglass.tracing.trace import trace
from flintglass.tracing.variable import Variable


def variable(value, **options) -> Variable:
    return Variable(np.asarray(value, "float32"), **options)


def test_trainable_variables_are_watched_and_other_tensors_after_watch() -> None:
    w, x = variable(3.0), convert(2.0)
    with GradientTape() as tape:
        tape.watch(x)
        y = w * x * x
    along_w, along_x = tape.gradient(y, [w, x])
    assert (float(along_w), float(along_x)) == (4.0, 12.0)


def test_what_is_not_watched_has_no_gradient() -> None:
    frozen, x, w = variable(3.0, trainable=False), convert(2.0), variable(1.0)
    with GradientTape(persistent=True) as tape:
        y = frozen * x * w
    assert tape.gradient(y, x) is None
    assert tape.gradient(y, frozen) is None
    assert float(tape.gradient(y, w)) == 6.0
    with GradientTape(watch_accessed_variables=False) as tape:
        y = w * 2.0
    assert tape.gradient(y, w) is None


def test_a_frozen_variable_may_be_watched() -> None:
    frozen = variable(3.0, trainable=False)
    with GradientTape() as tape:
        tape.watch(frozen)
        y = frozen * frozen
    assert float(tape.gradient(y, frozen)) == 6.0


def test_a_source_that_the_target_does_not_depend_on_gives_none_or_zeros() -> None:
    w, unused = variable([1.0, 2.0]), variable([[3.0, 4.0]])
    with GradientTape(persistent=True) as tape:
        y = w * 2.0
        ops.square(unused)
    assert tape.gradient(y, unused) is None
    zeros = tape.gradient(y, unused, unconnected_gradients="zero")
    assert zeros.numpy().tolist() == [[0.0, 0.0]]
    never_read = variable([5.0])
    assert tape.gradient(y, never_read) is None


def test_sources_keep_their_nesting() -> None:
    a, b = variable(2.0), variable(3.0)
    with GradientTape() as tape:
        y = a * b
    found = tape.gradient(y, {"first": a, "rest": [b]})
    assert float(found["first"]) == 3.0
    assert float(found["rest"][0]) == 2.0


def test_several_targets_are_summed_and_may_have_gradients_of_their_own() -> None:
    w = variable([1.0, 2.0])
    with GradientTape(persistent=True) as tape:
        y, z = w * 2.0, ops.square(w)
    assert tape.gradient([y, z], w).numpy().tolist() == [4.0, 6.0]
    weighted = tape.gradient(z, w, output_gradients=convert([10.0, 100.0]))
    assert weighted.numpy().tolist() == [20.0, 400.0]


def test_a_second_call_raises_unless_the_tape_is_persistent() -> None:
    w = variable(3.0)
    with GradientTape() as tape:
        y = w * w
    tape.gradient(y, w)
    with pytest.raises(RuntimeError, match="persistent=True"):
        tape.gradient(y, w)
    with GradientTape(persistent=True) as tape:
        y = w * w
    assert [float(tape.gradient(y, w)) for _ in range(2)] == [6.0, 6.0]


def test_nested_tapes_give_second_derivatives() -> None:
    w = variable(3.0)
    with GradientTape() as outer:
        with GradientTape() as inner:
            y = w * w * w
        first = inner.gradient(y, w)
    assert (float(first), float(outer.gradient(first, w))) == (27.0, 18.0)


def test_gradients_of_several_orders_of_the_same_tape() -> None:
    x = convert(2.0)
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x**4.0
        first = tape.gradient(y, x)
        second = tape.gradient(first, x)
        third = tape.gradient(second, x)
    assert [float(item) for item in (first, second, third)] == [32.0, 48.0, 48.0]


def test_the_gradient_along_a_tensor_on_the_way_is_had_without_watching_it() -> None:
    w = variable(3.0)
    with GradientTape() as tape:
        y = w * w
        z = y * y
    assert float(tape.gradient(z, y)) == 18.0


def test_a_variable_read_before_it_is_assigned_keeps_the_old_value() -> None:
    w = variable([2.0])
    with GradientTape():
        before = w * w
        w.assign([10.0])
        after = w * w
    w.assign([100.0])
    assert (before.numpy()[0], after.numpy()[0]) == (4.0, 100.0)
    assert w.numpy()[0] == 100.0


def test_the_gradient_is_that_of_the_values_which_were_read() -> None:
    w = variable(2.0)
    with GradientTape() as tape:
        y = w * w * w
    w.assign(10.0)
    assert (float(tape.gradient(y, w)), float(y)) == (12.0, 8.0)


def test_a_variable_that_is_assigned_and_read_again_collects_the_gradients_of_both_reads() -> None:
    w = variable(2.0)
    with GradientTape(persistent=True) as tape:
        y = w * w
        w.assign(10.0)
        z = ops.reshape(y + w * w * w, (1,))
    assert float(tape.gradient(z, w)) == 4.0 + 300.0
    assert tape.jacobian(z, w).numpy().tolist() == [304.0]


def test_a_step_of_gradient_descent_by_hand_goes_down() -> None:
    layer, x = layers.Dense(1), np.linspace(-1, 1, 8, dtype="float32").reshape(8, 1)
    losses = []
    for _ in range(30):
        with GradientTape() as tape:
            loss = ops.mean(ops.square(layer(x) - (3.0 * x + 1.0)))
        for item, gradient in zip(
            layer.trainable_variables, tape.gradient(loss, layer.trainable_variables), strict=True
        ):
            item.assign_sub(0.5 * gradient)
        losses.append(float(loss))
    assert losses[-1] < 1e-3 * losses[0]


def test_the_jacobian_has_the_shape_of_the_target_and_then_of_the_source() -> None:
    w = variable([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    x = convert([1.0, -1.0])
    with GradientTape(persistent=True) as tape:
        y = ops.square(x @ w)
    jacobian = tape.jacobian(y, w)
    assert jacobian.shape == (3, 2, 3)
    expected = np.zeros((3, 2, 3))
    inner = np.array([1.0, -1.0]) @ w.numpy()
    for j in range(3):
        expected[j, :, j] = 2 * inner[j] * np.array([1.0, -1.0])
    np.testing.assert_allclose(jacobian.numpy(), expected)


def test_operations_within_stop_recording_run_at_once_and_have_no_gradient() -> None:
    w = variable(3.0)
    with GradientTape() as tape:
        y = w * 2.0
        with tape.stop_recording():
            constant = w * 5.0
            assert constant._array is not None
        z = y * constant
    assert float(tape.gradient(z, w)) == 30.0


def test_reset_forgets_what_was_recorded() -> None:
    w = variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = w * w
        tape.reset()
    assert tape.gradient(y, w) is None


def test_only_tensors_are_watched_and_differentiated() -> None:
    with GradientTape() as tape, pytest.raises(TypeError, match="convert_to_tensor"):
        tape.watch(np.ones(2))
    w = variable(1.0)
    with GradientTape() as tape:
        y = w * 2.0
    with pytest.raises(TypeError, match="tensors and variables"):
        tape.gradient(y, 3.0)


def test_a_tape_inside_a_program_writes_its_gradient_there() -> None:
    w = variable([1.0, -1.0], name="w")

    def step(x):
        with GradientTape() as tape:
            loss = ops.sum(ops.square(x @ w))
        gradient = tape.gradient(loss, w)
        w.assign_sub(0.1 * gradient)
        return loss, gradient

    x = np.array([[1.0, 2.0], [0.5, 1.0], [3.0, -1.0]], "float32")
    traced = trace(step, [Spec((Size("n"), 2), "float32")])
    loss, gradient = traced.run([x])
    residual = x @ np.array([1.0, -1.0])
    np.testing.assert_allclose(gradient.numpy(), 2 * x.T @ residual, rtol=1e-6)
    np.testing.assert_allclose(float(loss), residual @ residual, rtol=1e-6)
    np.testing.assert_allclose(w.numpy(), np.array([1.0, -1.0]) - 0.2 * x.T @ residual, rtol=1e-6)


def test_nested_tapes_inside_a_program_give_second_derivatives() -> None:
    def function(x):
        with GradientTape() as outer:
            outer.watch(x)
            with GradientTape() as inner:
                inner.watch(x)
                y = ops.sum(x * x * x)
            first = inner.gradient(y, x)
            total = ops.sum(first)
        return outer.gradient(total, x)

    found = trace(function, [Spec((3,), "float32")]).run([np.array([1.0, 2.0, 3.0], "float32")])
    assert found.numpy().tolist() == [6.0, 12.0, 18.0]


# -- what a recording costs


def step_of(layer, x):
    with GradientTape() as tape:
        loss = ops.mean(ops.square(layer(x)))
    return [item.numpy() for item in tape.gradient(loss, layer.trainable_variables)]


def test_the_same_recording_made_again_reuses_its_program() -> None:
    recording._programs.clear()  # full of other tests' programs, it would not grow
    layer = layers.Dense(2)
    x = convert(np.ones((4, 3), "float32"))
    step_of(layer, x)  # builds the layer
    step_of(layer, x)
    before = list(recording._programs)
    for _ in range(20):
        step_of(layer, x)
    assert list(recording._programs) == before
    step_of(layer, convert(np.ones((5, 3), "float32")))
    assert len(recording._programs) > len(before)


def test_what_was_recorded_is_freed_with_the_tape() -> None:
    layer, x = layers.Dense(2), convert(np.ones((4, 3), "float32"))
    step_of(layer, x)
    gc.collect()
    gc.disable()  # by reference counts alone: a training loop waits for no collector
    try:
        with GradientTape() as tape:
            loss = ops.mean(ops.square(layer(x)))
        gradients = tape.gradient(loss, layer.trainable_variables)
        refs = [weakref.ref(item) for item in (tape._trace, loss, *gradients)]
        assert float(loss) >= 0.0
        del tape, loss, gradients
        assert [ref() for ref in refs] == [None] * len(refs)
    finally:
        gc.enable()
    assert len(layer.kernel.readers) == 0


def test_a_value_kept_from_a_recording_keeps_its_numbers_after_the_variables_have_moved_on() -> None:
    layer, x = layers.Dense(1), np.ones((2, 2), "float32")
    kept = []
    for _ in range(4):
        with GradientTape() as tape:
            loss = ops.sum(layer(x))
        kept.append(loss)
        for item, gradient in zip(
            layer.trainable_variables, tape.gradient(loss, layer.trainable_variables), strict=True
        ):
            item.assign_sub(gradient)
    # Each step lowers the sum of two rows by 2 * (2 + 2 + 2).
    values = [float(item) for item in kept]
    np.testing.assert_allclose(np.diff(values), -12.0, rtol=1e-5)


def test_two_tapes_one_after_the_other_share_concrete_values() -> None:
    w = variable(2.0)
    with GradientTape() as first:
        y = w * w
    with GradientTape() as second:
        z = y * w  # y is a number here
    assert float(second.gradient(z, w)) == 4.0
    assert float(first.gradient(y, w)) == 4.0
    assert fg.GradientTape is GradientTape


def test_an_array_that_is_filled_anew_leaves_what_was_recorded_as_it_was() -> None:
    buffer = np.ones(3)
    weight = Variable(np.full(3, 2.0), name="w")
    with GradientTape() as tape:
        value = weight * convert(buffer)
    buffer[:] = 100.0
    assert value.numpy().tolist() == [2.0, 2.0, 2.0]
    assert tape.gradient(value, weight).numpy().tolist() == [1.0, 1.0, 1.0]

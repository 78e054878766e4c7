"""Settings that every optimizer has: averaged weights, accumulated gradients, a scaled loss, decay but for some."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tests.fit.support import X, Y, same, sequential
from tests.fit.test_schedules import engines

from flintglass import GradientTape, Variable, callbacks, config, ops, optimizers
from flintglass.callbacks import SwapEMAWeights

ALL = [name for name in optimizers.__all__ if name[0].isupper() and name != "Optimizer"]
ROWS = slice(0, 60)


@pytest.fixture(params=engines())
def on_engine(request: Any) -> Iterator[str]:
    before = config.engine()
    config.set_engine(request.param)
    yield request.param
    config.set_engine(before)


def fitted(optimizer: Any, eagerly: bool = False, **options: Any) -> Any:
    model = sequential(optimizer, "mse")
    model.run_eagerly = eagerly
    model.fit(X[ROWS], Y[ROWS], **{"batch_size": 10, "shuffle": False, "verbose": 0, **options})
    return model


def close(left: Any, right: Any) -> None:
    for mine, theirs in zip(left.get_weights(), right.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-4, atol=2e-5)


# -- accumulation


@pytest.mark.parametrize("name", ALL)
def test_small_batches_that_add_up_are_a_large_one(on_engine: str, name: str) -> None:
    settings = {"learning_rate": 0.01, "weight_decay": 0.1, "clipnorm": 0.5}
    kind = getattr(optimizers, name)
    large = fitted(kind(**settings), batch_size=30, epochs=3)
    small = fitted(kind(**settings, gradient_accumulation_steps=3), batch_size=10, epochs=3)
    close(small, large)
    assert int(small.optimizer.iterations.numpy()) == int(large.optimizer.iterations.numpy()) == 6


def test_between_two_updates_weights_and_slots_stay(on_engine: str) -> None:
    model = sequential(optimizers.Adam(0.1, gradient_accumulation_steps=2), "mse")
    before = model.get_weights()
    model.train_on_batch(X, Y)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))
    slots = [v for v in model.optimizer.variables if "momentum" in v.name]
    assert slots
    assert not any(v.numpy().any() for v in slots)
    sums = [v for v in model.optimizer.variables if v.name.endswith("gradient_accumulator")]
    assert any(v.numpy().any() for v in sums)
    model.train_on_batch(X, Y)
    assert not np.array_equal(model.get_weights()[0], before[0])
    assert any(v.numpy().any() for v in slots)
    assert not any(v.numpy().any() for v in sums)


@pytest.mark.parametrize("name", ["SGD", "Adam", "Nadam", "Adafactor"])
def test_a_step_by_hand_and_eagerly_is_the_step_of_the_program(name: str) -> None:
    settings: dict[str, Any] = {
        "learning_rate": 0.01,
        "gradient_accumulation_steps": 2,
        "use_ema": True,
        "ema_momentum": 0.7,
        "ema_overwrite_frequency": 2,
        "loss_scale_factor": 8.0,
    }
    kind = getattr(optimizers, name)
    close(fitted(kind(**settings), epochs=2), fitted(kind(**settings), epochs=2, eagerly=True))


def test_a_loop_of_ones_own_accumulates_too() -> None:
    by_tape, by_fit = (sequential(optimizers.Adam(0.05, gradient_accumulation_steps=2), "mse") for _ in range(2))
    for start in range(0, 60, 10):
        with GradientTape() as tape:
            difference = by_tape(X[start : start + 10]) - Y[start : start + 10]
            loss = ops.sum(difference * difference) / 10
        gradients = tape.gradient(loss, by_tape.trainable_variables)
        by_tape.optimizer.apply_gradients(zip(gradients, by_tape.trainable_variables, strict=True))
    by_fit.fit(X[ROWS], Y[ROWS], batch_size=10, shuffle=False, verbose=0)
    close(by_tape, by_fit)


# -- averages


def averages(weights: list[list[np.ndarray]], momentum: float) -> list[np.ndarray]:
    """The running means after these weights, which begin as the first of them."""
    means = [array.astype("float64") for array in weights[0]]
    for later in weights[1:]:
        means = [momentum * mean + (1 - momentum) * array for mean, array in zip(means, later, strict=True)]
    return means


def courses(rate: float, steps: int) -> list[list[np.ndarray]]:
    """The weights after each step of gradient descent."""
    model, seen = sequential(optimizers.SGD(rate), "mse"), []
    for step in range(steps):
        rows = slice(step % 6 * 10, step % 6 * 10 + 10)
        model.train_on_batch(X[rows], Y[rows])
        seen.append(model.get_weights())
    return seen


def test_fit_ends_with_the_means_of_the_weights(on_engine: str) -> None:
    model = fitted(optimizers.SGD(0.1, use_ema=True, ema_momentum=0.8), epochs=2)
    for mine, mean in zip(model.get_weights(), averages(courses(0.1, 12), 0.8), strict=True):
        np.testing.assert_allclose(mine, mean, rtol=1e-4, atol=1e-5)


def test_on_batch_the_weights_stay_until_they_are_finalized() -> None:
    plain, averaged = (sequential(optimizers.SGD(0.1, use_ema=use), "mse") for use in (False, True))
    for model in (plain, averaged):
        for _ in range(3):
            model.train_on_batch(X, Y)
    close(plain, averaged)
    averaged.optimizer.finalize_variable_values(averaged.trainable_variables)
    assert not np.allclose(averaged.get_weights()[0], plain.get_weights()[0], atol=1e-6)


def test_before_the_first_step_there_are_no_means_to_take() -> None:
    model = sequential(optimizers.SGD(0.1, use_ema=True), "mse")
    before = model.get_weights()
    model.fit(X, Y, epochs=1, initial_epoch=1, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))


def test_the_means_take_over_every_so_often(on_engine: str) -> None:
    # At every step the weight becomes the mean, which is itself at first: nothing moves by more than a share.
    still = fitted(optimizers.SGD(0.1, use_ema=True, ema_momentum=1.0, ema_overwrite_frequency=1))
    first = courses(0.1, 1)[0]
    for mine, theirs in zip(still.get_weights(), first, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


def test_a_copy_goes_on_with_the_means() -> None:
    model = fitted(optimizers.Adam(0.05, use_ema=True, gradient_accumulation_steps=4))
    twin = copy.deepcopy(model)
    for one in (model, twin):
        one.fit(X, Y, shuffle=False, verbose=0)
    assert same(model, twin)


class Watching(callbacks.Callback):
    """Keeps a weight as others see it at the end of an epoch and in validation."""

    def __init__(self) -> None:
        super().__init__()
        self.at_end: list[np.ndarray] = []
        self.in_test: list[np.ndarray] = []

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self.in_test.append(self.model.get_weights()[0])

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.at_end.append(self.model.get_weights()[0])


@pytest.mark.parametrize("on_epoch", [False, True])
def test_validation_uses_the_means_and_training_the_weights(on_epoch: bool) -> None:
    watching = Watching()
    model = fitted(
        optimizers.SGD(0.1, use_ema=True, ema_momentum=0.8),
        epochs=2,
        validation_data=(X[60:], Y[60:]),
        callbacks=[SwapEMAWeights(swap_on_epoch=on_epoch), watching],
    )
    seen = courses(0.1, 12)
    means = [averages(seen[:6], 0.8)[0], averages(seen, 0.8)[0]]
    for epoch in range(2):
        np.testing.assert_allclose(watching.in_test[epoch], means[epoch], rtol=1e-4, atol=1e-5)
        wanted = means[epoch] if on_epoch else seen[6 * epoch + 5][0]
        np.testing.assert_allclose(watching.at_end[epoch], wanted, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.get_weights()[0], means[1], rtol=1e-4, atol=1e-5)


def test_predictions_use_the_means_and_leave_the_weights() -> None:
    model = sequential(optimizers.SGD(0.1, use_ema=True), "mse")
    for _ in range(3):
        model.train_on_batch(X, Y)
    before, plain = model.get_weights(), model.predict(X)
    assert not np.allclose(model.predict(X, callbacks=[SwapEMAWeights()]), plain, atol=1e-5)
    assert np.array_equal(model.get_weights()[0], before[0])


def test_swapping_needs_an_optimizer_that_keeps_means() -> None:
    with pytest.raises(ValueError, match="make it with use_ema=True"):
        sequential().evaluate(X, Y, verbose=0, callbacks=[SwapEMAWeights()])


# -- the scale of the loss, and decay


@pytest.mark.parametrize("eagerly", [False, True])
def test_a_power_of_two_that_scales_the_loss_changes_nothing(eagerly: bool) -> None:
    scaled = fitted(optimizers.Adam(0.05, loss_scale_factor=1024.0), eagerly=eagerly)
    assert same(scaled, fitted(optimizers.Adam(0.05), eagerly=eagerly))
    assert scaled.optimizer.scale_loss(2.0) == 2048.0


def decayed(**excluded: Any) -> list[bool]:
    """Which of two variables lose a share of themselves."""
    pair = [Variable(np.ones(2), name=name) for name in ("kernel", "bias")]
    optimizer = optimizers.SGD(0.5, weight_decay=0.5)
    if "position" in excluded:
        optimizer.exclude_from_weight_decay(var_list=[pair[excluded["position"]]])
    else:
        optimizer.exclude_from_weight_decay(**excluded)
    optimizer.apply([np.zeros(2), np.zeros(2)], pair)
    return [bool(variable.numpy()[0] < 1) for variable in pair]


def test_some_variables_can_be_left_out_of_weight_decay() -> None:
    assert decayed() == [True, True]
    assert decayed(var_names=["bias"]) == [True, False]
    assert decayed(var_names=["b.*s$", "nothing"]) == [True, False]
    assert decayed(position=0) == [False, True]
    model = fitted(optimizers.SGD(0.1))
    with pytest.raises(ValueError, match="call exclude_from_weight_decay before training begins"):
        model.optimizer.exclude_from_weight_decay(var_names=["bias"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"gradient_accumulation_steps": 1}, "gradient_accumulation_steps is a whole number from 2 up, or None, not 1"),
        ({"gradient_accumulation_steps": 2.5}, "gradient_accumulation_steps is a whole number"),
        ({"use_ema": True, "ema_momentum": 1.5}, "ema_momentum is a number from 0 to 1, not 1.5"),
        ({"use_ema": True, "ema_overwrite_frequency": -1}, "ema_overwrite_frequency is a whole number from 1 up"),
        ({"loss_scale_factor": 0}, "loss_scale_factor is a number above 0, or None, not 0"),
        ({"clipnorm": 1.0, "clipvalue": 1.0}, "clipped in one way, not by clipnorm=1.0 and clipvalue=1.0"),
        ({"speed": 1}, "has no argument 'speed'"),
        ({"lr": 0.1}, "write learning_rate=0.1"),
    ],
)
@pytest.mark.parametrize("name", ["SGD", "AdamW"])
def test_settings_that_cannot_be_are_told(name: str, settings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        getattr(optimizers, name)(**settings)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimizers.AdamW(weight_decay=None), "weight_decay is a number, not None; .* this is Adam"),
        (lambda: optimizers.Lion(beta_1=0.0), "beta_1 is a number above 0 and up to 1, not 0.0"),
        (lambda: optimizers.Ftrl(learning_rate_power=0.5), "learning_rate_power is a number up to 0, not 0.5"),
        (lambda: optimizers.Ftrl(l1_regularization_strength=-1), "l1_regularization_strength is a number from 0 up"),
        (lambda: optimizers.get("adamw2"), "there is no optimizer 'adamw2'. Did you mean 'adamw'"),
    ],
)
def test_what_an_optimizer_cannot_take_is_told(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_names_in_any_case_are_known() -> None:
    for name in ALL:
        assert type(optimizers.get(name.lower())) is type(optimizers.get(name)) is getattr(optimizers, name)


class Heavy(optimizers.Optimizer):
    """Gradient descent with momentum, as users write optimizers of their own."""

    def __init__(self, learning_rate: float = 0.05, momentum: float = 0.9, **settings: Any) -> None:
        super().__init__(learning_rate=learning_rate, **settings)
        self.momentum = momentum

    def build(self, variables: Any) -> None:
        super().build(variables)
        self.momentums = [self.add_variable_from_reference(reference_variable=v, name="momentum") for v in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        rate = ops.cast(learning_rate, variable.dtype)
        kept = self.momentums[self._get_variable_index(variable)]
        self.assign(kept, kept * ops.cast(self.momentum, variable.dtype) - gradient * rate)
        self.assign_add(variable, kept)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum}


@pytest.mark.parametrize("settings", [{}, {"gradient_accumulation_steps": 2, "use_ema": True, "clipvalue": 0.1}])
def test_an_optimizer_of_the_users_own_has_all_settings(on_engine: str, settings: dict[str, Any]) -> None:
    close(fitted(Heavy(**settings), epochs=3), fitted(optimizers.SGD(0.05, momentum=0.9, **settings), epochs=3))
    again = optimizers.deserialize(optimizers.serialize(Heavy(0.5)), custom_objects={"Heavy": Heavy})
    assert (type(again), float(again.learning_rate)) == (Heavy, 0.5)


def test_data_of_another_kind_leave_what_an_optimizer_remembers() -> None:
    model = fitted(Heavy())
    before = [variable.numpy() for variable in model.optimizer.momentums]
    model.optimizer.learning_rate = 0.0
    model.optimizer.momentum = 1.0
    model.fit(X[ROWS], Y[ROWS], sample_weight=np.ones(60), batch_size=60, verbose=0)
    for variable, array in zip(model.optimizer.momentums, before, strict=True):
        np.testing.assert_allclose(variable.numpy(), array, rtol=1e-6)

"""Numbers that are not finite: said once with the place where they arose; raised, or passed over, where asked."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from tests.fit.support import X, Y, sequential, subclassed

from flintglass import config, ops, optimizers, utils
from flintglass.errors import NotFinite
from flintglass.models.finite import first_bad_line
from flintglass.tracing.trace import trace


@pytest.fixture(autouse=True)
def warned_by_default() -> Iterator[None]:
    config.set_nan("warn")
    yield
    config.set_nan("warn")


def spoiled(array: np.ndarray, *places: tuple[int, int]) -> np.ndarray:
    other = array.copy()
    for place in places:
        other[place] = np.nan
    return other


def diverging(rate: float = 1e4) -> Any:
    return sequential(optimizers.SGD(rate), "mse")


def log_of_negatives(y_true: Any, y_pred: Any) -> Any:
    return ops.mean(ops.log(y_pred - 50.0), axis=-1)


def root_at_zero(y_true: Any, y_pred: Any) -> Any:
    return ops.mean(ops.sqrt(ops.square(y_pred) * 0.0), axis=-1)


def told(run: Callable[[], Any]) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run()
    assert all(item.category is RuntimeWarning and item.filename == __file__ for item in caught)
    return [str(item.message) for item in caught]


def test_an_input_is_named_once_by_row_and_column_and_fit_goes_on() -> None:
    model = sequential()
    bad = spoiled(X, (5, 2), (9, 0))

    def run() -> None:
        assert len(model.fit(bad, Y, epochs=2, verbose=0).history["loss"]) == 2
        model.fit(bad, Y, verbose=0)

    messages = told(run)
    assert len(messages) == 1
    for part in ("x holds nan", "row 5, column 2", "2 such numbers", "nan_to_num"):
        assert part in messages[0]
    assert np.isnan(model.get_weights()[0]).any()


def test_targets_validation_data_and_predictions_are_looked_at_too() -> None:
    bad = spoiled(Y, (3, 0))
    assert "y holds nan at row 3" in told(lambda: sequential().fit(X, bad, verbose=0))[0]
    assert "row 3" in told(lambda: sequential().fit(X, Y, validation_data=(X, bad), verbose=0))[0]
    assert "row 4" in told(lambda: sequential().predict(spoiled(X, (4, 0)), verbose=0))[0]


def test_large_numbers_are_no_false_alarm() -> None:
    assert told(lambda: sequential().predict(np.full((4, 3), 3e38), verbose=0)) == []


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (diverging, ("the loss became nan or infinite", "square(", "in mse", "inf", "learning rate")),
        (
            lambda: sequential("sgd", log_of_negatives),
            ("step 1 of epoch 1", "log(", "in log_of_negatives", "nan at row 0, column 0", "above 0"),
        ),
        (
            lambda: sequential("sgd", root_at_zero),
            ("the weights became nan", "step 1 of epoch 1", "gradient of root_at_zero"),
        ),
    ],
)
def test_the_line_where_it_began_is_named_once(make: Callable[[], Any], parts: tuple[str, ...]) -> None:
    model = make()
    messages = told(lambda: [model.fit(X, Y, epochs=12, verbose=0), model.fit(X, Y, verbose=0)])
    assert len(messages) == 1
    missing = [part for part in parts if part not in messages[0]]
    assert not missing, f"{missing} not in: {messages[0]}"


def test_the_line_is_one_whose_operands_are_finite() -> None:
    def program(x: Any) -> Any:
        unused = ops.log(x)  # infinite at 0, but nothing depends on it
        return ops.where(x > 0, x, 1.0) / (x - x) + ops.sum(unused) * 0

    def fine(x: Any) -> Any:
        return ops.sum(ops.where(x > 0, ops.log(x), 0.0)) + ops.sum(1.0 / (x + 1.0 - x * x - 1.0 + 1e-30 * 0))

    from flintglass.program import Size, Spec

    traced = trace(fine, [Spec((Size("n"),), "float32")]).program
    message = first_bad_line(traced, [], [np.array([0.0, 0.5], "float32")])
    assert "log" not in message.split("begins in the line")[1].split(",")[0]
    assert "/" in message


def test_raise_stops_at_the_data_and_leaves_the_weights() -> None:
    config.set_nan("raise")
    model = sequential()
    before = model.get_weights()
    with pytest.raises(NotFinite, match="row 5, column 2"):
        model.fit(spoiled(X, (5, 2)), Y, verbose=0)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)


@pytest.mark.parametrize("eagerly", [False, True])
def test_raise_keeps_the_weights_of_the_last_good_step(eagerly: bool) -> None:
    """They are those of a run that ended just before the step that went wrong."""
    config.set_nan("raise")
    broken = sequential(optimizers.SGD(1e4), "mse", run_eagerly=eagerly)
    utils.set_random_seed(3)
    with pytest.raises(NotFinite) as caught:
        broken.fit(X, Y, epochs=50, verbose=0, shuffle=False)
    steps = int(broken.optimizer.iterations.numpy())
    assert steps > 0
    assert "step" in str(caught.value)
    assert all(np.isfinite(array).all() for array in broken.get_weights())

    config.set_nan("ignore")
    stopped = sequential(optimizers.SGD(1e4), "mse", run_eagerly=eagerly)
    done = 0
    while done < steps:
        start = done % 3 * 32
        stopped.train_on_batch(X[start : start + 32], Y[start : start + 32])
        done += 1
    for left, right in zip(broken.get_weights(), stopped.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)


def test_raise_also_stops_where_a_gradient_spoils_the_weights_of_a_finite_loss() -> None:
    config.set_nan("raise")
    model = sequential("sgd", root_at_zero)
    with pytest.raises(NotFinite, match="gradient of root_at_zero"):
        model.fit(X, Y, epochs=2, verbose=0)
    assert all(np.isfinite(array).all() for array in model.get_weights())


def test_raise_holds_for_train_on_batch() -> None:
    config.set_nan("raise")
    model = diverging()
    with pytest.raises(NotFinite, match="train_on_batch"):
        [model.train_on_batch(X, Y) for _ in range(100)]
    assert all(np.isfinite(array).all() for array in model.get_weights())


def test_train_on_batch_warns_once() -> None:
    model = diverging()
    messages = told(lambda: [model.train_on_batch(X, Y) for _ in range(50)])
    assert len(messages) == 1
    assert "train_on_batch" in messages[0]


def test_ignore_is_silent_and_compile_begins_anew() -> None:
    config.set_nan("ignore")
    assert told(lambda: diverging().fit(spoiled(X, (0, 0)), Y, epochs=5, verbose=0)) == []
    config.set_nan("warn")
    model = subclassed()
    bad = spoiled(X, (0, 0))
    assert len(told(lambda: model.fit(bad, Y, verbose=0))) == 1
    assert told(lambda: model.fit(bad, Y, verbose=0)) == []
    model.compile("adam", "mse")
    assert len(told(lambda: model.fit(bad, Y, verbose=0))) == 1

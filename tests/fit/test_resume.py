"""A run that was broken off and is taken up again ends with the bits of one that never was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fit.resuming import STEPS, BreaksAfter, Broken, X, Y, network, outcome, run

from flintglass import callbacks, layers, models, optimizers, random, utils
from flintglass.callbacks import BackupAndRestore


def broken_then_whole(folder: Path, steps: int, save_freq: Any, **options: Any) -> str:
    with pytest.raises(Broken):
        run(folder, save_freq, steps, **options)
    return run(folder, save_freq, **options)


@pytest.mark.parametrize(("save_freq", "scheduled"), [("epoch", True), ("epoch", False), (4, False), (STEPS + 2, True)])
def test_a_resumed_run_ends_with_the_same_bits(tmp_path: Path, on_engine: str, save_freq: Any, scheduled: bool) -> None:
    """Weights, optimizer, history and the numbers that are drawn next."""
    whole = run(tmp_path, save_freq, scheduled=scheduled)
    assert not tmp_path.exists()  # it came to its end
    for steps in (2, STEPS + 1, 3 * STEPS - 1):
        assert broken_then_whole(tmp_path, steps, save_freq, scheduled=scheduled) == whole


def test_the_state_of_every_step_can_be_taken_up(tmp_path: Path, on_engine: str) -> None:
    """The first and the last of an epoch among them."""
    whole = run(tmp_path, 1, epochs=2)
    for steps in (1, 2, STEPS, STEPS + 1):
        assert broken_then_whole(tmp_path, steps, 1, epochs=2) == whole


def test_a_run_that_is_broken_off_many_times_ends_with_the_same_bits(tmp_path: Path, on_engine: str) -> None:
    whole = run(tmp_path, 3)
    for steps in (9, 7, 20, 4):
        with pytest.raises(Broken):
            run(tmp_path, 3, steps)
    assert run(tmp_path, 3) == whole


def test_a_backup_changes_no_bit(tmp_path: Path, on_engine: str) -> None:
    def fitted(*given: Any) -> str:
        model = network()
        history = model.fit(X, Y, batch_size=16, epochs=4, verbose=0, validation_split=0.2, callbacks=list(given))
        return outcome(model, history)

    alone = fitted()
    for save_freq in ("epoch", 1, 5, False):
        assert fitted(BackupAndRestore(tmp_path, save_freq)) == alone


OTHERS: dict[str, Any] = {
    "no shuffling": {"shuffle": False},
    "steps_per_epoch": {"steps_per_epoch": 7},
    "no validation": {"validation_split": 0.0},
    "own size of validation batches": {"validation_batch_size": 5, "validation_freq": 2},
    "weights of rows": {"sample_weight": np.linspace(0.5, 1.5, len(X))},
}


@pytest.mark.parametrize("options", OTHERS.values(), ids=OTHERS)
def test_other_ways_to_fit_resume_too(tmp_path: Path, options: dict[str, Any]) -> None:
    for save_freq in ("epoch", 5):
        whole = run(tmp_path, save_freq, **options)
        assert broken_then_whole(tmp_path, 24, save_freq, **options) == whole


def averaged() -> Any:
    utils.set_random_seed(1)
    made = models.Sequential([layers.Input((6,)), layers.Dense(4, activation="tanh"), layers.Dense(1)])
    rule = optimizers.SGD(0.05, momentum=0.9, use_ema=True, gradient_accumulation_steps=2, ema_overwrite_frequency=7)
    made.compile(rule, "mse", metrics=["mae"])
    return made


def eager() -> Any:
    made = network()
    made.compile("adam", "mse", run_eagerly=True)
    return made


def unbuilt() -> Any:
    utils.set_random_seed(1)
    made = models.Sequential([layers.Dense(4, activation="tanh"), layers.Dropout(0.2), layers.Dense(1)])
    made.compile("nadam", "mae")
    return made


@pytest.mark.parametrize("make", [averaged, eager, unbuilt])
def test_other_models_resume_too(tmp_path: Path, make: Any) -> None:
    for save_freq in ("epoch", 5):
        whole = run(tmp_path, save_freq, model=make(), epochs=3)
        with pytest.raises(Broken):
            run(tmp_path, save_freq, 24, model=make(), epochs=3)
        assert run(tmp_path, save_freq, model=make(), epochs=3) == whole


def test_the_swap_of_means_is_taken_up_too(tmp_path: Path) -> None:
    def fitted(steps: int) -> str:
        model = averaged()
        swap = callbacks.SwapEMAWeights(swap_on_epoch=True)
        given = [BackupAndRestore(tmp_path), swap, *([BreaksAfter(steps)] if steps else [])]
        return outcome(model, model.fit(X, Y, epochs=4, verbose=0, callbacks=given))

    whole = fitted(0)
    with pytest.raises(Broken):
        fitted(16)
    assert fitted(0) == whole


class Counts(layers.Dense):
    """A layer that draws without a seed of its own: from the generator of the process."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        found = super().call(inputs)
        return random.dropout(found, 0.3) if training else found


def test_the_generator_of_the_process_is_kept(tmp_path: Path) -> None:
    def made() -> Any:
        utils.set_random_seed(2)
        model = models.Sequential([layers.Input((6,)), Counts(8), layers.Dense(1)])
        model.compile("adam", "mse")
        return model

    whole = run(tmp_path, 4, model=made())
    with pytest.raises(Broken):
        run(tmp_path, 4, 30, model=made())
    assert run(tmp_path, 4, model=made()) == whole

"""A validation that the native engine is called for many times: steps are told once each, and nothing is lost in it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fit.resuming import BreaksAfter, Broken

from flintglass import callbacks, config, layers, models, utils
from flintglass.callbacks import BackupAndRestore, ModelCheckpoint
from flintglass.engines.engine import engine
from flintglass.models import whole_epochs

try:
    engine("native")
except ImportError as error:  # an install without a compiler
    pytest.skip(str(error), allow_module_level=True)

X = np.random.default_rng(0).normal(size=(96, 40)).astype("float32")
VALIDATION = np.random.default_rng(1).normal(size=(20_000, 40)).astype("float32")
STEPS, EPOCHS = 3, 3


@pytest.fixture(autouse=True)
def in_slices(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Slices so short that a validation takes many of them."""
    monkeypatch.setattr(whole_epochs, "SLICE", 1e-5)
    before = config.engine()
    config.set_engine("native")
    yield
    config.set_engine(before)


def fitted(*given: Any, model: Any = None) -> tuple[list[np.ndarray], dict[str, Any]]:
    model = model or network()
    data = (VALIDATION, VALIDATION[:, :1])
    history = model.fit(X, X[:, :1], epochs=EPOCHS, verbose=0, validation_data=data, callbacks=list(given))
    return model.get_weights(), history.history


def network() -> Any:
    utils.set_random_seed(1)
    made = models.Sequential([layers.Input((40,)), layers.Dense(30, activation="relu"), layers.Dense(1)])
    made.compile("adam", "mse")
    return made


def same(left: Any, right: Any) -> bool:
    return left[1] == right[1] and all(np.array_equal(a, b) for a, b in zip(left[0], right[0], strict=True))


class Told(callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.begun: list[int] = []
        self.ended: list[tuple[int, float]] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.begun.append(batch)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.ended.append((batch, logs["loss"]))


def test_each_step_is_told_once_with_the_logs_of_training() -> None:
    told = Told()
    found = fitted(told)
    assert same(found, fitted())
    assert told.begun == [batch for batch, _ in told.ended] == list(range(STEPS)) * EPOCHS
    assert [loss for batch, loss in told.ended if batch == STEPS - 1] == found[1]["loss"]


def test_a_file_after_the_last_step_is_named_by_the_logs_of_training() -> None:
    model, asked = network(), []
    model.save = lambda path, overwrite: asked.append(path)
    _, history = fitted(ModelCheckpoint("{epoch}-{batch}-{loss}.keras", save_freq=STEPS), model=model)
    assert asked == [f"{epoch + 1}-{STEPS}-{loss}.keras" for epoch, loss in enumerate(history["loss"])]


@pytest.mark.parametrize("save_freq", ["epoch", 1, 2, STEPS])
def test_a_resumed_run_ends_with_the_same_bits(tmp_path: Path, save_freq: Any) -> None:
    whole = fitted()
    for steps in (2, STEPS, STEPS + 2):
        with pytest.raises(Broken):
            fitted(BackupAndRestore(tmp_path, save_freq), BreaksAfter(steps))
        assert same(fitted(BackupAndRestore(tmp_path, save_freq)), whole)


class Interrupts:
    """Sends a signal while a validation runs, between two of its slices."""

    def __init__(self, number: int, at: int) -> None:
        self.number, self.left = number, at

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        go_on = whole_epochs.WholeEpochs._slice

        def slice_(ready: Any, end: int) -> Any:
            found = go_on(ready, end)
            self.left -= ready.validating
            if self.left == 0 and ready.validating:
                self.left = -1
                os.kill(os.getpid(), self.number)
            return found

        monkeypatch.setattr(whole_epochs.WholeEpochs, "_slice", slice_)


@pytest.mark.skipif(os.name == "nt", reason="a signal cannot be sent to a process there")
@pytest.mark.parametrize("keeps", [True, False])
def test_a_sigterm_in_a_validation_changes_no_bit_where_its_handler_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keeps: bool
) -> None:
    whole, heard = fitted(), []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    try:
        Interrupts(signal.SIGTERM, 3).watch(monkeypatch)
        assert same(fitted(*([BackupAndRestore(tmp_path, False)] if keeps else [])), whole)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]


@pytest.mark.skipif(os.name == "nt", reason="a signal cannot be sent to a process there")
@pytest.mark.parametrize("save_freq", ["epoch", 2, False])
def test_ctrl_c_in_a_validation_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save_freq: Any) -> None:
    """The validation comes to its end, and the state after the epoch is written."""
    whole, told = fitted(), Told()
    with monkeypatch.context() as patch:
        Interrupts(signal.SIGINT, 3).watch(patch)
        with pytest.raises(KeyboardInterrupt, match="last finished step"):
            fitted(BackupAndRestore(tmp_path, save_freq))
    assert same(fitted(BackupAndRestore(tmp_path, save_freq), told), whole)
    assert told.begun == list(range(STEPS)) * (EPOCHS - 1)


@pytest.mark.skipif(os.name == "nt", reason="a signal cannot be sent to a process there")
def test_a_second_ctrl_c_in_a_validation_leaves_the_state_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, told = fitted(), Told()
    with monkeypatch.context() as patch:
        Interrupts(signal.SIGINT, 3).watch(patch)
        Interrupts(signal.SIGINT, 6).watch(patch)
        with pytest.raises(KeyboardInterrupt):
            fitted(BackupAndRestore(tmp_path, 2))
    assert same(fitted(BackupAndRestore(tmp_path, 2), told), whole)
    assert told.begun == [2, *list(range(STEPS)) * (EPOCHS - 1)]

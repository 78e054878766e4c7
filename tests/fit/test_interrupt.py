"""Ctrl-C in fit: the model holds the weights of the last finished step, and fit can go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fit.resuming import CountsDown
from tests.fit.support import X, Y, same, sequential

from flintglass import utils
from flintglass.callbacks import BackupAndRestore, Callback, EarlyStopping

STEPS = 3  # of an epoch of 70 rows


class PressesCtrlC(Callback):
    """Sends SIGINT at a hook, the n-th time that it is called."""

    def __init__(self, hook: str, times: int) -> None:
        super().__init__()
        self.told: list[str] = []
        self._hook, self._left = hook, times
        self.on_train_batch_end = self._at("on_train_batch_end")  # type: ignore[method-assign]
        self.on_test_batch_end = self._at("on_test_batch_end")  # type: ignore[method-assign]
        self.on_epoch_begin = self._at("on_epoch_begin")  # type: ignore[method-assign]
        self.on_epoch_end = self._at("on_epoch_end")  # type: ignore[method-assign]
        self.on_train_end = self._at("on_train_end")  # type: ignore[method-assign]

    def _at(self, hook: str) -> Callable[..., None]:
        def called(*arguments: Any) -> None:
            self.told.append(hook)
            if hook == self._hook:
                self._left -= 1
                if self._left == 0:
                    signal.raise_signal(signal.SIGINT)

        return called


class StopsAfter(CountsDown):
    """Sets stop_training after so many steps."""

    def reached(self) -> None:
        self.model.stop_training = True


def trained(callback: Callback, interrupted: bool, **options: Any) -> Any:
    model = sequential()
    utils.set_random_seed(9)
    if interrupted:
        with pytest.raises(KeyboardInterrupt, match="last finished step"):
            model.fit(X, Y, epochs=10, verbose=0, callbacks=[callback], **options)
    else:
        model.fit(X, Y, epochs=10, verbose=0, callbacks=[callback], **options)
    return model


@pytest.mark.parametrize("steps", [1, 2, 3, 5])
@pytest.mark.parametrize("options", [{}, {"validation_data": (X, Y)}, {"validation_split": 0.1}])
def test_the_weights_are_those_of_a_run_stopped_after_as_many_steps(steps: int, options: dict[str, Any]) -> None:
    broken = trained(PressesCtrlC("on_train_batch_end", steps), True, **options)
    stopped = trained(StopsAfter(steps), False, **options)
    assert broken.optimizer.iterations.numpy() == steps
    assert same(broken, stopped)


def test_an_interrupt_in_validation_leaves_the_weights_of_the_epoch() -> None:
    pressing = PressesCtrlC("on_test_batch_end", 1)
    broken = trained(pressing, True, validation_data=(X, Y))
    stopped = trained(StopsAfter(STEPS), False, validation_data=(X, Y))
    assert same(broken, stopped)
    # The validation stops too, and as in Keras nobody is told that the epoch or the training had ended.
    assert pressing.told.count("on_test_batch_end") == 1
    assert "on_epoch_end" not in pressing.told
    assert "on_train_end" not in pressing.told


def test_fit_goes_on_after_an_interrupt() -> None:
    """Two epochs in one go, and one that is broken off after an epoch and taken up again."""
    whole = sequential()
    whole.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    broken = sequential()
    with pytest.raises(KeyboardInterrupt):
        broken.fit(X, Y, epochs=9, shuffle=False, verbose=0, callbacks=[PressesCtrlC("on_train_batch_end", STEPS)])
    broken.fit(X, Y, epochs=2, initial_epoch=1, shuffle=False, verbose=0)
    assert same(whole, broken)
    assert broken.evaluate(X, Y, verbose=0) == whole.evaluate(X, Y, verbose=0)


def test_the_history_until_then_stays_on_the_model() -> None:
    model = sequential()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, epochs=9, verbose=0, callbacks=[PressesCtrlC("on_epoch_begin", 3)])
    assert model.history.epoch == [0, 1]


def test_the_handler_is_as_it_was_before() -> None:
    before = signal.getsignal(signal.SIGINT)
    trained(PressesCtrlC("on_train_batch_end", 1), True)
    sequential().fit(X, Y, verbose=0)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_handler_of_the_users_own_is_left_alone() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        trained(PressesCtrlC("on_train_batch_end", 1), False)
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]


def test_an_error_of_a_callback_comes_through() -> None:
    class Fails(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        sequential().fit(X, Y, verbose=0, callbacks=[Fails()])


def test_train_on_batch_finishes_its_step_first() -> None:
    model = sequential()
    done: list[float] = []
    threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        done.extend(model.train_on_batch(X, Y) for _ in range(10**9))
    assert model.optimizer.iterations.numpy() - len(done) in (0, 1)
    other = sequential()
    for _ in range(int(model.optimizer.iterations.numpy())):
        other.train_on_batch(X, Y)
    assert same(model, other)


SCRIPT = """
import sys
import numpy as np
from flintglass import Input, Sequential, layers, utils

utils.set_random_seed(3)
x = np.random.default_rng(0).normal(size=(640, 3)).astype("float32")
model = Sequential([Input((3,)), layers.Dense(8, activation="relu"), layers.Dense(1)])
model.compile("adam", "mse")
model.train_on_batch(x[:32], x[:32, :1])
print("ready", flush=True)
try:
    model.fit(x, x[:, :1], epochs=10**6, shuffle=False, verbose=0)
except KeyboardInterrupt as error:
    steps = int(model.optimizer.iterations.numpy())
    broken = model.get_weights()
    utils.set_random_seed(3)
    again = Sequential([Input((3,)), layers.Dense(8, activation="relu"), layers.Dense(1)])
    again.compile("adam", "mse")
    again.train_on_batch(x[:32], x[:32, :1])
    epochs = (steps - 1) // 20  # whole ones: an engine may have made hundreds of thousands of steps by now
    if epochs:
        again.fit(x, x[:, :1], epochs=epochs, shuffle=False, verbose=0)
    for step in range(20 * epochs, steps - 1):
        rows = slice(step % 20 * 32, step % 20 * 32 + 32)
        again.train_on_batch(x[rows], x[rows, :1])
    same = all(np.array_equal(a, b) for a, b in zip(broken, again.get_weights()))
    print("whole" if same and steps > 1 else f"torn after {steps}", str(error))
"""


@pytest.mark.skipif(os.name == "nt", reason="a signal cannot be sent to a process there")
def test_ctrl_c_at_any_time_leaves_whole_steps() -> None:
    process = subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    threading.Event().wait(0.4 + np.random.default_rng().uniform(0, 0.1))
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert output.startswith("whole"), output
    assert "last finished step" in output


# -- SIGTERM

TERMINATED = """
import json, signal, sys
from tests.fit import resuming
from flintglass.callbacks import BackupAndRestore, Callback

folder, way = sys.argv[1:]
if way == "own":
    def handler(number, frame):
        print("heard", flush=True)
        sys.exit(7)
    signal.signal(signal.SIGTERM, handler)
if way == "goes on":
    signal.signal(signal.SIGTERM, lambda number, frame: print("heard", flush=True))
if way == "ignored":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
model = resuming.network()

class Tells(Callback):
    told = False
    def on_train_batch_end(self, batch, logs=None):
        if not self.told:
            print("training", flush=True)
        self.told = True

given = [BackupAndRestore(folder, False), Tells(), resuming.Slow()]
history = model.fit(resuming.X, resuming.Y, batch_size=16, epochs=4, verbose=0, callbacks=given, validation_split=0.2)
print(resuming.outcome(model, history), flush=True)
"""


def terminated(folder: Any, way: str, sends: bool) -> tuple[int, list[str]]:
    command = [sys.executable, "-c", TERMINATED, str(folder), way]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).resolve().parents[2])
    assert process.stdout is not None
    assert process.stdout.readline() == "training\n"
    if sends:
        time.sleep(0.02)  # of the 0.13 that it takes at least
        process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    return process.returncode, output.splitlines()


@pytest.mark.skipif(os.name == "nt", reason="a signal cannot be sent to a process there")
def test_sigterm_keeps_the_state_and_ends_the_process_as_it_would_have(tmp_path: Path) -> None:
    """By the signal, or as a handler of the user's own says; started again, the run ends with the same bits."""
    code, (whole,) = terminated(tmp_path, "default", False)
    assert code == 0
    assert terminated(tmp_path, "default", True) == (-signal.SIGTERM, [])
    assert (tmp_path / "training_state.h5").exists()
    assert terminated(tmp_path, "own", True) == (7, ["heard"])
    assert terminated(tmp_path, "default", False) == (0, [whole])


@pytest.mark.skipif(os.name == "nt", reason="a signal cannot be sent to a process there")
@pytest.mark.parametrize(("way", "told"), [("goes on", ["heard"]), ("ignored", [])])
def test_training_goes_on_where_the_handler_returns(tmp_path: Path, way: str, told: list[str]) -> None:
    _, (whole,) = terminated(tmp_path, "default", False)
    assert terminated(tmp_path, way, True) == (0, [*told, whole])


class Terminates(Callback):
    """Sends SIGTERM at a hook, the first time."""

    def __init__(self, hook: str) -> None:
        super().__init__()
        self._sent = False
        setattr(self, hook, self._send)

    def _send(self, *arguments: Any) -> None:
        if not self._sent:
            self._sent = True
            signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize("on_epochs", [True, False])
@pytest.mark.parametrize(
    "hook", ["on_train_batch_end", "on_epoch_begin", "on_epoch_end", "on_test_begin", "on_test_batch_end"]
)
def test_a_handler_that_returns_is_called_between_two_steps_and_changes_no_bit(hook: str, on_epochs: bool) -> None:
    def fitted(*given: Any) -> Any:
        model = sequential()
        history = model.fit(X, Y, epochs=4, verbose=0, validation_data=(X, Y), callbacks=list(given))
        return model, history.history

    whole, told = fitted()
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    try:
        given: list[Any] = [Terminates(hook), *([EarlyStopping()] if on_epochs else [])]
        model, found = fitted(*given)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]
    assert found == told
    assert same(model, whole)


def test_a_fit_inside_a_fit_hands_the_signal_to_the_first_handler() -> None:
    class Inner(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            sequential().fit(X, Y, verbose=0, callbacks=[Terminates("on_train_batch_end")])

    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    try:
        sequential().fit(X, Y, verbose=0, callbacks=[Inner()])
        assert signal.getsignal(signal.SIGTERM) is not before
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]


@pytest.mark.parametrize("hook", ["on_train_batch_end", "on_epoch_end", "on_test_batch_end"])
def test_ctrl_c_keeps_the_state_and_the_same_call_goes_on_in_the_middle(tmp_path: Path, hook: str) -> None:
    options: dict[str, Any] = {"epochs": 6, "verbose": 0, "validation_data": (X, Y)}
    whole = sequential()
    history = whole.fit(X, Y, **options)
    model = sequential()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, callbacks=[BackupAndRestore(tmp_path, False), PressesCtrlC(hook, 5)], **options)
    found = model.fit(X, Y, callbacks=[BackupAndRestore(tmp_path, False)], **options)
    assert same(model, whole)
    assert found.history == history.history

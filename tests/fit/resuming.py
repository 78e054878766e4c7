"""What the tests of resumed runs share: a run with everything that could be lost, as a function and as a process."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from flintglass import config, layers, models, optimizers, utils
from flintglass.callbacks import BackupAndRestore, Callback, EarlyStopping, ReduceLROnPlateau

ROWS, BATCH, EPOCHS = 203, 16, 6
STEPS = 11  # of an epoch: 162 of the rows are trained on
GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(ROWS, 6)).astype("float32")
Y = (X[:, :1] * 2 + X[:, 1:2] ** 2).astype("float32")


class Broken(Exception):
    """Ends a run as abruptly as an exception can."""


class CountsDown(Callback):
    """Does something after so many steps of training."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self._left = steps

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._left -= 1
        if self._left == 0:
            self.reached()

    def reached(self) -> None:
        """What is done then."""
        raise NotImplementedError


class BreaksAfter(CountsDown):
    """Raises after so many steps."""

    def reached(self) -> None:
        raise Broken


def network(scheduled: bool = True) -> Any:
    """Dropout, noise, batch normalization, Adam, and a schedule or a rate that callbacks change."""
    utils.set_random_seed(5)
    made = models.Sequential(
        [
            layers.Input((6,)),
            layers.Dense(16, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.GaussianNoise(0.1),
            layers.Dense(1),
        ]
    )
    rate = optimizers.schedules.ExponentialDecay(0.01, 20, 0.9) if scheduled else 0.05
    made.compile(optimizers.Adam(rate), "mse", metrics=["mae"])
    return made


def run(
    folder: Any, save_freq: Any = "epoch", steps: int = 0, scheduled: bool = True, model: Any = None, **options: Any
) -> str:
    """A fit that keeps its state; steps: it breaks after so many. What it came to, in one text."""
    model = model or network(scheduled)
    given = [BackupAndRestore(folder, save_freq=save_freq, **options.pop("backup", {}))]
    validates = options.get("validation_split", 0.2) and options.get("validation_freq", 1) == 1
    given += [EarlyStopping("val_loss" if validates else "loss", patience=4, restore_best_weights=True)]
    given += [] if scheduled else [ReduceLROnPlateau(patience=0, factor=0.5, min_delta=1.0)]
    given += [BreaksAfter(steps)] if steps else []
    settings = {"batch_size": BATCH, "epochs": EPOCHS, "verbose": 0, "validation_split": 0.2, **options}
    history = model.fit(X, Y, callbacks=given, **settings)
    return outcome(model, history)


def outcome(model: Any, history: Any) -> str:
    """Every bit of the model, its optimizer, its history, and what is drawn next."""
    arrays = [variable.numpy() for variable in (*model.variables, *model.optimizer.variables)]
    bits = hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()
    drawn = [float(np.random.random()), random.random()]
    return json.dumps([bits, history.history, history.epoch, drawn])


def process(folder: Path, engine: str, save_freq: Any) -> subprocess.Popen[str]:
    """The run in a process of its own, which prints what it came to."""
    command = [sys.executable, "-m", "tests.fit.resuming", str(folder), engine, str(save_freq)]
    root = Path(__file__).resolve().parents[2]
    paths = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root, env=environment)


def kills_until_the_end(folder: Path, engine: str, save_freq: Any, kills: int, rng: Any) -> tuple[str, int]:
    """Start the run again and again, each time killed at a random moment of its training; what the last one gives.

    Returns that, and how many kills hit a run that trained.
    """
    hit = 0
    for _ in range(kills):
        started = process(folder, engine, save_freq)
        assert started.stdout is not None
        if started.stdout.readline() != "training\n":
            raise AssertionError("the run did not begin")
        time.sleep(rng.uniform(0, 0.25))
        hit += started.poll() is None
        started.send_signal(signal.SIGKILL)
        started.communicate()
    started = process(folder, engine, save_freq)
    output, _ = started.communicate(timeout=100)
    assert started.returncode == 0
    return output.splitlines()[-1], hit


class Slow(Callback):
    """Makes an epoch last, so that kills fall into the training; it draws from the streams of NumPy and of Python."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        time.sleep(0.003)
        np.random.random()
        random.random()


def main(folder: str, engine: str, save_freq: str) -> None:
    """The run of ``process``."""
    config.set_engine(engine)
    model = network()
    given = [BackupAndRestore(folder, int(save_freq) if save_freq.isdecimal() else save_freq), Slow()]
    given += [EarlyStopping(patience=4, restore_best_weights=True)]
    print("training", flush=True)
    history = model.fit(X, Y, batch_size=BATCH, epochs=EPOCHS, verbose=0, validation_split=0.2, callbacks=given)
    print(outcome(model, history), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

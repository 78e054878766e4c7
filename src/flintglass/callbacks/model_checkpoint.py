"""ModelCheckpoint: files of the model while it trains, of every epoch or of the best one."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from flintglass.callbacks.folders import made_folder, path_of, require_usable
from flintglass.callbacks.monitor import MonitorCallback, require_numbers
from flintglass.callbacks.saving_times import SavesAtTimes
from flintglass.errors import nearest, warn

# What model.save and model.save_weights write; Keras 3 takes fewer, and older scripts name the others.
MODELS = (".keras", ".h5", ".hdf5")
WEIGHTS = (".weights.h5", ".h5", ".hdf5", ".safetensors", ".npz")


class ModelCheckpoint(SavesAtTimes, MonitorCallback):
    """Saves the model, or its weights alone, after each epoch or every so many steps; each file is replaced whole.

    filepath: a path with an ending that ``model.save`` takes (``.keras``), or with ``save_weights_only`` one that
    ``model.save_weights`` takes (``.weights.h5``). In it stand, where wanted, ``{epoch}`` (from 1), ``{batch}`` (from
    1, where save_freq counts steps) and the names of the logs, as in ``"{epoch:02d}-{val_loss:.2f}.keras"``. A folder
    that is missing is made.
    monitor, mode: which number of the logs is to become better, and whether by falling ("min") or rising ("max");
    "auto" asks the metric. save_best_only: write only where it did; initial_value_threshold: better than this, the
    first time. save_freq: "epoch", or a number of steps. verbose: 1 prints what was done.
    A model file holds weights, optimizer and random streams; the position in the epoch is kept by BackupAndRestore.
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode)
        self.filepath = path_of(filepath, "ModelCheckpoint: filepath", "a file")
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.best = initial_value_threshold
        self._set_frequency(save_freq)
        self._epoch = 0
        endings = WEIGHTS if save_weights_only else MODELS
        if not self.filepath.endswith(endings):
            raise ValueError(
                f"ModelCheckpoint: filepath ends in {' or '.join(endings)} with save_weights_only={save_weights_only}, "
                f"but it is {self.filepath!r}"
            )

    def get_state(self) -> dict[str, Any]:
        return {"best": self.best, "steps": self._steps}

    def set_state(self, state: dict[str, Any]) -> None:
        require_numbers(state, "steps", or_none="best")
        self.best, self._steps = state["best"], state["steps"]

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        # Up to where the first number is put in; what follows is looked at when a file is written.
        require_usable(os.path.dirname(self.filepath.partition("{")[0]), "ModelCheckpoint")

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.made(1, batch, logs)

    def made(self, steps: int, batch: int, logs: dict[str, Any] | None) -> None:
        """Told that so many steps were made, the last of which is number ``batch`` of its epoch."""
        if self.count(steps):
            self._save(self._epoch, batch, logs or {})

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch, None, logs or {})

    def _save(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> None:
        path = self._path(epoch, batch, logs)
        if not self._wanted(epoch, logs):
            return
        if os.path.isdir(path):
            raise IsADirectoryError(f"ModelCheckpoint cannot write {path}: it is a folder; give the path of a file")
        folder = os.path.dirname(path)
        if folder:
            made_folder(folder, "ModelCheckpoint")
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        if self.verbose:
            print(f"Epoch {epoch + 1}: saved to {path}")

    def _wanted(self, epoch: int, logs: dict[str, Any]) -> bool:
        """False where the file of the best model is to stay. Where nothing can be compared, all are saved."""
        if not self.save_best_only:
            return True
        current = logs.get(self.monitor)
        if current is None or np.ndim(current):
            if not self._told:
                self._told = True
                reason = nearest(self.monitor, logs) if current is None else "It is not one number."
                warn(f"ModelCheckpoint saves every time: the logs have no {self.monitor!r} to compare. {reason}")
            return True
        if not self.is_better(current, self.best):
            if self.verbose:
                print(f"Epoch {epoch + 1}: {self.monitor} is {current:.5g}, no better than {self.best:.5g}")
            return False
        self.best = current
        return True

    def _path(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> str:
        """The path with its numbers in it."""
        names = {"epoch": epoch + 1, **({} if batch is None else {"batch": batch + 1}), **logs}
        try:
            return self.filepath.format(**names)
        except KeyError as error:
            raise KeyError(
                f"ModelCheckpoint: the filepath {self.filepath!r} asks for {error}, and there are {sorted(names)} to "
                "put in"
            ) from error
        except (ValueError, IndexError) as error:
            raise ValueError(
                f"ModelCheckpoint: the filepath {self.filepath!r} cannot be filled in: {error}. Numbers stand in it as "
                "{epoch:02d} or {val_loss:.2f}"
            ) from error

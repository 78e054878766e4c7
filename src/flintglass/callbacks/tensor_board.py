"""TensorBoard: losses, metrics, rates and weights of a fit in files that TensorBoard shows."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np

from flintglass.callbacks import event_summaries as summaries
from flintglass.callbacks.base import Callback
from flintglass.callbacks.event_files import EventFile
from flintglass.callbacks.folders import path_of, require_usable
from flintglass.errors import FlintglassError, NeedsConcrete, warn

PLACE = "TensorBoard"
TRAIN, VALIDATION = "train", "validation"


class TensorBoard(Callback):
    """Writes what ``tensorboard --logdir logs`` shows; neither TensorBoard nor TensorFlow is needed for writing.

    log_dir: the folder; training's files lie in ``train`` in it, validation's in ``validation``. Each fit adds files
    and changes none. They are written at the end of every epoch, and within about a second where steps are written.

    Every epoch has ``epoch_loss``, one ``epoch_`` for each metric, and ``epoch_learning_rate``, at the number of the
    epoch from 0; each validation and evaluation has ``evaluation_loss_vs_iterations`` and the like too, at the number
    of steps that the optimizer made.

    histogram_freq: after how many epochs histograms of all weights are written, from the first on; 0 writes none.
    write_images: with them, the weights as pictures: 0 is black, 1 white, and what is beyond them looks the same.
    write_graph: the layers, which TensorBoard draws (of Sequential and functional models), and the listing of the
    training program as a text (of every step that has a program).
    update_freq: ``"epoch"``; or a number of steps, after which the metrics so far in the epoch are written as
    ``batch_loss`` and so on, at the number of steps of this fit; ``"batch"`` is 1. Epochs are written all the same.
    (Keras leaves out those that do not end at such a step.) The engine stops for each one.
    write_steps_per_second: ``epoch_steps_per_second``, and ``batch_steps_per_second`` since the one before; time that
    validation took between counts.

    profile_batch, embeddings_freq, embeddings_metadata are taken and told to have no effect: there is neither a
    profile of TensorFlow's kind nor a projector's file.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: int | str | tuple[int, int] = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: str | dict[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.log_dir = path_of(log_dir, f"{PLACE}: log_dir", "a folder")
        if "://" in self.log_dir:
            raise ValueError(f"{PLACE}: log_dir is a folder of this machine, not {self.log_dir!r:.60}")
        self.histogram_freq = _count("histogram_freq", histogram_freq)
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = _frequency(update_freq)
        _tell_what_is_not_written(profile_batch, _count("embeddings_freq", embeddings_freq), embeddings_metadata)
        if write_images and not self.histogram_freq:
            warn(f"{PLACE}: write_images writes with the histograms, and there are none: give histogram_freq too")
        self._files: dict[str, EventFile] = {}
        self._steps = 0  # of this fit
        self._own_evaluation = False  # whether what is evaluated next is no validation of a fit
        self._validated = False  # whether the validation of this epoch is written
        self._left_out: set[str] = set()  # what was told to be missing
        self._begun, self._begun_at = 0.0, 0  # the epoch, in seconds and in the optimizer's steps
        self._rated, self._rated_at = 0.0, 0  # where the last rate ended, in seconds and in steps of this fit

    # -- the state of a run

    def get_state(self) -> dict[str, Any]:
        return {"steps": self._steps}

    def set_state(self, state: dict[str, Any]) -> None:
        steps = state["steps"]
        if not isinstance(steps, (int, np.integer)) or isinstance(steps, bool) or steps < 0:
            raise ValueError(f"steps is a number of steps, not {steps!r:.60}")
        self._steps = self._rated_at = int(steps)

    # -- what it is told

    def set_model(self, model: Any) -> None:
        """Told at the beginning of a fit or an evaluation, which has files of its own."""
        super().set_model(model)
        self._flush()
        self._files = {}
        self._own_evaluation = True

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        for name in (TRAIN, VALIDATION):
            require_usable(os.path.join(self.log_dir, name), PLACE)
        self._steps = 0
        self._own_evaluation = self._validated = False
        if self.write_graph:
            self._write_graph()
            self._flush()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._begun = self._rated = time.perf_counter()
        self._begun_at, self._rated_at = self._iterations(), self._steps

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.made(1, batch, logs)

    @property
    def steps_left(self) -> int | None:
        """After how many further steps the metrics are to be written; None where steps do not matter."""
        every = self._every
        return None if every is None else every - self._steps % every

    def made(self, steps: int, batch: int, logs: dict[str, Any] | None) -> None:
        """Told that so many steps were made, the last of which is number ``batch`` of its epoch."""
        self._steps += steps
        if self._every is None or self._steps % self._every:
            return
        if self.write_steps_per_second:
            now = time.perf_counter()
            rate = (self._steps - self._rated_at) / max(now - self._rated, 1e-9)
            self._rated, self._rated_at = now, self._steps
            self._write(TRAIN, {"batch_steps_per_second": rate}, self._steps)
        self._write(TRAIN, {f"batch_{name}": value for name, value in (logs or {}).items()}, self._steps)

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        # Not told of validations in the engine: on_epoch_end writes their numbers.
        self._write_evaluation(logs or {})
        self._validated = self._validated or not self._own_evaluation
        self._own_evaluation = False
        self._flush()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logs = logs or {}
        validation = {name[4:]: value for name, value in logs.items() if name.startswith("val_")}
        training = {name: value for name, value in logs.items() if not name.startswith("val_")}
        rate = getattr(self.model.optimizer, "learning_rate", None)
        if rate is not None:
            training["learning_rate"] = float(rate)
        if self.write_steps_per_second:
            made, seconds = self._iterations() - self._begun_at, time.perf_counter() - self._begun
            training["steps_per_second"] = made / max(seconds, 1e-9)
        if validation and not self._validated:
            self._write_evaluation(validation)
        self._validated = False
        for folder, numbers in ((TRAIN, training), (VALIDATION, validation)):
            self._write(folder, {f"epoch_{name}": value for name, value in numbers.items()}, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        self._flush()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._flush()

    # -- what it writes

    @property
    def _every(self) -> int | None:
        if self.update_freq == "epoch":
            return None
        return 1 if self.update_freq == "batch" else int(self.update_freq)

    def _iterations(self) -> int:
        return int(getattr(self.model.optimizer, "iterations", 0))

    def _file(self, folder: str) -> EventFile:
        if folder not in self._files:
            self._files[folder] = EventFile(os.path.join(self.log_dir, folder), PLACE)
        return self._files[folder]

    def _flush(self) -> None:
        for file in self._files.values():
            file.flush()

    def _write(self, folder: str, numbers: dict[str, Any], step: int) -> None:
        for tag, value in numbers.items():
            if np.ndim(value):
                self._tell_once(tag, f"no {tag}, as it is not one number but has the shape {np.shape(value)}")
            else:
                self._file(folder).add(summaries.scalar(tag, float(value)), step)

    def _write_evaluation(self, logs: dict[str, Any]) -> None:
        numbers = {f"evaluation_{name}_vs_iterations": value for name, value in logs.items()}
        self._write(VALIDATION, numbers, self._iterations())

    def _write_weights(self, epoch: int) -> None:
        for layer in self.model.layers:
            for weight in layer.weights:
                array, name = weight.numpy(), weight.path
                missing = array.size - summaries.usable(array).size
                if missing:
                    self._tell_once(name, f"a histogram of {name} without {missing} numbers that are not finite")
                file = self._file(TRAIN)
                file.add(summaries.histogram(f"{name}/histogram", array), epoch)
                pictures = summaries.pictures_of(array) if self.write_images else []
                if pictures:
                    file.add(summaries.images(f"{name}/image", pictures), epoch)

    def _write_graph(self) -> None:
        if getattr(self.model, "inputs", None):
            try:
                self._file(TRAIN).add(summaries.layers("keras", self.model.to_json()), 0)
            except (FlintglassError, TypeError, ValueError, NotImplementedError) as error:
                self._tell_once("keras", f"no graph of the layers, as the model has no document: {error}")
        try:
            if self.model.run_eagerly:
                return
            listing = str(self.model.program("train"))
        except NeedsConcrete:  # Such a step has no program, or one for each number of rows.
            return
        self._file(TRAIN).add(summaries.text("program", f"```\n{listing}\n```"), 0)

    def _tell_once(self, name: str, what: str) -> None:
        if name not in self._left_out:
            self._left_out.add(name)
            warn(f"{PLACE} writes {what}")


def _count(name: str, given: Any) -> int:
    if not isinstance(given, (int, np.integer)) or isinstance(given, bool) or given < 0:
        raise ValueError(
            f"{PLACE}: {name} is after how many epochs it is done, from 1 up, or 0 for never, not {given!r:.60}"
        )
    return int(given)


def _frequency(given: Any) -> str | int:
    if isinstance(given, str) and given in ("epoch", "batch"):
        return given
    if isinstance(given, (int, np.integer)) and not isinstance(given, bool) and given > 0:
        return int(given)
    raise ValueError(
        f"{PLACE}: update_freq is 'epoch', 'batch', or after how many steps metrics are written (a whole number from 1 "
        f"up), not {given!r:.60}"
    )


def _tell_what_is_not_written(profile_batch: Any, embeddings_freq: int, embeddings_metadata: Any) -> None:
    """Warn of arguments that would make TensorFlow write more."""
    if _profiles(profile_batch):
        warn(
            f"{PLACE}: profile_batch={profile_batch!r} has no effect: no profile is written. "
            "write_steps_per_second=True writes how fast steps are, and flintglass compare what they take"
        )
    if embeddings_freq or embeddings_metadata is not None:
        name = "embeddings_freq" if embeddings_freq else "embeddings_metadata"
        warn(
            f"{PLACE}: {name} has no effect: nothing is written for the projector. histogram_freq writes histograms of "
            "embeddings, as of all weights"
        )


def _profiles(given: Any) -> bool:
    """True where batches are to be profiled: a number, the first and the last one, or these as a text ``"2,5"``."""
    parts = given.split(",") if isinstance(given, str) else given if isinstance(given, (tuple, list)) else [given]
    try:
        numbers = [int(part) for part in parts]
        whole = not any(isinstance(part, (bool, float, np.floating)) for part in parts)
    except (TypeError, ValueError):
        numbers, whole = [], False
    if not whole or len(numbers) not in (1, 2) or min(numbers) < 0:
        raise ValueError(
            f"{PLACE}: profile_batch is the number of a batch, the first and the last one, or 0 for none, not "
            f"{given!r:.60}"
        )
    return any(numbers)

"""CSVLogger: a line of a table for each epoch."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from typing import Any, TextIO

import numpy as np

from flintglass.callbacks.base import Callback


class CSVLogger(Callback):
    """Writes ``epoch`` and the logs of each epoch to a file, a line an epoch, names in the first line.

    separator: what stands between two numbers. append: go on at the end of a file that exists, instead of
    replacing it. The file is complete after every epoch. Columns are those of the first epoch, and ``NA``
    stands where a number is missing; without validation in that epoch, there are columns for it all the same.
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self._file: TextIO | None = None
        self._writer: Any = None
        self._names: list[str] | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._close()
        self._names = None
        has_lines = self.append and os.path.exists(self.filename) and os.path.getsize(self.filename) > 0
        try:
            self._file = open(self.filename, "a" if self.append else "w", newline="", encoding="utf-8")  # noqa: SIM115
        except FileNotFoundError as error:
            folder = os.path.dirname(os.path.abspath(self.filename))
            raise FileNotFoundError(
                f"CSVLogger cannot write {self.filename}: there is no folder {folder}; make it before training"
            ) from error
        self._writer = csv.writer(self._file, delimiter=self.sep, lineterminator="\n")
        self._headed = has_lines

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self._file is None:
            return
        logs = logs or {}
        if self._names is None:
            self._names = sorted(logs)
            if not any(name.startswith("val_") for name in self._names):
                self._names += [f"val_{name}" for name in self._names]
            if not self._headed:
                self._writer.writerow(["epoch", *self._names])
        self._writer.writerow([epoch, *(_shown(logs.get(name, "NA")) for name in self._names)])
        self._file.flush()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None


def _shown(value: Any) -> Any:
    """A number or a text as it is; several numbers in brackets."""
    if isinstance(value, str) or not isinstance(value, Iterable) or np.ndim(value) == 0:  # type: ignore[arg-type]
        return value
    return f"[{', '.join(map(str, value))}]"

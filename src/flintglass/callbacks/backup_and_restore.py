"""BackupAndRestore: the whole state of a run in a file, from which a run that was broken off goes on to the bit."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from flintglass.callbacks.folders import made_folder, path_of, require_usable
from flintglass.callbacks.saving_times import SavesAtTimes
from flintglass.errors import ModelFileError, warn

Found = TypeVar("Found")
LATEST, PREVIOUS = "training_state.h5", "previous_training_state.h5"


class BackupAndRestore(SavesAtTimes):
    """Keeps the state of ``fit`` in a folder; fit begins where the state that it finds there stood.

    Kept are weights, optimizer, metrics, random streams, the position in the epoch, the shuffle, the history, and
    the state of callbacks that have one (``get_state``). docs/nothing-lost.md says what a resumed run promises.
    backup_dir: the folder, made where it is missing; for each run one of its own. save_freq: "epoch", a number of
    steps, or False: only when Ctrl-C or SIGTERM ends training, which is saved in every case (a validation that runs in
    the native engine comes to its end first; a second Ctrl-C breaks it off, and the state is the one saved before).
    double_checkpoint: keep the state before the last one too, for the case that the last file is damaged.
    delete_checkpoint: delete the files when training comes to its end.
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        self.backup_dir = path_of(backup_dir, "BackupAndRestore: backup_dir", "a folder")
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._damaged = False  # the last file: it does not take the place of the one before it
        self._set_frequency(save_freq, False)

    @property
    def latest(self) -> str:
        """The path of the last state."""
        return os.path.join(self.backup_dir, LATEST)

    @property
    def previous(self) -> str:
        """The path of the state before it, with ``double_checkpoint``."""
        return os.path.join(self.backup_dir, PREVIOUS)

    def restore(self, read: Callable[[str], Found]) -> Found | None:
        """What ``read`` makes of the last file, or of the one before it where that is damaged; None: there is none.

        UnusableFolder where none could be written either.
        """
        require_usable(self.backup_dir, "BackupAndRestore")
        self._sweep()
        self._damaged = False
        paths = [path for path in (self.latest, self.previous) if os.path.exists(path)]
        if not paths:
            return None
        try:
            return read(paths[0])
        except (ModelFileError, OSError) as error:
            if len(paths) == 1:
                raise ModelFileError(
                    paths[0],
                    getattr(error, "item", ""),
                    f"{getattr(error, 'reason', error)}. Training cannot go on from it; delete it to begin anew "
                    "(double_checkpoint=True keeps the state before it as well)",
                ) from error
            warn(f"BackupAndRestore goes on from {paths[1]}, the state before the last: {error}")
            found = read(paths[1])
            self._damaged = True
            return found

    def save(self, write: Callable[[str], None]) -> None:
        """Have the state written, in the place of the last one."""
        made_folder(self.backup_dir, "BackupAndRestore")
        if self.double_checkpoint and os.path.exists(self.latest) and not self._damaged:
            os.replace(self.latest, self.previous)
        write(self.latest)
        self._damaged = False

    def _sweep(self) -> None:
        """Delete what a process that was killed while it wrote has left."""
        for name in (LATEST, PREVIOUS):
            for path in glob.glob(os.path.join(glob.escape(self.backup_dir), f".{name}.*.part")):
                with suppress(OSError):
                    os.unlink(path)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        if not self.delete_checkpoint:
            return
        # The older one first: killed in between, a new run goes on from the last state.
        for path in (self.previous, self.latest):
            with suppress(FileNotFoundError):
                os.unlink(path)
        with suppress(OSError):  # it holds something else, which is not ours to delete
            os.rmdir(self.backup_dir)

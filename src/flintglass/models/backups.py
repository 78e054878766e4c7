"""Backups: when the state of a run is written for BackupAndRestore, and read back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from flintglass.callbacks import BackupAndRestore, CallbackList
from flintglass.models.training_state import Position, TrainingState


class Backups:
    """The callbacks of one fit that keep its state.

    They are served after all callbacks were told, so that what those did belongs to the state.
    """

    def __init__(self, run: Any, callbacks: CallbackList, validation: Any) -> None:
        self._keepers = [item for item in callbacks.callbacks if isinstance(item, BackupAndRestore)]
        self._state = TrainingState(run, callbacks, validation)
        self._model = run.model
        self._due: list[BackupAndRestore] = []
        self._read = False

    @property
    def wanted(self) -> bool:
        """True where somebody keeps the state."""
        return bool(self._keepers)

    def sums(self) -> list[tuple[Any, np.ndarray]]:
        """The sums of the metrics as training left them, which a validation overwrites; none: nobody keeps them."""
        if not self._keepers:
            return []
        return [(variable, variable.numpy()) for metric in self._model.metrics for variable in metric.variables]

    @property
    def wait_for_epochs(self) -> bool:
        """True where somebody has to be served after each epoch."""
        return any(keeper.save_freq is not False for keeper in self._keepers)

    @property
    def steps_left(self) -> int | None:
        """After how many steps the next state is due; None: not by steps."""
        return min((keeper.steps_left for keeper in self._keepers if keeper.steps_left is not None), default=None)

    def resume(self) -> tuple[Position, dict[str, Any]] | None:
        """Go on from the first state that is found; None: begin at the beginning."""
        for keeper in self._keepers:
            if keeper.restore(self._state.read) is not None:
                self._read = True
                return self._state.restore()
        return None

    def put_back(self) -> None:
        """Give variables and callbacks the state that was read once more, and let go of it."""
        if self._read:
            self._state.put_back()
        self.let_go()

    def let_go(self) -> None:
        """What was read is needed no more."""
        self._state.forget()
        self._read = False

    def stepped(self, steps: int, position: Position | None) -> None:
        """So many steps were made. position: where the run stands; None where the epoch's end is told next."""
        self._due += [keeper for keeper in self._keepers if keeper.count(steps)]
        if position is not None:
            self._save(self._due, position, {})

    def epoch_ended(self, epoch: int, logs: dict[str, Any]) -> None:
        """All callbacks know that the epoch before this one has ended."""
        due = [keeper for keeper in self._keepers if keeper.save_freq == "epoch"]
        self._save([*due, *self._due], Position(epoch), logs)

    def interrupted(self, position: Position, logs: dict[str, Any]) -> None:
        """Training is about to be broken off."""
        self._save(self._keepers, position, logs)

    def _save(self, keepers: Sequence[BackupAndRestore], position: Position, logs: dict[str, Any]) -> None:
        for keeper in dict.fromkeys(keepers):
            keeper.save(lambda path: self._state.write(path, position, logs))
        self._due = []


def put_back(sums: Sequence[tuple[Any, np.ndarray]]) -> None:
    """Give metrics the sums that they had."""
    for variable, array in sums:
        variable.overwrite(array)

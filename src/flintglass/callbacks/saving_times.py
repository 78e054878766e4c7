"""When a callback saves: after each epoch, or whenever so many steps were made."""

from __future__ import annotations

from typing import Any

import numpy as np

from flintglass.callbacks.base import Callback


class SavesAtTimes(Callback):
    """The base of callbacks that save. save_freq: ``"epoch"``, or a number of steps, counted through all epochs."""

    save_freq: Any
    _steps = 0  # since it was due last

    def _set_frequency(self, given: Any, *more: Any) -> None:
        whole = isinstance(given, (int, np.integer)) and not isinstance(given, bool) and given > 0
        if not whole and given != "epoch" and not any(given is other for other in more):
            raise ValueError(
                f"{type(self).__name__}: save_freq is 'epoch', or how many steps lie between two files (a positive "
                f"whole number), not {given!r}"
            )
        self.save_freq = int(given) if whole else given

    @property
    def steps_left(self) -> int | None:
        """After how many further steps it is due; None where it does not count steps."""
        return max(self.save_freq - self._steps, 1) if type(self.save_freq) is int else None

    def count(self, steps: int) -> bool:
        """Told that so many steps were made; True where it is due."""
        if type(self.save_freq) is not int:
            return False
        self._steps += steps
        if self._steps < self.save_freq:
            return False
        self._steps = 0
        return True

"""LearningRateScheduler: a Python function sets the learning rate before each epoch."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from flintglass.callbacks.base import Callback


class LearningRateScheduler(Callback):
    """Before each epoch the learning rate becomes ``schedule(epoch, rate)``, or ``schedule(epoch)``.

    Epochs count from 0; rate is the present one. verbose: 1 prints each new rate. The logs show the rate.
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise TypeError(f"LearningRateScheduler: schedule is a function of the epoch, not {schedule!r}")
        self.schedule = schedule
        self.verbose = verbose
        self._takes_rate = _takes_two(schedule)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        optimizer = self.model.optimizer
        present = (float(optimizer.learning_rate),) if self._takes_rate else ()
        rate = self.schedule(epoch, *present)
        if isinstance(rate, bool) or not isinstance(rate, (int, float, np.number)):
            raise ValueError(
                f"LearningRateScheduler: schedule({epoch}) returned {rate!r}, and should return a number. A schedule "
                "of keras.optimizers.schedules counts steps: give it to the optimizer, as learning_rate="
            )
        optimizer.learning_rate = float(rate)
        if self.verbose:
            print(f"Epoch {epoch + 1}: the learning rate is {float(rate):.6g}")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


def _takes_two(function: Callable[..., Any]) -> bool:
    """True where a function can be called with the epoch and the rate."""
    try:
        inspect.signature(function).bind(0, 0.0)
    except TypeError:
        return False
    except ValueError:  # a built-in function that tells nothing of its arguments
        return True
    return True

"""Notes when the first step and the first epoch of a fit ended here, without taking its epochs from the engine.

A callback that listens to steps would be told of every step of the fit, and so slow down what is measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from flintglass.callbacks import Callback
from flintglass.engines.engine import Fitting, Paused
from flintglass.models.backups import Backups
from flintglass.models.run import Run
from flintglass.models.whole_epochs import WholeEpochs


def watch(recorder: Any) -> None:
    """From here on the fit that ``recorder.current`` describes gets ``steps``, ``first_step`` and ``first_epoch``."""
    whole, stepwise = WholeEpochs.go, Run.epoch

    def go(self: WholeEpochs, end: int, asked: Callable[[], bool]) -> tuple[int, dict[str, Any]]:
        fit = recorder.current
        if fit["first_epoch"] is not None:
            return whole(self, end, asked)
        fit["steps"] = len(self._run) or None
        fitting = self._fitting
        self._fitting = _OneStepFirst(fitting, fit)
        try:
            result = whole(self, min(end, fitting.epoch + 1), asked)
        finally:
            self._fitting = fitting
        fit["first_epoch"] = time.monotonic()
        return result

    def epoch(
        self: Run, number: int, first: int, callbacks: Any, interrupted: Callable[[], bool], backups: Backups
    ) -> int:
        fit = recorder.current
        if fit["first_step"] is not None:
            # What an epoch is followed by, its validation, belongs to it.
            fit["first_epoch"] = fit["first_epoch"] or time.monotonic()
            return stepwise(self, number, first, callbacks, interrupted, backups)
        listener = _FirstStep(fit)
        callbacks.append(listener)
        try:
            return stepwise(self, number, first, callbacks, interrupted, backups)
        finally:
            callbacks.callbacks.remove(listener)
            fit["steps"] = len(self) or None

    WholeEpochs.go = go  # type: ignore[method-assign]
    Run.epoch = epoch  # type: ignore[method-assign]


class _OneStepFirst:
    """Epochs on their way, of which the first run is cut after one step."""

    def __init__(self, fitting: Fitting, fit: dict[str, Any]) -> None:
        self._fitting, self._fit = fitting, fit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fitting, name)

    def run(self, until_epoch: int, seconds: float, steps: int, watch: bool, at_once: bool) -> Paused:
        if self._fit["first_step"] is not None:
            return self._fitting.run(until_epoch, seconds, steps, watch, at_once)
        paused = self._fitting.run(until_epoch, seconds, 1, watch, at_once)
        self._fit["first_step"] = time.monotonic()
        return paused


class _FirstStep(Callback):
    """Where steps are told one by one, a callback for the first epoch alone."""

    def __init__(self, fit: dict[str, Any]) -> None:
        super().__init__()
        self._fit = fit

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self._fit["first_step"] is None:
            self._fit["first_step"] = time.monotonic()

"""EarlyStopping: training ends when a metric no longer becomes better."""

from __future__ import annotations

from typing import Any

import numpy as np

from flintglass.callbacks.monitor import MonitorCallback, require_numbers

_STATE = ("wait", "stopped_epoch", "best", "best_epoch", "best_weights")


class EarlyStopping(MonitorCallback):
    """Ends training after ``patience`` epochs in a row in which ``monitor`` did not become better.

    min_delta: a smaller change is none. mode: whether "min" or "max" is better; "auto" asks the metric.
    baseline: epochs count as without progress until the metric is better than this. restore_best_weights:
    when training ends, the weights of the best epoch come back. start_from_epoch: epochs before it do not
    count. verbose: 1 prints what was done.
    ``stopped_epoch``, ``best_epoch`` (from 0), ``best`` and ``wait`` tell where it stands.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int | float = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int | float = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._begin()

    def _begin(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_epoch = 0
        self.best_weights: Any = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        super().on_train_begin(logs)
        self._begin()

    def get_state(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _STATE}

    def set_state(self, state: dict[str, Any]) -> None:
        require_numbers(state, "wait", "stopped_epoch", "best_epoch", or_none="best")
        weights, own = state["best_weights"], self.model.get_weights()
        if weights is not None and [np.shape(array) for array in weights] != [array.shape for array in own]:
            raise ValueError("the best weights are those of another model")
        for name in _STATE:
            setattr(self, name, state[name])

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        current = self.get_monitor_value(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            # Where no epoch is better than any other (all are nan), the first one counts as the best.
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self.is_better(current, self.best):
            self.best, self.best_epoch = current, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.is_better(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        if self.stopped_epoch and self.verbose:
            print(
                f"Epoch {self.stopped_epoch + 1}: stopped early, {self.monitor} was best in epoch {self.best_epoch + 1}"
            )
        if self.best_weights is not None:
            if self.verbose:
                print(f"The weights of epoch {self.best_epoch + 1} are back")
            self.model.set_weights(self.best_weights)

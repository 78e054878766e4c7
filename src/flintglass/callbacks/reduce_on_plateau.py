"""ReduceLROnPlateau: smaller steps when a metric no longer becomes better."""

from __future__ import annotations

from typing import Any

from flintglass.callbacks.monitor import MonitorCallback, require_numbers


class ReduceLROnPlateau(MonitorCallback):
    """Multiplies the learning rate by ``factor`` after ``patience`` epochs in which ``monitor`` did not get better.

    cooldown: so many epochs after a reduction do not count. min_lr: the rate does not fall below it. mode,
    min_delta: what better means. verbose: 1 prints each reduction. The logs of each epoch show the rate.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int | float = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int | float = 0,
        min_lr: float = 0.0,
        **unknown: Any,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        if "epsilon" in unknown:
            raise ValueError("ReduceLROnPlateau: `epsilon` is called min_delta now")
        if unknown:
            raise ValueError(f"ReduceLROnPlateau has no argument {sorted(unknown)[0]!r}")
        if factor >= 1:
            raise ValueError(f"ReduceLROnPlateau: factor is a number below 1, not {factor!r}: the rate is to fall")
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._begin()

    def _begin(self) -> None:
        self.best = None
        self.wait = 0
        self.cooldown_counter: int | float = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        super().on_train_begin(logs)
        self._begin()

    def get_state(self) -> dict[str, Any]:
        return {"best": self.best, "wait": self.wait, "cooldown_counter": self.cooldown_counter}

    def set_state(self, state: dict[str, Any]) -> None:
        require_numbers(state, "wait", "cooldown_counter", or_none="best")
        self.best, self.wait, self.cooldown_counter = state["best"], state["wait"], state["cooldown_counter"]

    def in_cooldown(self) -> bool:
        """True while epochs do not count since a reduction."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logs = {} if logs is None else logs
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        current = self.get_monitor_value(logs)
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_better(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        before = float(self.model.optimizer.learning_rate)
        after = max(before * self.factor, self.min_lr)
        if after >= before:
            return
        self.model.optimizer.learning_rate = after
        self.cooldown_counter = self.cooldown
        self.wait = 0
        if self.verbose:
            print(f"Epoch {epoch + 1}: the learning rate falls to {after:.6g}, {self.monitor} is no better")

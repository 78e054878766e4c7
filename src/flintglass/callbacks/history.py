"""History: what every epoch's metrics were."""

from __future__ import annotations

from typing import Any

from flintglass.callbacks.base import Callback


class History(Callback):
    """``history`` maps each metric's name to its value at the end of every epoch; ``epoch`` numbers them."""

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.epoch = []
        self.history = {}

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

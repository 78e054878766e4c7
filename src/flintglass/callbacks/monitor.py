"""Watching one number of the logs: where it stands, and whether it is better than another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from flintglass.callbacks.base import Callback
from flintglass.errors import nearest, warn

MODES = ("auto", "min", "max")


class MonitorCallback(Callback):
    """The base of callbacks that wait for a metric to become better.

    monitor: the metric's name in the logs; ``val_`` stands before those of validation. mode: whether "min" or
    "max" is better; "auto" asks the metric. min_delta: a smaller change is none.
    """

    def __init__(self, monitor: str = "val_loss", mode: str = "auto", min_delta: float = 0) -> None:
        super().__init__()
        if not isinstance(monitor, str):
            raise TypeError(
                f"{type(self).__name__}: monitor is the name of a number in the logs, as 'val_loss' is, not {monitor!r}"
            )
        if mode not in MODES:
            warn(f"{type(self).__name__}: mode is 'auto', 'min' or 'max', not {mode!r}; it counts as 'auto'")
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(min_delta)
        self.best: Any = None
        self._told = False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._told = False

    def get_monitor_value(self, logs: dict[str, Any] | None) -> Any:
        """The number in these logs; None, and one warning for each fit, where there is none."""
        found = (logs or {}).get(self.monitor)
        if found is None and not self._told:
            self._told = True
            reason = nearest(self.monitor, logs or {})
            if self.monitor.startswith("val_") and not any(name.startswith("val_") for name in logs or {}):
                reason += " There is no validation in this epoch: fit takes validation_data= or validation_split="
            warn(f"{type(self).__name__} does nothing where the logs have no {self.monitor!r}. {reason}")
        return found

    def is_better(self, value: Any, than: Any) -> bool:
        """True where the value is better by more than min_delta, or where there is nothing to compare it with."""
        if than is None:
            return True
        if self._larger_is_better():
            return bool(value - self.min_delta > than)
        return bool(value + self.min_delta < than)

    def _larger_is_better(self) -> bool:
        if self.mode != "auto":
            return self.mode == "max"
        name = self.monitor.removeprefix("val_")
        for metric in getattr(self.model, "metrics", []):
            if metric.name == name and getattr(metric, "direction", None):
                return bool(metric.direction == "up")
        if name == "loss" or name.endswith("_loss"):
            return False
        raise ValueError(
            f"{type(self).__name__}: whether {self.monitor!r} should fall or rise cannot be told from its name; "
            "say mode='min' or mode='max'"
        )


def require_numbers(state: Mapping[str, Any], *names: str, or_none: str) -> None:
    """ValueError where a state that was read from a file holds no number under one of these names."""
    for name in (*names, or_none):
        value = state[name]
        if not (isinstance(value, (int, float, np.number)) or (value is None and name == or_none)):
            raise ValueError(f"{name} is a number, not {value!r:.60}")

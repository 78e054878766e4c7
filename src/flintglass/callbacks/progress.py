"""The progress bar: how far the epoch is, and what the metrics are, at most ten times a second."""

from __future__ import annotations

import sys
import time
from typing import Any

from flintglass.callbacks.base import Callback

WIDTH = 20
INTERVAL = 0.1  # seconds between two drawings
PATIENCE = 0.2  # seconds before a bar appears at all


class ProgressBar:
    """A line that is drawn over itself in a terminal, and printed once in a file or a pipe."""

    def __init__(self, steps: int | None, verbose: int, stream: Any = None) -> None:
        self.steps = steps
        self.verbose = verbose
        self.stream = stream if stream is not None else sys.stdout
        self.started = time.perf_counter()
        self.drawn = 0.0
        self._width = 0
        self.interactive = bool(getattr(self.stream, "isatty", lambda: False)()) or "ipykernel" in sys.modules

    def due(self) -> bool:
        """True where a drawing would be seen now."""
        now = time.perf_counter()
        waited = now - self.started >= PATIENCE and now - self.drawn >= INTERVAL
        return self.verbose == 1 and self.interactive and waited

    def draw(self, step: int, logs: dict[str, Any]) -> None:
        """Draw the bar at ``step`` finished steps."""
        self.drawn = time.perf_counter()
        elapsed = self.drawn - self.started
        text = f"{self._bar(step)} {_seconds(elapsed)}{per_step(elapsed, step)}{_metrics(logs)}"
        self._over(text)

    def finish(self, step: int, logs: dict[str, Any], seconds: float | None = None) -> None:
        """Draw the last state, and go to the next line. seconds: how long it took; since the start unless given."""
        elapsed = time.perf_counter() - self.started if seconds is None else seconds
        lead = f"{self._bar(step)} " if self.verbose == 1 else f"{step}/{step} - "
        text = f"{lead}{_seconds(elapsed)}{per_step(elapsed, step)}{_metrics(logs)}"
        self._over(text)
        self.stream.write("\n")
        self.stream.flush()

    def _bar(self, step: int) -> str:
        if not self.steps:
            return f"{step}/Unknown"
        filled = min(WIDTH, WIDTH * step // self.steps)
        return f"{step:>{len(str(self.steps))}}/{self.steps} {'━' * filled}{'─' * (WIDTH - filled)}"

    def _over(self, text: str) -> None:
        if self.interactive:
            self.stream.write("\r" + text.ljust(self._width))
        else:
            self.stream.write(text)
        self._width = len(text)
        self.stream.flush()


def _seconds(elapsed: float) -> str:
    if elapsed >= 60:
        return f"{int(elapsed // 60)}m{int(elapsed % 60):02d}s"
    return f"{elapsed:.0f}s" if elapsed >= 10 else f"{elapsed:.1f}s"


def per_step(elapsed: float, steps: int) -> str:
    """The time of one step as ``' 12us/step'``."""
    if not steps:
        return ""
    time_each = elapsed / steps
    if time_each >= 1:
        return f" {time_each:.1f}s/step"
    if time_each >= 1e-3:
        return f" {time_each * 1e3:.0f}ms/step"
    return f" {time_each * 1e6:.0f}us/step"


def _metrics(logs: dict[str, Any]) -> str:
    return "".join(f" - {name}: {_number(value)}" for name, value in logs.items())


def _number(value: Any) -> str:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return f"{number:.4f}" if number == 0 or 1e-3 <= abs(number) < 1e5 else f"{number:.4e}"


class ProgbarLogger(Callback):
    """Prints the progress of ``fit``; added by ``verbose``. The bar of an epoch ends with its metrics."""

    def __init__(self) -> None:
        super().__init__()
        self._bar: ProgressBar | None = None
        self._printed = 0.0
        self._seconds: float | None = None

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._bar = ProgressBar(self.params.get("steps"), self.params.get("verbose", 1))
        self._quiet = self._skips(epoch)
        if not self._quiet:
            self._bar.stream.write(f"Epoch {epoch + 1}/{self.params.get('epochs')}\n")

    def _skips(self, epoch: int) -> bool:
        """Into a file or a pipe, or where epochs are fast, at most ten epochs a second are printed."""
        last = epoch + 1 == self.params.get("epochs")
        now = time.perf_counter()
        if epoch == 0 or last or now - self._printed >= INTERVAL:
            self._printed = now
            return False
        return True

    def progress(self, step: int, logs: Any) -> None:
        """Told between steps; ``logs`` is called only where something is drawn."""
        if self._bar is not None and not self._quiet and self._bar.due():
            self._bar.draw(step, logs())

    def took(self, seconds: float) -> None:
        """Told before the end of an epoch that was run without anybody looking: how long it took."""
        self._seconds = seconds

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self._bar is not None and not self._quiet:
            self._bar.finish(self.params.get("steps") or 0, logs or {}, self._seconds)
        self._seconds = None

"""The progress bar: how far the epoch is, and what the metrics are, at most ten times a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from flintglass.callbacks.base import Callback

WIDTH = 20
INTERVAL = 0.1  # seconds between two drawings
PATIENCE = 0.2  # seconds before a bar appears at all
FIRST_EPOCHS = 10  # of a fit: so many lines are read, however fast they come


class ProgressBar:
    """A line that is drawn over itself in a terminal, and printed once in a file or a pipe.

    steps: how many there will be; None where nobody knows. verbose: 0 (nothing), 1 (a bar), 2 (a line at the
    end). patient: print nothing where there is one step alone and it is over at once, as ``verbose="auto"``
    wants it.
    """

    def __init__(self, steps: int | None, verbose: int, stream: Any = None, patient: bool = False) -> None:
        self.steps = steps
        self.stream = stream if stream is not None else sys.stdout
        self.verbose = verbose if self.stream is not None else 0  # without an output, as under pythonw
        self.patient = patient
        self.started = time.perf_counter()
        self.drawn = 0.0
        self._width = 0
        self.interactive = bool(getattr(self.stream, "isatty", lambda: False)()) or "ipykernel" in sys.modules
        self._full, self._empty = _marks(getattr(self.stream, "encoding", None))

    def due(self) -> bool:
        """True where a drawing would be seen now."""
        now = time.perf_counter()
        waited = now - self.started >= PATIENCE and now - self.drawn >= INTERVAL
        return self.verbose == 1 and self.interactive and waited

    def shows(self, steps: int | None = None) -> bool:
        """True where the end is to be told after so many steps."""
        alone = self.patient and steps == 1 and time.perf_counter() - self.started < PATIENCE
        return bool(self.verbose) and not alone

    def listener(self, logs: Callable[[], dict[str, Any]]) -> Callable[[int, Any], None] | None:
        """What draws after a step where it is due; None where nothing is ever drawn between steps."""
        if self.verbose != 1 or not self.interactive:
            return None
        return lambda step, outputs: self.draw(step + 1, logs()) if self.due() else None

    def draw(self, step: int, logs: dict[str, Any]) -> None:
        """Draw the bar at ``step`` finished steps."""
        self.drawn = time.perf_counter()
        elapsed = self.drawn - self.started
        text = f"{self._bar(step)} {_seconds(elapsed)}{per_step(elapsed, step)}{_metrics(logs)}"
        self._over(text)

    def finish(self, step: int, logs: dict[str, Any], seconds: float | None = None, note: str = "") -> None:
        """Draw the last state, and go to the next line.

        seconds: how long it took; since the start unless given. note: what is to be said behind the metrics.
        """
        if not self.verbose:
            return
        elapsed = time.perf_counter() - self.started if seconds is None else seconds
        self.steps = self.steps or step
        lead = f"{self._bar(step)} " if self.verbose == 1 else f"{step}/{self.steps} - "
        self._over(f"{lead}{_seconds(elapsed)}{per_step(elapsed, step)}{_metrics(logs)}{note}")
        self.line("")

    def clear(self) -> None:
        """Take away a bar that is drawn, so that what is printed next stands on a line of its own."""
        if self._width:
            self.stream.write(f"\r{'':{self._width}}\r")
            self.stream.flush()
            self._width = 0

    def line(self, text: str) -> None:
        """Print a line of text."""
        self.stream.write(f"{text}\n")
        self.stream.flush()

    def _bar(self, step: int) -> str:
        if not self.steps:
            return f"{step}/Unknown"
        filled = min(WIDTH, WIDTH * step // self.steps)
        return f"{step:>{len(str(self.steps))}}/{self.steps} {self._full * filled}{self._empty * (WIDTH - filled)}"

    def _over(self, text: str) -> None:
        # Only a line that stands there already is drawn over: notebooks keep every other one as it is.
        drawn_over = "\r" if self._width else ""
        text = text.encode(self._encoding(), "replace").decode(self._encoding())
        self.stream.write(drawn_over + text.ljust(self._width))
        self._width = len(text)
        self.stream.flush()

    def _encoding(self) -> str:
        return getattr(self.stream, "encoding", None) or "utf-8"


def _marks(encoding: str | None) -> tuple[str, str]:
    """What the full and the empty part of a bar are made of; plain letters where the output has no others."""
    try:
        "━─".encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return "=", "."
    return "━", "─"


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
    """Prints the progress of ``fit``; added by ``verbose``. The bar of an epoch ends with its metrics.

    After the first ten epochs at most ten a second are printed, so that many short ones cost nothing; a line after
    some that were not says how many they were, and the last epoch is always printed. Where ``params`` say
    ``patient``, as for ``verbose="auto"``, one single step that is over at once prints nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self._first: int | None = None
        self._seen = 0  # steps of this epoch, where nobody knew how many there would be
        self._bar: ProgressBar | None = None
        self._quiet = False  # whether nothing of this epoch is to be printed
        self._printed = 0.0  # when an epoch was printed last
        self._left_out = 0  # epochs since then
        self._unsaid: tuple[int, dict[str, Any], float | None] | None = None  # the end of the last epoch, if left out
        self._seconds: float | None = None
        self._header: str | None = None
        self._begun: int | None = None  # the epoch that is going on
        self._decided: bool | None = None  # whether its end is printed, once that is known

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._first = self._begun = self._decided = None
        self._left_out, self._unsaid = 0, None

    def before_others(self, hook: str, *arguments: Any) -> None:
        """Told before any callback is told of this hook: print what belongs above their messages."""
        if hook == "on_epoch_begin":
            self._begin_epoch(arguments[0])
        elif hook == "on_epoch_end" and self._bar is not None:
            self._decided = self._is_shown(self._bar)
            if self._decided:
                self._begin_lines(self._bar)
            self._bar.clear()
        elif hook == "on_train_end":
            self._say_last()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self._begun != epoch or self._bar is None:
            self._begin_epoch(epoch)
        else:
            self._bar.started = time.perf_counter()  # what other callbacks took is no time of the epoch's

    def _begin_epoch(self, epoch: int) -> None:
        self._begun = epoch
        if self._first is None:
            self._first = epoch
        steps, epochs = self.params.get("steps"), self.params.get("epochs")
        self._bar = ProgressBar(steps, self.params.get("verbose", 1))
        self._bar.patient = bool(self.params.get("patient")) and (epochs or 0) - self._first == 1
        now = self._bar.started
        early, last = epoch - self._first < FIRST_EPOCHS, epoch + 1 == epochs
        self._quiet = not early and not last and now - self._printed < INTERVAL
        self._header = f"Epoch {epoch + 1}/{epochs}"
        if not self._quiet:
            self._printed = now
            if self._bar.shows(steps):
                self._begin_lines(self._bar)

    def _begin_lines(self, bar: ProgressBar) -> None:
        if self._header is not None and bar.verbose:
            bar.line(self._header)
        self._header = None

    def progress(self, step: int, logs: Any) -> None:
        """Told between steps; ``logs`` is called only where something is drawn."""
        self._seen = step
        if self._bar is not None and self._bar.due():
            self._quiet = False
            self._begin_lines(self._bar)
            self._bar.draw(step, logs())

    def took(self, seconds: float) -> None:
        """Told before the end of an epoch that was run without anybody looking: how long it took."""
        self._seconds = seconds

    def _is_shown(self, bar: ProgressBar) -> bool:
        """True where the end of the epoch is printed, if it is now."""
        due = not self._quiet or time.perf_counter() - self._printed >= INTERVAL
        return due and bar.shows(self.params.get("steps"))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        steps, seconds = self.params.get("steps"), self._seconds
        self._seconds = self._begun = None
        bar = self._bar
        if bar is None or not bar.shows(steps):
            return
        now = time.perf_counter()
        shown, self._decided = self._is_shown(bar) if self._decided is None else self._decided, None
        if not shown:
            self._left_out += 1
            self._unsaid = steps or self._seen, logs or {}, now - bar.started if seconds is None else seconds
            return
        self._printed = now
        self._finish(bar, steps or self._seen, logs or {}, seconds)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Print the last epoch, where training ended sooner than was known when it began."""
        self._say_last()

    def _say_last(self) -> None:
        if self._unsaid is not None and self._bar is not None:
            self._left_out -= 1
            self._finish(self._bar, *self._unsaid)

    def _finish(self, bar: ProgressBar, steps: int, logs: dict[str, Any], seconds: float | None) -> None:
        many = f"{self._left_out} epochs" if self._left_out != 1 else "1 epoch"
        note = f" ({many} since the last line not printed)" if self._left_out else ""
        self._begin_lines(bar)
        bar.finish(steps, logs, seconds, note)
        self._left_out, self._unsaid = 0, None

"""Interrupts: Ctrl-C during fit becomes a flag that is read between steps, so that each step is whole."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any


class Interrupt:
    """While entered, the first SIGINT only raises a flag; on leaving it becomes KeyboardInterrupt.

    A second one comes through at once. Handlers of the user's own, and ignored signals, stay as they are.
    """

    def __init__(self) -> None:
        self.raised = False
        self._before: Any = None

    def __enter__(self) -> Interrupt:
        # Only the main thread may set a handler; elsewhere Python delivers no SIGINT anyway.
        if threading.current_thread() is threading.main_thread():
            before = signal.getsignal(signal.SIGINT)
            if before is signal.default_int_handler or isinstance(getattr(before, "__self__", None), Interrupt):
                self._before = before
                signal.signal(signal.SIGINT, self._flag)
        return self

    def _flag(self, number: int, frame: FrameType | None) -> None:
        if self.raised:
            self._before(number, frame)
        self.raised = True

    def asked(self) -> bool:
        """True once a signal has come."""
        return self.raised

    def __exit__(self, kind: Any, *error: Any) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        if self.raised and kind is None:
            raise KeyboardInterrupt("training was interrupted; the model holds the weights of the last finished step")

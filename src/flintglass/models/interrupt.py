"""Interrupts: Ctrl-C during fit becomes a flag that is read between steps, so that each step is whole."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any


class Interrupt:
    """While entered, the first SIGINT only raises a flag; on leaving it becomes KeyboardInterrupt."""

    def __init__(self) -> None:
        self.raised = False
        self._before: Any = None

    def __enter__(self) -> Interrupt:
        # Only the main thread may set a handler; elsewhere Python delivers no SIGINT anyway.
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._flag)
        return self

    def _flag(self, number: int, frame: FrameType | None) -> None:
        if self.raised and callable(self._before):
            self._before(number, frame)
        self.raised = True

    def __exit__(self, kind: Any, *error: Any) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._before if self._before is not None else signal.SIG_DFL)
        if self.raised and kind is None:
            raise KeyboardInterrupt("fit was interrupted; the model holds the weights of the last finished step")

"""Interrupts: Ctrl-C and SIGTERM during fit become flags that are read between steps, so that each step is whole."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any


class Interrupt:
    """While entered, the first SIGINT, and a SIGTERM, only raise flags.

    On leaving, SIGINT becomes KeyboardInterrupt; a second one comes through at once. A handler of the user's own for
    SIGINT stays as it is. SIGTERM goes the way that its handler before says, once ``hand_on`` is called: by default
    the process ends, and a handler of the user's own is called between two steps. Ignored signals stay so.
    """

    def __init__(self) -> None:
        self.raised = False
        self.terminating = False
        self._before: Any = None
        self._before_term: Any = None

    def __enter__(self) -> Interrupt:
        # Only the main thread may set a handler; elsewhere Python delivers no signal anyway.
        if threading.current_thread() is threading.main_thread():
            before = signal.getsignal(signal.SIGINT)
            if before is signal.default_int_handler or isinstance(getattr(before, "__self__", None), Interrupt):
                self._before = before
                signal.signal(signal.SIGINT, self._flag)
            before = signal.getsignal(signal.SIGTERM)
            if before is not signal.SIG_IGN and before is not None:  # None: set by other than Python
                self._before_term = before
                signal.signal(signal.SIGTERM, self._flag_term)
        return self

    def _flag(self, number: int, frame: FrameType | None) -> None:
        if self.raised:
            self._before(number, frame)
        self.raised = True

    def _flag_term(self, number: int, frame: FrameType | None) -> None:
        self.terminating = True

    def asked(self) -> bool:
        """True once a signal has come."""
        return self.raised or self.terminating

    def hand_on(self) -> None:
        """Do with a SIGTERM that has come what would have been done with it; returns where that goes on."""
        if not self.terminating:
            return
        self.terminating = False
        handler = self._before_term
        while isinstance(getattr(handler, "__self__", None), Interrupt):  # of a fit around this one
            handler = handler.__self__._before_term
        if callable(handler):
            handler(signal.SIGTERM, None)
            return
        signal.signal(signal.SIGTERM, handler)
        signal.raise_signal(signal.SIGTERM)
        signal.signal(
            signal.SIGTERM, self._flag_term
        )  # the process cannot be ended by it: it is the first of a container

    def __exit__(self, kind: Any, *error: Any) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        if self._before_term is not None:
            signal.signal(signal.SIGTERM, self._before_term)
            if self.terminating:
                signal.raise_signal(signal.SIGTERM)
        if self.raised and kind is None:
            raise KeyboardInterrupt("training was interrupted; the model holds the weights of the last finished step")

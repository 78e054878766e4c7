"""Who answers an operation now: the eager interpreter, or the trace that is being written."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class Interpreter(Protocol):
    """Answers operations on tensors."""

    def apply(self, name: str, operands: Sequence[Any], attributes: Mapping[str, Any]) -> list[Any]:
        """Apply a primitive to tensors and literals; returns tensors."""


_default: list[Interpreter] = []
_current: ContextVar[Interpreter | None] = ContextVar("interpreter", default=None)


def set_default(interpreter: Interpreter) -> None:
    """Enter the interpreter that answers outside every trace."""
    _default[:] = [interpreter]


def current() -> Interpreter:
    """The innermost trace of this thread, or the eager interpreter."""
    return _current.get() or _default[0]


def active() -> Any:
    """The innermost trace of this thread, or None."""
    return _current.get()


@contextmanager
def answering(interpreter: Interpreter | None) -> Iterator[None]:
    """Operations inside are answered by this interpreter."""
    token = _current.set(interpreter)
    try:
        yield
    finally:
        _current.reset(token)


def user_line() -> str:
    """``file:line`` of the innermost frame outside flintglass, and its source where it can be had."""
    import linecache

    frame = sys._getframe(1)
    while frame is not None:
        filename = frame.f_code.co_filename
        if not os.path.abspath(filename).startswith(PACKAGE):
            source = linecache.getline(filename, frame.f_lineno).strip()
            return f"{filename}:{frame.f_lineno}" + (f": {source}" if source else "")
        frame = frame.f_back  # type: ignore[assignment]
    return "an interactive line"

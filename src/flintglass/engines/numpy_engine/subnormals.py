"""Subnormal numbers count as 0 while a step of training runs, as on the native engine.

What Adam remembers of old gradients decays into such numbers and stays there, and the processor takes a hundred cycles
and more for each. NumPy has no switch for them; the C library has one for the calling thread, as a part of the state
that fesetenv sets. Used on Linux with x86-64, where the place of the processor's word in that state is known;
elsewhere they are computed with, only slower.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

STATE_BYTES, WORD_AT = 32, 28  # of fenv_t on x86-64: in all, and where the word MXCSR lies
FLUSH = 0x8040  # its bits: results that are subnormal become 0, and so do operands


def _found() -> Any:
    """The C library's switch; None where there is none that is known."""
    if not sys.platform.startswith("linux") or os.uname().machine != "x86_64" or sys.maxsize < 2**32:
        return None
    try:
        library = ctypes.PyDLL(None)  # keeps the interpreter's lock: another thread would take it at every step
        getters = library.fegetenv, library.fesetenv
    except (OSError, AttributeError):
        return None
    for function in getters:
        function.argtypes = [ctypes.c_void_p]
    return library


LIBRARY = _found()


def switch() -> tuple[Callable[[], object], Callable[[], object]]:
    """What makes the calling thread compute with 0 in place of subnormal numbers, and what makes it end that."""
    if LIBRARY is None:
        return _nothing, _nothing
    before = ctypes.create_string_buffer(STATE_BYTES)
    LIBRARY.fegetenv(before)
    word = int.from_bytes(before.raw[WORD_AT:], "little") | FLUSH
    flushed = ctypes.create_string_buffer(before.raw[:WORD_AT] + word.to_bytes(STATE_BYTES - WORD_AT, "little"))
    return partial(LIBRARY.fesetenv, flushed), partial(LIBRARY.fesetenv, before)


def _nothing() -> None:
    pass

"""Threads of NumPy's products: small ones run on one, since waiting for a second costs more than it computes.

OpenBLAS splits every product of more than 262,144 multiplications, and its threads wait for each other in a busy loop.
Where another process wants the processor too, a product of 32x784 and 784x128 then takes 4 to 20 ms; on one thread
it takes 0.09 ms, and on two threads of an idle machine not much less.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

SPLIT = 262_144  # multiplications of a product up to which OpenBLAS uses one thread anyway
SMALL = 8_000_000  # multiplications of a product below which we ask for one thread: about 0.2 ms


class OneThread:
    """While any thread is inside ``with``, products run on one thread; the setting before comes back after."""

    def __init__(self, get: Callable[[], int], put: Callable[[int], None]) -> None:
        self._get, self._put = get, put
        self._lock = threading.Lock()
        self._inside = 0
        self._before = 1
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin_in_child)

    def _begin_in_child(self) -> None:
        # The threads that were inside are not in the child.
        self._lock = threading.Lock()
        if self._inside:
            self._inside = 0
            self._put(self._before)

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._before = self._get()
                self._put(1)
            self._inside += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._put(self._before)


def _found() -> OneThread | None:
    """The switch of the OpenBLAS that came with NumPy; None where NumPy has another library."""
    package = Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):
        for path in sorted(folder.glob("*openblas*")):
            try:
                library = ctypes.CDLL(str(path))  # loaded already: this is the same library, not a second one
                for name in ("scipy_openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads"):
                    if hasattr(library, name.format("set")):
                        return OneThread(getattr(library, name.format("get")), getattr(library, name.format("set")))
            except OSError:
                continue
    return None


ONE_THREAD = _found()


def one_thread_for(products: list[int]) -> OneThread | None:
    """What to enter while products of so many multiplications each are computed; None where nothing is to do."""
    return ONE_THREAD if products and SPLIT < max(products) < SMALL else None

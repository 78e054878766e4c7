"""Turns: steps of training and reads from other threads take turns, so that what is read is a finished step."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

import numpy as np

from flintglass.tracing.tracking import Tracked

TORN = -1  # in place of a thread, in the child of a fork: one was at work that is not there, perhaps in half a step


class Turns:
    """Who may touch a model's numbers now: one thread that trains, or threads that read.

    As a context manager it is the lock of a whole fit or evaluation: two of them wait for each other. Inside, the
    engine's steps run under ``working``; between them, and while callbacks are told, others come in by ``at_rest``.
    Readers are let in in the order in which they came, and training waits for those alone who asked before its
    next step: neither side can starve the other.

    The child of a fork has one thread. A model that another thread was training may hold half a step there: whoever
    asks for it is told.
    """

    def __init__(self) -> None:
        self.begun = 0  # how often steps have begun: who reads without asking sees from it whether one came between
        self.worker = 0  # the thread whose steps run now; 0: none; TORN
        self._depth = 0
        self._whole = threading.RLock()
        self._changed = threading.Condition(threading.Lock())
        self._waiting: set[int] = set()  # threads that ask to read
        self._reading: dict[int, int] = {}  # threads that may read, and in how many blocks each of them is
        _everywhere.add(self)

    def __enter__(self) -> Turns:
        self._require_whole()
        if threading.get_ident() in self._reading:
            raise RuntimeError(
                "a model cannot be trained or evaluated inside `with model.at_rest():`, which keeps it from training; "
                "leave that block first"
            )
        self._whole.acquire()
        return self

    def __exit__(self, *error: Any) -> None:
        self._whole.release()

    def is_used_elsewhere(self) -> bool:
        """True where another thread trains or evaluates the model."""
        self._require_whole()
        return self._is_held_elsewhere()

    def _is_held_elsewhere(self) -> bool:
        if not self._whole.acquire(blocking=False):
            return True
        self._whole.release()
        return False

    @property
    def waiting(self) -> bool:
        """True where somebody asks to read."""
        return bool(self._waiting)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Steps run inside; nobody else reads meanwhile."""
        self.take()
        try:
            yield
        finally:
            self.give()

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Inside ``working``: something else runs than steps, such as a callback, and others may read."""
        if self.worker != threading.get_ident():
            yield
            return
        depth, self._depth = self._depth, 1
        self.give()
        try:
            yield
        finally:
            self.take()
            self._depth = depth

    def opened_for(self, batches: Iterable[Any]) -> Iterator[Any]:
        """The same batches; while one is made, by code that may have threads of its own, others may read."""
        source = iter(batches)
        while True:
            with self.opened():
                batch = next(source, None)
            if batch is None:
                return
            yield batch

    def let_in(self) -> None:
        """Between two steps: let those read who wait."""
        if self._waiting:
            with self.opened():
                pass

    def take(self) -> None:
        """Steps begin, once those have read who were let in; ``working`` in two halves."""
        me = threading.get_ident()
        if self.worker == me:
            self._depth += 1
            return
        self._require_whole()
        with self._changed:
            while self.worker:  # steps in a thread that holds no lock of the whole
                self._changed.wait()
            self.worker, self._depth = me, 1
            try:
                while self._reading:
                    self._changed.wait()
            except BaseException:
                self.worker = 0
                self._changed.notify_all()
                raise
            self.begun += 1

    def give(self) -> None:
        """Steps have ended: whoever waits may read."""
        self._depth -= 1
        if self._depth:
            return
        with self._changed:
            self.worker = 0
            self._reading.update(dict.fromkeys(self._waiting, 0))
            self._waiting.clear()
            self._changed.notify_all()

    def steady(self, read: Callable[[Any], Any], x: Any) -> Any:
        """What ``read(x)`` gives where no step comes in between; it is asked again where one did.

        Where nothing trains, which is the rule, this costs a tenth of a microsecond and takes no lock.
        """
        begun = self.begun
        if not self.worker:
            found = read(x)
            if self.begun == begun:
                return found
        with self.at_rest():
            return read(x)

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """No step runs meanwhile; in the thread that trains, and inside another such block, nothing is waited for."""
        me = threading.get_ident()
        if self.worker == me:
            yield
            return
        self._require_whole()
        with self._changed:
            if me not in self._reading:
                self._ask(me)
            self._reading[me] += 1
        try:
            yield
        finally:
            with self._changed:
                self._reading[me] -= 1
                if not self._reading[me]:
                    del self._reading[me]
                    self._changed.notify_all()

    def begin_in_child(self) -> None:
        """After a fork: no lock is held for a thread that is not there, and half a step is known to be one."""
        me = threading.get_ident()
        if self.worker not in (0, me):
            self.worker, self._depth = 0 if me in self._reading else TORN, 0
        self._waiting.clear()
        self._reading = {thread: blocks for thread, blocks in self._reading.items() if thread == me}
        self._changed = threading.Condition(threading.Lock())
        if self._is_held_elsewhere():
            self._whole = threading.RLock()

    def _require_whole(self) -> None:
        if self.worker == TORN:
            raise RuntimeError(
                "another thread was training this model when this process was forked, so its numbers here may be of "
                "half a step; fork while no fit runs, or inside `with model.at_rest():`, or load the model from a file"
            )

    def _ask(self, me: int) -> None:
        if not self.worker:
            self._reading[me] = 0
            return
        self._waiting.add(me)
        try:
            while me not in self._reading:
                self._changed.wait()
        except BaseException:  # Ctrl-C: nobody shall wait for this thread
            self._waiting.discard(me)
            self._reading.pop(me, None)
            self._changed.notify_all()
            raise


_everywhere: WeakSet[Turns] = WeakSet()


def _begin_in_child() -> None:
    for turns in _everywhere:
        turns.begin_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_in_child)


class Resting(Tracked):
    """The part of a model that is read while it trains."""

    _lock: Turns

    def at_rest(self) -> Any:
        """``with model.at_rest():`` keeps a ``fit`` in another thread between two steps: all numbers are of one.

        fit comes to a rest within about 0.1 s (or one step, where a step takes longer) and waits until the block
        ends. ``get_weights``, ``set_weights``, ``predict``, copies and files take it by themselves. In a callback,
        or where nothing trains, it costs nothing. The model must not be trained or evaluated inside.
        """
        return self._lock.at_rest()

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the weights as NumPy arrays, all of the same step."""
        with self._lock.at_rest():
            found: list[np.ndarray] = super().get_weights()  # type: ignore[misc]
        return found

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace the weights, between two steps; number and shapes must be those of ``weights``."""
        with self._lock.at_rest():
            super().set_weights(weights)  # type: ignore[misc]

"""Batches that somebody else makes: generators, iterables such as data loaders, and PyDataset."""

from __future__ import annotations

import math
import weakref
from collections import deque
from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import numpy as np

from flintglass.data.batches import permutation
from flintglass.errors import DataError
from flintglass.tracing.tensor import Tensor

if TYPE_CHECKING:
    from concurrent.futures import Future

_DATA = (list, tuple, dict, range, set, str, bytes, np.ndarray, Tensor)


class PyDataset:
    """Batches by number: a subclass defines ``__len__`` (how many there are) and ``__getitem__``.

    A batch is ``x``, ``(x, y)`` or ``(x, y, sample_weight)``. ``on_epoch_begin`` and ``on_epoch_end`` are called
    around an epoch. workers: how many threads make batches ahead of the training, ``max_queue_size`` of them at most;
    with one, each batch is made when it is needed. ``use_multiprocessing`` is accepted, and threads are used.
    """

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    @property
    def num_batches(self) -> int | None:
        """How many batches an epoch has; None: no end."""
        return len(self) if hasattr(self, "__len__") else None

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} defines no __getitem__(index), which makes a batch")

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch."""


def is_stream(given: Any) -> bool:
    """True for what makes batches; False for data itself."""
    if isinstance(given, _DATA) or hasattr(given, "__array__") or hasattr(given, "to_numpy"):
        return False
    return any(hasattr(given, name) for name in ("__next__", "__iter__", "on_epoch_end"))


# How many batches each iterator has given to fits so far: a fit that is taken up again has to know.
_given: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()


class Stream:
    """The batches of a generator, an iterable or a PyDataset, epoch by epoch; ``first`` is one of them, to learn from.

    A generator goes on where the epoch before stopped. An iterable begins anew. A PyDataset's batches come in an order
    that is drawn for every epoch where a seed is given.
    """

    def __init__(self, given: Any, place: str) -> None:
        self.given, self.place = given, place
        self.is_dataset = hasattr(given, "on_epoch_end") and hasattr(given, "__getitem__")
        self._left: Iterator[Any] | None = None
        self.given_so_far = 0
        if self.is_dataset:
            if self.count == 0:
                raise DataError(f"{place}: the dataset has no batches (its length is 0)")
            self.first = given[0]
            return
        batches = iter(given)
        try:
            self.first = next(batches)
        except StopIteration:
            raise DataError(
                f"{place}: {type(given).__name__} gave no batch: there is nothing to compute with"
            ) from None
        if hasattr(given, "__next__"):
            self.given_so_far = _given.get(given, 0) if self.is_known else 0
            self._left = self._counted(chain([self.first], batches))

    @property
    def goes_on(self) -> bool:
        """True for an iterator, which goes on where it stopped and cannot be begun anew."""
        return self._left is not None

    @property
    def is_known(self) -> bool:
        """True where it is remembered in this process how many batches an iterator has given."""
        return getattr(type(self.given), "__weakrefoffset__", 0) != 0 and type(self.given).__hash__ is not None

    def _counted(self, batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            self.given_so_far += 1
            if self.is_known:
                _given[self.given] = self.given_so_far
            yield batch

    def skip(self, until: int) -> int:
        """Draw the batches of an iterator until it has given so many; how many it has given then."""
        assert self._left is not None
        for _ in islice(self._left, max(until - self.given_so_far, 0)):
            pass
        return self.given_so_far

    @property
    def count(self) -> int | None:
        """How many batches an epoch has, where that is known."""
        if self.is_dataset and hasattr(self.given, "num_batches"):
            found = self.given.num_batches
        else:
            found = len(self.given) if hasattr(self.given, "__len__") else None
        return None if found is None or found == math.inf else int(found)

    def epoch(self, number: int, seed: int | None = None, first: int = 0) -> Iterator[Any]:
        """The batches of one epoch, as they were made, from batch ``first`` on.

        A dataset does not make those before it; an iterable makes them once more; an iterator has made them, and
        stands where ``skip`` has put it.
        """
        if self._left is not None:
            return self._left
        return self._of_dataset(number, seed, first) if self.is_dataset else islice(iter(self.given), first, None)

    def _of_dataset(self, number: int, seed: int | None, first: int) -> Iterator[Any]:
        if hasattr(self.given, "on_epoch_begin"):
            self.given.on_epoch_begin()
        count = self.count
        order: Iterator[int]
        if count is None:
            order = iter(range(2**62))
        elif seed is None:
            order = iter(range(count))
        else:
            order = iter(permutation(seed, number, count).tolist())
        order = islice(order, first, None)
        workers = int(getattr(self.given, "workers", 1) or 1)
        made = self._ahead(order, workers) if workers > 1 else (self.given[index] for index in order)
        yield from made
        self.given.on_epoch_end()

    def _ahead(self, order: Iterator[int], workers: int) -> Iterator[Any]:
        """The batches in order, while threads make those that follow."""
        from concurrent.futures import ThreadPoolExecutor  # here: with it comes logging, 5 ms of a first fit

        most = max(int(getattr(self.given, "max_queue_size", 10)), 1)
        with ThreadPoolExecutor(workers) as pool:
            waiting: deque[Future[Any]] = deque()
            for index in order:
                waiting.append(pool.submit(self.given.__getitem__, index))
                if len(waiting) >= most:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()


def parts_of(batch: Any, place: str) -> tuple[Any, Any, Any]:
    """x, y and sample_weight of a batch; None for what it does not hold."""
    if not isinstance(batch, (tuple, list)):
        return batch, None, None
    if not 1 <= len(batch) <= 3:
        raise DataError(
            f"{place}: a batch is x, (x, y) or (x, y, sample_weight); this one is a {type(batch).__name__} of "
            f"{len(batch)}. Several inputs are a list or a dict inside it: ([a, b], y)"
        )
    x, y, weights = (*batch, None, None)[:3]
    return x, y, weights

"""Batches of arrays: rows in an order that is a function of (seed, epoch), gathered as they are needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np


class Batch:
    """Some rows of some arrays; ``fill`` gathers them into the buffers of a plan, casting on the way."""

    __slots__ = ("_arrays", "_rows", "shapes")

    def __init__(
        self, arrays: Sequence[np.ndarray], rows: slice | np.ndarray, shapes: tuple[tuple[int, ...], ...]
    ) -> None:
        self._arrays = arrays
        self._rows = rows
        self.shapes = shapes

    def arrays(self) -> list[np.ndarray]:
        """The rows as arrays of the source's own dtypes."""
        return [array[self._rows] for array in self._arrays]

    def fill(self, targets: Sequence[np.ndarray]) -> None:
        """Write the rows into these arrays."""
        rows = self._rows
        for array, target in zip(self._arrays, targets, strict=True):
            if isinstance(rows, slice):
                np.copyto(target, array[rows], casting="unsafe")
            elif array.dtype == target.dtype:
                array.take(rows, 0, target, "clip")  # "raise" would copy once more; rows come from a permutation
            else:
                np.copyto(target, array.take(rows, 0), casting="unsafe")


def permutation(seed: int, epoch: int, count: int) -> np.ndarray:
    """The order of so many rows, or batches, in an epoch: a function of (seed, epoch) alone."""
    # A RandomState, whose stream NumPy has promised to keep: a run can be continued with any later NumPy.
    return np.random.RandomState(np.random.Philox(key=[seed, epoch])).permutation(count)


class ArrayBatches:
    """A source over arrays with equally many rows.

    batch_size: rows a batch; the last batch of an epoch may be shorter. seed: where given, every epoch
    has its own permutation, a function of (seed, epoch) alone, so that a run can be continued.
    """

    def __init__(self, arrays: Sequence[np.ndarray], batch_size: int, seed: int | None = None) -> None:
        self.arrays = list(arrays)
        self.rows = len(arrays[0])
        self.batch_size = batch_size
        self.seed = seed

    def __len__(self) -> int:
        return -(-self.rows // self.batch_size)

    def permutation(self, epoch: int) -> np.ndarray:
        """The order of the rows in this epoch."""
        assert self.seed is not None
        return permutation(self.seed, epoch, self.rows)

    def epoch(self, number: int, first: int = 0) -> Iterator[Batch]:
        """The batches of one epoch, from batch ``first`` on."""
        order = self.permutation(number) if self.seed is not None else None
        size = self.batch_size
        full = self._shapes(min(size, self.rows))
        for start in range(first * size, self.rows, size):
            stop = min(start + size, self.rows)
            shapes = full if stop - start == size else self._shapes(stop - start)
            rows = slice(start, stop) if order is None else order[start:stop]
            yield Batch(self.arrays, rows, shapes)

    def _shapes(self, rows: int) -> tuple[tuple[int, ...], ...]:
        return tuple((rows, *array.shape[1:]) for array in self.arrays)

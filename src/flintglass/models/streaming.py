"""Feeding from batches that somebody else makes: each is checked as the arrays of a whole call are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from flintglass.data.batches import Batch
from flintglass.data.streams import Stream, parts_of
from flintglass.errors import DataError, warn
from flintglass.models.feed import Feed

Checked = Callable[[Any, Any, Any], Feed]
ALL = slice(None)


class Streamed(Feed):
    """A stream of batches; what a Feed tells of all rows, it tells of the first batch."""

    repeats = False

    def __init__(self, stream: Stream, checked: Checked) -> None:
        self.stream = stream
        self._checked = checked
        self.seed: int | None = None
        first = checked(*parts_of(stream.first, stream.place))
        self.x, self.y, self.weights, self.rows = first.x, first.y, first.weights, first.rows
        self._shapes = [array.shape[1:] for array in self.arrays]
        self._kinds = [array.dtype.kind for array in self.arrays]

    def __len__(self) -> int:
        """How many batches an epoch has; 0 where that is not known."""
        return self.stream.count or 0

    def source(self, batch_size: int, seed: int | None = None) -> Streamed:
        """Itself: its batches have the size that they have."""
        self.seed = seed
        return self

    def part(self, rows: slice) -> Feed:
        raise DataError(
            "fit: validation_split needs arrays; no share can be taken of a generator or a dataset. Give "
            "validation_data"
        )

    def epoch(self, number: int, first: int = 0) -> Iterator[Batch]:
        """The batches of one epoch, each checked, from batch ``first`` on."""
        for position, given in enumerate(self.stream.epoch(number, self.seed, first), first):
            feed = self._checked(*parts_of(given, self.stream.place))
            arrays = feed.arrays
            shapes = [array.shape[1:] for array in arrays]
            kinds = [array.dtype.kind for array in arrays]
            if any(kind == "f" != known for kind, known in zip(kinds, self._kinds, strict=False)):
                raise DataError(
                    f"{self.stream.place}: batch {position} holds numbers with a point where the first batch had "
                    "whole ones; give all batches the same dtypes"
                )
            if shapes != self._shapes:
                raise DataError(
                    f"{self.stream.place}: batch {position} holds rows of the shapes {shapes}, but the first batch "
                    f"had {self._shapes}; only the number of rows may change from batch to batch"
                )
            yield Batch(arrays, ALL, tuple(array.shape for array in arrays))

    def ran_out(self, made: int, wanted: int) -> bool:
        """True, with a warning, where an epoch had fewer batches than ``wanted`` (0: as many as come), or none."""
        if made and made >= wanted:
            return False
        warn(
            f"{self.stream.place}: the data ran out after {made} batches"
            + (f" of the {wanted} that were asked for" if wanted else "")
            + "; a generator has to go on for steps_per_epoch * epochs batches (repeat its data in a loop), or be "
            "given as an iterable that begins anew"
        )
        return True

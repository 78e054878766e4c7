"""A run: the training steps of one fit, over one feed, epoch by epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from flintglass.callbacks import CallbackList, ProgbarLogger
from flintglass.callbacks.base import counts_steps, listens
from flintglass.data import ArrayBatches
from flintglass.models.backups import Backups
from flintglass.models.feed import Feed, full_signature
from flintglass.models.finite import LossWatch
from flintglass.models.given import checked_steps, whole
from flintglass.models.steps import Steps, later, steps
from flintglass.models.training import BATCH, before_batch, results, test_part
from flintglass.models.training_state import Position
from flintglass.models.whole_epochs import WholeEpochs


class Run:
    """The training steps of a model, run epoch by epoch over one feed."""

    def __init__(self, model: Any, feed: Feed, batch_size: int | None, shuffle: bool, count: int | None) -> None:
        self.model, self.feed = model, feed
        size = whole("batch_size", BATCH if batch_size is None else batch_size)
        seed = int(np.random.randint(2**31)) if shuffle else None
        self.source = feed.source(size, seed)
        self.count = None if count is None else whole("steps_per_epoch", count)
        self._rows = min(size, feed.rows)
        self._signature = full_signature(model, feed)
        model._signature = self._signature
        self.steps = self._find_steps()
        self.watch = LossWatch(model, self.steps, count=len(self))
        self._ready: tuple[Any, WholeEpochs | None] | None = None

    def _find_steps(self) -> Steps:
        return checked_steps(self.model, "train", self._signature, self.feed, self._rows)

    def close(self) -> None:
        """Let go of the epochs in the engine, which hold this run: what they keep would wait for the collector."""
        self._ready = None

    def __len__(self) -> int:
        """How many steps an epoch has; 0 where nobody knows."""
        known = len(self.source)
        return known if self.count is None else min(self.count, known or self.count)

    def logs(self) -> dict[str, float]:
        """The metrics as they stand."""
        return results(self.model, "train")

    def whole_epochs(
        self,
        epochs: range,
        validation: Feed | None,
        validated: Callable[[int], bool],
        callbacks: CallbackList,
        options: dict[str, Any],
        backups: Backups,
    ) -> WholeEpochs | None:
        """What runs the epochs from here on in the engine; None where they are run here, step by step."""
        self._refresh()
        if not self.feed.repeats or (validation is not None and not validation.repeats):
            return None
        if self._ready is None or self._ready[0] is not self.steps:
            part = None
            if validation is not None:
                size = options["validation_batch_size"] or options["batch_size"]
                part = test_part(self.model, validation, size, options["validation_steps"])
            ready = WholeEpochs.prepared(self, part, callbacks, epochs, validated, backups)
            self._ready = (self.steps, ready)
        return self._ready[1]

    def epoch(
        self, number: int, first: int, callbacks: CallbackList, interrupted: Callable[[], bool], backups: Backups
    ) -> int:
        """One pass over the feed from batch ``first`` on, in the engine; how many steps the epoch has then."""
        turns, place = self.model._lock, f"epoch {number + 1}"

        def stops() -> bool:
            turns.let_in()
            return interrupted() or self.model.stop_training or self.watch.stops

        def batches() -> Iterator[Any]:
            return self.batches(number, first)

        with turns.working():
            if not first:
                self.model.reset_metrics()
            self.watch.begin_epoch(f"{place}, counted from its step {first + 1}" if first else place)
            after = self._after_step(number, first, callbacks, backups)
            before = later(before_batch(self.model, callbacks, "train"), first)
            given = batches() if self.feed.repeats else turns.opened_for(batches())
            made = first + self.steps.fit(given, after, before, stops)
            self.watch.end_epoch(lambda: batches() if self.feed.repeats else [])
        if not stops() and self.feed.ran_out(made, len(self)):
            self.model.stop_training = True
        return made

    def batches(self, number: int, first: int = 0) -> Iterator[Any]:
        """The batches of an epoch, from this one on."""
        found: Iterator[Any] = self.source.epoch(number, first)
        return found if self.count is None else islice(found, max(self.count - first, 0))

    def rehearse(self) -> None:
        """Make a step whose effects are to be overwritten: run eagerly, it makes the variables that steps have."""
        if self.steps.traced is None:
            rows = ArrayBatches(self.feed.arrays, self._rows)
            self.steps.fit(islice(rows.epoch(0), 1))

    def _refresh(self) -> None:
        """Run in another way where a setting was changed between epochs."""
        found = steps(self.model, "train", self._signature, self.feed.arrays, self._rows)
        if found.traced is not self.steps.traced:
            self.steps = self._find_steps()
            self.watch = LossWatch(self.model, self.steps, count=len(self))

    def _after_step(
        self, number: int, first: int, callbacks: CallbackList, backups: Backups
    ) -> Callable[[int, Sequence[np.ndarray]], None] | None:
        bars = [item for item in callbacks.callbacks if isinstance(item, ProgbarLogger)]
        asking = [item for item in callbacks.callbacks if not counts_steps(item) or item.steps_left is not None]
        listened = listens(asking, "on_train_batch_end", "on_batch_end")
        counted = backups.steps_left is not None
        watch, logs, turns = self.watch.after_step, self.logs, self.model._lock
        if not bars and not listened and not counted:
            return watch if self.watch.listens else None

        def told(step: int, outputs: Sequence[np.ndarray]) -> None:
            watch(step, outputs)
            step += first
            for bar in bars:
                bar.progress(step + 1, logs)
            if listened:
                with turns.opened():
                    callbacks.tell("on_train_batch_end", step, logs())
            if counted:
                backups.stepped(1, Position(number, step + 1, True))

        return told

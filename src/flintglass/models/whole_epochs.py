"""Epochs that the engine runs by itself, where nobody has to be asked between the steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flintglass import config
from flintglass.callbacks import (
    CallbackList,
    History,
    ProgbarLogger,
    TerminateOnNaN,
)
from flintglass.callbacks.base import counts_steps, listens
from flintglass.engines.engine import Course, Epochs, Finished, Fitting, Paused, engine
from flintglass.models.backups import Backups
from flintglass.models.steps import OneProgram
from flintglass.models.training_state import Position

SLICE = 0.08  # seconds in the engine at a stretch: progress, Ctrl-C and threads that read wait no longer
WATCHED_SLICE = 0.004  # while other threads keep reading; a slice costs about 10 microseconds
ALL = 2**62  # more steps than any fit has

EPOCH_HOOKS = ("on_epoch_begin", "on_epoch_end")
STEP_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
TEST_HOOKS = ("on_test_begin", "on_test_end", "on_test_batch_begin", "on_test_batch_end")


class WholeEpochs:
    """The epochs of a fit, in the engine's hands."""

    def __init__(
        self, run: Any, fitting: Fitting, names: Sequence[str], callbacks: CallbackList, backups: Backups
    ) -> None:
        self._run, self._fitting, self._names = run, fitting, names
        self._callbacks, self._backups = callbacks, backups
        self._turns = run.model._lock
        self._bars = [item for item in callbacks.callbacks if isinstance(item, ProgbarLogger)]
        mine = (ProgbarLogger, History, TerminateOnNaN)
        others = [item for item in callbacks.callbacks if type(item) not in mine]
        # Those that act after so many steps are asked when; where each step is told anyway, with the others.
        counters: list[Any] = [item for item in others if counts_steps(item)]
        self._listened = listens([item for item in others if item not in counters], *STEP_HOOKS)
        self._counters = [] if self._listened else counters
        self.one_by_one = listens(others, *EPOCH_HOOKS) or backups.wait_for_epochs
        self.begun = False  # whether callbacks know that the present epoch has begun
        self._found_bad = False
        self._uncounted = 0  # steps that those who count them do not know of
        self._seconds = SLICE
        self._told_step: int | None = None  # the step whose beginning was told, and its end was not
        # The engine looks for a loss that is not finite by itself, unless each step is told anyway.
        ends = [item for item in callbacks.callbacks if type(item) is TerminateOnNaN]
        self._ends_on_nan = [] if self._listened else ends

    @classmethod
    def prepared(
        cls,
        run: Any,
        validation: Any,
        callbacks: CallbackList,
        epochs: range,
        validated: Callable[[int], bool],
        backups: Backups,
    ) -> WholeEpochs | None:
        """The epochs ready to run; None where they have to be run step by step.

        validation: None, or its steps, the source of its batches, and how many are taken.
        """
        model = run.model
        if not _is_one_program(run.steps):
            return None
        # What counts steps finds in the logs of an epoch what its validation gave.
        asking = [item for item in callbacks.callbacks if not counts_steps(item)]
        if validation is not None and (not _is_one_program(validation[0]) or listens(asking, *TEST_HOOKS)):
            return None
        if not all(_resets_as_ours(metric) for metric in model.metrics):
            return None
        results = model._programs.traced_results()
        if results is None:
            return None
        traced, names = results
        model.reset_metrics()
        sums = [variable.storage for metric in model.metrics for variable in metric.variables]
        work = Epochs(
            training=_course(run.steps, run.source, run.count, run.source.seed),
            validation=None if validation is None else _course(*validation),
            results=(traced.program, traced.state),
            first=epochs.start,
            validated=[validation is not None and validated(epoch + 1) for epoch in epochs],
            resets=[(array, array.copy()) for array in sums],
            kept=run.watch.keep(),
            watched=run.watch.weights() if run.watch.listens else [],
        )
        fitting = engine().fitting(work)
        return None if fitting is None else cls(run, fitting, names, callbacks, backups)

    @property
    def in_an_epoch(self) -> bool:
        """True where an epoch has begun and is not over."""
        return self._fitting.step > 0

    @property
    def step(self) -> int:
        """How many steps of the present epoch are made."""
        return self._fitting.step

    @property
    def validating(self) -> bool:
        """True where all its steps are made, and its validation is not over: what training gave is not to be had."""
        return 0 < len(self._run) <= self._fitting.step

    def go(self, end: int, asked: Callable[[], bool]) -> tuple[int, dict[str, Any]]:
        """Run until epoch ``end``, or until somebody wants to stop; gives the next epoch, and the last logs.

        That the first epoch begins was told before; its end, and all of those after it, are told here.
        """
        logs: dict[str, Any] = {}
        model, fitting = self._run.model, self._fitting
        self.begun = True
        while fitting.epoch < end and not asked() and not model.stop_training:
            before, was_validating = fitting.step, self.validating
            if self._listened and self._told_step is None:
                self._told_step = before
                self._callbacks.tell("on_train_batch_begin", before, {})
            finished = self._slice(end)
            made = 0 if was_validating else (fitting.step or len(self._run)) - before
            if self._told_step is not None and not self.validating:
                told = self._logs_of(finished[-1].training) if finished else self._run.logs()
                self._callbacks.tell("on_train_batch_end", self._told_step, told)
                self._told_step = None
            if self._found_bad:
                self._found_bad = False
                for callback in self._ends_on_nan:
                    callback.found(fitting.bad_step)
            if self.one_by_one:
                self._count(made, finished)
            logs = self._tell(finished, end) or logs
            for bar in self._bars:
                bar.progress(fitting.step, self._run.logs)
        return fitting.epoch, logs

    def _slice(self, end: int) -> list[Finished]:
        """Some time in the engine; the epochs that ended in it."""
        watch, fitting, turns = self._run.watch, self._fitting, self._turns
        looks = watch.listens or bool(self._ends_on_nan)
        at_once = bool(self._ends_on_nan) or (watch.listens and config.nan() == "raise")
        turns.take()
        try:
            paused = fitting.run(end, self._seconds, self._steps(), looks, at_once)
            finished = fitting.take_finished()
            if paused is Paused.NOT_FINITE:
                in_its_middle = at_once and fitting.bad_step >= 0
                self._look_into(fitting.epoch if in_its_middle else finished[-1].epoch)
                self._found_bad = fitting.bad_step >= 0
        finally:
            self._seconds = WATCHED_SLICE if turns.waiting else SLICE
            turns.give()
        return finished

    def _steps(self) -> int:
        """How many steps may be made before somebody has to be asked."""
        if self._listened:
            return 0 if self.validating else 1  # 0: the next epoch does not begin, and none of its steps is made
        counting = [self._backups.steps_left, *(item.steps_left for item in self._counters)]
        return min((left for left in counting if left is not None), default=ALL)

    def _count(self, made: int, finished: Sequence[Finished]) -> None:
        """Tell those that count steps how many were made; an epoch's last one once its validation is over too."""
        self._uncounted += made
        if not self._uncounted or self.validating:
            return
        made, self._uncounted = self._uncounted, 0
        step = self._fitting.step
        for counter in self._counters:
            left = counter.steps_left
            if left is not None:
                due = self._logs_of(finished[-1].training) if finished else self._run.logs() if made >= left else None
                counter.made(made, (step or len(self._run)) - 1, due)
        self._backups.stepped(made, None if finished else Position(self._fitting.epoch, step, True))

    def _look_into(self, epoch: int) -> None:
        """Tell where the numbers of this epoch ceased to be finite."""
        watch = self._run.watch
        watch.found(self._fitting.bad_step, f"epoch {epoch + 1}")
        watch.end_epoch(lambda: self._run.batches(epoch))

    def _logs_of(self, results: Sequence[Any], kind: str = "train") -> dict[str, Any]:
        programs: Any = self._run.model._programs
        found: dict[str, Any] = programs.of_kind(kind, dict(zip(self._names, results, strict=True)))
        return found

    def _tell(self, finished: Sequence[Finished], end: int) -> dict[str, Any]:
        """Tell of the epochs that ended, and of the beginning of the next."""
        logs: dict[str, Any] = {}
        for position, one in enumerate(finished):
            if position:
                self._callbacks.tell("on_epoch_begin", one.epoch, {})
            logs = self._logs_of(one.training)
            if one.validation is not None:
                logs.update({f"val_{name}": value for name, value in self._logs_of(one.validation, "test").items()})
            logs = dict(sorted(logs.items()))
            for bar in self._bars:
                bar.took(one.seconds)
            self._callbacks.tell("on_epoch_end", one.epoch, logs)
            self.begun = False
        if finished and self._fitting.epoch < end and not self._run.model.stop_training:
            self._callbacks.tell("on_epoch_begin", self._fitting.epoch, {})
            self.begun = True
        return logs


def _is_one_program(steps: Any) -> bool:
    """True where every step is a run of the same program, on nothing but rows of data."""
    return type(steps) is OneProgram and steps.traced is not None and not steps.traced.captures


def _course(steps: OneProgram, source: Any, count: int | None, seed: int | None = None) -> Course:
    traced = steps.traced
    assert traced is not None
    return Course(traced.program, traced.state, source.arrays, source.batch_size, count or 0, seed)


def _resets_as_ours(metric: Any) -> bool:
    """True where resetting sets the variables to what they always begin with: nothing of the user's own is asked."""
    return type(metric).reset_state.__module__.startswith("flintglass.")

"""Epochs that the engine runs by itself, where nobody has to be asked between the steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flintglass import config
from flintglass.callbacks import CallbackList, History, ProgbarLogger, TerminateOnNaN
from flintglass.callbacks.base import listens
from flintglass.engines.engine import Course, Epochs, Finished, Fitting, Paused, engine
from flintglass.models.steps import OneProgram

SLICE = 0.08  # seconds in the engine at a stretch: progress and Ctrl-C wait no longer
ALL = 2**62  # more steps than any fit has

EPOCH_HOOKS = ("on_epoch_begin", "on_epoch_end")
STEP_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
TEST_HOOKS = ("on_test_begin", "on_test_end", "on_test_batch_begin", "on_test_batch_end")


class WholeEpochs:
    """The epochs of a fit, in the engine's hands."""

    def __init__(self, run: Any, fitting: Fitting, names: Sequence[str], callbacks: CallbackList) -> None:
        self._run, self._fitting, self._names = run, fitting, names
        self._callbacks = callbacks
        self._bars = [item for item in callbacks.callbacks if isinstance(item, ProgbarLogger)]
        mine = (ProgbarLogger, History, TerminateOnNaN)
        others = [item for item in callbacks.callbacks if type(item) not in mine]
        self._listened = listens(others, *STEP_HOOKS)
        self.one_by_one = listens(others, *EPOCH_HOOKS)
        # The engine looks for a loss that is not finite by itself, unless each step is told anyway.
        ends = [item for item in callbacks.callbacks if type(item) is TerminateOnNaN]
        self._ends_on_nan = [] if self._listened else ends

    @classmethod
    def prepared(
        cls, run: Any, validation: Any, callbacks: CallbackList, epochs: range, validated: Callable[[int], bool]
    ) -> WholeEpochs | None:
        """The epochs ready to run; None where they have to be run step by step.

        validation: None, or its steps, the source of its batches, and how many are taken.
        """
        model = run.model
        if not _is_one_program(run.steps):
            return None
        if validation is not None and (not _is_one_program(validation[0]) or callbacks.listens(*TEST_HOOKS)):
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
        return None if fitting is None else cls(run, fitting, names, callbacks)

    @property
    def in_an_epoch(self) -> bool:
        """True where an epoch has begun and is not over."""
        return self._fitting.step > 0

    def go(self, end: int, asked: Callable[[], bool]) -> tuple[int, dict[str, Any]]:
        """Run until epoch ``end``, or until somebody wants to stop; gives the next epoch, and the last logs.

        That the first epoch begins was told before; its end, and all of those after it, are told here.
        """
        logs: dict[str, Any] = {}
        model, watch, fitting = self._run.model, self._run.watch, self._fitting
        while fitting.epoch < end and not asked() and not model.stop_training:
            step = fitting.step
            if self._listened:
                self._callbacks.tell("on_train_batch_begin", step, {})
            looks = watch.listens or bool(self._ends_on_nan)
            at_once = bool(self._ends_on_nan) or (watch.listens and config.nan() == "raise")
            paused = fitting.run(end, SLICE, 1 if self._listened else ALL, looks, at_once)
            finished = fitting.take_finished()
            if self._listened:
                told = self._logs_of(finished[-1].training) if finished else self._run.logs()
                self._callbacks.tell("on_train_batch_end", step, told)
            if paused is Paused.NOT_FINITE:
                in_its_middle = at_once and fitting.bad_step >= 0
                self._look_into(fitting.epoch if in_its_middle else finished[-1].epoch)
                for callback in self._ends_on_nan if fitting.bad_step >= 0 else []:
                    callback.found(fitting.bad_step)
            logs = self._tell(finished, end) or logs
            for bar in self._bars:
                bar.progress(fitting.step, self._run.logs)
        return fitting.epoch, logs

    def _look_into(self, epoch: int) -> None:
        """Tell where the numbers of this epoch ceased to be finite."""
        watch = self._run.watch
        watch.found(self._fitting.bad_step, f"epoch {epoch + 1}")
        watch.end_epoch(lambda: self._run._batches(epoch))

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
        if finished and self._fitting.epoch < end and not self._run.model.stop_training:
            self._callbacks.tell("on_epoch_begin", self._fitting.epoch, {})
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

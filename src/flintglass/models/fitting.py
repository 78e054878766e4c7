"""fit: the one loop over epochs; the steps run in the engine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

from flintglass.callbacks import CallbackList, History
from flintglass.engines.engine import tell_if_missing
from flintglass.models.backups import Backups, put_back
from flintglass.models.feed import Feed
from flintglass.models.given import (
    feed_of,
    listed,
    require_end,
    split,
    told_of_size,
    told_of_steps,
    validated_epochs,
    verbosity,
    whole,
)
from flintglass.models.interrupt import Interrupt
from flintglass.models.run import Run
from flintglass.models.steps import never
from flintglass.models.training import BATCH, evaluated
from flintglass.models.training_state import Position
from flintglass.models.whole_epochs import WholeEpochs


def fit(model: Any, x: Any, y: Any, **options: Any) -> History:
    """``Model.fit``; the arguments are documented there."""
    model.require_compiled("fit")
    tell_if_missing()
    epochs = whole("epochs", options["epochs"])
    start = whole("initial_epoch", options["initial_epoch"], least=0)
    validated = validated_epochs(options["validation_freq"])
    feed = feed_of(model, x, y, options["sample_weight"], "fit", options["class_weight"])
    feed, validation = split(model, feed, options["validation_split"], options["validation_data"])
    _check_amounts(feed, validation, options)
    run = Run(model, feed, options["batch_size"], options["shuffle"], options["steps_per_epoch"])
    verbose = verbosity(options["verbose"])
    callbacks = CallbackList(
        listed(options["callbacks"]),
        add_history=True,
        add_progbar=bool(verbose),
        patient=options["verbose"] == "auto",
        model=model,
        epochs=epochs,
        steps=len(run) or None,
        verbose=verbose,
    )
    history = next(item for item in callbacks.callbacks if isinstance(item, History))
    model.stop_training = False
    model.history = history
    callbacks.tell("on_train_begin", {})
    with Interrupt() as interrupt, closing(run):
        loop = _Loop(run, callbacks, validation, validated, options, interrupt)
        loop.go(start, epochs)
        if model.optimizer is not None:
            with model._lock.working():
                model.optimizer.finalize_variable_values(model.trainable_variables)
        # As in Keras, an interrupted run does not come to its end: a callback would take it for finished.
        if not interrupt.raised:
            callbacks.tell("on_train_end", loop.logs)
    return history


def _check_amounts(feed: Feed, validation: Feed | None, options: dict[str, Any]) -> None:
    """Say what is wrong with how many rows and steps are asked for; raise where an epoch would never end."""
    more = options["validation_batch_size"]
    for fed, sizes, size, steps in (
        (feed, (options["batch_size"],), "batch_size", "steps_per_epoch"),
        (validation, (more, options["batch_size"]), "validation_batch_size", "validation_steps"),
    ):
        if fed is None:
            continue
        count = options[steps]
        require_end(fed, count, steps)
        told_of_size(fed, sizes[0], "fit", size)
        rows = whole(size, next((item for item in sizes if item is not None), BATCH))
        told_of_steps(fed, fed.source(rows), None if count is None else whole(steps, count), "fit", steps)


class _Loop:
    """The epochs of one fit, one after the other."""

    def __init__(
        self,
        run: Run,
        callbacks: CallbackList,
        validation: Feed | None,
        validated: Callable[[int], bool],
        options: dict[str, Any],
        interrupt: Interrupt,
    ) -> None:
        self.run, self.model, self.callbacks = run, run.model, callbacks
        self.validation, self.validated, self.options, self.interrupt = validation, validated, options, interrupt
        self.backups = Backups(run, callbacks, validation)
        self.logs: dict[str, Any] = {}  # of the last epoch that ended
        self.position = Position(0)
        self._unfinished: WholeEpochs | None = None  # what has an epoch begun, in the engine

    def go(self, start: int, epochs: int) -> None:
        """Train until epoch ``epochs`` is about to begin, or somebody wants to stop."""
        found = self.backups.resume()
        self.position, self.logs = found or (Position(start), {})
        taken_up = self.position.begun
        if not taken_up:
            self.backups.let_go()
        going = True
        while going and self.position.epoch < epochs and not self.interrupt.raised and not self._ends():
            if taken_up or not self.position.begun:
                self.callbacks.tell("on_epoch_begin", self.position.epoch, {})
            if taken_up:
                # The callbacks had been told in the run that was broken off; what they did then is in the state.
                self.backups.put_back()
            taken_up = False
            self.position = replace(self.position, begun=True)
            ready = self._in_the_engine(range(self.position.epoch, epochs))
            going = self._by_steps() if ready is None else self._by_engine(ready, epochs)

    def _ends(self) -> bool:
        """True where training was told to stop, and no epoch is left in its middle."""
        return bool(self.model.stop_training) and not self.position.step

    def _in_the_engine(self, epochs: range) -> WholeEpochs | None:
        """What runs the epochs from here on in the engine; None where they, or the rest of one, run step by step."""
        if self._unfinished is not None or self.position.step:
            return self._unfinished
        return self.run.whole_epochs(
            epochs, self.validation, self.validated, self.callbacks, self.options, self.backups
        )

    def _by_engine(self, ready: WholeEpochs, epochs: int) -> bool:
        epoch = self.position.epoch
        end = epoch + 1 if ready.one_by_one else epochs
        epoch, logs = ready.go(end, self.interrupt.asked)
        if ready.validating and self.interrupt.asked() and self.backups.wanted:
            epoch, logs = ready.go(epoch + 1, never)  # what training gave is not kept while a validation runs
        self.logs = logs or self.logs
        self.position = Position(epoch, ready.step, ready.begun)
        self._unfinished = ready if ready.in_an_epoch else None
        if not ready.in_an_epoch and not ready.begun:
            self.backups.epoch_ended(epoch, self.logs)
        if self.interrupt.asked():
            self._interrupted(None if ready.validating else self.position)
        elif self.model.stop_training and ready.in_an_epoch:
            self._unfinished = None
            return self._finish_epoch()
        # Where it was stopped before the first step, nothing is left to do.
        return not (self.model.stop_training and ready.begun and not ready.in_an_epoch)

    def _by_steps(self) -> bool:
        """The rest of an epoch; False where there was nothing left of it."""
        epoch = self.position.epoch
        if not self.model.stop_training:
            made = self.run.epoch(epoch, self.position.step, self.callbacks, self.interrupt.asked, self.backups)
            if not made:
                return False
            self.position = Position(epoch, made, True)
            if self.interrupt.asked():
                self._interrupted(self.position)
                return True
        return self._finish_epoch()

    def _interrupted(self, position: Position | None) -> None:
        """Keep the state, where there is one to keep, and let a SIGTERM take its way; it may come back."""
        if position is not None:
            self.backups.interrupted(position, self.logs)
        if not self.interrupt.raised:
            self.interrupt.hand_on()

    def _finish_epoch(self) -> bool:
        """Validate, and tell that the epoch has ended."""
        epoch = self.position.epoch
        logs = self.run.logs()
        if self.validation is not None and self.validated(epoch + 1):
            sums = self.backups.sums()
            logs.update(self._validate())
            while self.interrupt.asked():
                put_back(sums)
                self._interrupted(self.position if sums else None)
                if self.interrupt.raised:
                    return True
                logs.update(self._validate())
        logs = dict(sorted(logs.items()))
        self.callbacks.tell("on_epoch_end", epoch, logs)
        self.logs = logs
        self.position = Position(epoch + 1)
        self.backups.epoch_ended(epoch + 1, logs)
        if self.interrupt.asked():
            self._interrupted(self.position)
        return True

    def _validate(self) -> dict[str, Any]:
        assert self.validation is not None
        given = self.options
        size = given["validation_batch_size"] or given["batch_size"]
        asked = self.interrupt.asked
        found = evaluated(self.model, self.validation, size, self.callbacks, given["validation_steps"], asked)
        return {f"val_{name}": value for name, value in found.items()}

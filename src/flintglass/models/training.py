"""Training, evaluation and prediction: the one loop over epochs; steps run in the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

import numpy as np

from flintglass import config
from flintglass.callbacks import CallbackList, History, ProgbarLogger
from flintglass.callbacks.progress import ProgressBar
from flintglass.data import ArrayBatches
from flintglass.engines.engine import tell_if_missing
from flintglass.errors import NotCompiled
from flintglass.models.feed import Feed, full_signature, signature_of
from flintglass.models.finite import LossWatch
from flintglass.models.given import checked_steps, feed_of, listed, split, validated_epochs, verbosity, whole
from flintglass.models.interrupt import Interrupt
from flintglass.models.programs import Signature, batched
from flintglass.models.steps import Steps, never, steps
from flintglass.models.whole_epochs import WholeEpochs
from flintglass.tracing.structure import flatten
from flintglass.tracing.tensor import Tensor

BATCH = 32
PREDICT_BATCH = 1024  # rows; only memory is at stake, results do not depend on it

__all__ = ["evaluate", "fit", "on_batch", "predict", "predict_on_batch", "signature_of"]


def fit(model: Any, x: Any, y: Any, **options: Any) -> History:
    """``Model.fit``; the arguments are documented there."""
    model.require_compiled("fit")
    tell_if_missing()
    epochs = whole("epochs", options["epochs"])
    start = whole("initial_epoch", options["initial_epoch"], least=0)
    validated = validated_epochs(options["validation_freq"])
    feed = feed_of(model, x, y, options["sample_weight"], "fit", options["class_weight"])
    feed, validation = split(model, feed, options["validation_split"], options["validation_data"])
    run = _Run(model, feed, options["batch_size"], options["shuffle"], options["steps_per_epoch"])
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
    logs: dict[str, Any] = {}
    with Interrupt() as interrupt, closing(run):
        epoch = start
        while epoch < epochs and not interrupt.raised and not model.stop_training:
            callbacks.tell("on_epoch_begin", epoch, {})
            ready = run.whole_epochs(range(epoch, epochs), validation, validated, callbacks, options)
            if ready is not None:
                epoch, logs = ready.go(epoch + 1 if ready.one_by_one else epochs, interrupt.asked)
                if not (model.stop_training and ready.in_an_epoch):
                    continue
            else:
                model.reset_metrics()
                if not run.epoch(epoch, callbacks, interrupt.asked):
                    break
            logs = run.logs()
            if validation is not None and validated(epoch + 1) and not interrupt.raised:
                size = options["validation_batch_size"] or options["batch_size"]
                found = _evaluate(model, validation, size, callbacks, options["validation_steps"], interrupt.asked)
                logs.update({f"val_{name}": value for name, value in found.items()})
            if interrupt.raised:
                break
            logs = dict(sorted(logs.items()))
            callbacks.tell("on_epoch_end", epoch, logs)
            epoch += 1
        if model.optimizer is not None:
            model.optimizer.finalize_variable_values(model.trainable_variables)
        # As in Keras, an interrupted run does not come to its end: a callback would take it for finished.
        if not interrupt.raised:
            callbacks.tell("on_train_end", logs)
    return history


class _Run:
    """The training steps of a model, run epoch by epoch over one feed."""

    def __init__(self, model: Any, feed: Feed, batch_size: int | None, shuffle: bool, count: int | None) -> None:
        self.model = model
        size = whole("batch_size", BATCH if batch_size is None else batch_size)
        seed = int(np.random.randint(2**31)) if shuffle else None
        self.source = feed.source(size, seed)
        self.count = None if count is None else whole("steps_per_epoch", count)
        self._feed = feed
        self._rows = min(size, feed.rows)
        self._signature = full_signature(model, feed)
        model._signature = self._signature
        self.steps = self._find_steps()
        self.watch = LossWatch(model, self.steps, count=len(self))
        self._ready: tuple[Any, WholeEpochs | None] | None = None

    def _find_steps(self) -> Steps:
        return checked_steps(self.model, "train", self._signature, self._feed, self._rows)

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
    ) -> WholeEpochs | None:
        """What runs the epochs from here on in the engine; None where they are run here, step by step."""
        self._refresh()
        if not self._feed.repeats or (validation is not None and not validation.repeats):
            return None
        if self._ready is None or self._ready[0] is not self.steps:
            part = None
            if validation is not None:
                size = options["validation_batch_size"] or options["batch_size"]
                part = _test_part(self.model, validation, size, options["validation_steps"])
            ready = WholeEpochs.prepared(self, part, callbacks, epochs, validated)
            self._ready = (self.steps, ready)
        return self._ready[1]

    def epoch(self, number: int, callbacks: CallbackList, interrupted: Callable[[], bool]) -> bool:
        """One pass over the feed, in the engine; False where there was nothing left of it."""
        self.watch.begin_epoch(f"epoch {number + 1}")

        def stops() -> bool:
            return interrupted() or self.model.stop_training or self.watch.stops

        made = self.steps.fit(
            self._batches(number), self._after_step(callbacks), _before_batch(callbacks, "train"), stops
        )
        self.watch.end_epoch(lambda: self._batches(number) if self._feed.repeats else [])
        if not stops() and self._feed.ran_out(made, len(self)):
            self.model.stop_training = True
        return made > 0

    def _batches(self, number: int) -> Iterator[Any]:
        batches = self.source.epoch(number)
        return batches if self.count is None else islice(batches, self.count)

    def _refresh(self) -> None:
        """Run in another way where a setting was changed between epochs."""
        found = steps(self.model, "train", self._signature, self._feed.arrays, self._rows)
        if found.traced is not self.steps.traced:
            self.steps = self._find_steps()
            self.watch = LossWatch(self.model, self.steps, count=len(self))

    def _after_step(self, callbacks: CallbackList) -> Callable[[int, Sequence[np.ndarray]], None] | None:
        bars = [item for item in callbacks.callbacks if isinstance(item, ProgbarLogger)]
        listened = callbacks.listens("on_train_batch_end", "on_batch_end")
        watch, logs = self.watch.after_step, self.logs
        if not bars and not listened:
            return watch if self.watch.listens else None

        def told(step: int, outputs: Sequence[np.ndarray]) -> None:
            watch(step, outputs)
            for bar in bars:
                bar.progress(step + 1, logs)
            if listened:
                callbacks.tell("on_train_batch_end", step, logs())

        return told


def _before_batch(callbacks: CallbackList, kind: str) -> Callable[[int], None] | None:
    if not callbacks.listens(f"on_{kind}_batch_begin", *(["on_batch_begin"] if kind == "train" else [])):
        return None
    return lambda step: callbacks.tell(f"on_{kind}_batch_begin", step, {})


def results(model: Any, kind: str) -> dict[str, float]:
    """What is logged of a kind of step, as Python numbers by name."""
    found = model._programs.results(kind)
    return {name: _number(found[name]) for name in sorted(found)}


def _number(value: Any) -> Any:
    array = value.array if isinstance(value, Tensor) else np.asarray(value)
    return array.item() if array.ndim == 0 else array


def evaluate(
    model: Any, x: Any, y: Any, batch_size: int | None, verbose: Any, weights: Any, count: int | None, given: Any
) -> dict[str, float]:
    """``Model.evaluate``: the metrics by name."""
    model.require_compiled("evaluate")
    feed = feed_of(model, x, y, weights, "evaluate")
    size = whole("batch_size", BATCH if batch_size is None else batch_size)
    bar = ProgressBar(len(feed.source(size)) or count, verbosity(verbose), patient=verbose == "auto")
    callbacks = CallbackList(listed(given), model=model, verbose=bar.verbose, epochs=1, steps=bar.steps)
    logs = _evaluate(model, feed, size, callbacks, count, bar=bar)
    if bar.shows(bar.steps):
        bar.finish(bar.steps or 0, logs)
    return logs


def _evaluate(
    model: Any,
    feed: Feed,
    batch_size: int | None,
    callbacks: CallbackList,
    count: int | None,
    interrupted: Callable[[], bool] = never,
    bar: ProgressBar | None = None,
) -> dict[str, float]:
    found, source, count = _test_part(model, feed, batch_size, count)
    model.reset_metrics()
    callbacks.tell("on_test_begin", {})
    on_step = bar.listener(lambda: results(model, "test")) if bar else None
    if callbacks.listens("on_test_batch_end"):
        on_step = lambda step, outputs: callbacks.tell("on_test_batch_end", step, results(model, "test"))  # noqa: E731
    made = found.fit(
        islice(source.epoch(0), count),
        on_step,
        _before_batch(callbacks, "test"),
        interrupted,
    )
    if not interrupted():
        feed.ran_out(made, count or len(source))
    if bar is not None:
        bar.steps = bar.steps or made
    logs = results(model, "test")
    callbacks.tell("on_test_end", logs)
    return logs


def _test_part(model: Any, feed: Feed, batch_size: int | None, count: int | None) -> tuple[Steps, Any, Any]:
    """The steps of an evaluation, the source of its batches, and how many are taken (None: all)."""
    size = whole("batch_size", BATCH if batch_size is None else batch_size)
    count = None if count is None else whole("the number of steps", count)
    found = checked_steps(model, "test", full_signature(model, feed), feed, min(size, feed.rows))
    return found, feed.source(size), count


def predict(model: Any, x: Any, batch_size: int | None, verbose: Any, count: int | None, given: Any) -> Any:
    """``Model.predict``."""
    feed = feed_of(model, x, None, None, "predict")
    size = whole("batch_size", PREDICT_BATCH if batch_size is None else batch_size)
    count = None if count is None else whole("the number of steps", count)
    source = feed.source(size)
    bar = ProgressBar(len(source) or count, verbosity(verbose), patient=verbose == "auto")
    found = steps(model, "predict", signature_of(model, feed.x), feed.x, min(size, feed.rows))
    callbacks = CallbackList(listed(given), model=model, verbose=bar.verbose, epochs=1, steps=bar.steps)
    callbacks.tell("on_predict_begin", {})
    parts: list[list[np.ndarray]] = []
    loud = callbacks.listens("on_predict_batch_begin", "on_predict_batch_end")
    for step, batch in enumerate(islice(source.epoch(0), count)):
        if loud:
            callbacks.tell("on_predict_batch_begin", step, {})
        parts.append(found.outputs(batch.arrays()[: len(feed.x)]))
        if loud:
            callbacks.tell("on_predict_batch_end", step, {"outputs": parts[-1]})
        if bar.due():
            bar.draw(step + 1, {})
    feed.ran_out(len(parts), count or len(source))
    callbacks.tell("on_predict_end", {})
    if bar.shows(bar.steps):
        bar.finish(bar.steps or len(parts), {})
    columns = zip(*parts, strict=True)
    return found.nested([column[0] if len(column) == 1 else np.concatenate(column) for column in columns])


def predict_on_batch(model: Any, x: Any, place: str = "predict_on_batch") -> Any:
    """``Model.predict_on_batch``."""
    feed = feed_of(model, x, None, None, place)
    found = steps(model, "predict", signature_of(model, feed.x), feed.x, feed.rows)
    return found.nested(found.outputs(feed.x))


def on_batch(model: Any, kind: str, x: Any, y: Any, weights: Any, class_weight: Any) -> dict[str, float]:
    """``train_on_batch`` and ``test_on_batch``."""
    place = f"{kind}_on_batch"
    model.require_compiled(place)
    feed = feed_of(model, x, y, weights, place, class_weight)
    signature = full_signature(model, feed)
    found = checked_steps(model, kind, signature, feed, feed.rows)
    watch = LossWatch(model, found, place)
    if kind == "train" and config.nan() == "raise":
        watch.begin_epoch(place)
    batches = list(ArrayBatches(feed.arrays, feed.rows).epoch(0))
    model.reset_metrics()
    with Interrupt():
        found.fit(batches, watch.after_step if kind == "train" else None)
    watch.end_epoch(lambda: batches)
    return results(model, kind)


def build(model: Any, arrays: Sequence[np.ndarray]) -> None:
    """Make the weights of a model that is built by calling it."""
    steps(model, "predict", signature_of(model, arrays), arrays, min(BATCH, len(arrays[0])))


def as_list(model: Any, logs: dict[str, Any]) -> Any:
    """Logs as Keras returns them where no dict is asked for: the loss alone, or a list.

    The loss comes first, then the metrics; of several outputs, their losses, then all metrics by name.
    """
    names = [name for name in model.metrics_names if name in logs]
    names += sorted(set(logs) - set(names))
    losses = 1 + len(model.require_compiled("it reports").output_trackers)
    if losses > 1:
        names[losses:] = sorted(names[losses:])
    values = [logs[name] for name in names]
    return values[0] if len(values) == 1 else values


def signature_to_show(model: Any, kind: str) -> Signature:
    """The signature of the last data, or one that fits the model where it has seen none."""
    if model._signature is not None:
        return Signature(model._signature.x) if kind == "predict" else model._signature
    if not model.inputs:
        raise NotCompiled(
            f"model {model.name!r} has seen no data, so its shapes are not known; call it on some rows, or give "
            "it an Input, before asking for its program"
        )
    x = [tensor.spec for tensor in model.inputs]
    if kind == "predict":
        return Signature(x)
    return Signature(x, [_target(model, i, tensor.spec) for i, tensor in enumerate(model.outputs)])


def _target(model: Any, position: int, output: Any) -> Any:
    """The spec that targets usually have for this output: whole numbers for a sparse loss."""
    compiled = model.require_compiled("its program can be shown")
    loss = flatten(compiled.loss)[position if len(flatten(compiled.loss)) > 1 else 0]
    sparse = "sparse" in str(getattr(loss, "name", loss)).lower()
    return batched((1,), "int64") if sparse else batched(output.shape[1:], output.dtype)

"""Training, evaluation and prediction: the one loop over epochs; steps run in the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from flintglass import config
from flintglass.callbacks import CallbackList, History, ProgbarLogger
from flintglass.callbacks.progress import ProgressBar
from flintglass.data import ArrayBatches
from flintglass.engines.engine import tell_if_missing
from flintglass.errors import NotCompiled
from flintglass.models.feed import Feed, full_signature, signature_of, with_class_weight
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
    feed = feed_of(model, x, y, options["sample_weight"], "fit")
    with_class_weight(model, feed, options["class_weight"])
    feed, validation = split(model, feed, options["validation_split"], options["validation_data"])
    run = _Run(model, feed, options["batch_size"], options["shuffle"], options["steps_per_epoch"])
    verbose = verbosity(options["verbose"])
    given = listed(options["callbacks"])
    history = next((item for item in given if isinstance(item, History)), None) or History()
    callbacks = CallbackList(
        [*given, *([ProgbarLogger()] if verbose else []), *([] if history in given else [history])],
        model,
        epochs=epochs,
        steps=len(run),
        verbose=verbose,
    )
    model.stop_training = False
    model.history = history
    callbacks.tell("on_train_begin", {})
    logs: dict[str, Any] = {}
    with Interrupt() as interrupt:
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
                run.epoch(epoch, callbacks, interrupt.asked)
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
        self.source = ArrayBatches(feed.arrays, size, seed)
        self.count = None if count is None else whole("steps_per_epoch", count)
        self._feed = feed
        self._rows = min(size, feed.rows)
        self._signature = full_signature(model, feed)
        model._signature = self._signature
        self.steps = self._find_steps()
        self.watch = LossWatch(model, self.steps)
        self._ready: tuple[Any, WholeEpochs | None] | None = None

    def _find_steps(self) -> Steps:
        return checked_steps(self.model, "train", self._signature, self._feed, self._rows)

    def __len__(self) -> int:
        return len(self.source) if self.count is None else min(self.count, len(self.source))

    def logs(self) -> dict[str, float]:
        """The metrics as they stand."""
        return results(self.model)

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
        if self._ready is None or self._ready[0] is not self.steps:
            part = None
            if validation is not None:
                size = options["validation_batch_size"] or options["batch_size"]
                part = _test_part(self.model, validation, size, options["validation_steps"])
            ready = WholeEpochs.prepared(self, part, callbacks, epochs, validated)
            self._ready = (self.steps, ready)
        return self._ready[1]

    def epoch(self, number: int, callbacks: CallbackList, interrupted: Callable[[], bool]) -> None:
        """One pass over the feed, in the engine."""
        self.watch.begin_epoch(f"epoch {number + 1}")
        self.steps.fit(
            self._batches(number),
            self._after_step(callbacks),
            _before_batch(callbacks, "train"),
            lambda: interrupted() or self.model.stop_training or self.watch.stops,
        )
        self.watch.end_epoch(lambda: self._batches(number))

    def _batches(self, number: int) -> Iterator[Any]:
        batches = self.source.epoch(number)
        return batches if self.count is None else islice(batches, self.count)

    def _refresh(self) -> None:
        """Run in another way where a setting was changed between epochs."""
        found = steps(self.model, "train", self._signature, self._feed.arrays, self._rows)
        if found.traced is not self.steps.traced:
            self.steps = self._find_steps()
            self.watch = LossWatch(self.model, self.steps)

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


def results(model: Any) -> dict[str, float]:
    """The results of the model's metrics as Python numbers, by name."""
    found = model._programs.results()
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
    bar = ProgressBar(-(-feed.rows // size), verbosity(verbose))
    callbacks = CallbackList(listed(given), model, verbose=bar.verbose, epochs=1, steps=bar.steps)
    logs = _evaluate(model, feed, size, callbacks, count)
    if bar.verbose:
        bar.finish(bar.steps or 0, logs)
    return logs


def _evaluate(
    model: Any,
    feed: Feed,
    batch_size: int | None,
    callbacks: CallbackList,
    count: int | None,
    interrupted: Callable[[], bool] = never,
) -> dict[str, float]:
    found, source, count = _test_part(model, feed, batch_size, count)
    model.reset_metrics()
    callbacks.tell("on_test_begin", {})
    listened = callbacks.listens("on_test_batch_end")
    found.fit(
        islice(source.epoch(0), count),
        (lambda step, outputs: callbacks.tell("on_test_batch_end", step, results(model))) if listened else None,
        _before_batch(callbacks, "test"),
        interrupted,
    )
    logs = results(model)
    callbacks.tell("on_test_end", logs)
    return logs


def _test_part(model: Any, feed: Feed, batch_size: int | None, count: int | None) -> tuple[Steps, ArrayBatches, Any]:
    """The steps of an evaluation, the source of its batches, and how many are taken (None: all)."""
    size = whole("batch_size", BATCH if batch_size is None else batch_size)
    count = None if count is None else whole("the number of steps", count)
    found = checked_steps(model, "test", full_signature(model, feed), feed, min(size, feed.rows))
    return found, ArrayBatches(feed.arrays, size), count


def predict(model: Any, x: Any, batch_size: int | None, verbose: Any, count: int | None, given: Any) -> Any:
    """``Model.predict``."""
    feed = feed_of(model, x, None, None, "predict")
    size = whole("batch_size", PREDICT_BATCH if batch_size is None else batch_size)
    count = None if count is None else whole("the number of steps", count)
    bar = ProgressBar(-(-feed.rows // size), verbosity(verbose))
    found = steps(model, "predict", signature_of(model, feed.x), feed.x, min(size, feed.rows))
    callbacks = CallbackList(listed(given), model, verbose=bar.verbose, epochs=1, steps=bar.steps)
    callbacks.tell("on_predict_begin", {})
    parts: list[list[np.ndarray]] = []
    loud = callbacks.listens("on_predict_batch_begin", "on_predict_batch_end")
    for step, batch in enumerate(islice(ArrayBatches(feed.x, size).epoch(0), count)):
        if loud:
            callbacks.tell("on_predict_batch_begin", step, {})
        parts.append(found.outputs(batch.arrays()))
        if loud:
            callbacks.tell("on_predict_batch_end", step, {"outputs": parts[-1]})
    callbacks.tell("on_predict_end", {})
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
    feed = feed_of(model, x, y, weights, place)
    with_class_weight(model, feed, class_weight)
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
    return results(model)


def build(model: Any, arrays: Sequence[np.ndarray]) -> None:
    """Make the weights of a model that is built by calling it."""
    steps(model, "predict", signature_of(model, arrays), arrays, min(BATCH, len(arrays[0])))


def as_list(model: Any, logs: dict[str, Any]) -> Any:
    """Logs as Keras returns them where no dict is asked for: the loss alone, or a list.

    The loss comes first, then the metrics; of several outputs, their losses, then all metrics by name.
    """
    names = [name for name in model.metrics_names if name in logs]
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

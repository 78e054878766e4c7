"""Evaluation, prediction and single steps; the steps run in the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import numpy as np

from flintglass import config
from flintglass.callbacks import CallbackList
from flintglass.callbacks.progress import ProgressBar
from flintglass.data import ArrayBatches
from flintglass.errors import NotCompiled
from flintglass.models.feed import Feed, full_signature, signature_of
from flintglass.models.finite import LossWatch
from flintglass.models.given import (
    checked_steps,
    feed_of,
    listed,
    require_end,
    told_of_size,
    told_of_steps,
    verbosity,
    whole,
)
from flintglass.models.interrupt import Interrupt
from flintglass.models.programs import Signature, batched
from flintglass.models.steps import Steps, never, steps
from flintglass.tracing.structure import flatten
from flintglass.tracing.tensor import Tensor

BATCH = 32
PREDICT_BATCH = 1024  # rows; only memory is at stake, results do not depend on it


def before_batch(model: Any, callbacks: CallbackList, kind: str) -> Callable[[int], None] | None:
    """What tells callbacks that a batch begins; None where nobody listens."""
    if not callbacks.listens(f"on_{kind}_batch_begin", *(["on_batch_begin"] if kind == "train" else [])):
        return None

    def told(step: int) -> None:
        with model._lock.opened():
            callbacks.tell(f"on_{kind}_batch_begin", step, {})

    return told


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
    count = _checked_count(feed, batch_size, feed.source(size), count, "evaluate")
    bar = ProgressBar(len(feed.source(size)) or count, verbosity(verbose), patient=verbose == "auto")
    callbacks = CallbackList(listed(given), model=model, verbose=bar.verbose, epochs=1, steps=bar.steps)
    logs = evaluated(model, feed, size, callbacks, count, bar=bar)
    if bar.shows(bar.steps):
        bar.finish(bar.steps or 0, logs)
    return logs


def evaluated(
    model: Any,
    feed: Feed,
    batch_size: int | None,
    callbacks: CallbackList,
    count: int | None,
    interrupted: Callable[[], bool] = never,
    bar: ProgressBar | None = None,
) -> dict[str, float]:
    """One pass over the feed without training; the metrics by name."""
    found, source, count = test_part(model, feed, batch_size, count)
    turns = model._lock
    with turns.working():
        model.reset_metrics()
    callbacks.tell("on_test_begin", {})
    on_step = bar.listener(lambda: results(model, "test")) if bar else None
    if callbacks.listens("on_test_batch_end"):

        def on_step(step: int, outputs: Any) -> None:
            with turns.opened():
                callbacks.tell("on_test_batch_end", step, results(model, "test"))

    def stops() -> bool:
        turns.let_in()
        return interrupted()

    batches = islice(source.epoch(0), count)
    with turns.working():
        before = before_batch(model, callbacks, "test")
        made = found.fit(batches if feed.repeats else turns.opened_for(batches), on_step, before, stops)
    if not interrupted():
        feed.ran_out(made, count or len(source))
    if bar is not None:
        bar.steps = bar.steps or made
    logs = results(model, "test")
    callbacks.tell("on_test_end", logs)
    return logs


def test_part(model: Any, feed: Feed, batch_size: int | None, count: int | None) -> tuple[Steps, Any, Any]:
    """The steps of an evaluation, the source of its batches, and how many are taken (None: all)."""
    size = whole("batch_size", BATCH if batch_size is None else batch_size)
    count = None if count is None else whole("the number of steps", count)
    found = checked_steps(model, "test", full_signature(model, feed), feed, min(size, feed.rows))
    return found, feed.source(size), count


def _checked_count(feed: Feed, batch_size: int | None, source: Any, count: int | None, place: str) -> int | None:
    """How many batches are taken (None: all), once it is told what is wrong with it."""
    count = None if count is None else whole("the number of steps", count)
    require_end(feed, count, "steps")
    told_of_size(feed, batch_size, place)
    told_of_steps(feed, source, count, place)
    return count


def predict(model: Any, x: Any, batch_size: int | None, verbose: Any, count: int | None, given: Any) -> Any:
    """``Model.predict``."""
    feed = feed_of(model, x, None, None, "predict")
    size = whole("batch_size", PREDICT_BATCH if batch_size is None else batch_size)
    source = feed.source(size)
    count = _checked_count(feed, batch_size, source, count, "predict")
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
    with Interrupt(), model._lock.working():
        model.reset_metrics()
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

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
from flintglass.errors import DataError, NotCompiled
from flintglass.models.feed import Feed, full_signature, signature_of, with_class_weight
from flintglass.models.finite import LossWatch, check_inputs
from flintglass.models.interrupt import Interrupt
from flintglass.models.programs import Signature, batched
from flintglass.models.steps import Steps, never, steps
from flintglass.tracing.structure import flatten
from flintglass.tracing.tensor import Tensor

BATCH = 32
PREDICT_BATCH = 1024  # rows; only memory is at stake, results do not depend on it

__all__ = ["evaluate", "fit", "on_batch", "predict", "predict_on_batch", "signature_of"]


def fit(model: Any, x: Any, y: Any, **options: Any) -> History:
    """``Model.fit``; the arguments are documented there."""
    model.require_compiled("fit")
    epochs = whole("epochs", options["epochs"])
    start = whole("initial_epoch", options["initial_epoch"], least=0)
    validated = _validated(options["validation_freq"])
    feed = _feed(model, x, y, options["sample_weight"], "fit")
    with_class_weight(model, feed, options["class_weight"])
    feed, validation = _split(model, feed, options["validation_split"], options["validation_data"])
    run = _Run(model, feed, options["batch_size"], options["shuffle"], options["steps_per_epoch"])
    verbose = _verbosity(options["verbose"])
    given = _listed(options["callbacks"])
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
        for epoch in range(start, epochs):
            model.reset_metrics()
            callbacks.tell("on_epoch_begin", epoch, {})
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
            if model.stop_training:
                break
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

    def _find_steps(self) -> Steps:
        return checked_steps(self.model, "train", self._signature, self._feed, self._rows)

    def __len__(self) -> int:
        return len(self.source) if self.count is None else min(self.count, len(self.source))

    def logs(self) -> dict[str, float]:
        """The metrics as they stand."""
        return results(self.model)

    def epoch(self, number: int, callbacks: CallbackList, interrupted: Callable[[], bool]) -> None:
        """One pass over the feed, in the engine."""
        self._refresh()
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
    feed = _feed(model, x, y, weights, "evaluate")
    size = whole("batch_size", BATCH if batch_size is None else batch_size)
    bar = ProgressBar(-(-feed.rows // size), _verbosity(verbose))
    callbacks = CallbackList(_listed(given), model, verbose=bar.verbose, epochs=1, steps=bar.steps)
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
    size = whole("batch_size", BATCH if batch_size is None else batch_size)
    count = None if count is None else whole("the number of steps", count)
    found = checked_steps(model, "test", full_signature(model, feed), feed, min(size, feed.rows))
    model.reset_metrics()
    callbacks.tell("on_test_begin", {})
    listened = callbacks.listens("on_test_batch_end")
    found.fit(
        islice(ArrayBatches(feed.arrays, size).epoch(0), count),
        (lambda step, outputs: callbacks.tell("on_test_batch_end", step, results(model))) if listened else None,
        _before_batch(callbacks, "test"),
        interrupted,
    )
    logs = results(model)
    callbacks.tell("on_test_end", logs)
    return logs


def predict(model: Any, x: Any, batch_size: int | None, verbose: Any, count: int | None, given: Any) -> Any:
    """``Model.predict``."""
    feed = _feed(model, x, None, None, "predict")
    size = whole("batch_size", PREDICT_BATCH if batch_size is None else batch_size)
    count = None if count is None else whole("the number of steps", count)
    bar = ProgressBar(-(-feed.rows // size), _verbosity(verbose))
    found = steps(model, "predict", signature_of(model, feed.x), feed.x, min(size, feed.rows))
    callbacks = CallbackList(_listed(given), model, verbose=bar.verbose, epochs=1, steps=bar.steps)
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
    feed = _feed(model, x, None, None, place)
    found = steps(model, "predict", signature_of(model, feed.x), feed.x, feed.rows)
    return found.nested(found.outputs(feed.x))


def on_batch(model: Any, kind: str, x: Any, y: Any, weights: Any, class_weight: Any) -> dict[str, float]:
    """``train_on_batch`` and ``test_on_batch``."""
    place = f"{kind}_on_batch"
    model.require_compiled(place)
    feed = _feed(model, x, y, weights, place)
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


# -- what is given


def _feed(model: Any, x: Any, y: Any, weights: Any, place: str) -> Feed:
    if x is None:
        raise DataError(f"{place} needs data: x is None")
    if isinstance(x, str):
        raise DataError(f"{place}: x is the text {x!r}; give the numbers themselves, as an array")
    if hasattr(x, "__next__") or (callable(getattr(x, "__getitem__", None)) and hasattr(x, "on_epoch_end")):
        raise DataError(
            f"{place}: generators and datasets are not supported yet; give arrays (np.concatenate joins batches)"
        )
    feed = Feed(model, x, y, weights, place)
    check_inputs(model, feed)
    model.build_for(feed.x)
    return feed


def _split(model: Any, feed: Feed, fraction: float, given: Any) -> tuple[Feed, Feed | None]:
    """The rows to train on, and those to validate with."""
    if given is not None:
        if not isinstance(given, (list, tuple)) or len(given) not in (2, 3):
            holds = f" of {len(given)}" if isinstance(given, (list, tuple)) else ""
            raise DataError(
                "fit: validation_data is (x, y) or (x, y, sample_weight), not "
                f"{_article(type(given).__name__)}{holds}. To validate with a share of the rows, use validation_split"
            )
        return feed, _feed(model, given[0], given[1], given[2] if len(given) == 3 else None, "validation_data")
    if isinstance(fraction, bool) or not isinstance(fraction, (int, float, np.number)) or not 0 <= fraction < 1:
        raise DataError(
            f"fit: validation_split, the share of the rows (the last ones) to validate with, lies between 0 and 1, "
            f"not {fraction!r}"
        )
    if not fraction:
        return feed, None
    kept = int(feed.rows * (1 - fraction))
    if kept == 0 or kept == feed.rows:
        raise DataError(f"fit: validation_split={fraction} of {feed.rows} rows leaves one side without any")
    return feed.part(slice(0, kept)), feed.part(slice(kept, None))


def _article(word: str) -> str:
    return f"{'an' if word[0].lower() in 'aeiou' else 'a'} {word}"


def checked_steps(model: Any, kind: str, signature: Signature, feed: Feed, rows: int) -> Steps:
    """The steps for this feed, after asking each loss whether the targets can be what it takes."""
    _check_targets(model, signature, feed, rows)
    compiled = model.require_compiled("fit")
    fresh = not compiled.resolved
    found = steps(model, kind, signature, feed.arrays, rows)
    if fresh:
        # Losses chosen by the shapes are known only now; nothing has been computed yet.
        _check_targets(model, signature, feed, rows)
    return found


def _check_targets(model: Any, signature: Signature, feed: Feed, rows: int) -> None:
    compiled = model.require_compiled("fit")
    predicting = steps(model, "predict", Signature(signature.x), feed.x, rows)
    outputs = model._programs.output_specs(signature, predicting)
    if not feed.y and compiled.has_targets:
        raise DataError(
            "there are no targets (y is None), but compile() was given a loss or metrics that compare with them"
        )
    if feed.y and len(feed.y) != len(outputs):
        raise DataError(
            f"the model has {_counted(len(outputs), 'output')}, but y holds {_counted(len(feed.y), 'array')}: give one "
            "for each output, in a list or in a dict by the outputs' names"
        )
    for loss, array, output in zip(compiled.losses, feed.y, outputs, strict=False):
        if loss is not None:
            loss.check(array, output.shape)


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")


def whole(name: str, value: Any, least: int = 1) -> int:
    """The number itself; ValueError where it is no whole number from ``least`` up."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        kind = "a positive whole number" if least else "a whole number from 0 up"
        raise ValueError(f"{name} is {kind}, not {value!r}")
    return int(value)


def _validated(frequency: Any) -> Callable[[int], bool]:
    """Whether the epoch of this number, counted from 1, is followed by a validation."""
    if isinstance(frequency, (list, tuple, set, range)):
        return lambda epoch: epoch in frequency
    every = whole("validation_freq", frequency)
    return lambda epoch: epoch % every == 0


def _listed(callbacks: Any) -> list[Any]:
    if callbacks is None:
        return []
    if isinstance(callbacks, CallbackList):
        return callbacks.callbacks
    return list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]


def _verbosity(value: Any) -> int:
    if isinstance(value, str) and value == "auto":
        return 1
    if not isinstance(value, (bool, int, np.integer)) or value not in (0, 1, 2):
        raise ValueError(f"verbose is 0 (silent), 1 (a bar), 2 (a line an epoch) or 'auto', not {value!r}")
    return int(value)


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

"""Training, evaluation and prediction: the one loop over epochs; steps run in the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from flintglass.callbacks import CallbackList, History, ProgbarLogger
from flintglass.callbacks.progress import ProgressBar
from flintglass.data import ArrayBatches
from flintglass.engines.engine import Pass, engine
from flintglass.errors import DataError, NotCompiled
from flintglass.models.feed import Feed, full_signature, signature_of, with_class_weight
from flintglass.models.finite import LossWatch, check_inputs
from flintglass.models.interrupt import Interrupt
from flintglass.models.programs import Signature, batched
from flintglass.tracing.structure import flatten
from flintglass.tracing.tensor import Tensor
from flintglass.tracing.trace import Traced

BATCH = 32
PREDICT_BATCH = 1024  # rows; only memory is at stake, results do not depend on it

__all__ = ["evaluate", "fit", "on_batch", "predict", "predict_on_batch", "signature_of"]


def fit(model: Any, x: Any, y: Any, **options: Any) -> History:
    """``Model.fit``; the arguments are documented there."""
    model.require_compiled("fit")
    epochs, start = _whole("epochs", options["epochs"]), options["initial_epoch"]
    feed = _feed(model, x, y, options["sample_weight"], "fit")
    with_class_weight(model, feed, options["class_weight"])
    feed, validation = _split(model, feed, options["validation_split"], options["validation_data"])
    run = _Run(model, feed, options["batch_size"], options["shuffle"], options["steps_per_epoch"])
    history = History()
    verbose = _verbosity(options["verbose"])
    callbacks = CallbackList(
        [*_listed(options["callbacks"]), *([ProgbarLogger()] if verbose else []), history],
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
            run.epoch(epoch, callbacks, lambda: interrupt.raised)
            logs = run.logs()
            if interrupt.raised:
                break
            if validation is not None and (epoch + 1) % options["validation_freq"] == 0:
                size = options["validation_batch_size"] or options["batch_size"]
                found = _evaluate(model, validation, size, callbacks, options["validation_steps"])
                logs.update({f"val_{name}": value for name, value in found.items()})
            callbacks.tell("on_epoch_end", epoch, logs)
            if model.stop_training:
                break
        callbacks.tell("on_train_end", logs)
    return history


class _Run:
    """The training program of a model with its state, run epoch by epoch over one feed."""

    def __init__(self, model: Any, feed: Feed, batch_size: int | None, shuffle: bool, steps: int | None) -> None:
        self.model = model
        size = _whole("batch_size", BATCH if batch_size is None else batch_size)
        seed = int(np.random.randint(2**31)) if shuffle else None
        self.source = ArrayBatches(feed.arrays, size, seed)
        self.steps = None if steps is None else _whole("steps_per_epoch", steps)
        signature = full_signature(model, feed)
        model._signature = signature
        _check_labels(model, signature, feed)
        self.traced: Traced = model._programs.get("train", signature)
        _check_labels(model, signature, feed)
        self.state = [variable.storage for variable in self.traced.variables]
        self.watch = LossWatch(model, self.traced, feed)

    def __len__(self) -> int:
        return len(self.source) if self.steps is None else min(self.steps, len(self.source))

    def logs(self) -> dict[str, float]:
        """The metrics as they stand."""
        return results(self.model)

    def epoch(self, number: int, callbacks: CallbackList, interrupted: Callable[[], bool]) -> int:
        """One pass over the feed, in the engine."""
        self._refresh()
        self.watch.begin_epoch(self.state)
        batches = list(self._batches(number)) if self.steps is not None else self._batches(number)
        work = Pass(
            self.traced.program,
            self.state,
            batches,
            self._after_step(callbacks),
            _before_batch(callbacks, "train"),
            lambda: interrupted() or self.model.stop_training or self.watch.stops,
        )
        steps = engine().fit(work)
        self.watch.end_epoch(self.state, lambda: self._batches(number))
        return steps

    def _batches(self, number: int) -> Iterator[Any]:
        for position, batch in enumerate(self.source.epoch(number)):
            if self.steps is not None and position >= self.steps:
                return
            yield batch

    def _refresh(self) -> None:
        """Use another program where a setting was changed between epochs."""
        assert self.model._signature is not None
        traced = self.model._programs.get("train", self.model._signature)
        if traced is not self.traced:
            self.traced = traced
            self.state = [variable.storage for variable in traced.variables]
            self.watch = self.watch.moved_to(traced)

    def _after_step(self, callbacks: CallbackList) -> Callable[[int, Sequence[np.ndarray]], None]:
        bars = [item for item in callbacks.callbacks if isinstance(item, ProgbarLogger)]
        listened = callbacks.listens("on_train_batch_end", "on_batch_end")
        watch, logs = self.watch.after_step, self.logs

        def told(step: int, outputs: Sequence[np.ndarray]) -> None:
            watch(step, outputs)
            for bar in bars:
                bar.progress(step + 1, logs)
            if listened:
                callbacks.tell("on_train_batch_end", step, logs())

        return told if bars or listened else watch


def _before_batch(callbacks: CallbackList, kind: str) -> Callable[[int], None] | None:
    if not callbacks.listens(f"on_{kind}_batch_begin", *(["on_batch_begin"] if kind == "train" else [])):
        return None
    return lambda step: callbacks.tell(f"on_{kind}_batch_begin", step, {})


def results(model: Any) -> dict[str, float]:
    """The results of the model's metrics as Python numbers, by name."""
    found = model._programs.results().run([])
    return {name: _number(found[name]) for name in sorted(found)}


def _number(value: Any) -> Any:
    array = value.array if isinstance(value, Tensor) else np.asarray(value)
    return array.item() if array.ndim == 0 else array


def evaluate(
    model: Any, x: Any, y: Any, batch_size: int | None, verbose: Any, weights: Any, steps: int | None, given: Any
) -> dict[str, float]:
    """``Model.evaluate``: the metrics by name."""
    model.require_compiled("evaluate")
    feed = _feed(model, x, y, weights, "evaluate")
    callbacks = CallbackList(_listed(given), model, verbose=0, epochs=1)
    bar = ProgressBar(-(-feed.rows // (batch_size or BATCH)), _verbosity(verbose))
    logs = _evaluate(model, feed, batch_size, callbacks, steps)
    if bar.verbose:
        bar.finish(bar.steps or 0, logs)
    return logs


def _evaluate(
    model: Any, feed: Feed, batch_size: int | None, callbacks: CallbackList, steps: int | None
) -> dict[str, float]:
    size = _whole("batch_size", BATCH if batch_size is None else batch_size)
    signature = full_signature(model, feed)
    traced = model._programs.get("test", signature)
    _check_labels(model, signature, feed)
    model.reset_metrics()
    callbacks.tell("on_test_begin", {})
    listened = callbacks.listens("on_test_batch_end")
    batches = list(ArrayBatches(feed.arrays, size).epoch(0))[: steps or None]
    engine().fit(
        Pass(
            traced.program,
            [variable.storage for variable in traced.variables],
            batches,
            (lambda step, outputs: callbacks.tell("on_test_batch_end", step, results(model))) if listened else None,
            _before_batch(callbacks, "test"),
        )
    )
    logs = results(model)
    callbacks.tell("on_test_end", logs)
    return logs


def predict(model: Any, x: Any, batch_size: int | None, verbose: Any, steps: int | None, given: Any) -> Any:
    """``Model.predict``."""
    feed = Feed(model, x, None, None, "predict")
    size = _whole("batch_size", PREDICT_BATCH if batch_size is None else batch_size)
    model.build_for(feed.x)
    traced = model._programs.get("predict", signature_of(model, feed.x))
    callbacks = CallbackList(_listed(given), model, verbose=0, epochs=1)
    callbacks.tell("on_predict_begin", {})
    state = [variable.storage for variable in traced.variables]
    parts: list[list[np.ndarray]] = []
    loud = callbacks.listens("on_predict_batch_begin", "on_predict_batch_end")
    for step, batch in enumerate(ArrayBatches(feed.x, size).epoch(0)):
        if steps is not None and step >= steps:
            break
        if loud:
            callbacks.tell("on_predict_batch_begin", step, {})
        parts.append(_outputs(traced, state, batch.arrays()))
        if loud:
            callbacks.tell("on_predict_batch_end", step, {"outputs": parts[-1]})
    callbacks.tell("on_predict_end", {})
    whole = [column[0] if len(column) == 1 else np.concatenate(column) for column in zip(*parts, strict=True)]
    return _nested(traced, whole)


def predict_on_batch(model: Any, x: Any) -> Any:
    """``Model.predict_on_batch``."""
    feed = Feed(model, x, None, None, "predict_on_batch")
    model.build_for(feed.x)
    traced = model._programs.get("predict", signature_of(model, feed.x))
    state = [variable.storage for variable in traced.variables]
    return _nested(traced, _outputs(traced, state, feed.x))


def _outputs(traced: Traced, state: Sequence[np.ndarray], arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    given = [*arrays, *(tensor.array for tensor in traced.captures)]
    cast = [
        array.astype(value.spec.dtype, copy=False)
        for array, value in zip(given, traced.program.inputs, strict=True)
    ]
    return engine().execute(traced.program, state, cast)


def _nested(traced: Traced, arrays: Sequence[np.ndarray]) -> Any:
    from flintglass.tracing.structure import pack

    return pack(traced.result, arrays)


def on_batch(model: Any, kind: str, x: Any, y: Any, weights: Any, class_weight: Any) -> dict[str, float]:
    """``train_on_batch`` and ``test_on_batch``."""
    place = f"{kind}_on_batch"
    model.require_compiled(place)
    feed = _feed(model, x, y, weights, place)
    with_class_weight(model, feed, class_weight)
    signature = full_signature(model, feed)
    traced = model._programs.get(kind, signature)
    _check_labels(model, signature, feed)
    state = [variable.storage for variable in traced.variables]
    batches = list(ArrayBatches(feed.arrays, feed.rows).epoch(0))
    engine().fit(Pass(traced.program, state, batches))
    return results(model)


def as_list(model: Any, logs: dict[str, Any]) -> Any:
    """Logs as Keras returns them from the ``*_on_batch`` methods: the loss alone, or a list."""
    values = [logs[metric.name] for metric in model.metrics if metric.name in logs]
    return values[0] if len(values) == 1 else values


# -- what is given


def _feed(model: Any, x: Any, y: Any, weights: Any, place: str) -> Feed:
    if x is None:
        raise DataError(f"{place} needs data: x is None")
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
            raise DataError("validation_data is (x, y) or (x, y, sample_weight)")
        return feed, _feed(model, given[0], given[1], given[2] if len(given) == 3 else None, "validation_data")
    if not fraction:
        return feed, None
    if not 0 < fraction < 1:
        raise DataError(f"validation_split lies between 0 and 1, not {fraction}")
    kept = int(feed.rows * (1 - fraction))
    if kept == 0 or kept == feed.rows:
        raise DataError(f"validation_split={fraction} of {feed.rows} rows leaves one side without any")
    return feed.part(slice(0, kept)), feed.part(slice(kept, None))


def _check_labels(model: Any, signature: Signature, feed: Feed) -> None:
    """Ask each loss whether the targets can be what it takes; done before anything is computed."""
    compiled = model.require_compiled("fit")
    if not feed.y and any(item is not None for item in flatten(compiled.loss)):
        raise DataError("there are no targets (y is None), but compile() was given a loss that compares with them")
    outputs = model._programs.get("predict", Signature(signature.x)).program.output_specs
    if compiled.losses and len(feed.y) not in (0, len(compiled.losses)):
        raise DataError(f"the model has {len(compiled.losses)} outputs, but y holds {len(feed.y)} arrays")
    for loss, array, output in zip(compiled.losses, feed.y, outputs, strict=False):
        if loss is not None:
            loss.check(array, output.shape)


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value <= 0:
        raise ValueError(f"{name} is a positive whole number, not {value!r}")
    return int(value)


def _listed(callbacks: Any) -> list[Any]:
    if callbacks is None:
        return []
    if isinstance(callbacks, CallbackList):
        return callbacks.callbacks
    return list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]


def _verbosity(value: Any) -> int:
    return 1 if value == "auto" else int(value)


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

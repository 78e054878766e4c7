"""What fit, evaluate and predict are given: checked, with what is wrong said in a sentence."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from flintglass.callbacks import CallbackList
from flintglass.data.streams import Stream, is_stream
from flintglass.errors import DataError, warn
from flintglass.models.feed import Feed, with_class_weight
from flintglass.models.finite import check_inputs
from flintglass.models.own_steps import own_step
from flintglass.models.programs import Signature
from flintglass.models.steps import Steps, steps
from flintglass.models.streaming import Streamed


def feed_of(model: Any, x: Any, y: Any, weights: Any, place: str, class_weight: Any = None) -> Feed:
    """The data of a call, checked: arrays, or batches that are checked as they come."""
    if x is None:
        raise DataError(f"{place} needs data: x is None")
    if isinstance(x, str):
        raise DataError(f"{place}: x is the text {x!r}; give the numbers themselves, as an array")
    refuse_function(place, "x", x)
    refuse_function(place, "y", y)
    streams = is_stream(x)

    def checked(x: Any, y: Any, weights: Any) -> Feed:
        feed = Feed(model, x, y, weights, place)
        check_inputs(model, feed)
        model.build_for(feed.x)
        # Of a stream this is one batch, which may well hold none of the classes.
        with_class_weight(model, feed, class_weight, told=not streams)
        return feed

    if not streams:
        return checked(x, y, weights)
    if y is not None or weights is not None:
        raise DataError(
            f"{place}: {type(x).__name__} makes the targets and the weights itself, as (x, y) or "
            "(x, y, sample_weight), so y and sample_weight must not be given beside it"
        )
    return Streamed(Stream(x, place), checked)


def refuse_function(place: str, argument: str, given: Any) -> None:
    """Raise for a function where its batches are meant."""
    if inspect.isroutine(given):
        name = getattr(given, "__name__", "make_batches")
        call = f"{argument}={name}()" if argument != "x" else f"{name}()"
        raise DataError(
            f"{place}: {argument} is the function {name}, where arrays, a generator or a dataset are expected. Call "
            f"it: {'fit' if argument != 'x' else place}({call})"
        )


def require_end(feed: Feed, count: int | None, argument: str) -> None:
    """Raise where the batches of a dataset would never end: it has no length, and nobody says how many are taken."""
    if isinstance(feed, Streamed) and feed.stream.is_dataset and count is None and not len(feed):
        kind, place = type(feed.stream.given).__name__, feed.stream.place
        raise DataError(
            f"{place}: the dataset {kind} does not say how many batches it has, so that this would never end. Give "
            f"{kind} a __len__ that returns their number, or say {argument}="
        )


def told_of_size(feed: Feed, batch_size: Any, place: str, argument: str = "batch_size") -> None:
    """Warn where a batch size is given beside batches that somebody else makes."""
    if isinstance(feed, Streamed) and batch_size is not None:
        kind = type(feed.stream.given).__name__
        warn(f"{place}: {argument}={batch_size!r} is not read, since the {kind} makes the batches; leave it out")


def told_of_steps(feed: Feed, source: Any, count: int | None, place: str, argument: str = "steps") -> None:
    """Warn where more steps are asked for than arrays have batches; streams tell when they run out."""
    if not isinstance(feed, Streamed) and count is not None and count > len(source):
        there_are = f"{len(source)} batches of {source.batch_size} rows" if len(source) != 1 else "one batch"
        warn(
            f"{place}: {argument}={count}, but the {feed.rows} rows are {there_are}: the data runs out after "
            f"{len(source)}. A smaller batch_size makes more of them"
        )


def split(model: Any, feed: Feed, fraction: float, given: Any) -> tuple[Feed, Feed | None]:
    """The rows to train on, and those to validate with."""
    if is_stream(given):
        return feed, feed_of(model, given, None, None, "validation_data")
    if given is not None:
        refuse_function("fit", "validation_data", given)
        if not isinstance(given, (list, tuple)) or len(given) not in (2, 3):
            holds = f" of {len(given)}" if isinstance(given, (list, tuple)) else ""
            raise DataError(
                "fit: validation_data is (x, y) or (x, y, sample_weight), not "
                f"{_article(type(given).__name__)}{holds}. To validate with a share of the rows, use validation_split"
            )
        return feed, feed_of(model, given[0], given[1], given[2] if len(given) == 3 else None, "validation_data")
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
    if own_step(model, kind):
        return steps(model, kind, signature, feed.arrays, rows)  # what it takes, only it knows
    _check_targets(model, signature, feed, rows)
    compiled = model.require_compiled("fit")
    fresh = not compiled.resolved
    found = steps(model, kind, signature, feed.arrays, rows)
    if fresh:
        # Losses chosen by the shapes are known only now; nothing has been computed yet.
        _check_targets(model, signature, feed, rows)
    return found


def _check_targets(model: Any, signature: Signature, feed: Feed, rows: int) -> None:
    if not model.is_callable:
        return
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


def validated_epochs(frequency: Any) -> Callable[[int], bool]:
    """Whether the epoch of this number, counted from 1, is followed by a validation."""
    if isinstance(frequency, (list, tuple, set, range)):
        return lambda epoch: epoch in frequency
    every = whole("validation_freq", frequency)
    return lambda epoch: epoch % every == 0


def listed(callbacks: Any) -> list[Any]:
    """Callbacks as a list."""
    if callbacks is None:
        return []
    if isinstance(callbacks, CallbackList):
        return callbacks.callbacks
    return list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]


def verbosity(value: Any) -> int:
    """How much is printed: 0, 1 or 2."""
    if isinstance(value, str) and value == "auto":
        return 1
    if not isinstance(value, (bool, int, np.integer)) or value not in (0, 1, 2):
        raise ValueError(f"verbose is 0 (silent), 1 (a bar), 2 (a line an epoch) or 'auto', not {value!r}")
    return int(value)

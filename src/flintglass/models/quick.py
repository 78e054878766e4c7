"""Quick predictions: small arrays go straight to the engine, once everything about their kind has been checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flintglass.engines.engine import engine
from flintglass.errors import DataError
from flintglass.models.feed import Feed, signature_of
from flintglass.models.steps import OneProgram, steps
from flintglass.tracing.tracking import changes

Predict = Callable[[np.ndarray], "np.ndarray | None"]
MOST_ROWS = 1024  # of a call: larger data is taken in parts, to save memory
NEVER: Any = "never"  # the mark of a kind of array that has to take the long way


class Quick:
    """What a model's predictions of arrays of one kind (shape of a row, dtype) need, while nothing changes."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._key: Any = None
        self._leaves_losses = False
        self._known: dict[Any, Any] = {}

    def call(self, x: Any) -> np.ndarray | None:
        """As ``predict``, for calls of the model itself: not where a layer leaves a loss behind."""
        found = self.predict(x)
        return None if self._leaves_losses else found

    def predict(self, x: Any) -> np.ndarray | None:
        """The model's one output for these rows; None where the long way has to be taken."""
        if type(x) is not np.ndarray or x.ndim < 2 or len(x) > MOST_ROWS:
            return None
        key = (changes(), engine())
        if key != self._key:
            self._key, self._known = key, {}
        kind = (x.shape[1:], x.dtype)
        found = self._known.get(kind)
        if found is None:
            found = self._known[kind] = self._prepared(x) or NEVER
        if found is NEVER or len(x) == 0:
            return None
        predict, variables, storages = found
        if any(variable.storage is not storage for variable, storage in zip(variables, storages, strict=True)):
            del self._known[kind]  # training has laid the variables elsewhere
            return self.predict(x)
        result: np.ndarray | None = predict.checked(x)
        return result

    def _prepared(self, x: np.ndarray) -> tuple[Any, ...] | None:
        """The engine's own way of predicting this kind, with the memory of the variables that it reads."""
        model = self._model
        if not model.built or model.run_eagerly or len(model.inputs) != 1 or x.dtype.kind not in "fiub":
            return None
        feed = Feed(model, x, None, None, "predict")
        found = steps(model, "predict", signature_of(model, feed.x), feed.x, len(x))
        if type(found) is not OneProgram or found.traced is None or found.traced.captures or feed.x[0] is not x:
            return None
        marker = np.empty(0)
        if len(found.output_specs) != 1 or found.nested([marker]) is not marker:
            return None
        self._key = (changes(), engine())  # tracing may have built something
        self._leaves_losses = any(layer.activity_regularizer is not None for layer in model.layers)
        predict = engine().predictor(found.traced.program, found.traced.state)
        if predict is None:
            return None
        return predict, list(found.traced.variables), list(found.traced.state)


def compiled_predict(model: Any, rows: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """``Model.compiled_predict``; documented there."""
    feed = Feed(model, rows, None, None, "compiled_predict")
    found = steps(model, "predict", signature_of(model, feed.x), feed.x, len(feed.x[0]))
    one = type(found) is OneProgram and found.traced is not None and not found.traced.captures
    if not one or len(found.output_specs) != 1 or len(feed.x) != 1:
        raise DataError(
            f"compiled_predict needs a model with one input and one output that runs as a program; {model.name!r} "
            "is not of that kind. predict takes every model"
        )
    assert found.traced is not None
    traced = found.traced
    made = engine().predictor(traced.program, traced.state)
    if made is not None:
        return made
    return lambda x: engine().execute(traced.program, traced.state, traced.entering([x]))[0]

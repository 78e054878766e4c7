"""Fits that TensorBoard watches, which its tests share."""

from __future__ import annotations

from typing import Any

from tests.fit.support import X, Y, sequential

from flintglass import Input, Sequential, layers, utils
from flintglass.callbacks import TensorBoard


def fitted(folder: Any, model: Any = None, *, more: Any = (), **options: Any) -> tuple[Any, dict[str, list[float]]]:
    """A fit of 70 rows by 20, with validation unless said otherwise; the model and its history."""
    of_fit = {name: options.pop(name) for name in ("epochs", "validation_data", "initial_epoch") if name in options}
    model = model or sequential("sgd", "mse", metrics=["mae"])
    settings = {"epochs": 3, "validation_data": (X[:30], Y[:30]), **of_fit}
    board = TensorBoard(folder, **options)
    history = model.fit(X, Y, batch_size=20, verbose=0, callbacks=[board, *more], **settings)
    return model, history.history


def named(*settings: Any) -> Any:
    """Two layers with names of their own."""
    utils.set_random_seed(1)
    made = Sequential([Input((3,)), layers.Dense(5, name="first"), layers.Dense(1, name="last")], name="net")
    made.compile(*(settings or ("sgd", "mse")))
    return made

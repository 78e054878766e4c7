"""SwapEMAWeights: evaluations use the running means of the weights, training goes on with the weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from flintglass.callbacks.base import Callback


class SwapEMAWeights(Callback):
    """While an evaluation or a prediction runs, the model holds the means that its optimizer keeps.

    The optimizer must have been made with ``use_ema=True``. swap_on_epoch: the means are in the model from the
    end of each epoch to the beginning of the next too, so that other callbacks save them.
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._aside: list[tuple[Any, np.ndarray]] = []  # the weights whose places the means have taken

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._aside = []

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        # fit ends by putting the means into the model, for good.
        self._aside = []

    def get_state(self) -> dict[str, Any]:
        return {"aside": [array for _, array in self._aside]}

    def set_state(self, state: dict[str, Any]) -> None:
        weights = [weight for weight, _ in self.model.optimizer.averaged()]
        shapes = [np.shape(array) for array in state["aside"]]
        if shapes and shapes != [weight.storage.shape for weight in weights]:
            raise ValueError("the weights that were put aside are those of another model")
        self._aside = list(zip(weights, state["aside"], strict=False))

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._put_back()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self.swap_on_epoch:
            self._show_means()

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._show_means()

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        self._put_back()

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._show_means()

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        self._put_back()

    def _show_means(self) -> None:
        if self._aside:
            return
        optimizer = self.model.optimizer
        pairs = optimizer.averaged() if optimizer is not None else []
        if not pairs:
            raise ValueError(
                "SwapEMAWeights needs an optimizer that keeps the means of the weights and has made a step: make it "
                "with use_ema=True"
            )
        for weight, mean in pairs:
            self._aside.append((weight, weight.numpy()))
            weight.assign(mean)

    def _put_back(self) -> None:
        for weight, array in self._aside:
            weight.assign(array)
        self._aside = []

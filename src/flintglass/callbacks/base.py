"""The contract of a callback: hooks that fit, evaluate and predict call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flintglass.constructors import CheckedNumbers


class Callback(CheckedNumbers):
    """Something that is told what training does; ``model`` and ``params`` are set before the first call.

    Hooks that are not overridden cost nothing: fit runs whole epochs in the engine unless somebody
    listens to batches. Logs are dicts of Python floats.
    """

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}
        self._model: Any = None

    @property
    def model(self) -> Any:
        return self._model

    def set_params(self, params: dict[str, Any]) -> None:
        """Told once: ``epochs``, ``steps``, ``verbose``."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Told once: the model that is trained."""
        self._model = model

    def get_state(self) -> dict[str, Any]:
        """What a run that is taken up again has to give back to this callback; BackupAndRestore keeps it.

        None, bools, numbers, texts, arrays, and lists, tuples and dicts (by texts) of these; nothing unless a
        subclass says otherwise.
        """
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Stand where a run stood when ``get_state`` gave this; called after ``on_train_begin``."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Before an epoch (counted from 0)."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """After an epoch and its validation; logs hold the metrics, validation's with ``val_`` in front."""

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """After the last epoch."""

    def on_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Another name of ``on_train_batch_begin``."""

    def on_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Another name of ``on_train_batch_end``."""

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before a training step."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After a training step."""
        self.on_batch_end(batch, logs)

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Before an evaluation."""

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """After an evaluation."""

    def on_test_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before a batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After a batch of an evaluation."""

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        """After a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After a batch of a prediction."""


def counts_steps(callback: Callback) -> bool:
    """True where it acts after so many steps, and says so by ``steps_left`` and ``made`` of its very class.

    Nobody has to tell it of every step; a subclass may listen to more, and is told of all.
    """
    return "made" in vars(type(callback))


def listens(callbacks: Iterable[Callback], *hooks: str) -> bool:
    """True where one of these callbacks overrides one of these hooks."""
    return any(
        getattr(type(callback), hook, None) is not getattr(Callback, hook, None) or hook in vars(callback)
        for callback in callbacks
        for hook in hooks
    )

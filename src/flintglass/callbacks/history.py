"""History: what every epoch's metrics were."""

from __future__ import annotations

from typing import Any

from flintglass.callbacks.base import Callback
from flintglass.errors import nearest


class Logged(dict[str, list[Any]]):
    """A dict that says what it holds where a name is missing; pickled and copied, it is a plain dict."""

    def __missing__(self, name: str) -> Any:
        if not self:
            raise KeyError(f"the history has no {name!r}: no epoch has ended yet")
        raise KeyError(f"the history has no {name!r}. {nearest(str(name), self)}")

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


class History(Callback):
    """``history`` maps each metric's name to its value at the end of every epoch; ``epoch`` numbers them."""

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = Logged()
        self.epoch: list[int] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.epoch = []
        self.history = Logged()

    def get_state(self) -> dict[str, Any]:
        return {"epoch": self.epoch, "history": dict(self.history)}

    def set_state(self, state: dict[str, Any]) -> None:
        if not all(isinstance(values, list) for values in (state["epoch"], *state["history"].values())):
            raise ValueError("the history is a list of values for each name")
        self.epoch, self.history = state["epoch"], Logged(state["history"])

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

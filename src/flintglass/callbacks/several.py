"""CallbackList: several callbacks that are told together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flintglass.callbacks.base import Callback, listens
from flintglass.callbacks.history import History
from flintglass.callbacks.progress import ProgbarLogger

HEADED = ("on_epoch_begin", "on_epoch_end", "on_train_end")  # hooks in which callbacks print


class CallbackList(Callback):
    """Tells every callback, in order; each hook of a callback is a method here.

    add_history, add_progbar: put a ProgbarLogger, then a History, at the end where there is none yet.
    params: what the callbacks are told by ``set_params``, such as ``epochs``, ``steps`` and ``verbose``.
    """

    def __init__(
        self,
        callbacks: Sequence[Callback] | None = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks = list(callbacks or [])
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(
                    f"callbacks are objects of keras.callbacks.Callback, not {callback!r}"
                    + ("; make one by calling the class" if isinstance(callback, type) else "")
                )
        for wanted, kind in ((add_progbar, ProgbarLogger), (add_history, History)):
            if wanted and not any(isinstance(callback, kind) for callback in self.callbacks):
                self.callbacks.append(kind())
        self.set_params(params)
        self.set_model(model)

    def set_params(self, params: dict[str, Any]) -> None:
        """Tell every callback."""
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Tell every callback."""
        self._model = model
        for callback in self.callbacks:
            callback.set_model(model)

    def append(self, callback: Callback) -> None:
        """Add one at the end."""
        self.callbacks.append(callback)

    def tell(self, hook: str, *arguments: Any) -> None:
        """Call ``hook`` of every callback; the heading of an epoch stands above what they print."""
        if hook in HEADED:
            for callback in self.callbacks:
                if isinstance(callback, ProgbarLogger):
                    callback.before_others(hook, *arguments)
        for callback in self.callbacks:
            getattr(callback, hook)(*arguments)

    def listens(self, *hooks: str) -> bool:
        """True where some callback overrides one of these hooks."""
        return listens(self.callbacks, *hooks)


def _telling(hook: str) -> Callable[..., None]:
    if hook.endswith(("train_begin", "train_end", "test_begin", "test_end", "predict_begin", "predict_end")):

        def tell(self: CallbackList, logs: dict[str, Any] | None = None) -> None:
            self.tell(hook, logs if logs is not None else {})

        return tell

    def tell_number(self: CallbackList, number: int, logs: dict[str, Any] | None = None) -> None:
        self.tell(hook, number, logs if logs is not None else {})

    return tell_number


for _hook in [name for name in vars(Callback) if name.startswith("on_")]:
    setattr(CallbackList, _hook, _telling(_hook))

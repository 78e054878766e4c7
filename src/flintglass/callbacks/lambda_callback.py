"""LambdaCallback: hooks given as functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flintglass.callbacks.base import Callback
from flintglass.errors import nearest

Hook = Callable[..., Any]


class LambdaCallback(Callback):
    """A callback made of functions, each called where the hook of its name would be.

    Hooks of epochs and batches take ``(number, logs)``, those of training ``(logs)``; every other hook of
    Callback can be given by its name too.
    """

    def __init__(
        self,
        on_epoch_begin: Hook | None = None,
        on_epoch_end: Hook | None = None,
        on_train_begin: Hook | None = None,
        on_train_end: Hook | None = None,
        on_train_batch_begin: Hook | None = None,
        on_train_batch_end: Hook | None = None,
        **more: Any,
    ) -> None:
        super().__init__()
        hooks = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **more,
        }
        known = [name for name in vars(Callback) if name.startswith("on_")]
        for name, hook in hooks.items():
            if name.startswith("on_") and name not in known:
                raise TypeError(f"LambdaCallback: there is no hook {name!r}. {nearest(name, known)}")
            # In the object, not its class: fit asks both whether somebody listens.
            if hook is not None:
                setattr(self, name, hook)

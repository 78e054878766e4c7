"""Callbacks: the public names of keras.callbacks, loaded on first use."""

from flintglass.faces import lazy_face

TABLE = {
    "Callback": "flintglass.callbacks.base",
    "CallbackList": "flintglass.callbacks.base",
    "History": "flintglass.callbacks.history",
    "ProgbarLogger": "flintglass.callbacks.progress",
}
__all__ = sorted(TABLE)
__getattr__, __dir__ = lazy_face(__name__, TABLE)

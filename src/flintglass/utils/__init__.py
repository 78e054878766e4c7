"""Utilities: the public names of keras.utils that exist so far, loaded on first use."""

from flintglass.faces import lazy_face

TABLE = {"set_random_seed": "flintglass.random.streams"}
__all__ = sorted(TABLE)
__getattr__, __dir__ = lazy_face(__name__, TABLE)

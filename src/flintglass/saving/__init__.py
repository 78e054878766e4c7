"""Saving: the public names of keras.saving, loaded on first use."""

from flintglass.faces import lazy_face

TABLE: dict[str, str] = {}
__all__ = sorted(TABLE)
__getattr__, __dir__ = lazy_face(__name__, TABLE)

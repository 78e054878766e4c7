"""clear_session: automatic names start again."""

from __future__ import annotations

from flintglass.names import forget_names


def clear_session(free_memory: bool = True) -> None:
    """Count automatic names (``dense``, ``dense_1``, ...) from the beginning; models that exist keep theirs.

    Programs belong to their models here, so there is no memory to give back.
    """
    forget_names()

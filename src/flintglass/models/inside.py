"""Models inside models: each is compiled as its own entry says, at once or when the whole model stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Waiting = list[tuple[Any, Mapping[str, Any] | None]]
_waiting: ContextVar[Waiting | None] = ContextVar("waiting", default=None)


def compile_inside(model: Any, entry: Mapping[str, Any]) -> None:
    """Compile a model inside another as its entry tells; while ``holding``, only note that it is to be done."""
    settings = entry.get("compile_config")
    if not settings or not hasattr(model, "compile_from_config"):
        return
    waiting = _waiting.get()
    if waiting is None:
        model.compile_from_config(settings)
    else:
        waiting.append((model, settings))


@contextmanager
def holding() -> Iterator[Waiting]:
    """The models inside that are made in the block, with what their entries tell; none is compiled."""
    waiting: Waiting = []
    token = _waiting.set(waiting)
    try:
        yield waiting
    finally:
        _waiting.reset(token)

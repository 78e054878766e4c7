"""Automatic names: ``dense``, ``dense_1``, ...; counters and scopes belong to the current context."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_counters: ContextVar[dict[str, int] | None] = ContextVar("name_counters", default=None)
_scope: ContextVar[tuple[str, ...]] = ContextVar("name_scope", default=())


def snake_case(name: str) -> str:
    """``MyDense2D`` as ``my_dense2d``."""
    text = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    text = re.sub(r"([a-z])([A-Z])", r"\1_\2", text).lower()
    return f"private{text}" if text.startswith("_") else text


def automatic_name(prefix: str) -> str:
    """``prefix``, then ``prefix_1``, ... in this context."""
    counters = _counters.get()
    if counters is None:
        counters = {}
        _counters.set(counters)
    number = counters.get(prefix, 0)
    counters[prefix] = number + 1
    return f"{prefix}_{number}" if number else prefix


def forget_names() -> None:
    """Start all counters again."""
    _counters.set({})


@contextmanager
def scope(name: str, shown: bool = True) -> Iterator[None]:
    """A call inside this layer: variables made inside carry ``name/`` in front of their path, if shown."""
    token = _scope.set((*_scope.get(), name if shown else ""))
    try:
        yield
    finally:
        _scope.reset(token)


def depth() -> int:
    """How many layers are being called or built around this point."""
    return len(_scope.get())


def scoped(name: str) -> str:
    """The path of ``name`` in the current scope."""
    return "/".join([*(part for part in _scope.get() if part), name])

"""Automatic names: ``dense``, ``dense_1``, ...; counters and scopes belong to the current context."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_counters: ContextVar[dict[str, int] | None] = ContextVar("name_counters", default=None)
_scope: ContextVar[tuple[tuple[str, bool], ...]] = ContextVar("name_scope", default=())


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
    """A call inside this layer: variables made inside carry ``name/`` in front of their path.

    Listings leave the name out where it is not shown: that of a model that is called by itself.
    """
    token = _scope.set((*_scope.get(), (name, shown)))
    try:
        yield
    finally:
        _scope.reset(token)


def depth() -> int:
    """How many layers are being called or built around this point."""
    return len(_scope.get())


def is_inside(name: str) -> bool:
    """True where the innermost scope is that of ``name``."""
    return bool(_scope.get()) and _scope.get()[-1][0] == name


def scoped(name: str, hidden: bool = True) -> str:
    """The path of ``name`` in the current scope; without ``hidden``, as listings show it."""
    return "/".join([*(part for part, shown in _scope.get() if shown or hidden), name])

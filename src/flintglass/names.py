"""Automatic names: ``dense``, ``dense_1``, ...; counters and scopes belong to the current context."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

_counters: ContextVar[dict[str, int] | None] = ContextVar("name_counters", default=None)
_scope: ContextVar[tuple[tuple[str, bool], ...]] = ContextVar("name_scope", default=())

Method = TypeVar("Method", bound=Callable[..., Any])


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


def name_first(*order: str) -> Callable[[Method], Method]:
    """A method that also takes a text as its first argument: its ``name``, followed by the arguments of this order.

    So scripts for TensorFlow 2 write ``self.add_weight("kernel", shape=...)``; a shape is never a text.
    """

    def decorated(method: Method) -> Method:
        @functools.wraps(method)
        def taking(self: Any, *arguments: Any, **keywords: Any) -> Any:
            if not arguments or not isinstance(arguments[0], str):
                return method(self, *arguments, **keywords)
            given = dict(zip(("name", *order), arguments, strict=False))
            twice = sorted(given.keys() & keywords.keys())
            if twice or len(arguments) > len(given):
                wrong = f"{twice[0]!r} was given twice" if twice else f"{len(arguments)} arguments are too many"
                raise TypeError(f"{method.__name__}({', '.join(('name', *order))}), with the name first: {wrong}")
            return method(self, **given, **keywords)

        return taking  # type: ignore[return-value]

    return decorated

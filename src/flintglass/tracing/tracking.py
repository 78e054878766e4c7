"""Tracking: an object finds the variables among its attributes, and counts how often they are set."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from flintglass.constructors import CheckedNumbers
from flintglass.tracing import context
from flintglass.tracing.variable import Variable

_changes = [0]
Walk = TypeVar("Walk", bound=Callable[..., Any])


class _Walks(threading.local):
    """Which objects each walk is inside of now, in this thread."""

    def __init__(self) -> None:
        self.inside: set[tuple[int, str]] = set()


_walks = _Walks()


def walked_once(again: Callable[[], Any]) -> Callable[[Walk], Walk]:
    """A method that goes down the tree of objects; of one that holds itself, or its owner, it gives ``again()``.

    Without this a layer that is an attribute of a layer inside it would be walked without end.
    """

    def enter(walk: Walk) -> Walk:
        name = walk.__qualname__

        @functools.wraps(walk)
        def once(self: Any, *arguments: Any) -> Any:
            inside, mark = _walks.inside, (id(self), name)
            if mark in inside:
                return again()
            inside.add(mark)
            try:
                return walk(self, *arguments)
            finally:
                inside.discard(mark)

        return once  # type: ignore[return-value]

    return enter


def changes() -> int:
    """How often public attributes of tracked objects have been set so far: unchanged, nothing is stale."""
    return _changes[0]


class Tracked(CheckedNumbers):
    """An object whose attributes are searched for variables and other tracked objects.

    ``version`` grows when a public attribute is set outside a trace, so that programs made from the
    object's settings are not used after a change.
    """

    version = 0
    # Attributes that no program depends on.
    passing: frozenset[str] = frozenset({"version"})

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and name not in self.passing and context.active() is None:
            object.__setattr__(self, "version", self.version + 1)
            _changes[0] += 1
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        object.__setattr__(self, "version", self.version + 1)
        _changes[0] += 1
        object.__delattr__(self, name)

    def own_variables(self) -> list[Variable]:
        """Variables among the attributes, in the order in which they were set."""
        return _unique(item for item in self._attributes() if isinstance(item, Variable))

    def children(self) -> list[Any]:
        """Tracked objects among the attributes, in the order in which they were set."""
        return _unique(item for item in self._attributes() if isinstance(item, Tracked))

    def _attributes(self) -> Iterator[Any]:
        for name, value in vars(self).items():
            if name not in self.untracked:
                yield from _leaves(value)

    untracked: frozenset[str] = frozenset()

    @walked_once(tuple)
    def state_key(self) -> tuple[Any, ...]:
        """What programs made from this object depend on, besides variables' values."""
        return (id(self), self.version, *(child.state_key() for child in self.children()))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    else:
        yield value


def _unique(items: Iterator[Any]) -> list[Any]:
    return list({id(item): item for item in items}.values())

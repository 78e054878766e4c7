"""A property that is computed at its first reading, without a lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class cached_property(Generic[T]):
    """The standard library's of that name, as it is since Python 3.12: two threads may both compute, and find the same.

    Python 3.11's holds one lock for all instances while it computes. Where a process forks in the middle of that, the
    child would wait for a thread that it does not have.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> T:
        if instance is None:
            return self  # type: ignore[return-value]
        found = instance.__dict__[self._name] = self._compute(instance)
        return found

"""Nested structures of tensors: lists, tuples and dicts, taken apart and put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any


def flatten(structure: Any) -> list[Any]:
    """The leaves, from left to right; dicts by sorted key. None is a leaf."""
    if isinstance(structure, dict):
        return [leaf for key in sorted(structure) for leaf in flatten(structure[key])]
    if isinstance(structure, (list, tuple)):
        return [leaf for item in structure for leaf in flatten(item)]
    return [structure]


def paths(structure: Any, start: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The keys and positions that lead to each leaf, in the order of ``flatten``."""
    if isinstance(structure, dict):
        return [path for key in sorted(structure) for path in paths(structure[key], (*start, key))]
    if isinstance(structure, (list, tuple)):
        return [path for position, item in enumerate(structure) for path in paths(item, (*start, position))]
    return [start]


def pack(structure: Any, leaves: Sequence[Any]) -> Any:
    """The same nesting as ``structure`` with other leaves."""
    return _build(structure, iter(leaves))


# Not a closure within pack: one that calls itself would keep the leaves until the next garbage collection.
def _build(item: Any, leaves: Iterator[Any]) -> Any:
    if isinstance(item, dict):
        filled = {key: _build(item[key], leaves) for key in sorted(item)}
        return {key: filled[key] for key in item}
    if isinstance(item, tuple) and hasattr(item, "_fields"):
        return type(item)(*(_build(part, leaves) for part in item))
    if isinstance(item, (list, tuple)):
        return type(item)(_build(part, leaves) for part in item)
    return next(leaves)


def map_leaves(function: Callable[[Any], Any], structure: Any) -> Any:
    """``function`` applied to every leaf."""
    return pack(structure, [function(leaf) for leaf in flatten(structure)])

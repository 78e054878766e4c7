"""Nested structures of tensors: lists, tuples and dicts, taken apart and put together again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def flatten(structure: Any) -> list[Any]:
    """The leaves, from left to right; dicts by sorted key. None is a leaf."""
    if isinstance(structure, dict):
        return [leaf for key in sorted(structure) for leaf in flatten(structure[key])]
    if isinstance(structure, (list, tuple)):
        return [leaf for item in structure for leaf in flatten(item)]
    return [structure]


def pack(structure: Any, leaves: Sequence[Any]) -> Any:
    """The same nesting as ``structure`` with other leaves."""
    iterator = iter(leaves)

    def build(item: Any) -> Any:
        if isinstance(item, dict):
            filled = {key: build(item[key]) for key in sorted(item)}
            return {key: filled[key] for key in item}
        if isinstance(item, tuple) and hasattr(item, "_fields"):
            return type(item)(*(build(part) for part in item))
        if isinstance(item, (list, tuple)):
            return type(item)(build(part) for part in item)
        return next(iterator)

    return build(structure)


def map_leaves(function: Callable[[Any], Any], structure: Any) -> Any:
    """``function`` applied to every leaf."""
    return pack(structure, [function(leaf) for leaf in flatten(structure)])

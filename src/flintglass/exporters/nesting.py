"""The nesting in which an exported predict returns its outputs: dicts with their keys, lists and tuples as tuples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def nested_text(nesting: Any, texts: Sequence[str], outer: bool = True) -> str:
    """An expression in Python for the outputs; ``nesting`` holds their positions among ``texts``."""
    if isinstance(nesting, dict):
        inner = (f"{key_text(key)}: {nested_text(item, texts, False)}" for key, item in nesting.items())
        return f"{{{', '.join(inner)}}}"
    if isinstance(nesting, (list, tuple)):
        text = ", ".join(nested_text(item, texts, False) for item in nesting) + ("," if len(nesting) == 1 else "")
        return text if outer else f"({text})"
    return texts[nesting]


def key_text(key: Any) -> str:
    """A key as a literal: a number, or a text in ASCII, so that no letter of it is read as anything else."""
    return str(int(key)) if isinstance(key, int) else ascii(str(key))


def has_keys(nesting: Any) -> bool:
    """Whether there is a dict in it."""
    inner = nesting if isinstance(nesting, (list, tuple)) else ()
    return isinstance(nesting, dict) or any(map(has_keys, inner))


def flat_texts(nesting: Any, text: str) -> list[str]:
    """For each output, in the order of its position, the expression that takes it out of ``text``."""
    return [found for _, found in sorted(_taken(nesting, text))]


def _taken(nesting: Any, text: str) -> list[tuple[int, str]]:
    if isinstance(nesting, dict):
        return [pair for key, item in nesting.items() for pair in _taken(item, f"{text}[{key_text(key)}]")]
    if isinstance(nesting, (list, tuple)):
        return [pair for i, item in enumerate(nesting) for pair in _taken(item, f"{text}[{i}]")]
    return [(nesting, text)]

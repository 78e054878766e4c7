"""Words of other languages: identifiers from the names of a program, and names as part of a comment."""

from __future__ import annotations

import re
from collections.abc import Iterable


class Words:
    """Identifiers, each given once in a scope and the scopes around it."""

    def __init__(self, taken: Iterable[str] = (), around: Words | None = None, not_like: str = "") -> None:
        self._taken = set(taken)
        self._not_like = not_like  # no word begins so
        self._around = around

    def _is_taken(self, word: str) -> bool:
        return word in self._taken or (self._around is not None and self._around._is_taken(word))

    def new(self, wanted: str) -> str:
        """An identifier like the wanted name that nothing else has."""
        base = re.sub(r"[^A-Za-z0-9_]+", "_", wanted).strip("_") or "value"
        base = f"_{base}" if base[0].isdigit() else base
        base = f"own_{base}" if self._not_like and base.startswith(self._not_like) else base
        word, number = base, 2
        while self._is_taken(word):
            word, number = f"{base}_{number}", number + 1
        self._taken.add(word)
        return word

    def inside(self) -> Words:
        """A scope within this one."""
        return Words(around=self)


def readable(name: str) -> str:
    """A name as it may stand in a comment of any language: in one line, and unable to end the comment."""
    plain = "".join(letter if letter.isprintable() else " " for letter in name)
    return re.sub(r"\?\?|\*/|/\*|[\\\"]", "_", plain)

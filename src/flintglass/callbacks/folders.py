"""Paths that callbacks are given: a text, and folders in which files can be made; told before training begins."""

from __future__ import annotations

import os
from typing import Any

from flintglass.errors import FlintglassError


class UnusableFolder(FlintglassError, OSError):
    """A callback cannot keep its files where it was told to."""


def path_of(given: Any, place: str, what: str) -> str:
    """The path as a text; TypeError where it is none, ValueError where it is empty. what: ``a folder``, ``a file``."""
    if not isinstance(given, (str, bytes, os.PathLike)):
        raise TypeError(f"{place} is the path of {what}, not {given!r:.60}")
    found = os.fsdecode(given)
    if "\0" in found:
        raise ValueError(f"{place} is the path of {what}, which holds no zero byte: {found!r:.60}")
    if not found:
        raise ValueError(f"{place} is the path of {what}, and it is empty")
    return found


def require_usable(folder: str, place: str) -> None:
    """UnusableFolder where no file can be made in this folder, or in one that would be made for it."""
    present = os.path.abspath(folder)
    while not os.path.lexists(present):
        present = os.path.dirname(present)
    if not os.path.isdir(present):
        kind = "a link to nothing" if os.path.islink(present) and not os.path.exists(present) else "a file"
        raise UnusableFolder(
            f"{place} cannot keep files in {folder}: {present} is {kind}, not a folder. Give another path, or move "
            f"{present} away"
        )
    if not os.access(present, os.W_OK | os.X_OK):
        raise UnusableFolder(_unwritable(folder, place, f"nothing may be written in {present}"))


def made_folder(folder: str, place: str) -> None:
    """Make the folder where it is missing; UnusableFolder where that cannot be."""
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        require_usable(folder, place)
        raise UnusableFolder(_unwritable(folder, place, error.strerror or str(error))) from error


def _unwritable(folder: str, place: str, reason: str) -> str:
    return f"{place} cannot keep files in {folder}: {reason}. Give another path, or the right to write there"

"""Files that are replaced whole: whatever happens while one is written, the old one stays as it was."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

SUFFIX = ".part"  # of the temporary name; a process that is killed leaves such a file behind
_LONGEST_START = 60
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file to write; when the block ends well it takes the place of ``path``, in one step.

    The numbers are on the disk before the name changes. Where the block raises, or the disk is full, or the process
    dies, ``path`` is what it was before; a link is followed, so that its target is replaced. OSError, before anything
    is written, where ``path`` is a folder, or lies in none.
    """
    target = os.path.realpath(path)
    folder, name = os.path.split(target)
    if os.path.isdir(target):
        raise IsADirectoryError(errno.EISDIR, "this is a folder; give the path of a file to write", os.fspath(path))
    if not os.path.isdir(folder):
        reason = f"there is no folder {folder} to write {name} in; make it first"
        raise FileNotFoundError(errno.ENOENT, reason, os.fspath(path))
    mode = _mode_of(target)
    handle, temporary = _created(folder, name, 0o666 if mode is None else mode)
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(temporary, mode)
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    _settle(folder)


def _created(folder: str, name: str, mode: int) -> tuple[int, str]:
    """A new file beside the one that it will replace, with its permissions from the start."""
    while True:
        # A name takes 255 bytes at most, a letter up to 4 of them.
        temporary = os.path.join(folder, f".{name[:_LONGEST_START]}.{secrets.token_hex(4)}{SUFFIX}")
        try:
            return os.open(temporary, _FLAGS, mode), temporary
        except FileExistsError:
            continue


def _mode_of(target: str) -> int | None:
    """The permissions of the file that is replaced; None where there is none."""
    with suppress(OSError):
        return os.stat(target).st_mode & 0o7777
    return None


def _settle(folder: str) -> None:
    """Have the folder's new entry on the disk, where folders can be opened (not on Windows)."""
    with suppress(OSError):
        handle = os.open(folder or ".", os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

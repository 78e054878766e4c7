"""Files that are replaced whole: a writer that dies, or a disk that fills up, at any point leaves the old file."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flintglass.saving import replacing as module
from flintglass.saving.replacing import SUFFIX, replacing

OLD, NEW = b"old" * 1000, b"new!" * 50_000
CALLS = ("open", "fdopen", "fsync", "chmod", "replace", "close")  # of os; write and flush are those of the file


def write(path: Path, pieces: int = 4) -> None:
    with replacing(path) as file:
        size = len(NEW) // pieces
        for piece in range(pieces):
            file.write(NEW[piece * size : (piece + 1) * size])


# Each call that matters, counted: at the k-th one something happens, before it or after it.
WRITER = """
import io, os, sys
from flintglass.saving import replacing as module
path, at, when = sys.argv[1], int(sys.argv[2]), sys.argv[3]
count = 0

def counted(function):
    def called(*arguments, **keywords):
        global count
        count += 1
        if count == at and when == "before":
            os._exit(9)
        found = function(*arguments, **keywords)
        if count == at and when == "after":
            os._exit(9)
        return found
    return called

class Counting:
    def __init__(self, file):
        self._file = file
        self.write, self.flush = counted(file.write), counted(file.flush)
        self.fileno = file.fileno
    def __enter__(self):
        return self
    def __exit__(self, *error):
        counted(self._file.close)()

class Os:
    def __getattr__(self, name):
        found = getattr(os, name)
        return counted(found) if name in ("open", "fsync", "chmod", "replace", "close") else found
    def fdopen(self, *arguments):
        return Counting(os.fdopen(*arguments, buffering=0))

module.os = Os()
with module.replacing(path) as file:
    for piece in range(4):
        file.write(b"new!" * 50)
os._exit(count if at == 0 else 0)
"""


def killed(path: Path, at: int, when: str = "before") -> int:
    return subprocess.run([sys.executable, "-c", WRITER, str(path), str(at), when], timeout=60).returncode


def test_a_writer_killed_at_any_call_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(OLD)
    calls = killed(path, 0)
    assert calls >= 12  # open, four writes, flush, fsync, close, chmod, replace; open, fsync and close of the folder
    replaced = False
    for at in range(1, calls + 1):
        path.write_bytes(OLD)
        assert killed(path, at) == 9
        content = path.read_bytes()
        assert content in (OLD, b"new!" * 200)
        assert content == OLD or at > 10  # until the name changes nothing but the old file is there
        replaced = content != OLD
    assert replaced  # the calls after it were among them


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("nth", [1, 2])
def test_a_call_that_fails_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, nth: int
) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(OLD)
    true, count = getattr(os, call), 0

    def failing(*arguments: Any, **keywords: Any) -> Any:
        nonlocal count
        count += 1
        if count == nth:
            raise OSError(28, "No space left on device")
        return true(*arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(module.os, call, failing)
        try:
            write(path)
            raised = False
        except OSError:
            raised = True
    # What fails after the name has changed (the folder's own sync) takes nothing back.
    assert path.read_bytes() == (OLD if raised else NEW)
    assert raised or nth == 2 or call == "close"
    assert [found.name for found in tmp_path.iterdir()] == ["model.keras"]


def test_an_exception_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(OLD)
    with pytest.raises(ZeroDivisionError), replacing(path) as file:
        file.write(NEW[: 1 // 0])
    assert path.read_bytes() == OLD
    assert [found.name for found in tmp_path.iterdir()] == ["model.keras"]


def test_no_file_appears_where_there_was_none(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "model.keras"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="there is no limit on the size of files there")
@pytest.mark.parametrize("room", [0, 1, 4096, len(NEW) - 1])
def test_a_disk_that_fills_up_leaves_the_old_file(tmp_path: Path, room: int) -> None:
    """By a limit on the size of a file, which write() tells of as it does of a full disk."""
    import resource

    path = tmp_path / "model.keras"
    path.write_bytes(OLD)
    limit, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limit[1]))
    try:
        with pytest.raises(OSError):
            write(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == OLD
    assert [found.name for found in tmp_path.iterdir()] == ["model.keras"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB, where this user may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no file system can be mounted by this user")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_file_system_that_is_full_keeps_the_old_file(small_disk: Path) -> None:
    path = small_disk / "model.keras"
    path.write_bytes(OLD)
    with pytest.raises(OSError, match="No space left"):
        write(path)
    assert path.read_bytes() == OLD
    assert [found.name for found in small_disk.iterdir()] == ["model.keras"]


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*missing to write .* in; make it"):
        write(tmp_path / "missing" / "model.keras")


def test_a_path_that_is_a_folder_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError, match="this is a folder"):
        write(tmp_path / "folder")
    assert [found.name for found in tmp_path.iterdir()] == ["folder"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not hold for this user")
def test_a_folder_that_cannot_be_written_in_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(OLD)
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError):
            write(path)
    finally:
        tmp_path.chmod(0o700)
    assert path.read_bytes() == OLD


def test_a_link_stays_a_link_and_its_target_is_replaced(tmp_path: Path) -> None:
    target, link = tmp_path / "true.keras", tmp_path / "link.keras"
    target.write_bytes(OLD)
    link.symlink_to(target)
    write(link)
    assert link.is_symlink()
    assert target.read_bytes() == NEW


@pytest.mark.skipif(os.name == "nt", reason="permissions are other ones there")
def test_permissions_are_those_of_the_old_file_or_of_any_new_one(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    before = os.umask(0o027)
    try:
        write(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o604)
        write(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o604
    finally:
        os.umask(before)


def test_what_a_killed_writer_leaves_is_told_by_its_name(tmp_path: Path) -> None:
    assert killed(tmp_path / "model.keras", 3) == 9
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".model.keras.")
    assert left.name.endswith(SUFFIX)

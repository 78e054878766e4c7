"""Where callbacks are told to keep files and cannot, that is said before training begins, with the way out."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.fit.support import X, Y, sequential

from flintglass.callbacks import BackupAndRestore, ModelCheckpoint, folders
from flintglass.callbacks.folders import UnusableFolder
from flintglass.errors import FlintglassError


def checkpoint(path: Any) -> ModelCheckpoint:
    return ModelCheckpoint(os.path.join(path, "{epoch}.keras") if path else path)


MAKERS: dict[str, Callable[[Any], Any]] = {"BackupAndRestore": BackupAndRestore, "ModelCheckpoint": checkpoint}
makers = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def refused(callback: Any) -> str:
    """What is said, before a step is made."""
    model = sequential()
    with pytest.raises(UnusableFolder) as caught:
        model.fit(X, Y, verbose=0, callbacks=[callback])
    assert model.optimizer.iterations.numpy() == 0
    assert isinstance(caught.value, FlintglassError)
    assert isinstance(caught.value, OSError)
    return str(caught.value)


@makers
@pytest.mark.parametrize("below", ["", "deep", "deep/er"])
def test_a_file_in_the_place_of_the_folder_or_above_it_is_named(
    make: Callable[[Any], Any], below: str, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("mine")
    folder = os.path.join(tmp_path, "taken", below).rstrip("/")
    said = refused(make(folder))
    assert f"cannot keep files in {folder}: {tmp_path / 'taken'} is a file, not a folder. Give another path" in said
    assert (tmp_path / "taken").read_text() == "mine"


@makers
def test_a_link_to_nothing_is_named(make: Callable[[Any], Any], tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert f"{tmp_path / 'link'} is a link to nothing" in refused(make(tmp_path / "link"))


@makers
def test_a_folder_that_may_not_be_written_is_named(
    make: Callable[[Any], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders.os, "access", lambda path, mode: os.fspath(path) != os.fspath(tmp_path))
    said = refused(make(tmp_path / "new"))
    assert f"nothing may be written in {tmp_path}. Give another path, or the right to write there" in said


@makers
def test_a_folder_that_cannot_be_made_is_named(make: Callable[[Any], Any], tmp_path: Path) -> None:
    folder = tmp_path / ("n" * 300)
    with pytest.raises(UnusableFolder, match="nnn: File name too long"):
        sequential().fit(X, Y, verbose=0, callbacks=[make(folder)])


def test_a_file_among_folders_with_numbers_is_named_when_it_is_reached(tmp_path: Path) -> None:
    (tmp_path / "run1").write_text("")
    with pytest.raises(UnusableFolder, match="run1 is a file, not a folder"):
        sequential().fit(X, Y, verbose=0, callbacks=[ModelCheckpoint(tmp_path / "run{epoch}" / "m.keras")])


@pytest.mark.parametrize(
    ("given", "error"), [("", ValueError), ("a\0b", ValueError), (None, TypeError), (5, TypeError)]
)
@pytest.mark.parametrize(("kind", "what"), [(BackupAndRestore, "a folder"), (ModelCheckpoint, "a file")])
def test_what_is_no_path_is_told(kind: Any, what: str, given: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=rf"{kind.__name__}: \w+ is the path of {what}"):
        kind(given)


def test_missing_folders_are_made(tmp_path: Path) -> None:
    given = [BackupAndRestore(tmp_path / "a" / "b", delete_checkpoint=False), checkpoint(tmp_path / "c" / "d")]
    sequential().fit(X, Y, verbose=0, callbacks=given)
    assert (tmp_path / "a" / "b" / "training_state.h5").exists()
    assert (tmp_path / "c" / "d" / "1.keras").exists()

"""The state of a training run in one file: an HDF5 tree of arrays, with a checksum over all of it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from flintglass.errors import ModelFileError
from flintglass.saving.archive import opened
from flintglass.saving.hdf5.read import read_hdf5
from flintglass.saving.hdf5.tree import Dataset, Group
from flintglass.saving.hdf5.write import write_hdf5
from flintglass.saving.packing import pack, unpack
from flintglass.saving.replacing import replacing

FORMAT = 1
KIND = "flintglass training state"
# Lists and dictionaries take up to 64 bytes each for 2 in the file, numbers 36.
_MOST_PARTS, _MOST_VALUES = 500_000, 3_000_000
_DAMAGED = "the file is damaged: "


def write_state(path: str, about: dict[str, Any], variables: Sequence[tuple[str, np.ndarray]]) -> None:
    """Replace the file, in one step; what ``about`` may hold, ``pack`` says.

    The tree: ``variables/0``, ``1``, ... with an attribute ``path`` each; ``about``, JSON as bytes, and the arrays that
    it refers to in ``values``.
    """
    values: list[np.ndarray] = []
    text = json.dumps(pack(about, values, "the state"), separators=(",", ":"))
    tree = Group(attributes={"kind": KIND, "format": FORMAT})
    tree.members["about"] = Dataset.of(np.frombuffer(text.encode(), "uint8"))
    for name, arrays in (("variables", [array for _, array in variables]), ("values", values)):
        group = tree.group(name)
        for number, array in enumerate(arrays):
            group.members[str(number)] = Dataset.of(_plain(array), {"dtype": array.dtype.name})
    for number, (name, _) in enumerate(variables):
        tree.group("variables").members[str(number)].attributes["path"] = name
    tree.attributes["sha256"] = _checksum(tree)
    with replacing(path) as stream:
        write_hdf5(stream, tree)


def read_state(path: str) -> tuple[dict[str, Any], list[np.ndarray]]:
    """What ``write_state`` was given; ModelFileError where the file is not whole, or is none of its kind."""
    with opened(path, path) as stream:
        tree = read_hdf5(stream, path)
        if tree.attributes.get("kind") != KIND:
            raise ModelFileError(path, "", "this is no state of a training run that BackupAndRestore wrote")
        found = tree.attributes.get("format")
        if found != FORMAT:
            raise ModelFileError(path, "", f"its format is {found}, and this version of flintglass reads {FORMAT}")
        try:
            whole = tree.attributes.get("sha256") == _checksum(tree)
            variables, values = _arrays(tree, "variables"), _arrays(tree, "values")
            text = tree.members["about"].read().tobytes()  # type: ignore[union-attr]
            if max(text.count(b"["), text.count(b"{")) > _MOST_PARTS or text.count(b",") > _MOST_VALUES:
                raise ModelFileError(path, "about", "it tells of more than any run has")
            about = unpack(json.loads(text), values)
        except (KeyError, AttributeError, TypeError, ValueError, IndexError, RecursionError) as error:
            if isinstance(error, ModelFileError):
                raise
            raise ModelFileError(path, "", f"{_DAMAGED}{error}") from error
    if not whole:
        raise ModelFileError(path, "", f"{_DAMAGED}its numbers do not give the checksum that was written with them")
    return about, variables


def _plain(array: np.ndarray) -> np.ndarray:
    """The array in a dtype that every reader of HDF5 knows."""
    array = np.ascontiguousarray(array).reshape(array.shape)
    return array.view("uint8") if array.dtype.kind == "b" else array


def _arrays(tree: Group, name: str) -> list[np.ndarray]:
    members = tree.members[name].members  # type: ignore[union-attr]
    found = [members[str(number)] for number in range(len(members))]
    return [np.array(item.read()).view(item.attributes["dtype"]) for item in found]  # type: ignore[union-attr]


def _checksum(tree: Group) -> str:
    """Over every dataset: its name, dtype and shape, its attributes, and its bytes."""
    found = hashlib.sha256()

    def add(group: Group, place: str) -> None:
        for name in sorted(group.members):
            member = group.members[name]
            if isinstance(member, Group):
                add(member, f"{place}{name}/")
                continue
            array = member.read()
            told = sorted((key, str(value)) for key, value in member.attributes.items())
            found.update(f"{place}{name} {array.dtype.str} {array.shape} {told}\n".encode(errors="replace"))
            found.update(np.ascontiguousarray(array).reshape(-1).view("uint8").data)

    add(tree, "")
    return found.hexdigest()


def remove(path: str | os.PathLike[str]) -> None:
    """Delete the file, if there is one."""
    with suppress(FileNotFoundError):
        os.unlink(path)

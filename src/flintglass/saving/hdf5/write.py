"""The writer: a tree of groups and datasets as a plain HDF5 file, the same bytes for the same tree."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from flintglass.saving.hdf5 import emit, limits
from flintglass.saving.hdf5.encode import LARGEST_MESSAGE, Stored, datatype, in_file, stored
from flintglass.saving.hdf5.tree import Dataset, Group

ALIGNMENT = 64  # of each dataset's data: a line of the processor's cache


def write_hdf5(stream: BinaryIO, root: Group) -> None:
    """Write the tree from the stream's position on, which is the file's beginning; the stream is only written to.

    Members and attributes are stored sorted by name. Each dataset is read when its turn comes, so that one array at a
    time is in memory. Raises ValueError, which names the place, for names, types and sizes that a file cannot hold.
    """
    _Plan(root).write(stream)


class _Plan:
    """Where everything goes: superblock, texts, data, and then the structure that points at them."""

    def __init__(self, root: Group) -> None:
        self._at = emit.SUPERBLOCK_BYTES
        self._values: dict[tuple[str, str], Stored] = {}  # (path, name of the attribute; empty: the dataset itself)
        self._places: dict[tuple[str, str], list[tuple[int, int]]] = {}  # of texts: their heap and number in it
        self._data: dict[str, tuple[int, Dataset]] = {}
        self._objects = 0
        nodes = list(self._walk(root, "/", 0))
        for path, node in nodes:
            self._encode(path, node)
        self._texts = self._place_texts()
        for path, node in nodes:
            if isinstance(node, Dataset) and (path, "") not in self._values:
                size = math.prod(node.shape) * in_file(node.dtype, path).itemsize
                self._at += -self._at % ALIGNMENT if size else 0
                self._data[path] = self._at, node
                self._at += size
        self._at += -self._at % 8
        self._structure, self._structure_at = bytearray(), self._at
        root_header, tree, heap = self._group(root, "/")
        end = self._structure_at + len(self._structure)
        self._superblock = emit.superblock(root_header, tree, heap, end)

    def _walk(self, node: Group | Dataset, path: str, depth: int) -> Iterator[tuple[str, Group | Dataset]]:
        self._objects += 1
        most = limits.COUNTED["groups and datasets"].most
        if depth > limits.DEPTH or self._objects > most:
            raise ValueError(
                f"{path}: at most {most:,} groups and datasets, {limits.DEPTH} deep, "
                "can be read again; here are more (or a group holds itself)"
            )
        yield path, node
        if isinstance(node, Group):
            for name in _sorted(node.members):
                if not isinstance(name, str) or "/" in name or name in (".", ".."):
                    raise ValueError(
                        f"{path}: the name {name!r:.80} is no name of a member: no '/', '.' or '..' can be"
                    )
                _check_name(name, path)
                yield from self._walk(node.members[name], _join(path, name), depth + 1)

    def _encode(self, path: str, node: Group | Dataset) -> None:
        for name in node.attributes:
            _check_name(name, path)
            self._values[path, name] = stored(node.attributes[name], f"the attribute {name!r} of {path}")
        if isinstance(node, Dataset) and node.dtype == object:
            self._values[path, ""] = stored(node.read(), path)

    def _place_texts(self) -> list[bytes]:
        """The global heaps of all texts, each full before the next begins."""
        heaps: list[bytes] = []
        texts: list[bytes] = []
        size = 0

        def close() -> None:
            heaps.append(emit.global_heap(texts))
            self._at += len(heaps[-1])
            texts.clear()

        for key in sorted(self._values):
            places = self._places[key] = []
            for text in self._values[key].texts or ():
                if texts and (size + len(text) > emit.HEAP_BYTES or len(texts) == emit.HEAP_PIECES):
                    close()
                    size = 0
                if text:
                    texts.append(text)
                    size += len(text) + 16
                places.append((self._at, len(texts)) if text else (0, 0))
        if texts:
            close()
        return heaps

    def _place(self, data: bytes) -> int:
        address = self._structure_at + len(self._structure)
        self._structure += emit.padded(data)
        return address

    def _group(self, group: Group, path: str) -> tuple[int, int, int]:
        """The addresses of the group's header, tree and heap; what is in it comes before it."""
        members: list[tuple[bytes, int]] = []
        for name in _sorted(group.members):
            member, inner = group.members[name], _join(path, name)
            address = self._group(member, inner)[0] if isinstance(member, Group) else self._dataset(member, inner)
            members.append((name.encode("utf-8"), address))
        tree, heap = emit.symbol_table(members, self._place)
        messages = [emit.symbol_message(tree, heap), *self._attributes(group, path)]
        return self._place(emit.header(messages)), tree, heap

    def _dataset(self, dataset: Dataset, path: str) -> int:
        if path in self._data:
            address, _ = self._data[path]
            kind = in_file(dataset.dtype, path)
            size = math.prod(dataset.shape) * kind.itemsize
            messages = emit.dataset_messages(dataset.shape, datatype(kind), address, size)
        else:
            value, data = self._values[path, ""], self._bytes_of(path, "")
            messages = emit.dataset_messages(value.shape, value.datatype, self._place(data), len(data))
        return self._place(emit.header([*messages, *self._attributes(dataset, path)]))

    def _attributes(self, node: Group | Dataset, path: str) -> Iterator[tuple[int, bytes]]:
        for name in _sorted(node.attributes):
            value = self._values[path, name]
            kind, data = emit.attribute(name, value.datatype, value.shape, self._bytes_of(path, name))
            if len(data) > LARGEST_MESSAGE:
                raise ValueError(
                    f"{path}: the attribute {name!r} takes {len(data):,} bytes; HDF5 holds {LARGEST_MESSAGE:,} in one: "
                    f"store it as a dataset, as one text, or in parts ({name}0, {name}1, ...), as Keras does"
                )
            yield kind, data

    def _bytes_of(self, path: str, name: str) -> bytes:
        value = self._values[path, name]
        if value.texts is None:
            return value.data
        places = zip(value.texts, self._places[path, name], strict=True)
        return b"".join(struct.pack("<IQI", len(text), heap, number) for text, (heap, number) in places)

    def write(self, stream: BinaryIO) -> None:
        """Everything, from the first byte to the last."""
        written = 0
        for piece in (self._superblock, *self._texts):
            stream.write(piece)
            written += len(piece)
        for path, (address, dataset) in self._data.items():
            stream.write(bytes(address - written))
            written = address + _write_array(stream, dataset, path)
        stream.write(bytes(self._structure_at - written))
        stream.write(self._structure)


def _write_array(stream: BinaryIO, dataset: Dataset, path: str) -> int:
    """Write a dataset's data; the number of bytes."""
    array = dataset.read()
    if array.shape != dataset.shape or array.dtype != dataset.dtype:
        raise ValueError(
            f"{path}: {array.dtype} of shape {array.shape} came; {dataset.dtype} of {dataset.shape} was declared"
        )
    little = np.ascontiguousarray(array, in_file(array.dtype, path)).reshape(-1)
    if little.size:
        stream.write(little.view(np.uint8).data)
    return little.nbytes


def _join(path: str, name: str) -> str:
    return f"{path.rstrip('/')}/{name}"


def _sorted(named: dict[str, Any]) -> list[str]:
    """By the bytes of the names, which is the order that libhdf5 searches in."""
    return sorted(named, key=lambda name: str(name).encode("utf-8", "surrogatepass"))


def _check_name(name: object, path: str) -> None:
    if not isinstance(name, str) or "\0" in name or not 0 < len(name.encode("utf-8", "replace")) <= limits.NAME_BYTES:
        raise ValueError(f"{path}: the name {name!r:.80} is no str of 1 to {limits.NAME_BYTES} bytes without NUL")

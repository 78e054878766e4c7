"""HDF5 files by hand, for tests: of the forms that our writer does not write, with right or wrong contents."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence

import numpy as np

from flintglass.saving.hdf5 import emit
from flintglass.saving.hdf5.checksums import fletcher, jenkins
from flintglass.saving.hdf5.encode import datatype
from flintglass.saving.hdf5.headers import (
    ATTRIBUTE,
    ATTRIBUTE_INFO,
    CONTINUATION,
    DATASPACE,
    DATATYPE,
    FILL,
    FILTERS,
    LAYOUT,
    LINK,
    LINK_INFO,
    SIGNATURE,
)
from flintglass.saving.hdf5.read import read_hdf5
from flintglass.saving.hdf5.source import UNDEFINED
from flintglass.saving.hdf5.tree import Dataset, Group
from flintglass.saving.hdf5.write import write_hdf5

FLOAT32 = datatype(np.dtype("<f4"))
Messages = list[tuple[int, bytes]]


def written(tree: Group) -> bytes:
    """The file of a tree, by our writer."""
    stream = io.BytesIO()
    write_hdf5(stream, tree)
    return stream.getvalue()


def read(data: bytes) -> Group:
    """The tree of a file, by our reader."""
    return read_hdf5(io.BytesIO(data), "model.h5")


def read_whole(data: bytes) -> Group:
    """The tree of a file, after each of its datasets was read."""
    tree = read(data)
    for dataset in datasets_of(tree).values():
        dataset.read()
    return tree


def datasets_of(group: Group, path: str = "") -> dict[str, Dataset]:
    """Every dataset of a tree, by its path."""
    found: dict[str, Dataset] = {}
    for name, member in group.members.items():
        found |= {f"{path}/{name}": member} if isinstance(member, Dataset) else datasets_of(member, f"{path}/{name}")
    return found


def changed(data: bytes, at: int, new: bytes) -> bytes:
    """The file with other bytes in one place."""
    assert at + len(new) <= len(data)
    return data[:at] + new + data[at + len(new) :]


def number(value: int, size: int = 8) -> bytes:
    return value.to_bytes(size, "little")


class NewFile:
    """A file of the newer form: superblock 2, headers 2 with checksums, links in messages or in a heap."""

    def __init__(self) -> None:
        self.data = bytearray(48)

    def place(self, piece: bytes) -> int:
        """Put a piece at the end; its address."""
        self.data += bytes(-len(self.data) % 8)
        self.data += piece
        return len(self.data) - len(piece)

    def seal(self, piece: bytes) -> int:
        """Put a piece and its checksum at the end; its address."""
        return self.place(piece + number(jenkins(piece), 4))

    def header(self, messages: Messages, flags: int = 0) -> int:
        """An object header with these messages. flags: 4 has an order with each."""
        body = b"".join(message(kind, data, flags) for kind, data in messages)
        return self.seal(b"OHDR\2" + bytes([2 | flags]) + number(len(body), 4) + body)

    def header_in_two(self, messages: Messages) -> int:
        """An object header whose messages all stand in a continuation."""
        block = b"OCHK" + b"".join(message(kind, data) for kind, data in messages)
        address = self.seal(block)
        return self.header([(CONTINUATION, number(address) + number(len(block) + 4))])

    def whole(self, root: int, version: int = 2) -> bytes:
        """The file, with its superblock."""
        start = SIGNATURE + bytes([version, 8, 8, 0]) + struct.pack("<4Q", 0, UNDEFINED, len(self.data), root)
        self.data[:48] = start + number(jenkins(start), 4)
        return bytes(self.data)

    def floats(self, values: Sequence[float]) -> int:
        """A dataset of float32 in one piece."""
        array = np.array(values, "<f4")
        address = self.place(array.tobytes())
        return self.header(emit.dataset_messages(array.shape, FLOAT32, address, array.nbytes))

    def heap(self, pieces: Sequence[bytes], identifier_bytes: int, bits: int = 32) -> tuple[int, list[bytes]]:
        """A fractal heap of one direct block; its address, and the pieces' identifiers."""
        offset_bytes = bits // 8
        size, first = 4096, 17 + offset_bytes
        block, identifiers = bytearray(), []
        for piece in pieces:
            identifiers.append(b"\0" + number(first + len(block), offset_bytes) + number(len(piece), 2))
            block += piece
        address = self.place(bytes(146))
        block_address = len(self.data) + -len(self.data) % 8
        start = b"FHDB\0" + number(address) + number(0, offset_bytes)
        padded = bytes(block).ljust(size - first, b"\0")
        assert self.place(start + number(jenkins(start + bytes(4) + padded), 4) + padded) == block_address
        head = b"FRHP\0" + struct.pack("<HHBI", identifier_bytes, 0, 2, 4096) + number(0) + number(UNDEFINED)
        head += number(0) + number(UNDEFINED) + bytes(64)
        head += struct.pack("<HQQHHQH", 4, size, size, bits, 1, block_address, 0)
        self.data[address : address + 146] = head + number(jenkins(head), 4)
        return address, identifiers

    def tree(self, kind: int, records: Sequence[bytes], total: int | None = None) -> int:
        """A B-tree of version 2 with one leaf, or two leaves under a root where there are three records or more."""
        width, count = len(records[0]), len(records)
        if count < 3:
            root, root_count, depth = self._leaf(kind, records), count, 0
        else:
            half = count // 2
            left, right = self._leaf(kind, records[:half]), self._leaf(kind, records[half + 1 :])
            counted = 1 if (512 - 10) // width < 256 else 2
            node = b"BTIN\0" + bytes([kind]) + records[half]
            node += number(left) + number(half, counted) + number(right) + number(count - half - 1, counted)
            root, root_count, depth = self.seal(node), 1, 1
        head = b"BTHD\0" + bytes([kind]) + struct.pack("<IHHBB", 512, width, depth, 100, 40)
        return self.seal(head + number(root) + number(root_count, 2) + number(count if total is None else total))

    def _leaf(self, kind: int, records: Sequence[bytes]) -> int:
        return self.seal(b"BTLF\0" + bytes([kind]) + b"".join(records))

    def dense_links(self, members: dict[str, int]) -> Messages:
        """The message of a group whose links stand in a heap."""
        heap, identifiers = self.heap([link(name, address)[1] for name, address in members.items()], 7)
        tree = self.tree(5, [bytes(4) + identifier for identifier in identifiers])
        return [(LINK_INFO, bytes(2) + number(heap) + number(tree))]

    def dense_attributes(self, attributes: Sequence[bytes]) -> Messages:
        """The message of an object whose attributes stand in a heap."""
        heap, identifiers = self.heap(attributes, 8, 40)
        tree = self.tree(8, [identifier.ljust(8, b"\0") + bytes(9) for identifier in identifiers])
        return [(ATTRIBUTE_INFO, bytes(2) + number(heap) + number(tree))]


def message(kind: int, data: bytes, flags: int = 0) -> bytes:
    """A message of a newer header."""
    return bytes([kind]) + number(len(data), 2) + b"\0" + (b"\0\0" if flags & 4 else b"") + data


def link(name: str | bytes, address: int, form: int = 0, order: int | None = None) -> tuple[int, bytes]:
    """A link's message. form: 0 to an object, 1 soft, 64 external."""
    raw = name.encode() if isinstance(name, str) else name
    flags = 8 | (0 if order is None else 4) | 1
    ordered = b"" if order is None else number(order)
    return LINK, bytes([1, flags, form]) + ordered + number(len(raw), 2) + raw + number(address)


def no_links() -> tuple[int, bytes]:
    """What a group without members, or with link messages, says of its heap."""
    return LINK_INFO, bytes(2) + number(UNDEFINED) * 2


def attribute(name: str, value: float) -> tuple[int, bytes]:
    """An attribute of one float32, of version 3, as newer files have it."""
    raw, space = name.encode() + b"\0", bytes([2, 0, 0, 0])
    start = struct.pack("<BBHHHB", 3, 0, len(raw), len(FLOAT32), len(space), 0)
    return ATTRIBUTE, start + raw + FLOAT32 + space + np.float32(value).tobytes()


def with_root(messages: Messages, new: NewFile | None = None) -> bytes:
    """A newer file whose root has these messages."""
    new = new or NewFile()
    return new.whole(new.header(messages))


def with_dataset(messages: Messages, new: NewFile | None = None) -> bytes:
    """A newer file with the one member ``w``, whose header has these messages."""
    new = new or NewFile()
    address = new.header(messages)
    return new.whole(new.header([no_links(), link("w", address)]))


def chunk_messages(
    new: NewFile,
    array: np.ndarray,
    chunk: tuple[int, ...],
    filters: Sequence[int] = (),
    left_out: Sequence[int] = (),
    shape: tuple[int, ...] | None = None,
    fill: bytes = b"",
) -> Messages:
    """The messages of a dataset in chunks, which are put into the file. left_out: numbers of chunks that are not."""
    records = []
    grid = [range(0, size, extent) for size, extent in zip(array.shape, chunk, strict=True)]
    corners = [
        tuple(int(begin) for begin in at) for at in np.array(np.meshgrid(*grid, indexing="ij")).reshape(len(grid), -1).T
    ]
    for i, at in enumerate(corners):
        whole = np.zeros(chunk, array.dtype)
        piece = array[tuple(slice(begin, begin + extent) for begin, extent in zip(at, chunk, strict=True))]
        whole[tuple(slice(size) for size in piece.shape)] = piece
        if i not in left_out:
            data = filtered(whole.tobytes(), filters, array.itemsize)
            records.append((data, at, new.place(data)))
    keys = [struct.pack(f"<II{len(at) + 1}Q", len(data), 0, *at, 0) for data, at, _ in records]
    body = b"".join(key + number(address) for key, (_, _, address) in zip(keys, records, strict=True))
    node = b"TREE" + struct.pack("<BBHQQ", 1, 0, len(records), UNDEFINED, UNDEFINED) + body
    tree = new.place(node + bytes(8 * (len(chunk) + 2)))
    dimensions = struct.pack(f"<{len(chunk) + 1}I", *chunk, array.itemsize)
    messages = [
        (DATASPACE, emit.dataspace(array.shape if shape is None else shape)),
        (DATATYPE, datatype(array.dtype)),
        (LAYOUT, bytes([3, 2, len(chunk) + 1]) + number(tree) + dimensions),
    ]
    if fill:
        messages.append((FILL, bytes([3, 0x20]) + number(len(fill), 4) + fill))
    return [*messages, (FILTERS, pipeline(filters))] if filters else messages


def pipeline(filters: Sequence[int]) -> bytes:
    """A filter pipeline's message, of version 1, each filter with one value."""
    return bytes([1, len(filters)]) + bytes(6) + b"".join(struct.pack("<4HII", one, 0, 0, 1, 4, 0) for one in filters)


def filtered(data: bytes, filters: Sequence[int], itemsize: int) -> bytes:
    """A chunk's bytes as the filters leave them."""
    for one in filters:
        if one == 1:
            data = zlib.compress(data)
        elif one == 2:
            data = np.frombuffer(data, np.uint8).reshape(-1, itemsize).T.tobytes()
        elif one == 3:
            data += number(fletcher(np.frombuffer(data, np.uint8)), 4)
    return data

"""The structures of a plain file, as bytes: superblock, object headers, symbol tables, heaps."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from flintglass.saving.hdf5.headers import ATTRIBUTE, DATASPACE, DATATYPE, FILL, LAYOUT, SIGNATURE, SYMBOLS
from flintglass.saving.hdf5.source import UNDEFINED

SUPERBLOCK_BYTES = 96
LEAF_K, INNER_K = 4, 16  # libhdf5's own: 8 members in a node of names, 32 children in a node of the tree above
NODE_BYTES = 8 + 2 * LEAF_K * 40
TREE_BYTES = 24 + 8 * (2 * INNER_K + 1) + 8 * 2 * INNER_K
SMALLEST_HEAP = 4096  # libhdf5 opens no global heap that is smaller
HEAP_BYTES = 64 << 10  # where a global heap is full; one text alone may be longer
HEAP_PIECES = 60_000  # a piece's number has 16 bits


def superblock(root: int, tree: int, heap: int, end: int) -> bytes:
    """The first bytes of the file. root, tree, heap: of the root group, its B-tree and its heap of names."""
    versions = bytes([0, 0, 0, 0, 0, 8, 8, 0])
    sizes = struct.pack("<HHI", LEAF_K, INNER_K, 0)
    addresses = struct.pack("<4Q", 0, UNDEFINED, end, UNDEFINED)
    entry = struct.pack("<2Q2I2Q", 0, root, 1, 0, tree, heap)
    return SIGNATURE + versions + sizes + addresses + entry


def header(messages: Sequence[tuple[int, bytes]]) -> bytes:
    """An object header of version 1."""
    body = b"".join(struct.pack("<HHB3x", kind, len(data), 0) + data for kind, data in messages)
    return struct.pack("<BxHII4x", 1, len(messages), 1, len(body)) + body


def padded(data: bytes) -> bytes:
    """With zeros up to a multiple of eight bytes."""
    return data + bytes(-len(data) % 8)


def dataspace(shape: tuple[int, ...]) -> bytes:
    """A dataspace message of version 1; no axis is a scalar."""
    return struct.pack(f"<BB6x{len(shape)}Q", 1, len(shape), *shape)


def attribute(name: str, datatype: bytes, shape: tuple[int, ...], data: bytes) -> tuple[int, bytes]:
    """An attribute's message, of version 3 where the name is not ASCII, of version 1 elsewhere."""
    raw, space = name.encode("utf-8") + b"\0", dataspace(shape)
    if name.isascii():
        start = struct.pack("<BxHHH", 1, len(raw), len(datatype), len(space))
        return ATTRIBUTE, padded(start + padded(raw) + padded(datatype) + padded(space) + data)
    start = struct.pack("<BBHHHB", 3, 0, len(raw), len(datatype), len(space), 1)
    return ATTRIBUTE, padded(start + raw + datatype + space + data)


def dataset_messages(shape: tuple[int, ...], datatype: bytes, address: int, size: int) -> list[tuple[int, bytes]]:
    """What makes an object header a dataset in one piece. address: of its data, where it has any."""
    return [
        (DATASPACE, dataspace(shape)),
        (DATATYPE, padded(datatype)),
        (FILL, struct.pack("<4BI", 2, 2, 2, 1, 0)),  # zeros, written late, as h5py has it
        (LAYOUT, padded(struct.pack("<BBQQ", 3, 1, address if size else UNDEFINED, size))),
    ]


def symbol_message(tree: int, heap: int) -> tuple[int, bytes]:
    """What makes an object header a group."""
    return SYMBOLS, struct.pack("<QQ", tree, heap)


def symbol_table(members: Sequence[tuple[bytes, int]], place: Callable[[bytes], int]) -> tuple[int, int]:
    """Writes the names and addresses of a group's members, which are sorted by name; the addresses of tree and heap.

    place: puts bytes into the file and gives their address.
    """
    names, offsets = bytearray(8), []  # the empty name comes first: it is the least key of the tree
    for name, _ in members:
        offsets.append(len(names))
        names += padded(name + b"\0")
    data = place(bytes(names))
    heap = place(b"HEAP" + struct.pack("<B3xQQQ", 0, len(names), 1, data))  # 1: no free space
    entries = [struct.pack("<QQ24x", offset, address) for offset, (_, address) in zip(offsets, members, strict=True)]
    children: list[tuple[int, int]] = []  # of a node: its address, and the greatest name under it
    for i in range(0, len(entries), 2 * LEAF_K):
        some = entries[i : i + 2 * LEAF_K]
        node = b"SNOD" + struct.pack("<BxH", 1, len(some)) + b"".join(some)
        children.append((place(node.ljust(NODE_BYTES, b"\0")), offsets[i + len(some) - 1]))
    level = 0
    while level == 0 or len(children) > 1:
        children = _tree_level(level, children, place)
        level += 1
    return children[0][0], heap


def _tree_level(level: int, children: list[tuple[int, int]], place: Callable[[bytes], int]) -> list[tuple[int, int]]:
    """One level of nodes over the children: neighbours stand one after the other, and name each other."""
    most = 2 * INNER_K
    groups = [children[i : i + most] for i in range(0, len(children), most)] or [[]]
    whole = bytearray()
    first = place(b"")
    least = 0
    for i, group in enumerate(groups):
        left = first + (i - 1) * TREE_BYTES if i else UNDEFINED
        right = first + (i + 1) * TREE_BYTES if i + 1 < len(groups) else UNDEFINED
        node = b"TREE" + struct.pack("<BBHQQQ", 0, level, len(group), left, right, least)
        node += b"".join(struct.pack("<QQ", address, greatest) for address, greatest in group)
        whole += node.ljust(TREE_BYTES, b"\0")
        least = group[-1][1] if group else 0
    place(bytes(whole))
    return [(first + i * TREE_BYTES, group[-1][1] if group else 0) for i, group in enumerate(groups)]


def global_heap(texts: Sequence[bytes]) -> bytes:
    """A collection of texts, numbered from 1."""
    pieces = b"".join(struct.pack("<HH4xQ", i, 0, len(text)) + padded(text) for i, text in enumerate(texts, 1))
    size = max(SMALLEST_HEAP, 16 + len(pieces))
    free = size - 16 - len(pieces)
    rest = struct.pack("<HH4xQ", 0, 0, free).ljust(free, b"\0") if free >= 16 else bytes(free)
    return b"GCOL" + struct.pack("<B3xQ", 1, size) + pieces + rest

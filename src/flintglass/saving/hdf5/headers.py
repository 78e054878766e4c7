"""Superblocks and object headers, of every version: from a file's first bytes to the messages of its objects."""

from __future__ import annotations

import struct
from typing import NamedTuple

from flintglass.saving.hdf5.source import Fields, Refusal, Source

SIGNATURE = b"\x89HDF\r\n\x1a\n"

# Kinds of messages. What is not among them is refused: it could change what the others mean.
NIL, DATASPACE, LINK_INFO, DATATYPE, OLD_FILL, FILL, LINK, EXTERNAL, LAYOUT = range(9)
GROUP_INFO, FILTERS, ATTRIBUTE, COMMENT, OLD_TIME, SHARED_TABLE, CONTINUATION, SYMBOLS, TIME = range(10, 19)
ATTRIBUTE_INFO, REFERENCE_COUNT = 21, 22
PASSED_OVER = {NIL, GROUP_INFO, COMMENT, OLD_TIME, TIME, REFERENCE_COUNT}
REFUSED = {
    EXTERNAL: "its numbers lie in other files (external storage), which are never opened; save them into this one",
    SHARED_TABLE: "it keeps shared messages, which are not read",
}

KNOWN = {*range(1, 9), FILTERS, ATTRIBUTE, SYMBOLS, ATTRIBUTE_INFO}

SHARED = 0b10  # a message's flag: it is a pointer to another object's message
OLD_START, OLD_MESSAGE = struct.Struct("<2xHII"), struct.Struct("<HHB3x")
NEW_MESSAGES = {0: struct.Struct("<BHB"), 2: struct.Struct("<BHB2x")}  # by the bytes that hold their order
ADDRESS_AND_SIZE = struct.Struct("<QQ")


class Message(NamedTuple):
    """One message of an object header. address: of its data in the file."""

    kind: int
    data: bytes
    address: int


def root_address(source: Source) -> int:
    """The address of the root group's object header, from the superblock."""
    start = source.take(0, min(source.length, 112), "the superblock")
    if not start.startswith(SIGNATURE):
        raise Refusal(f"this is no HDF5 file: it should begin with {SIGNATURE!r}; {start[:8]!r} came")
    fields = Fields(start, "the superblock")
    fields.at = 8
    version = fields.number(1)
    if version in (0, 1):
        root = _old_superblock(fields, version, source)
    elif version in (2, 3):
        root = _new_superblock(fields, source)
    else:
        raise Refusal(f"the superblock is of version {version}; 0 to 3 are read")
    source.inside(root, 16, "the root group")
    return root


def _old_superblock(fields: Fields, version: int, source: Source) -> int:
    fields.raw(4)  # versions of parts, all zero in every file there is
    _check_widths(fields)
    fields.raw(1 + 4 + 4)
    if version == 1:
        fields.raw(4)
    base, _, end, _ = (fields.number(8) for _ in range(4))
    _check_extent(base, end, source)
    fields.number(8)
    return fields.number(8)


def _new_superblock(fields: Fields, source: Source) -> int:
    _check_widths(fields)
    fields.number(1)
    base, _, end, root = (fields.number(8) for _ in range(4))
    source.check_sum(fields.data[: fields.at], fields.number(4), "the superblock")
    _check_extent(base, end, source)
    return root


def _check_widths(fields: Fields) -> None:
    widths = fields.number(1), fields.number(1)
    if widths != (8, 8):
        raise Refusal(f"addresses and lengths have {widths[0]} and {widths[1]} bytes; 8 and 8 are read")


def _check_extent(base: int, end: int, source: Source) -> None:
    if base != 0:
        raise Refusal(f"the file's addresses begin at {base}; files with a user block in front are not read")
    if end > source.length:
        raise Refusal(f"the file should have {end:,} bytes and has {source.length:,}: it is cut short")


def messages_of(source: Source, address: int) -> list[Message]:
    """The messages of the object header at an address, those that say nothing about content left out."""
    source.once(address, "an object header")
    first = source.take(address, 16, "an object header")
    if first[:4] == b"OHDR":
        return _kept(_new_messages(source, address), source)
    return _kept(_old_messages(source, address, first), source)


def _kept(found: list[tuple[int, int, bytes, int]], source: Source) -> list[Message]:
    kept = []
    for kind, flags, data, address in found:
        if kind in PASSED_OVER:
            continue
        if kind in REFUSED:
            raise Refusal(REFUSED[kind])
        if kind not in KNOWN:
            raise Refusal(f"its header has a message of kind {kind}, which is not known")
        if flags & SHARED:
            raise Refusal("it uses a committed datatype or another shared message, which are not read")
        kept.append(Message(kind, data, address))
    return kept


def _old_messages(source: Source, address: int, first: bytes) -> list[tuple[int, int, bytes, int]]:
    if first[0] != 1:
        raise Refusal(f"its header begins with {first[:4]!r}; b'\\x01' or b'OHDR' was expected")
    declared, _, size = OLD_START.unpack_from(first)
    found: list[tuple[int, int, bytes, int]] = []
    source.spend("messages", declared)
    pieces = [(address + 16, size)]
    while pieces:
        address, size = pieces.pop(0)
        block = Fields(source.take(address, size, "an object header"), "an object header")
        while block.left >= 8 and declared:
            declared -= 1
            kind, length, flags = block.unpack(OLD_MESSAGE)
            begin = address + block.at
            data = block.raw(length)
            if kind == CONTINUATION:
                pieces.append(_continuation(source, data))
            else:
                found.append((kind, flags, data, begin))
    if declared:
        raise Refusal(f"its header declares {declared} messages more than it holds")
    return found


def _new_messages(source: Source, address: int) -> list[tuple[int, int, bytes, int]]:
    start = source.take(address, min(34, source.length - address), "an object header")
    fields = Fields(start, "an object header")
    fields.expect(b"OHDR\2")
    flags = fields.number(1)
    fields.raw((16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0))
    size = fields.number(1 << (flags & 3))
    begin = fields.at
    whole = source.sealed(address, begin + size + 4, "an object header")
    found: list[tuple[int, int, bytes, int]] = []
    pieces: list[tuple[int, bytes]] = [(address + begin, whole[begin:])]
    order_bytes = 2 if flags & 4 else 0
    while pieces:
        address, block = pieces.pop(0)
        for kind, message_flags, data, at in _messages_in(source, address, block, order_bytes):
            if kind == CONTINUATION:
                next_address, next_size = _continuation(source, data)
                if next_size < 8:
                    raise Refusal(f"its header goes on in a block of {next_size} bytes")
                next_block = source.sealed(next_address, next_size, "an object header's continuation")
                if next_block[:4] != b"OCHK":
                    raise Refusal("its header's continuation does not begin with b'OCHK'")
                pieces.append((next_address + 4, next_block[4:]))
            else:
                found.append((kind, message_flags, data, at))
    return found


def _messages_in(source: Source, address: int, block: bytes, order_bytes: int) -> list[tuple[int, int, bytes, int]]:
    fields, found = Fields(block, "an object header"), []
    form = NEW_MESSAGES[order_bytes]
    while fields.left >= 4 + order_bytes:  # fewer bytes are a gap
        kind, length, flags = fields.unpack(form)
        begin = address + fields.at
        found.append((kind, flags, fields.raw(length), begin))
    source.spend("messages", len(found))
    return found


def _continuation(source: Source, data: bytes) -> tuple[int, int]:
    address, size = Fields(data, "a continuation").unpack(ADDRESS_AND_SIZE)
    source.once(address, "an object header's continuation")
    return address, size

"""The members of a group, however it lists them: a symbol table, link messages, or a heap of link messages."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

from flintglass.saving.hdf5 import limits
from flintglass.saving.hdf5.headers import LINK, LINK_INFO, SYMBOLS, Message
from flintglass.saving.hdf5.heaps import kept_in_heap
from flintglass.saving.hdf5.source import Fields, Refusal, Source, member_name
from flintglass.saving.hdf5.trees import old_nodes

BY_NAME = 5  # the B-tree of links, sorted by the hashes of their names
EXTERNAL = 64
SYMBOL = struct.Struct("<QQI20x")
CHILDREN = np.dtype([("key", "<u8"), ("address", "<u8")])


def members_of(source: Source, messages: list[Message]) -> dict[str, int]:
    """Name -> address of the object, in the order in which they were made where the file keeps it, else by name."""
    found: list[tuple[int, bytes, int]] = []  # order, name, address
    for message in messages:
        if message.kind == SYMBOLS:
            found.extend((0, name, address) for name, address in _symbols(source, message))
        elif message.kind == LINK:
            source.spend("members of groups", 1)
            found.append(_link(message.data))
        elif message.kind == LINK_INFO:
            for heap, record in kept_in_heap(source, message.data, "a group's link info", 8, BY_NAME):
                source.spend("members of groups", 1)
                found.append(_link(heap.piece(record[4:])[0]))
    members: dict[str, int] = {}
    for _, raw, address in sorted(found, key=lambda link: link[:2]):
        name = member_name(raw)
        source.spend("bytes of names", len(raw))
        if name in members:
            raise Refusal(f"it has two members of the name {name!r}")
        source.inside(address, 16, f"the member {name!r}")
        members[name] = address
    return members


def _link(data: bytes) -> tuple[int, bytes, int]:
    """Order, name and address of a link message. Links that point anywhere but to an object are refused."""
    fields = Fields(data, "a link")
    fields.expect(b"\1")
    flags = fields.number(1)
    form = fields.number(1) if flags & 8 else 0
    order = fields.number(8) if flags & 4 else 0
    if flags & 16:
        fields.number(1)
    name = fields.raw(fields.number(1 << (flags & 3)))
    if form == EXTERNAL:
        raise Refusal(f"its member {name[:40]!r} is an external link, to another file, which is never opened")
    if form:
        raise Refusal(
            f"its member {name[:40]!r} is a soft link (or one of kind {form}), which is not followed; store it there"
        )
    return order, name, fields.number(8)


def _symbols(source: Source, message: Message) -> Iterator[tuple[bytes, int]]:
    fields = Fields(message.data, "a symbol table")
    tree, heap_address = fields.number(8), fields.number(8)
    names = _local_heap(source, heap_address)
    # A node begins with the key before its first child, so the keys and children pair up as they stand.
    for children in old_nodes(source, tree, 0, CHILDREN):
        for node in children["address"].tolist():
            yield from _node(source, node, names)


def _local_heap(source: Source, address: int) -> bytes:
    source.once(address, "a local heap")
    fields = Fields(source.take(address, 32, "a local heap"), "a local heap")
    fields.expect(b"HEAP\0")
    fields.raw(3)
    size, _, data = fields.number(8), fields.number(8), fields.number(8)
    if size:
        source.once(data, "a local heap's data")
    return source.take(data, size, "a local heap's data")


def _node(source: Source, address: int, names: bytes) -> Iterator[tuple[bytes, int]]:
    source.once(address, "a symbol table's node")
    fields = Fields(source.take(address, 8, "a symbol table's node"), "a symbol table's node")
    fields.expect(b"SNOD\1")
    fields.raw(1)
    count = fields.number(2)
    source.spend("nodes of trees", 1)
    source.spend("members of groups", count)
    entries = source.take(address + 8, 40 * count, "a symbol table's node")
    for offset, header, form in SYMBOL.iter_unpack(entries):
        end = names.find(b"\0", offset, offset + limits.NAME_BYTES + 1) if offset < len(names) else -1
        if end < 0:
            raise Refusal(f"the name of a member is not in its heap at {offset}, or is longer than {limits.NAME_BYTES}")
        if form == 2:
            raise Refusal(
                f"its member {names[offset:end][:40]!r} is a soft link, which is not followed; store it there"
            )
        yield names[offset:end], header

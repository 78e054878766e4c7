"""B-trees of both versions, walked from the root to the leaves without recursion, each node once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from flintglass.saving.hdf5 import limits
from flintglass.saving.hdf5.source import UNDEFINED, Fields, Refusal, Source


def old_nodes(source: Source, root: int, kind: int, entry: np.dtype[Any]) -> Iterator[np.ndarray]:
    """The entries of the leaves of a B-tree of version 1, leaf by leaf, in order.

    kind: 0 for groups, 1 for chunks. entry: a key and the field ``address`` of the child after it.
    """
    source.spend("nodes of trees", 1)
    pending: list[tuple[int, int | None]] = [(root, None)]
    while pending:
        address, expected_level = pending.pop()
        source.once(address, "a B-tree's node")
        fields = Fields(source.take(address, 24, "a B-tree's node"), "a B-tree's node")
        fields.expect(b"TREE" + bytes([kind]))
        level, count = fields.number(1), fields.number(2)
        if level >= limits.TREE_LEVELS or (expected_level is not None and level != expected_level):
            raise Refusal(f"a B-tree's node is of level {level}; {expected_level} was expected, or one below 16")
        size = count * entry.itemsize
        entries = np.frombuffer(source.take(address + 24, size, "a B-tree's node"), entry)
        if level == 0:
            yield entries
        else:
            if not count:
                raise Refusal("a B-tree's inner node has no child")
            source.spend("nodes of trees", count)
            pending.extend((child, level - 1) for child in reversed(entries["address"].tolist()))


@dataclass(frozen=True)
class _Form:
    """How the nodes of one B-tree of version 2 are built. widths: of a child's count of records, by level."""

    kind: int
    node_bytes: int
    record_bytes: int
    count_bytes: int
    total_bytes: tuple[int, ...]  # by level: the width of a child's count of all records under it


def new_records(source: Source, address: int, kind: int) -> Iterator[bytes]:
    """The records of a B-tree of version 2, in no order that matters. kind: what its records should be."""
    source.once(address, "a B-tree")
    fields = Fields(source.sealed(address, 38, "a B-tree"), "a B-tree")
    fields.expect(b"BTHD\0" + bytes([kind]))
    node_bytes, record_bytes, depth = fields.number(4), fields.number(2), fields.number(2)
    fields.raw(2)
    root, root_count, total = fields.number(8), fields.number(2), fields.number(8)
    if depth >= limits.TREE_LEVELS or not record_bytes or not record_bytes + 26 <= node_bytes <= limits.BLOCK_BYTES:
        raise Refusal(f"a B-tree has {depth} levels of nodes of {node_bytes} bytes and records of {record_bytes}")
    form = _form(kind, node_bytes, record_bytes, depth)
    met = 0
    pending = [(root, root_count, depth)] if root != UNDEFINED else []
    while pending:
        node, count, level = pending.pop()
        records, children = _node(source, form, node, count, level)
        met += len(records)
        if met > total:
            break
        yield from records
        pending.extend(children)
    if met != total:
        raise Refusal(f"a B-tree declares {total} records and holds another number")


def _form(kind: int, node_bytes: int, record_bytes: int, depth: int) -> _Form:
    most = (node_bytes - 10) // record_bytes
    count_bytes, total_bytes = _width(most), [0]
    for _ in range(depth):
        pointer = 8 + count_bytes + total_bytes[-1]
        most += ((node_bytes - 10 - pointer) // (record_bytes + pointer) + 1) * most
        total_bytes.append(_width(most))
    return _Form(kind, node_bytes, record_bytes, count_bytes, tuple(total_bytes))


def _width(most: int) -> int:
    """The bytes that libhdf5 gives to a count that may be so large."""
    return (max(1, most).bit_length() - 1) // 8 + 1


def _node(
    source: Source, form: _Form, address: int, count: int, level: int
) -> tuple[list[bytes], list[tuple[int, int, int]]]:
    """The records of a node, and its children: address, number of records, level."""
    source.once(address, "a B-tree's node")
    source.spend("nodes of trees", count + 2 if level else 1)
    source.spend("records of trees", count)
    pointer = 8 + form.count_bytes + (form.total_bytes[level - 1] if level > 1 else 0)
    used = 6 + count * form.record_bytes + ((count + 1) * pointer if level else 0)
    if used + 4 > form.node_bytes:
        raise Refusal(f"a B-tree's node of {form.node_bytes} bytes declares {count} records")
    fields = Fields(source.sealed(address, used + 4, "a B-tree's node"), "a B-tree's node")
    fields.expect((b"BTIN" if level else b"BTLF") + b"\0" + bytes([form.kind]))
    records = [fields.raw(form.record_bytes) for _ in range(count)]
    children = []
    for _ in range(count + 1 if level else 0):
        child, child_count = fields.number(8), fields.number(form.count_bytes)
        fields.raw(pointer - 8 - form.count_bytes)
        children.append((child, child_count, level - 1))
    return records, children

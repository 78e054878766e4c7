"""The attributes of an object: in messages of its header, or in a heap where there are many."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

from flintglass.saving.hdf5.headers import ATTRIBUTE, ATTRIBUTE_INFO, Message
from flintglass.saving.hdf5.heaps import kept_in_heap
from flintglass.saving.hdf5.kinds import bytes_of, read_kind, read_shape
from flintglass.saving.hdf5.source import Fields, Refusal, Source, named
from flintglass.saving.hdf5.texts import GlobalHeap, values_of

START = struct.Struct("<BBHHH")
BY_NAME = 8  # the B-tree of attributes, sorted by the hashes of their names


def attributes_of(source: Source, messages: list[Message], heap: GlobalHeap) -> dict[str, Any]:
    """Name -> str, number, or array; an attribute that says it has no element is an array of none."""
    attributes: dict[str, Any] = {}
    for data in _stored(source, messages):
        source.spend("attributes", 1)
        name, value = _attribute(source, data, heap)
        if name in attributes:
            raise Refusal(f"it has two attributes of the name {name!r}")
        attributes[name] = value
    source.attribute = ""
    return attributes


def _stored(source: Source, messages: list[Message]) -> Iterator[bytes]:
    for message in messages:
        if message.kind == ATTRIBUTE:
            yield message.data
        elif message.kind == ATTRIBUTE_INFO:
            for heap, record in kept_in_heap(source, message.data, "an object's attribute info", 2, BY_NAME):
                if len(record) != 17 or record[8] & 2:
                    raise Refusal("it uses shared attributes, which are not read")
                yield heap.piece(record[:8])[0]


def _attribute(source: Source, data: bytes, heap: GlobalHeap) -> tuple[str, Any]:
    fields = Fields(data, "an attribute")
    version, flags, *sizes = fields.unpack(START)
    if not 1 <= version <= 3 or (flags and version > 1):
        raise Refusal(f"an attribute is of version {version} with flags {flags}; 1 to 3 without flags are read")
    if version == 3:
        fields.number(1)
    parts = []
    for size in sizes:
        parts.append(fields.raw(size))
        if version == 1:
            fields.raw(-size % 8)
    name = named(parts[0].partition(b"\0")[0], "an attribute")
    source.attribute = name
    source.spend("bytes of names", len(parts[0]))
    kind, shape = read_kind(parts[1]), read_shape(parts[2])
    if shape is None:
        return name, np.empty(0, kind.dtype)
    size = bytes_of(shape, kind.stored.itemsize)
    source.spend("bytes of attributes", size)
    stored = np.frombuffer(bytearray(fields.raw(size)), kind.stored).reshape(shape)
    if kind.dtype == object:
        source.spend("texts in attributes", stored.size)
    values = values_of(stored, kind, heap)
    if kind.dtype == object:
        source.spend("bytes of text in attributes", sum(map(len, values.flat)))
    return name, values[()] if not shape else values

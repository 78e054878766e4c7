"""A reader of event files, written from the format alone: checksums bit by bit, messages field by field."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

DTYPES = {1: "<f4", 2: "<f8"}


class Damaged(Exception):
    """A checksum does not fit, or a record is cut off."""


class Found(NamedTuple):
    """A value of a file: its step, its tag, the page that shows it with its own bytes, and the tensor."""

    step: int
    tag: str
    page: str
    content: bytes
    value: Any


def checksum(data: bytes) -> int:
    """CRC-32C by long division, and masked: turned right by 15 bits, and 0xa282ead8 added."""
    remainder = 0xFFFFFFFF
    for byte in data:
        for position in range(8):
            bit = (remainder ^ (byte >> position)) & 1
            remainder = (remainder >> 1) ^ (0x82F63B78 if bit else 0)
    remainder ^= 0xFFFFFFFF
    turned = ((remainder >> 15) | (remainder << 17)) % 2**32
    return (turned + 0xA282EAD8) % 2**32


def records(data: bytes) -> list[bytes]:
    """The data of each record; Damaged where a checksum does not fit."""
    found = []
    while data:
        size = int.from_bytes(data[:8], "little")
        if len(data) < size + 16 or checksum(data[:8]) != int.from_bytes(data[8:12], "little"):
            raise Damaged("the length")
        content = data[12 : 12 + size]
        if checksum(content) != int.from_bytes(data[12 + size : 16 + size], "little"):
            raise Damaged("the data")
        found.append(content)
        data = data[16 + size :]
    return found


def fields(message: bytes) -> dict[int, list[Any]]:
    """What a message of protocol buffers holds, by the number of the field: numbers, or bytes."""
    found: dict[int, list[Any]] = {}
    position = 0

    def number() -> int:
        nonlocal position
        value = shift = 0
        while True:
            byte = message[position]
            position += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while position < len(message):
        field, kind = divmod(number(), 8)
        if kind == 0:
            value: Any = number()
        else:
            size = {1: 8, 2: None}[kind] or number()
            value = message[position : position + size]
            assert len(value) == size
            position += size
        found.setdefault(field, []).append(value)
    return found


def tensor(message: bytes) -> Any:
    """A number or an array; of texts, the bytes of one, or a list."""
    found = fields(message)
    shape = [fields(size)[1][0] for size in fields(found[2][0]).get(2, [])]
    if found[1] == [7]:
        return found[8] if shape else found[8][0]
    array = np.frombuffer(found[4][0], DTYPES[found[1][0]]).reshape(shape)
    return array if shape else float(array)


def values_of(path: Any) -> list[Found]:
    """Every value of a file, in order; its first record names the version."""
    head, *events = map(fields, records(Path(path).read_bytes()))
    assert head[3] == [b"brain.Event:2"]
    times = [np.frombuffer(event[1][0], "<f8")[0] for event in (head, *events)]
    assert times == sorted(times)
    found = []
    for event in events:
        for summary in event[5]:
            (value,) = fields(summary)[1]
            parts = fields(value)
            plugin = fields(fields(parts[9][0])[1][0])
            content = plugin.get(2, [b""])[0]
            tag, page = parts[1][0].decode(), plugin[1][0].decode()
            found.append(Found(event.get(2, [0])[0], tag, page, content, tensor(parts[8][0])))
    return found


def files_in(folder: Any) -> list[Path]:
    """The files of a folder in the order in which they were begun."""
    found = sorted(Path(folder).iterdir(), key=lambda path: int(path.name.split(".")[-2]))
    assert all(path.name.startswith("events.out.tfevents.") and str(os.getpid()) in path.name for path in found)
    return found


def read(folder: Any) -> dict[str, list[tuple[int, Any]]]:
    """By tag, the steps and values of all files of a folder."""
    found: dict[str, list[tuple[int, Any]]] = {}
    for path in files_in(folder):
        for value in values_of(path):
            found.setdefault(value.tag, []).append((value.step, value.value))
    return found

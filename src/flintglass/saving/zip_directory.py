"""How long a zip archive's list of members is, told before ``zipfile`` reads it."""

from __future__ import annotations

import os
import struct
from typing import BinaryIO, NamedTuple

END, _END_OF_64, _LOCATOR_OF_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_LENGTH_OF_END, _LENGTH_OF_END_64, _LENGTH_OF_LOCATOR = 22, 56, 20
# A comment of 2 ** 16 bytes may follow the end; in front of it stand the two records of a large archive.
_LONGEST_TAIL = 2**16 + _LENGTH_OF_END + _LENGTH_OF_LOCATOR + _LENGTH_OF_END_64


class Directory(NamedTuple):
    """The list of members: how many it tells of, and how many bytes it takes."""

    members: int
    length: int


def directory_of(stream: BinaryIO) -> Directory | None:
    """What the archive's end tells; None where there is no end of an archive.

    An archive may tell twice, in the old record and in the one for large archives; ``zipfile`` reads as much as the
    second one tells wherever there is one, so that the larger numbers count.
    """
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _LONGEST_TAIL))
    tail = stream.read(_LONGEST_TAIL)
    place = tail.rfind(END)
    if place < 0 or len(tail) < place + _LENGTH_OF_END:
        return None
    count, length = struct.unpack_from("<HL", tail, place + 10)
    locator = place - _LENGTH_OF_LOCATOR
    wide = locator - _LENGTH_OF_END_64
    if locator < 0 or tail[locator : locator + 4] != _LOCATOR_OF_64:
        return Directory(count, length)
    if wide < 0 or tail[wide : wide + 4] != _END_OF_64:
        return None
    wide_count, wide_length = struct.unpack_from("<QQ", tail, wide + 32)
    return Directory(
        wide_count if count == 0xFFFF else max(count, wide_count),
        wide_length if length == 0xFFFFFFFF else max(length, wide_length),
    )

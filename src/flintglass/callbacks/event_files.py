"""Event files: records with checksums, one behind the other, as TensorBoard reads them.

A record is its length (8 bytes, the lowest first), a checksum of these bytes, the data, and a checksum of the data. The
checksums are CRC-32C, turned and shifted so that data which themselves hold checksums do not look valid. The data are
messages of protocol buffers; the few kinds that are needed are put together here and in ``event_summaries``.
"""

from __future__ import annotations

import functools
import itertools
import os
import re
import socket
import struct
import time

from flintglass.callbacks.folders import UnusableFolder, made_folder

VERSION = b"brain.Event:2"
POLYNOMIAL = 0x82F63B78  # Castagnoli's, its bits in reverse order
MASK = 0xA282EAD8
PATIENCE = 1.0  # seconds that records wait at most for the next one
ENOUGH = 1 << 20  # bytes that are written at once

_numbers = itertools.count()  # in file names: two files of a second, and of a process, differ


def _remainder(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (POLYNOMIAL if byte & 1 else 0)
    return byte


_REMAINDERS = tuple(_remainder(byte) for byte in range(256))


def crc32c(data: bytes) -> int:
    """The CRC-32C of the data; 4 MB a second, and records have a hundred bytes."""
    found, table = 0xFFFFFFFF, _REMAINDERS
    for byte in data:
        found = table[(found ^ byte) & 0xFF] ^ (found >> 8)
    return found ^ 0xFFFFFFFF


def masked(checksum: int) -> int:
    """The checksum as it stands in the file: turned by 15 bits, and a constant added."""
    return ((checksum >> 15 | checksum << 17) + MASK) & 0xFFFFFFFF


def record(data: bytes) -> bytes:
    """The data with their length and both checksums."""
    return b"".join((_length(len(data)), data, struct.pack("<I", masked(crc32c(data)))))


@functools.lru_cache(maxsize=256)
def _length(size: int) -> bytes:
    length = struct.pack("<Q", size)
    return length + struct.pack("<I", masked(crc32c(length)))


def varint(number: int) -> bytes:
    """A whole number from 0 up, 7 bits a byte, the lowest first."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def number_field(field: int, number: int) -> bytes:
    """A field of a message that holds a whole number from 0 up."""
    return varint(field << 3) + varint(number)


def bytes_field(field: int, content: bytes) -> bytes:
    """A field of a message that holds bytes, a text, or a message."""
    return varint(field << 3 | 2) + varint(len(content)) + content


def _event(seconds: float, *fields: bytes) -> bytes:
    """A message of the kind Event, which has its time in field 1."""
    return b"".join((varint(1 << 3 | 1), struct.pack("<d", seconds), *fields))


class EventFile:
    """One file of events, which only ever grows. It is open only while it is written: what is on the disk is whole.

    folder: where it lies; made with the first record. place: who writes, for what is said where that cannot be.
    """

    def __init__(self, folder: str, place: str) -> None:
        self.folder, self._place = folder, place
        now = time.time()
        host = re.sub(r"[^\w.-]", "_", socket.gethostname()) or "host"
        self.path = os.path.join(
            folder, f"events.out.tfevents.{int(now):010d}.{host}.{os.getpid()}.{next(_numbers)}.v2"
        )
        self._header = record(_event(now, bytes_field(3, VERSION), bytes_field(10, bytes_field(1, b"flintglass"))))
        self._waiting = bytearray()
        self._written = time.monotonic()

    def add(self, summary: bytes, step: int) -> None:
        """One event: a value of a summary (``event_summaries``) at a step, counted from 0."""
        fields = [] if step == 0 else [number_field(2, step)]
        self._waiting += record(_event(time.time(), *fields, bytes_field(5, bytes_field(1, summary))))
        if len(self._waiting) > ENOUGH or time.monotonic() - self._written > PATIENCE:
            self.flush()

    def flush(self) -> None:
        """Write what waits; UnusableFolder where that cannot be. A file that was deleted is begun again."""
        if not self._waiting:
            return
        made_folder(self.folder, self._place)
        try:
            with open(self.path, "ab") as file:
                file.write((b"" if file.tell() else self._header) + self._waiting)
        except OSError as error:
            reason = error.strerror or str(error)
            raise UnusableFolder(
                f"{self._place} cannot write {self.path}: {reason}. Give another log_dir, or make room there"
            ) from error
        self._waiting.clear()
        self._written = time.monotonic()

"""The two checksums of HDF5: Jenkins's lookup3 over structures, Fletcher's over chunks of data."""

from __future__ import annotations

import struct

import numpy as np


def jenkins(data: bytes | memoryview) -> int:
    """Bob Jenkins's hash lookup3 ("hashlittle") of the bytes, from 0: 32 bits."""
    size = len(data)
    a = b = c = (0xDEADBEEF + size) & 0xFFFFFFFF
    if not size:
        return c
    blocks = (size - 1) // 12  # the last block, of 1 to 12 bytes, is mixed in another way
    mask = 0xFFFFFFFF
    for x, y, z in struct.iter_unpack("<III", data[: blocks * 12]):
        # Bits above the 32nd are cut only where they would come down again: at the rotations.
        c = (c + z) & mask
        a = ((a + x - c) ^ (c << 4 | c >> 28)) & mask
        b = (b + y) & mask
        c = c + b
        b = ((b - a) ^ (a << 6 | a >> 26)) & mask
        a = a + c
        c = ((c - b) ^ (b << 8 | b >> 24)) & mask
        b = b + a
        a = ((a - c) ^ (c << 16 | c >> 16)) & mask
        c = (c + b) & mask
        b = ((b - a) ^ (a << 19 | a >> 13)) & mask
        a = (a + c) & mask
        c = ((c - b) ^ (b << 4 | b >> 28)) & mask
        b = (b + a) & mask
    last = bytes(data[blocks * 12 :]).ljust(12, b"\0")
    x, y, z = struct.unpack("<III", last)
    return _last_mix((a + x) & mask, (b + y) & mask, (c + z) & mask)


def _last_mix(a: int, b: int, c: int) -> int:
    mask = 0xFFFFFFFF
    c = ((c ^ b) - (b << 14 | b >> 18)) & mask
    a = ((a ^ c) - (c << 11 | c >> 21)) & mask
    b = ((b ^ a) - (a << 25 | a >> 7)) & mask
    c = ((c ^ b) - (b << 16 | b >> 16)) & mask
    a = ((a ^ c) - (c << 4 | c >> 28)) & mask
    b = ((b ^ a) - (a << 14 | a >> 18)) & mask
    return ((c ^ b) - (b << 24 | b >> 8)) & mask


def fletcher(data: np.ndarray) -> int:
    """Fletcher's checksum of bytes (uint8), taken as big-endian 16-bit words: the second sum above the first."""
    if data.size % 2:
        data = np.append(data, np.uint8(0))
    words = data.view(">u2").astype(np.uint64)
    weights = np.arange(words.size, 0, -1, dtype=np.uint64) % np.uint64(65535)
    first = int(words.sum()) % 65535
    second = int((words * weights).sum()) % 65535
    return second << 16 | first


def fletcher_agrees(data: np.ndarray, stored: int) -> bool:
    """Whether the checksum is that of the bytes; 0 and 65,535 are one number in its arithmetic."""
    computed = fletcher(data)
    return computed == (stored >> 16) % 65535 << 16 | (stored & 0xFFFF) % 65535

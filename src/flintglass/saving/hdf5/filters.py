"""The filters between a chunk and its bytes: deflate, shuffle and Fletcher's checksum, undone within bounds."""

from __future__ import annotations

import zlib

import numpy as np

from flintglass.saving.hdf5.checksums import fletcher_agrees
from flintglass.saving.hdf5.source import Fields, Refusal

DEFLATE, SHUFFLE, FLETCHER = 1, 2, 3
NAMES = {4: "szip", 5: "nbit", 6: "scaleoffset", 32000: "lzf", 32001: "blosc", 32015: "zstd"}


def read_filters(data: bytes) -> list[int]:
    """The filters of a dataset in the order in which they were applied. Others than the three are refused."""
    fields = Fields(data, "a filter pipeline")
    version, count = fields.number(1), fields.number(1)
    if version not in (1, 2) or not count <= 32:
        raise Refusal(f"it has {count} filters in a form of version {version}; 32 in versions 1 and 2 are read")
    if version == 1:
        fields.raw(6)
    filters = []
    for _ in range(count):
        number = fields.number(2)
        if number not in (DEFLATE, SHUFFLE, FLETCHER) or number in filters:
            name = NAMES.get(number, f"number {number}")
            raise Refusal(
                f"it uses the filter {name} (or one filter twice); gzip, shuffle and fletcher32 are read. "
                "Write it without compression, or with compression='gzip'"
            )
        length = fields.number(2) if version == 1 else 0
        fields.raw(2)  # flags: optional or not is the same here, since all three are known
        values = fields.number(2)
        fields.raw(length + -length % 8)
        fields.raw(4 * values)
        if version == 1 and values % 2:
            fields.raw(4)
        filters.append(number)
    return filters


def stored_sizes(filters: list[int], size: int, inflation: int) -> tuple[int, int]:
    """The fewest and the most bytes that a chunk of ``size`` bytes takes in the file."""
    extra = 4 if FLETCHER in filters else 0
    if DEFLATE in filters:
        return size // inflation, size + size // 100 + 64 + extra
    return size + extra, size + extra


def undone(data: bytes, filters: list[int], skipped: int, size: int, itemsize: int) -> np.ndarray:
    """The ``size`` bytes of a chunk (uint8), which may not be written to.

    skipped: a bit for each filter that was not applied to this chunk.
    """
    for i in reversed(range(len(filters))):
        if skipped >> i & 1:
            continue
        if filters[i] == DEFLATE:
            data = _inflated(data, size + (4 if FLETCHER in filters[:i] else 0))
        elif filters[i] == FLETCHER:
            data = _verified(data)
        elif itemsize > 1:
            whole = len(data) // itemsize * itemsize
            planes = np.frombuffer(data, np.uint8, whole).reshape(itemsize, -1)
            data = planes.T.tobytes() + data[whole:]
    if len(data) != size:
        raise Refusal(f"a chunk holds {len(data):,} bytes where {size:,} are declared")
    return np.frombuffer(data, np.uint8)


def _inflated(data: bytes, most: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        inflated = inflater.decompress(data, most + 1)
    except zlib.error as error:
        raise Refusal(f"a chunk's compressed bytes are damaged ({error})") from None
    if len(inflated) > most:
        raise Refusal(f"a chunk inflates beyond the {most:,} bytes that it declares")
    if not inflater.eof:
        raise Refusal("a chunk's compressed bytes end too early")
    return inflated


def _verified(data: bytes) -> bytes:
    if len(data) < 4 or not fletcher_agrees(np.frombuffer(data[:-4], np.uint8), int.from_bytes(data[-4:], "little")):
        raise Refusal("a chunk's checksum is wrong; the file is damaged")
    return data[:-4]

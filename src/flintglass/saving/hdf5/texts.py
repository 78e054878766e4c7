"""From stored elements to values: numbers in the machine's byte order, truth values, texts out of the global heap."""

from __future__ import annotations

import struct

import numpy as np

from flintglass.saving.hdf5 import limits
from flintglass.saving.hdf5.kinds import Kind
from flintglass.saving.hdf5.source import UNDEFINED, Fields, Refusal, Source

PIECE = struct.Struct("<H6xQ")
REFERENCE = struct.Struct("<IQI")


class GlobalHeap:
    """The file's store of texts of any length: collections of numbered pieces, each read once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._collections: dict[int, tuple[bytes, dict[int, tuple[int, int]]]] = {}

    def text(self, length: int, address: int, index: int) -> bytes:
        """The first ``length`` bytes of a piece."""
        if length == 0 and address in (0, UNDEFINED):
            return b""
        if address not in self._collections:
            self._collections[address] = self._read(address)
        data, pieces = self._collections[address]
        begin, size = pieces.get(index, (0, -1))
        if size < length:
            raise Refusal(f"its text of {length} bytes is not in the global heap at {address}")
        return data[begin : begin + length]

    def _read(self, address: int) -> tuple[bytes, dict[int, tuple[int, int]]]:
        """A collection, and where in it each piece begins and how long it is."""
        start = Fields(self._source.take(address, 16, "a global heap"), "a global heap")
        start.expect(b"GCOL\1")
        start.raw(3)
        size = start.number(8)
        self._source.spend("bytes of global heaps", size)
        fields = Fields(self._source.take(address, size, "a global heap"), "a global heap")
        fields.at = 16
        pieces: dict[int, tuple[int, int]] = {}
        while fields.left >= 16:
            index, length = fields.unpack(PIECE)
            if index == 0:  # free space, to the end
                break
            if index in pieces or length > fields.left:
                raise Refusal(f"the global heap at {address} holds piece {index} twice, or not whole")
            pieces[index] = fields.at, length
            fields.at += length
            fields.align()
        self._source.spend("pieces of global heaps", len(pieces))
        return fields.data, pieces


def values_of(stored: np.ndarray, kind: Kind, heap: GlobalHeap) -> np.ndarray:
    """An array of what the elements mean. stored: as in the file, and given up to this function (changed in place)."""
    if kind.meaning in ("text", "long text"):
        return _texts(stored, kind, heap)
    if kind.meaning == "truth":
        if stored.size and int(stored.max()) > 1:
            raise Refusal(f"a truth value is {int(stored.max())}; 0 or 1 was expected")
        return stored.view(bool)
    if not stored.dtype.isnative:
        stored = stored.byteswap(inplace=True).view(stored.dtype.newbyteorder("="))
    if kind.meaning == "bfloat16":
        wide = stored.astype(np.uint32)
        wide <<= 16
        return wide.view(np.float32)
    return stored


def _texts(stored: np.ndarray, kind: Kind, heap: GlobalHeap) -> np.ndarray:
    texts, flat = np.empty(stored.size, object), stored.reshape(-1)
    spent = 0
    for i in range(stored.size):
        if kind.meaning == "text":
            raw = _unpadded(flat[i : i + 1].tobytes(), kind.padding)
        else:
            raw = heap.text(*REFERENCE.unpack(flat[i : i + 1].tobytes()))
        spent += len(raw)
        if spent > limits.TEXT_BYTES:  # one piece of the heap may stand for many elements
            raise Refusal(f"it holds more than {limits.TEXT_BYTES:,} bytes of text")
        texts[i] = _decoded(raw)
    return texts.reshape(stored.shape)


def _unpadded(raw: bytes, padding: int) -> bytes:
    if padding == 0:
        return raw.partition(b"\0")[0]
    return raw.rstrip(b"\0" if padding == 1 else b" ")


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal(f"a text is not UTF-8: {raw[:40]!r} ({error.reason} at byte {error.start})") from None

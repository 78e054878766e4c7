"""Where a dataset's numbers lie: in one piece, in chunks, or in a fill value only; checked before any is read."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from flintglass.saving.hdf5 import limits
from flintglass.saving.hdf5.chunks import Chunked, chunked, filled
from flintglass.saving.hdf5.filters import read_filters
from flintglass.saving.hdf5.headers import ADDRESS_AND_SIZE, FILL, FILTERS, LAYOUT, OLD_FILL, Message
from flintglass.saving.hdf5.kinds import Kind, bytes_of
from flintglass.saving.hdf5.source import UNDEFINED, Fields, Refusal, Source

COMPACT, CONTIGUOUS, CHUNKED, VIRTUAL = range(4)
TWO_BYTES = struct.Struct("<BB")


class Storage(Protocol):
    """Elements as they are stored."""

    def read(self, source: Source) -> np.ndarray:
        """A new array of all elements, in the file's own type."""


@dataclass(frozen=True)
class Whole:
    """All elements in one piece of the file."""

    shape: tuple[int, ...]
    stored: np.dtype
    address: int

    def read(self, source: Source) -> np.ndarray:
        """Seeks once and reads straight into the new array."""
        flat = np.empty(math.prod(self.shape), self.stored)
        if flat.size:
            source.fill(self.address, flat.view(np.uint8).data)
        return flat.reshape(self.shape)


@dataclass(frozen=True)
class Filled:
    """No element in the file: each is the fill value."""

    shape: tuple[int, ...]
    stored: np.dtype
    fill: bytes

    def read(self, source: Source) -> np.ndarray:
        """The fill value, as often as declared."""
        return filled(self.shape, self.stored, self.fill)


def read_storage(source: Source, messages: dict[int, Message], shape: tuple[int, ...], kind: Kind) -> Storage:
    """Where the dataset lies. messages: of its header, by kind. Sizes that the file cannot hold are refused."""
    size = bytes_of(shape, kind.stored.itemsize)
    fill = _fill_value(messages, kind)
    if LAYOUT not in messages:
        raise Refusal("it has no layout: nothing says where its numbers are")
    layout = messages[LAYOUT]
    fields = Fields(layout.data, "a layout")
    version, form = fields.unpack(TWO_BYTES)
    if version < 3:
        raise Refusal(f"its layout is of version {version} (of libhdf5 before 1.6.3); write it anew with h5py")
    if form == VIRTUAL:
        raise Refusal("it is a virtual dataset, made of other files, which are never opened; save a copy of it")
    if version > 4 or form > VIRTUAL:
        raise Refusal(f"its layout is of version {version} and form {form}; versions 3 and 4, forms 0 to 2 are read")
    filters = read_filters(messages[FILTERS].data) if FILTERS in messages else []
    if form == CHUNKED:
        if version == 4:
            raise Refusal(
                "its chunks are indexed as libver='latest' does, which is not read; write it with libver='earliest' "
                "or without chunks"
            )
        return _check_filled(source, chunked(source, fields, shape, kind.stored, filters, fill), size)
    if filters:
        raise Refusal("it has filters and no chunks, which is against the format")
    if form == COMPACT:
        held, address = fields.number(2), layout.address + fields.at
        fields.raw(held)
    else:
        address, held = fields.unpack(ADDRESS_AND_SIZE)
        if address == UNDEFINED:
            return _check_filled(source, Filled(shape, kind.stored, fill), size)
        source.inside(address, held, "the dataset's data")
        source.claim(held)
    if held != size:
        raise Refusal(
            f"its shape {shape} of {kind.stored.itemsize}-byte elements takes {size:,} bytes; {held:,} are there"
        )
    return Whole(shape, kind.stored, address)


def _check_filled(source: Source, storage: Filled | Chunked, size: int) -> Storage:
    """Refuse a dataset that is mostly its fill value, unless it is small: a few bytes can declare terabytes."""
    held = storage.held if isinstance(storage, Chunked) else 0
    if held < size:
        if size > max(limits.FILLED_BYTES, 2 * held):
            raise Refusal(
                f"its shape {storage.shape} takes {size:,} bytes and the file holds chunks for {held:,}; the rest "
                "would be its fill value. Write all of it"
            )
        source.spend("bytes of fill values", size - held)
    return storage


def _fill_value(messages: dict[int, Message], kind: Kind) -> bytes:
    """The fill value's bytes: none, which is zeros, unless the file says another."""
    raw = b""
    if FILL in messages:
        fields = Fields(messages[FILL].data, "a fill value")
        version = fields.number(1)
        if version in (1, 2):
            fields.raw(2)
            raw = fields.raw(fields.number(4)) if fields.number(1) or version == 1 else b""
        elif version == 3:
            raw = fields.raw(fields.number(4)) if fields.number(1) & 0x20 else b""
        else:
            raise Refusal(f"its fill value is of version {version}; 1 to 3 are read")
    elif OLD_FILL in messages:
        fields = Fields(messages[OLD_FILL].data, "a fill value")
        raw = fields.raw(fields.number(4))
    if len(raw) not in (0, kind.stored.itemsize):
        raise Refusal(f"its fill value has {len(raw)} bytes; its elements have {kind.stored.itemsize}")
    return raw

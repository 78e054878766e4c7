"""Datasets in chunks: the tree that finds them, checked whole before anything is read, and the array made of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from flintglass.saving.hdf5 import limits
from flintglass.saving.hdf5.filters import DEFLATE, stored_sizes, undone
from flintglass.saving.hdf5.kinds import bytes_of
from flintglass.saving.hdf5.source import UNDEFINED, Fields, Refusal, Source
from flintglass.saving.hdf5.trees import old_nodes


@dataclass(frozen=True)
class Chunked:
    """All chunks of a dataset.

    records: one a chunk: ``at`` (its first element's indices), ``address``, ``size`` in the file, ``skipped`` filters.
    """

    shape: tuple[int, ...]
    stored: np.dtype[Any]
    chunk: tuple[int, ...]
    filters: list[int]
    fill: bytes
    records: np.ndarray

    @property
    def held(self) -> int:
        """How many of the array's bytes the chunks can hold."""
        ends = np.minimum(self.records["at"] + np.array(self.chunk, np.uint64), np.array(self.shape, np.uint64))
        sizes = (ends - self.records["at"]).prod(axis=1, dtype=np.uint64)
        return int(sizes.sum()) * self.stored.itemsize

    def read(self, source: Source) -> np.ndarray:
        """A new array; elements of chunks that are not there are the fill value."""
        complete = self.held == math.prod(self.shape) * self.stored.itemsize
        array = np.empty(self.shape, self.stored) if complete else filled(self.shape, self.stored, self.fill)
        size = math.prod(self.chunk) * self.stored.itemsize
        for record in self.records:
            raw = bytearray(int(record["size"]))
            source.fill(int(record["address"]), memoryview(raw))
            data = undone(bytes(raw), self.filters, int(record["skipped"]), size, self.stored.itemsize)
            values = data.view(self.stored).reshape(self.chunk)
            at = [int(begin) for begin in record["at"]]
            inside = [
                min(extent, whole - begin) for begin, extent, whole in zip(at, self.chunk, self.shape, strict=True)
            ]
            target = tuple(slice(begin, begin + extent) for begin, extent in zip(at, inside, strict=True))
            array[target] = values[tuple(slice(extent) for extent in inside)]
        return array


def filled(shape: tuple[int, ...], stored: np.dtype[Any], fill: bytes) -> np.ndarray:
    """An array of one value, given by its bytes; of zeros where there are none."""
    if not fill:
        return np.zeros(shape, stored)
    array = np.empty(shape, stored)
    array[...] = np.frombuffer(fill, stored)[0]
    return array


def chunked(
    source: Source,
    fields: Fields,
    shape: tuple[int, ...],
    stored: np.dtype[Any],
    filters: list[int],
    fill: bytes,
) -> Chunked:
    """The chunks that a layout of version 3 names. fields: stands after the layout's form."""
    axes, address = fields.number(1) - 1, fields.number(8)
    chunk = tuple(fields.number(4) for _ in range(max(0, axes)))
    itemsize = fields.number(4)
    if axes != len(shape) or not axes or itemsize != stored.itemsize or 0 in chunk:
        raise Refusal(f"its chunks are {chunk} of {itemsize} bytes; its shape is {shape} of {stored.itemsize}")
    size = bytes_of(chunk, itemsize)
    if size > max(limits.CHUNK_BYTES, bytes_of(shape, itemsize)):
        raise Refusal(
            f"its chunks {chunk} of {size:,} bytes are larger than itself and than {limits.CHUNK_BYTES:,} bytes"
        )
    key = np.dtype([("size", "<u4"), ("skipped", "<u4"), ("at", "<u8", (axes,)), ("inner", "<u8")])
    pieces = list(_leaves(source, address, key)) if address != UNDEFINED else []
    records = np.concatenate(pieces) if pieces else np.empty(0, _entry(key))
    _check(source, records, shape, chunk, stored_sizes(filters, size, limits.INFLATION))
    found = Chunked(shape, stored, chunk, filters, fill, records)
    if DEFLATE in filters:
        source.inflate(int(records["size"].sum(dtype=np.uint64)), found.held)
    return found


def _entry(key: np.dtype[Any]) -> np.dtype[Any]:
    """A key of the tree and the address after it."""
    return np.dtype([*((name, key[name]) for name in key.names or ()), ("address", "<u8")])


def _leaves(source: Source, address: int, key: np.dtype[Any]) -> Iterator[np.ndarray]:
    """The tree's lowest entries, node by node."""
    for entries in old_nodes(source, address, 1, _entry(key)):
        source.spend("chunks", len(entries))
        yield entries


def _check(
    source: Source, records: np.ndarray, shape: tuple[int, ...], chunk: tuple[int, ...], sizes: tuple[int, int]
) -> None:
    """Refuse chunks that lie outside the file or the array, twice, or whose sizes cannot be."""
    if not len(records):
        return
    at, whole, step = records["at"], np.array(shape, np.uint64), np.array(chunk, np.uint64)
    if bool((at >= whole).any()) or bool((at % step).any()) or bool(records["inner"].any()):
        raise Refusal(f"a chunk does not lie on the grid of chunks {chunk} of the shape {shape}")
    grid = [-(-size // extent) for size, extent in zip(shape, chunk, strict=True)]
    strides = [math.prod(grid[axis + 1 :]) for axis in range(len(grid))]  # below 2**60, as bytes_of has checked
    numbers = (at // step * np.array(strides, np.uint64)).sum(axis=1)
    if len(np.unique(numbers)) != len(at) or len(np.unique(records["address"])) != len(at):
        raise Refusal("two of its chunks lie in the same place")
    stored = records["size"].astype(np.uint64)
    fewest, most = sizes
    unfiltered = records["skipped"] != 0
    if bool((stored > most).any()) or bool(((stored < fewest) & ~unfiltered).any()):
        raise Refusal(
            f"a chunk has {int(stored.min()):,} to {int(stored.max()):,} bytes; {fewest:,} to {most:,} can be"
        )
    length = np.uint64(source.length)
    if bool((records["address"] > length).any()) or bool((records["address"] + stored > length).any()):
        raise Refusal("a chunk lies beyond the file's end; the file is cut short or damaged")
    source.claim(int(stored.sum()))

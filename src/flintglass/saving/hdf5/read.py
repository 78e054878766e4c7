"""The reader: a file of HDF5 as a tree of groups and datasets, whose arrays are read when they are asked for."""

from __future__ import annotations

from collections import deque
from typing import BinaryIO

import numpy as np

from flintglass.saving.hdf5 import limits
from flintglass.saving.hdf5.attributes import attributes_of
from flintglass.saving.hdf5.headers import (
    ATTRIBUTE,
    DATASPACE,
    DATATYPE,
    LAYOUT,
    LINK,
    LINK_INFO,
    SYMBOLS,
    Message,
    messages_of,
    root_address,
)
from flintglass.saving.hdf5.kinds import Kind, as_bfloat16, read_kind, read_shape
from flintglass.saving.hdf5.links import members_of
from flintglass.saving.hdf5.source import Place, Refusal, Source
from flintglass.saving.hdf5.storage import Filled, Storage, read_storage
from flintglass.saving.hdf5.texts import GlobalHeap, values_of
from flintglass.saving.hdf5.tree import Dataset, Group


def read_hdf5(stream: BinaryIO, file: str, item: str = "") -> Group:
    """The file's tree. Structure and attributes are read; each ``Dataset.read`` reads its own numbers.

    stream: seekable; it must stay open for as long as datasets are read, one at a time.
    file, item: for messages: the path, and what the stream is inside of it.
    Raises ModelFileError for everything that the format does not allow, that is damaged, or that is not read here
    (limits.py holds the bounds), with the place in the file.
    """
    source = Source(stream, file, item)
    with source.refusing():
        return _tree(source)


def _tree(source: Source) -> Group:
    heap = GlobalHeap(source)
    top: Group | None = None
    pending: deque[tuple[Group | None, Place, int]] = deque([(None, source.place, root_address(source))])
    while pending:
        parent, source.place, address = pending.popleft()
        source.spend("groups and datasets", 1)
        messages = messages_of(source, address)
        found = _object(source, messages, heap)
        if parent is not None:
            parent.members[source.place.name] = found
        elif isinstance(found, Group):
            top = found
        if isinstance(found, Group):
            for name, inner in members_of(source, messages).items():
                place = Place(source.place, name)
                if place.depth > limits.DEPTH:
                    raise Refusal(f"groups are nested deeper than {limits.DEPTH}")
                found.members[name] = found  # keeps the order; replaced when its turn comes
                pending.append((found, place, inner))
    source.check_inflated()
    if top is None:
        raise Refusal("the file's root is a dataset, not a group")
    return top


def _object(source: Source, messages: list[Message], heap: GlobalHeap) -> Group | Dataset:
    kinds = {message.kind for message in messages}
    is_group = bool(kinds & {SYMBOLS, LINK, LINK_INFO})
    if is_group == bool(kinds & {DATASPACE, DATATYPE, LAYOUT}):
        raise Refusal("it is neither a group nor a dataset: its header holds the parts of both or of none")
    attributes = attributes_of(source, messages, heap)
    if is_group:
        return Group({}, attributes)
    single: dict[int, Message] = {}
    for message in messages:
        if message.kind in single and message.kind != ATTRIBUTE:
            raise Refusal(f"its header has two messages of kind {message.kind}")
        single[message.kind] = message
    if kinds & {DATASPACE, DATATYPE, LAYOUT} == {DATATYPE}:
        raise Refusal("it is a committed datatype, which is not read; declare the type in each dataset")
    if not {DATASPACE, DATATYPE} <= kinds:
        raise Refusal("it is a dataset without a shape or without a datatype")
    shape, kind = read_shape(single[DATASPACE].data), read_kind(single[DATATYPE].data)
    if str(attributes.get("dtype", "")) == "bfloat16":
        kind = as_bfloat16(kind)
    if shape is None:
        storage: Storage = Filled((0,), kind.stored, b"")
        shape = (0,)
    else:
        storage = read_storage(source, single, shape, kind)
    return Dataset(shape, kind.dtype, _Reading(source, source.place, shape, kind, storage), attributes)


class _Reading:
    """``Dataset.read``: the array of one dataset."""

    def __init__(self, source: Source, place: Place, shape: tuple[int, ...], kind: Kind, storage: Storage) -> None:
        self._source, self._place, self._shape, self._kind, self._storage = source, place, shape, kind, storage

    def __call__(self) -> np.ndarray:
        source = self._source.anew(self._place)
        with source.refusing():
            if self._kind.dtype == object:
                return self._texts(source)
            return values_of(self._storage.read(source), self._kind, GlobalHeap(source))

    def _texts(self, source: Source) -> np.ndarray:
        count, each = int(np.prod(self._shape, dtype=object)), self._kind.stored.itemsize
        if count > limits.TEXTS or count * each > limits.TEXT_BYTES:
            raise Refusal(
                f"it holds {count:,} texts of {each:,} bytes; {limits.TEXTS:,} texts and {limits.TEXT_BYTES:,} "
                "bytes of them are read"
            )
        return values_of(self._storage.read(source), self._kind, GlobalHeap(source))

"""safetensors: a length, a header in JSON, and the bytes of the tensors one after the other."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from functools import partial
from math import prod
from typing import Any, BinaryIO

import numpy as np

from flintglass.errors import ModelFileError
from flintglass.saving.documents import LARGEST, read_document
from flintglass.saving.hdf5.tree import Dataset

KINDS = {
    "BOOL": "?",
    "U8": "<u1",
    "I8": "<i1",
    "U16": "<u2",
    "I16": "<i2",
    "U32": "<u4",
    "I32": "<i4",
    "U64": "<u8",
    "I64": "<i8",
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
}
_NAMES = {np.dtype(text): kind for kind, text in KINDS.items()}
_ABOUT = "__metadata__"
_MOST_AXES = 32


def write_safetensors(stream: BinaryIO, arrays: Mapping[str, np.ndarray], about: Mapping[str, str]) -> None:
    """Write the arrays by name, and texts about the file; the bytes of tensors begin at a multiple of 8."""
    header: dict[str, Any] = {_ABOUT: dict(about)} if about else {}
    place = 0
    for name, array in arrays.items():
        kind = _NAMES.get(array.dtype.newbyteorder("<"))
        if kind is None:
            raise TypeError(f"safetensors holds no arrays of dtype {array.dtype}, as {name} is")
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [place, place + array.nbytes]}
        place += array.nbytes
    text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-len(text) % 8)
    stream.write(struct.pack("<Q", len(text)) + text)
    for array in arrays.values():
        stream.write(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())


def read_safetensors(stream: BinaryIO, file: str) -> dict[str, Dataset]:
    """The tensors by name; each is read when it is asked for. ModelFileError for what the format does not allow."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    start = stream.read(8)
    length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
    if not 2 <= length <= min(size - 8, LARGEST):
        raise ModelFileError(file, "", f"it is no safetensors: a header of {length} bytes in a file of {size}")
    header = read_document(stream.read(length), file, "header", longest=LARGEST)  # people's notes may be long
    about = header.pop(_ABOUT, {})
    if not isinstance(about, dict) or not all(isinstance(text, str) for text in about.values()):
        raise ModelFileError(file, _ABOUT, "it holds texts by name, and nothing else")
    found: dict[str, Dataset] = {}
    spans: list[tuple[int, int, str]] = []
    for name, entry in header.items():
        dtype, shape, begin, end = _entry(entry, file, name)
        if end - begin != dtype.itemsize * prod(shape):
            raise ModelFileError(file, name, f"{end - begin} bytes are no array of the shape {shape} and dtype {dtype}")
        spans.append((begin, end, name))
        found[name] = Dataset(shape, dtype, partial(_read, stream, 8 + length + begin, dtype, shape, file, name))
    place = 0
    for begin, end, name in sorted(spans):
        if begin != place:
            raise ModelFileError(file, name, f"its bytes begin at {begin}, but those before it end at {place}")
        place = end
    if 8 + length + place != size:
        raise ModelFileError(file, "", f"it takes {size} bytes, but its header tells of {8 + length + place}")
    return found


def _entry(entry: Any, file: str, name: str) -> tuple[np.dtype[Any], tuple[int, ...], int, int]:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ModelFileError(file, name, "a tensor has the keys dtype, shape and data_offsets, and no others")
    kind, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if kind not in KINDS:
        raise ModelFileError(file, name, f"tensors of dtype {kind!r:.40} are not read; {', '.join(KINDS)} are")
    for what, numbers in (("shape", shape), ("data_offsets", offsets)):
        if not isinstance(numbers, list) or not all(type(number) is int and number >= 0 for number in numbers):
            raise ModelFileError(file, name, f"its {what} is a list of whole numbers from 0 up, not {numbers!r:.60}")
    if len(offsets) != 2 or offsets[0] > offsets[1] or len(shape) > _MOST_AXES:
        raise ModelFileError(file, name, f"it cannot have the shape {shape!r:.60} and the offsets {offsets!r:.60}")
    return np.dtype(KINDS[kind]), tuple(shape), offsets[0], offsets[1]


def _read(
    stream: BinaryIO, start: int, dtype: np.dtype[Any], shape: tuple[int, ...], file: str, name: str
) -> np.ndarray:
    stream.seek(start)
    length = dtype.itemsize * prod(shape)
    data = stream.read(length)
    if len(data) != length:
        raise ModelFileError(file, name, "the file is cut off")
    if dtype.kind == "b" and data.strip(b"\x00\x01"):
        raise ModelFileError(file, name, "it is of dtype BOOL, but holds other bytes than 0 and 1")
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="))

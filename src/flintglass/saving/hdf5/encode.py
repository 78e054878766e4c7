"""Values as a file holds them: the datatype's message, the shape, the bytes, and texts apart for the global heap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from flintglass.saving.hdf5.kinds import FLOATS

LARGEST_MESSAGE = 0xFFF8  # a message's length has 16 bits, and is a multiple of 8
LONG_TEXT = b"\x19\x01\x01\x00\x10\x00\x00\x00\x10\x00\x00\x00\x01\x00\x00\x00\x00\x00\x08\x00"  # of UTF-8, any length
VERSION = 0x10  # 1, in the upper half of a datatype's first byte


@dataclass
class Stored:
    """A value ready for the file. data: little-endian bytes; texts: where it is text, in place of data."""

    datatype: bytes
    shape: tuple[int, ...]
    data: bytes = b""
    texts: list[bytes] | None = None


def stored(value: Any, what: str) -> Stored:
    """An attribute's value. what: for messages.

    str and arrays of str become texts of any length in UTF-8, bytes and arrays of bytes texts of fixed length.
    """
    array = np.asarray(value)
    if array.dtype.kind == "U" or array.dtype == object:
        return Stored(LONG_TEXT, array.shape, texts=[_text(element, what) for element in array.reshape(-1).tolist()])
    little = array.astype(in_file(array.dtype, what))
    return Stored(datatype(little.dtype, not _is_ascii(little)), array.shape, little.tobytes())


def _text(element: object, what: str) -> bytes:
    if not isinstance(element, str):
        raise ValueError(
            f"{what} holds {element!r:.80}; numbers, truth values, str, and arrays of one of them were expected"
        )
    if "\0" in element:
        raise ValueError(f"{what} holds a NUL ({element!r:.80}), where HDF5 would end the text; take it out")
    try:
        return element.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(
            f"{what} holds {element!r:.80}, which UTF-8 cannot say ({error.reason}); take it out"
        ) from None


def _is_ascii(array: np.ndarray) -> bool:
    return array.dtype.kind != "S" or array.tobytes().isascii()


def in_file(dtype: np.dtype[Any], what: str) -> np.dtype[Any]:
    """The type that an array of this type has in the file: little-endian."""
    if dtype.kind in "biu" or (dtype.kind == "f" and dtype.itemsize in FLOATS):
        return dtype.newbyteorder("<")
    if dtype.kind == "S":
        return np.dtype(f"S{max(1, dtype.itemsize)}")
    if dtype.kind == "V" and dtype.names is None and 0 < dtype.itemsize <= 64:
        return dtype
    raise ValueError(
        f"{what} is of type {dtype}, which is not written; bool, integers, float16, float32, float64, bytes and str are"
    )


def datatype(dtype: np.dtype[Any], is_utf8: bool = False) -> bytes:
    """The datatype message for a type that ``in_file`` gave."""
    size = dtype.itemsize
    if dtype.kind in "iu":
        return _head(0, 8 if dtype.kind == "i" else 0, size) + _numbers(2, 0, 8 * size)
    if dtype.kind == "f":
        sign, *form, bias = FLOATS[size]
        return _head(1, 0x20 | sign << 8, size) + _numbers(2, 0, 8 * size) + _numbers(1, *form) + _numbers(4, bias)
    if dtype.kind == "b":  # an enumeration over int8, as h5py has it
        names = b"FALSE\0\0\0" + b"TRUE\0\0\0\0"
        return _head(8, 2, 1) + datatype(np.dtype("i1")) + names + b"\0\1"
    if dtype.kind == "S":
        return _head(3, 0x11 if is_utf8 else 0x01, size)
    return _head(5, 0, size)


def _head(name: int, bits: int, size: int) -> bytes:
    return bytes([VERSION | name]) + bits.to_bytes(3, "little") + size.to_bytes(4, "little")


def _numbers(width: int, *values: int) -> bytes:
    return b"".join(value.to_bytes(width, "little") for value in values)

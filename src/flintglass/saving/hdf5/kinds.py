"""Datatypes and dataspaces: what one element is in the file, what NumPy makes of it, and how many there are."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from flintglass.saving.hdf5 import limits
from flintglass.saving.hdf5.source import Fields, Refusal

CLASSES = (
    "integers", "floating-point numbers", "times", "texts of fixed length", "bit fields", "opaque bytes",
    "compounds (structures)", "references to objects", "enumerations", "sequences of varying length", "arrays",
    "complex numbers",
)  # fmt: skip
FLOATS = {
    # bytes -> (sign's bit, exponent's bit, its bits, mantissa's bit, its bits, bias): IEEE 754
    2: (15, 10, 5, 0, 10, 15),
    4: (31, 23, 8, 0, 23, 127),
    8: (63, 52, 11, 0, 52, 1023),
}
SPACE = struct.Struct("<4B")
BFLOAT16 = (15, 7, 8, 0, 7, 127)


@dataclass(frozen=True)
class Kind:
    """The type of an element. stored: in the file. meaning: what its bytes are.

    meaning: "number", "truth" (stored as uint8), "bfloat16" (as uint16), "text" (fixed) or "long text" (in a heap).
    """

    stored: np.dtype[Any]
    meaning: str = "number"
    padding: int = 0  # of a fixed text: 0 ends at the first NUL, 1 filled up with NUL, 2 with spaces

    @property
    def dtype(self) -> np.dtype[Any]:
        """What an array of it has in memory, in the machine's byte order."""
        if self.meaning in ("text", "long text"):
            return np.dtype(object)
        changed = {"truth": np.dtype(bool), "bfloat16": np.dtype(np.float32)}
        return changed.get(self.meaning) or self.stored.newbyteorder("=")


@lru_cache(maxsize=64)  # a file of 1,000 layers says float32 6,000 times
def read_kind(data: bytes) -> Kind:
    """The type that a datatype message declares."""
    return _kind(Fields(data, "a datatype"), inner=False)


def _kind(fields: Fields, inner: bool) -> Kind:
    """The type. inner: it stands inside an enumeration, which then holds no text and no other enumeration."""
    first, bits, size = fields.number(1), fields.number(3), fields.number(4)
    version, name = first >> 4, first & 15
    if not 1 <= version <= 5:
        raise Refusal(f"it has a datatype of version {version}; 1 to 5 are read")
    if name == 0:
        return _integer(fields, bits, size)
    if name == 1:
        return _float(fields, bits, size)
    if name == 3 and not inner:
        if not 0 < size <= limits.TEXT_BYTES:
            raise Refusal(f"its texts have {size:,} bytes each; 1 to {limits.TEXT_BYTES:,} are read")
        return Kind(np.dtype(f"S{size}"), "text", bits & 15)
    if name == 5 and not inner and 0 < size <= 64:
        return Kind(np.dtype(f"V{size}"))
    if name == 8 and not inner:
        return _truth(fields, bits, size, version)
    if name == 9 and not inner and bits & 15 == 1 and size == 16:
        return Kind(np.dtype("V16"), "long text")
    what = CLASSES[name] if name < len(CLASSES) else f"class {name}"
    raise Refusal(f"it holds {what} of {size} bytes; numbers, truth values and texts are read")


def _order(bits: int) -> str:
    return ">" if bits & 1 else "<"


def _integer(fields: Fields, bits: int, size: int) -> Kind:
    offset, precision = fields.number(2), fields.number(2)
    if size not in (1, 2, 4, 8) or offset or precision != 8 * size:
        raise Refusal(f"it holds integers of {precision} bits in {size} bytes; 8, 16, 32 and 64 whole bits are read")
    return Kind(np.dtype(f"{_order(bits)}{'i' if bits & 8 else 'u'}{size}"))


def _float(fields: Fields, bits: int, size: int) -> Kind:
    offset, precision = fields.number(2), fields.number(2)
    exponent, exponent_bits, mantissa, mantissa_bits = (fields.number(1) for _ in range(4))
    form = (bits >> 8 & 0xFF, exponent, exponent_bits, mantissa, mantissa_bits, fields.number(4))
    implied = bits >> 4 & 3 == 2 and not bits & 0x40 and not offset and precision == 8 * size
    if implied and FLOATS.get(size) == form:
        return Kind(np.dtype(f"{_order(bits)}f{size}"))
    if implied and size == 2 and form == BFLOAT16:
        return Kind(np.dtype(f"{_order(bits)}u2"), "bfloat16")
    raise Refusal(f"it holds floating-point numbers of {size} bytes in a form of their own; IEEE 754's are read")


def _truth(fields: Fields, bits: int, size: int, version: int) -> Kind:
    """An enumeration of FALSE = 0 and TRUE = 1, which is how h5py stores truth values."""
    base = _kind(fields, inner=True)
    names = []
    if bits & 0xFFFF == 2 and size == 1 and base.stored.itemsize == 1 and base.stored.kind in "iu":
        for _ in range(2):
            begin, end = fields.at, fields.data.find(b"\0", fields.at)
            if end < 0:
                break
            names.append(fields.raw(end - begin + 1)[:-1])
            if version < 3:
                fields.raw(-(fields.at - begin) % 8)
        if names == [b"FALSE", b"TRUE"] and fields.raw(2) == b"\0\1":
            return Kind(np.dtype(np.uint8), "truth")
    raise Refusal("it holds an enumeration; of those, only the truth values FALSE = 0 and TRUE = 1 are read")


def as_bfloat16(kind: Kind) -> Kind:
    """The type of a dataset that says in an attribute that its two bytes are bfloat16, as Keras's files do."""
    if kind.stored.kind not in "Vu" or kind.stored.itemsize != 2:
        return kind
    return replace(kind, stored=np.dtype("<u2"), meaning="bfloat16")


def read_shape(data: bytes) -> tuple[int, ...] | None:
    """The sizes that a dataspace message declares; None where it says that there is no element at all."""
    fields = Fields(data, "a dataspace")
    version, rank, flags, form = fields.unpack(SPACE)
    if version == 1:
        fields.raw(4)
    elif version != 2:
        raise Refusal(f"its dataspace is of version {version}; 1 and 2 are read")
    elif form == 2:
        return None
    if rank > limits.RANK or flags & ~1:
        raise Refusal(
            f"its dataspace has {rank} axes and flags {flags}; at most {limits.RANK} and flags 0 or 1 are read"
        )
    return fields.unpack(struct.Struct(f"<{rank}Q"))


def bytes_of(shape: tuple[int, ...], itemsize: int) -> int:
    """How many bytes an array takes. Sizes that no machine could hold are refused, beside an axis of 0 too."""
    if math.prod(max(1, size) for size in shape) * itemsize >= 1 << 60:
        raise Refusal(f"it declares the shape {shape}, which no machine can hold")
    return math.prod(shape) * itemsize

"""NumPy's ``.npz``: a zip archive of arrays, read without pickle and within bounds."""

from __future__ import annotations

import ast
import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from functools import partial
from math import prod
from typing import Any, BinaryIO

import numpy as np

from flintglass.errors import ModelFileError
from flintglass.saving.hdf5.tree import Dataset
from flintglass.saving.zip_directory import directory_of

_SUFFIX = ".npy"
_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 4096
_MOST_MEMBERS, _LONGEST_ENTRY = 10_000, 200  # an array takes 60 us to look at
_LARGEST_RATIO = 100
_MOST_AXES = 32


def write_npz(stream: BinaryIO, arrays: Mapping[str, np.ndarray]) -> None:
    """Write the arrays by name, as ``np.savez`` does; ``np.load`` reads them."""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}{_SUFFIX}", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def read_npz(stream: BinaryIO, file: str) -> dict[str, Dataset]:
    """The arrays by name; each is read when it is asked for. ModelFileError for objects, bombs and damage."""
    size = stream.seek(0, os.SEEK_END)
    _require_few(stream, file)
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, OSError) as error:
        raise ModelFileError(file, "", f"it is no .npz file that can be read: {error}") from error
    found: dict[str, Dataset] = {}
    for info in archive.infolist():
        name = info.filename.removesuffix(_SUFFIX)
        if name == info.filename or name in found:
            raise ModelFileError(file, info.filename[:200], "a .npz file holds arrays (.npy), each name once")
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ModelFileError(file, name[:200], "it is encrypted, or compressed in a way that is not read")
        if info.compress_size > size or info.file_size > _LARGEST_RATIO * (info.compress_size + 1024):
            raise ModelFileError(file, name[:200], _too_dense(info))
        found[name] = _dataset(archive, info, file, name)
    return found


def _too_dense(info: zipfile.ZipInfo) -> str:
    return (
        f"{info.compress_size} bytes would become {info.file_size}, more than {_LARGEST_RATIO} times as many; write "
        "the file by np.savez, which does not compress"
    )


def _require_few(stream: BinaryIO, file: str) -> None:
    told = directory_of(stream)
    if told is None:
        raise ModelFileError(file, "", "it is no .npz file, or it is cut off")
    if told.members > _MOST_MEMBERS or told.length > _LONGEST_ENTRY * _MOST_MEMBERS:
        raise ModelFileError(
            file,
            "",
            f"it lists {told.members} arrays in {told.length} bytes; {_MOST_MEMBERS} arrays, and {_LONGEST_ENTRY} "
            "bytes for each in the list, are read at most",
        )


def _dataset(archive: zipfile.ZipFile, info: zipfile.ZipInfo, file: str, name: str) -> Dataset:
    try:
        with archive.open(info) as member:
            start = member.read(min(info.file_size, _LONGEST_HEADER))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError, RuntimeError) as error:
        raise ModelFileError(file, name[:200], f"it is damaged: {error}") from error
    dtype, shape, is_fortran, offset = _header(start, file, name[:200])
    if offset + dtype.itemsize * prod(shape) != info.file_size:
        raise ModelFileError(
            file, name[:200], f"{info.file_size} bytes do not hold an array of shape {shape} and dtype {dtype}"
        )
    return Dataset(shape, dtype, partial(_read, archive, info, dtype, shape, is_fortran, offset, file, name))


def _header(start: bytes, file: str, name: str) -> tuple[np.dtype[Any], tuple[int, ...], bool, int]:
    """What stands in front of an array: a text that looks like a dict of Python, in which only literals count."""
    if start[:6] != _MAGIC or len(start) < 12 or start[6] not in (1, 2, 3):
        raise ModelFileError(file, name, "it is no array in NumPy's format")
    wide = start[6] > 1
    offset = 12 if wide else 10
    length = struct.unpack_from("<L" if wide else "<H", start, 8)[0]
    text = start[offset : offset + length]
    if len(text) != length:
        raise ModelFileError(file, name, f"its header would take {length} bytes; {_LONGEST_HEADER} are read at most")
    try:
        found = ast.literal_eval(text.decode("latin1").strip())
        descr, shape, is_fortran = found["descr"], found["shape"], found["fortran_order"]
        dtype = np.dtype(descr) if isinstance(descr, str) else None
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError) as error:
        raise ModelFileError(file, name, "its header is not that of an array") from error
    if dtype is None or dtype.kind not in "fiub":
        raise ModelFileError(file, name, f"it holds {descr!r:.60}, not numbers; objects (pickle) are never read here")
    is_shape = isinstance(shape, tuple) and all(type(extent) is int and extent >= 0 for extent in shape)
    if not is_shape or len(shape) > _MOST_AXES or type(is_fortran) is not bool:
        raise ModelFileError(file, name, f"{shape!r:.60} is no shape of an array")
    return dtype, shape, is_fortran, offset + length


def _read(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    is_fortran: bool,
    offset: int,
    file: str,
    name: str,
) -> np.ndarray:
    try:
        with archive.open(info) as member:
            data = member.read(info.file_size + 1)  # the checksum is compared where the end is reached
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise ModelFileError(file, name, f"it is damaged: {error}") from error
    if len(data) != info.file_size:
        raise ModelFileError(file, name, "the file is cut off")
    if not prod(shape):
        return np.zeros(shape, dtype.newbyteorder("="))
    array = np.frombuffer(data, dtype, offset=offset).reshape(shape, order="F" if is_fortran else "C")
    return array.astype(dtype.newbyteorder("="), order="C")

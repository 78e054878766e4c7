"""A ``.keras`` file: three members of a zip archive, read within bounds and never unpacked to a folder."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import BinaryIO

from flintglass.errors import ModelFileError
from flintglass.saving.documents import LARGEST
from flintglass.saving.zip_directory import directory_of

METADATA, CONFIGURATION, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"
MEMBERS = (METADATA, CONFIGURATION, WEIGHTS)

_LOCAL = struct.Struct("<4s5H3L2H")
_LARGEST_DIRECTORY = 64 * 1024
# Keras stores its members as they are. Where another tool compressed them, weights shrink to about 0.9 of their
# size and JSON to a twentieth; zeros shrink a thousandfold, which is how a bomb is made.
_LARGEST_INFLATED = 64 * 2**20
_LARGEST_RATIO = 100
_CHUNK = 2**20


class Archive:
    """The members of an open archive; ``text`` and ``stream`` read one."""

    def __init__(self, stream: BinaryIO, file: str) -> None:
        self._stream, self._file = stream, file
        self._size = stream.seek(0, os.SEEK_END)
        self._require_small_directory()
        try:
            with zipfile.ZipFile(stream) as found:
                self.members = {info.filename: info for info in found.infolist()}
                count = len(found.infolist())
        except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, OSError) as error:
            raise self.refuse("", f"it is no zip archive that can be read: {error}") from error
        if count != len(self.members):
            raise self.refuse("", "the archive holds two members of one name")
        self._starts: dict[str, int] = {}
        for name, info in self.members.items():
            self._check(name, info)
        for name in MEMBERS:
            if name not in self.members:
                raise self.refuse(name, "the archive has no such member, which every .keras file has")
        self._require_apart()

    def refuse(self, item: str, reason: str) -> ModelFileError:
        return ModelFileError(self._file, item[:200], reason)

    def text(self, name: str) -> bytes:
        """The bytes of a small member."""
        if self.members[name].file_size > LARGEST:
            raise self.refuse(name, f"it takes {self.members[name].file_size} bytes; {LARGEST} are read at most")
        return self._inflated(name)

    def stream(self, name: str) -> BinaryIO:
        """A member to seek in; its checksum was compared. It lives as long as the archive's own stream."""
        info = self.members[name]
        if info.compress_type == zipfile.ZIP_DEFLATED:
            return io.BytesIO(self._inflated(name))
        window = Window(self._stream, self._starts[name], info.file_size)
        checksum = 0
        while chunk := window.read(_CHUNK):
            checksum = zlib.crc32(chunk, checksum)
        self._require_checksum(name, checksum)
        window.seek(0)
        return io.BufferedReader(window)

    def _inflated(self, name: str) -> bytes:
        info = self.members[name]
        self._stream.seek(self._starts[name])
        data = self._stream.read(info.compress_size)
        if info.compress_type == zipfile.ZIP_DEFLATED:
            inflater = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                data = inflater.decompress(data, info.file_size + 1)
            except zlib.error as error:
                raise self.refuse(name, f"its compressed bytes are damaged: {error}") from error
        if len(data) != info.file_size:
            raise self.refuse(name, f"it does not hold the {info.file_size} bytes that the archive declares")
        self._require_checksum(name, zlib.crc32(data))
        return data

    def _require_checksum(self, name: str, found: int) -> None:
        if found != self.members[name].CRC:
            raise self.refuse(name, "its checksum is wrong: the file is damaged")

    def _require_small_directory(self) -> None:
        """Refuse a long list of members before it is read."""
        told = directory_of(self._stream)
        if told is None:
            raise self.refuse("", "it is no zip archive, or it is cut off: its list of members is missing")
        if told.members > len(MEMBERS) or told.length > _LARGEST_DIRECTORY:
            raise self.refuse("", f"the archive lists {told.members} members; a .keras file has {len(MEMBERS)}")

    def _check(self, name: str, info: zipfile.ZipInfo) -> None:
        if name not in MEMBERS:
            hint = "; layers with files of their own (assets) are not read here" if name.startswith("assets") else ""
            raise self.refuse(name, f"a .keras file has the members {', '.join(MEMBERS)} and no others{hint}")
        if info.flag_bits & 0x1:
            raise self.refuse(name, "it is encrypted")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise self.refuse(name, "it is a symbolic link")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise self.refuse(name, f"it is compressed by method {info.compress_type}; stored and deflated are read")
        if info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
            raise self.refuse(name, "its two sizes differ, though it is not compressed")
        if info.compress_type == zipfile.ZIP_DEFLATED and (
            info.file_size > _LARGEST_INFLATED or info.file_size > _LARGEST_RATIO * (info.compress_size + 1024)
        ):
            raise self.refuse(
                name,
                f"{info.compress_size} bytes would become {info.file_size}; at most {_LARGEST_INFLATED} bytes, and "
                f"{_LARGEST_RATIO} times as many, are inflated. Store the members uncompressed, as Keras does",
            )
        self._starts[name] = self._start_of(name, info)

    def _start_of(self, name: str, info: zipfile.ZipInfo) -> int:
        """Where the member's bytes begin; what stands in front of them must agree with the list of members."""
        if not 0 <= info.header_offset < self._size:  # below 0 where the list of members lies further on than it says
            raise self.refuse(name, "the archive says that it begins outside the file")
        self._stream.seek(info.header_offset)
        header = self._stream.read(_LOCAL.size)
        if len(header) < _LOCAL.size or header[:4] != b"PK\x03\x04":
            raise self.refuse(name, "the archive says that it begins where no member does")
        fields = _LOCAL.unpack(header)
        method, name_length, extra_length = fields[3], fields[9], fields[10]
        if self._stream.read(name_length) != name.encode() or method != info.compress_type:
            raise self.refuse(name, "the archive tells two different things about it")
        start = info.header_offset + _LOCAL.size + name_length + extra_length
        if start + info.compress_size > self._size:
            raise self.refuse(name, "it is longer than the file: the file is cut off")
        return int(start)

    def _require_apart(self) -> None:
        spans = sorted((self._starts[name], self.members[name].compress_size, name) for name in self.members)
        for (start, length, _), (after, _, name) in pairwise(spans):
            if start + length > after:
                raise self.refuse(name, "it lies inside another member")


class Window(io.RawIOBase):
    """A part of a file as a file of its own."""

    def __init__(self, stream: BinaryIO, start: int, length: int) -> None:
        self._stream, self._start, self._length, self._position = stream, start, length, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._length}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        wanted = max(0, min(len(view), self._length - self._position))
        self._stream.seek(self._start + self._position)
        data = self._stream.read(wanted)
        view[: len(data)] = data
        self._position += len(data)
        return len(data)


@contextmanager
def opened(path: str | os.PathLike[str], file: str) -> Iterator[BinaryIO]:
    """A file to read. ModelFileError for what cannot be opened or is no regular file: a pipe would never end."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise ModelFileError(file, "", f"it cannot be opened: {error.strerror or error}") from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise ModelFileError(file, "", "it is no regular file")
    with os.fdopen(handle, "rb") as stream:
        yield stream


def write_archive(stream: BinaryIO, metadata: str, configuration: str, weights: Callable[[BinaryIO], None]) -> None:
    """Write the three members, stored as they are. ``weights`` writes the third one into a seekable stream."""
    from tempfile import SpooledTemporaryFile

    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(METADATA, metadata)
        archive.writestr(CONFIGURATION, configuration)
        with SpooledTemporaryFile(max_size=64 * 2**20) as numbers:
            weights(numbers)  # type: ignore[arg-type]
            numbers.seek(0)
            with archive.open(WEIGHTS, "w", force_zip64=True) as member:
                while chunk := numbers.read(_CHUNK):
                    member.write(chunk)

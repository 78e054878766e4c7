"""Bytes of a file that is not trusted: read only inside the file, each structure once, all within bounds."""

from __future__ import annotations

import copy
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from flintglass.errors import ModelFileError
from flintglass.saving.hdf5 import limits
from flintglass.saving.hdf5.checksums import jenkins

UNDEFINED = 0xFFFFFFFFFFFFFFFF  # the address of what is not there


class Refusal(Exception):
    """Why a file is not read further; ``refusing`` says where."""


class Place:
    """Where in the file's tree the reader stands. A chain, so that deep paths share their beginnings."""

    __slots__ = ("depth", "name", "parent")

    def __init__(self, parent: Place | None, name: str) -> None:
        self.parent, self.name = parent, name
        self.depth: int = parent.depth + 1 if parent else 0

    def __str__(self) -> str:
        names, here = [], self
        while here.parent is not None:
            names.append(here.name)
            here = here.parent
        return "/" + "/".join(reversed(names))


class Source:
    """A stream with its length, the budget that is left, and where the reader stands.

    file, item: for messages; item is what the stream is inside of ``file``, empty for the whole.
    """

    def __init__(self, stream: BinaryIO, file: str, item: str) -> None:
        self.stream, self.file, self.item = stream, file, item
        self.length = stream.seek(0, 2)
        self.place = Place(None, "")
        self.attribute = ""
        self._spent: dict[str, int] = {}
        self._work = 0.0
        self._claimed = 0
        self._deflated = self._inflated = 0
        self._seen: set[int] = set()

    def spend(self, what: str, amount: int) -> None:
        """Count ``amount`` of ``what``; more of it in one file than ``limits.COUNTED`` allows is refused."""
        most, cost = limits.COUNTED[what]
        spent = self._spent[what] = self._spent.get(what, 0) + amount
        self._work += amount * cost
        if spent > most:
            raise Refusal(f"the file holds more {what} than the {most:,} that are read")
        if self._work > limits.WORK:
            raise Refusal(f"the file's structure takes more than {limits.WORK / 1e6} s to read; it is far too fine")

    def anew(self, place: Place) -> Source:
        """The same stream at a place, with the whole budget: for one reading of one dataset."""
        again = copy.copy(self)
        again.place, again.attribute, again._spent, again._work = place, "", {}, 0.0
        return again

    def claim(self, size: int) -> None:
        """Count bytes of data; all datasets together that have more than the file are refused."""
        self._claimed += size
        if self._claimed > self.length:
            raise Refusal(f"the datasets up to here declare {self._claimed:,} bytes; the file has {self.length:,}")

    def inflate(self, stored: int, size: int) -> None:
        """Count a compressed dataset: its bytes in the file, and what they become."""
        self._deflated += stored
        self._inflated += size

    def check_inflated(self) -> None:
        """Refuse, once all datasets are known, a file that would grow to many times its size."""
        if self._inflated > max(limits.INFLATED_BYTES, limits.INFLATED_RATIO * self._deflated):
            raise Refusal(
                f"{self._deflated:,} compressed bytes would become {self._inflated:,}; {limits.INFLATED_BYTES:,}, or "
                f"{limits.INFLATED_RATIO} times as many, are inflated. Write the file without compression"
            )

    def inside(self, address: int, size: int, what: str) -> None:
        """Refuse a piece that does not lie in the file."""
        if address + size > self.length:
            end = f"{what} (bytes {address} to {address + size}) lies beyond the file's end at {self.length}"
            raise Refusal(f"{end}; the file is cut short or damaged")

    def once(self, address: int, what: str) -> None:
        """Refuse a structure that was met before: a cycle, or one that two places share."""
        if address in self._seen:
            raise Refusal(f"{what} at {address} is reached a second time; files whose parts are shared are not read")
        self._seen.add(address)

    def take(self, address: int, size: int, what: str) -> bytes:
        """A piece of structure."""
        if size > limits.BLOCK_BYTES:
            raise Refusal(f"{what} declares {size:,} bytes; at most {limits.BLOCK_BYTES:,} are read")
        self.inside(address, size, what)
        self.spend("bytes of structure", size)
        self.stream.seek(address)
        data = self.stream.read(size)
        if len(data) != size:
            raise Refusal(f"{what} at {address} could not be read whole")
        return data

    def fill(self, address: int, into: memoryview) -> None:
        """Read numbers straight into an array."""
        self.inside(address, len(into), "the dataset's data")
        self.stream.seek(address)
        at = 0
        reader = getattr(self.stream, "readinto", None)
        while at < len(into):
            if reader is not None:
                count = reader(into[at:])
            else:
                data = self.stream.read(len(into) - at)
                count = len(data)
                into[at : at + count] = data
            if not count:
                raise Refusal("the file's end came while the dataset was read")
            at += count

    def check_sum(self, data: bytes | memoryview, expected: int, what: str) -> None:
        """Refuse bytes whose checksum is another."""
        self.spend("bytes under a checksum", len(data))
        if jenkins(data) != expected:
            raise Refusal(f"the checksum of {what} is wrong; the file is damaged")

    def sealed(self, address: int, size: int, what: str) -> bytes:
        """A piece of structure whose last four bytes are its checksum; without them."""
        data = self.take(address, size, what)
        self.check_sum(data[:-4], int.from_bytes(data[-4:], "little"), what)
        return data[:-4]

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Turn whatever is wrong with the file into the one exception, with the place in it."""
        try:
            yield
        except Refusal as refusal:
            raise ModelFileError(self.file, self.where(), str(refusal)) from None
        except MemoryError as error:
            raise ModelFileError(self.file, self.where(), "there is not enough memory to read this") from error
        except (ArithmeticError, AssertionError, LookupError, RecursionError, TypeError, ValueError) as error:
            reason = f"the file is damaged ({type(error).__name__}: {error})"
            raise ModelFileError(self.file, self.where(), reason) from error

    def where(self) -> str:
        """The path in the file, after the item that the file is itself."""
        path = str(self.place)
        path = "" if path == "/" else path
        path = path if len(path) <= 400 else f"{path[:200]}...{path[-200:]}"
        path = f"{path} attribute {self.attribute!r}" if self.attribute else path
        return ": ".join(filter(None, (self.item, path.strip())))


class Fields:
    """A piece of structure taken apart from its beginning; numbers are little-endian."""

    __slots__ = ("at", "data", "what")

    def __init__(self, data: bytes, what: str) -> None:
        self.data, self.what, self.at = data, what, 0

    def number(self, size: int) -> int:
        """The next ``size`` bytes as a number without sign."""
        at = self.at
        self.at = end = at + size
        if end > len(self.data):
            raise Refusal(f"{self.what} ends too early")
        return int.from_bytes(self.data[at:end], "little")

    def raw(self, size: int) -> bytes:
        """The next ``size`` bytes."""
        at = self.at
        self.at = end = at + size
        if end > len(self.data):
            raise Refusal(f"{self.what} ends too early")
        return self.data[at:end]

    def unpack(self, form: struct.Struct) -> tuple[Any, ...]:
        """The next numbers in a form, in one step."""
        at = self.at
        self.at = end = at + form.size
        if end > len(self.data):
            raise Refusal(f"{self.what} ends too early")
        return form.unpack_from(self.data, at)

    def expect(self, expected: bytes) -> None:
        """Pass over a signature or a version; another one is refused."""
        came = self.raw(len(expected))
        if came != expected:
            raise Refusal(f"{self.what} should begin with {expected!r}; {came!r} came")

    def align(self, boundary: int = 8) -> None:
        """Pass over padding."""
        self.at += -self.at % boundary

    @property
    def left(self) -> int:
        """How many bytes follow."""
        return len(self.data) - self.at


def named(data: bytes, what: str) -> str:
    """The name of a member or an attribute, in UTF-8; one that is empty, too long or no plain name is refused."""
    if not 0 < len(data) <= limits.NAME_BYTES:
        raise Refusal(f"{what} has a name of {len(data)} bytes; 1 to {limits.NAME_BYTES} are read")
    try:
        name = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal(f"{what} has a name that is not UTF-8: {data[:40]!r}") from None
    if "\0" in name:
        raise Refusal(f"{what} has a name with a NUL in it: {name[:40]!r}")
    return name


def member_name(data: bytes) -> str:
    """The name of a member of a group: one step of a path."""
    name = named(data, "a member")
    if "/" in name or name in (".", ".."):
        raise Refusal(f"a member is named {name[:40]!r}, which is no name but a path")
    return name

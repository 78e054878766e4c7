"""Fractal heaps: where groups of many members, and objects of many attributes, keep their messages."""

from __future__ import annotations

from collections.abc import Iterator

from flintglass.saving.hdf5 import limits
from flintglass.saving.hdf5.source import UNDEFINED, Fields, Refusal, Source
from flintglass.saving.hdf5.trees import new_records

MANAGED, HUGE = 0, 1


def kept_in_heap(
    source: Source, info: bytes, what: str, order_bytes: int, by_name: int
) -> Iterator[tuple[FractalHeap, bytes]]:
    """The heap that an info message names, with each record of its B-tree of names; none where it names none.

    order_bytes: how long the highest creation order is, where the message holds it. by_name: the kind of the B-tree.
    """
    fields = Fields(info, what)
    fields.expect(b"\0")
    if fields.number(1) & 1:
        fields.raw(order_bytes)
    heap_address, tree_address = fields.number(8), fields.number(8)
    if heap_address == UNDEFINED or tree_address == UNDEFINED:
        return
    heap = FractalHeap(source, heap_address)
    for record in new_records(source, tree_address, by_name):
        yield heap, record


class FractalHeap:
    """A heap at an address; blocks are read when they are first asked for, each once."""

    def __init__(self, source: Source, address: int) -> None:
        self._source = source
        source.once(address, "a fractal heap")
        fields = Fields(source.sealed(address, 146, "a fractal heap"), "a fractal heap")
        fields.expect(b"FRHP\0")
        self._id_bytes, filtered, self._flags = fields.number(2), fields.number(2), fields.number(1)
        largest, _, self._huge_tree = fields.number(4), fields.number(8), fields.number(8)
        fields.raw(8 * 10)
        self._width, self._first, self._largest = fields.number(2), fields.number(8), fields.number(8)
        bits, _, self._root, self._rows = fields.number(2), fields.number(2), fields.number(8), fields.number(2)
        sizes = self._first, self._largest, self._width
        if filtered or bits > 64 or any(size & (size - 1) or not 0 < size <= 1 << 20 for size in sizes):
            raise Refusal("a fractal heap has filters, or sizes that are no powers of two up to 1 MB; it is not read")
        if self._first > self._largest:
            raise Refusal("a fractal heap's first block is larger than its largest")
        self._address = address
        self._offset_bytes = (bits + 7) // 8
        self._length_bytes = min(_width(self._largest), _width(largest))
        self._direct_rows = self._largest.bit_length() - self._first.bit_length() + 2
        self._blocks: dict[int, bytes] = {}
        self._indirect: dict[int, bytes] = {}
        self._huge: dict[int, tuple[int, int]] | None = None

    def piece(self, identifier: bytes) -> tuple[bytes, int]:
        """What is kept under an identifier, and its address in the file."""
        if len(identifier) > self._id_bytes:
            identifier = identifier[: self._id_bytes]
        fields = Fields(identifier, "an identifier in a fractal heap")
        first = fields.number(1)
        if first >> 6 or first >> 4 & 3 not in (MANAGED, HUGE):
            raise Refusal(f"an identifier in a fractal heap begins with {first:#04x}, a kind that is not read")
        if first >> 4 & 3 == HUGE:
            return self._huge_piece(fields)
        offset, length = fields.number(self._offset_bytes), fields.number(self._length_bytes)
        begin, address, block = self._block(offset)
        data = block[offset - begin : offset - begin + length]
        if len(data) != length or offset - begin < 13 + self._offset_bytes:
            raise Refusal("a piece of a fractal heap lies outside its block")
        return data, address + offset - begin

    def _huge_piece(self, fields: Fields) -> tuple[bytes, int]:
        if self._huge is None:
            self._huge = {}
            for record in new_records(self._source, self._huge_tree, 1):
                entry = Fields(record, "a record of large pieces")
                address, size = entry.number(8), entry.number(8)
                self._huge[entry.number(8)] = address, size
        number = fields.number(min(8, fields.left))
        if number not in self._huge:
            raise Refusal(f"a fractal heap has no large piece {number}")
        address, size = self._huge[number]
        return self._source.take(address, size, "a large piece of a fractal heap"), address

    def _block(self, offset: int) -> tuple[int, int, bytes]:
        """The direct block around an offset: where it begins in the heap and in the file, and its bytes."""
        address, rows, begin = self._root, self._rows, 0
        size = self._first
        for _ in range(limits.TREE_LEVELS):
            if not rows:
                return begin, address, self._direct(address, begin, size)
            row, column, size = self._place(offset - begin)
            if row >= rows:
                raise Refusal(f"the offset {offset} lies outside a fractal heap")
            children = Fields(self._children(address, begin, rows), "a fractal heap's block")
            children.raw(8 * (row * self._width + column))
            address = children.number(8)
            begin += self._row_begin(row) + column * size
            rows = 0 if row < self._direct_rows else size.bit_length() - (self._first * self._width).bit_length() + 1
            if address == UNDEFINED:
                raise Refusal("a fractal heap's block is not there")
        raise Refusal("a fractal heap is nested too deep")

    def _row_begin(self, row: int) -> int:
        return 0 if row == 0 else self._width * self._first << (row - 1)

    def _place(self, offset: int) -> tuple[int, int, int]:
        """Row, column and size of the block around an offset; sizes double from the third row on."""
        row = (offset // (self._width * self._first)).bit_length()
        size = self._first << max(0, row - 1)
        return row, (offset - self._row_begin(row)) // size, size

    def _direct(self, address: int, begin: int, size: int) -> bytes:
        if address not in self._blocks:
            self._source.once(address, "a fractal heap's block")
            data = self._source.take(address, size, "a fractal heap's block")
            fields = Fields(data, "a fractal heap's block")
            self._check_start(fields, b"FHDB\0", begin)
            if self._flags & 2:
                at = fields.at
                zeroed = data[:at] + bytes(4) + data[at + 4 :]
                self._source.check_sum(zeroed, fields.number(4), "a fractal heap's block")
            self._blocks[address] = data
        return self._blocks[address]

    def _children(self, address: int, begin: int, rows: int) -> bytes:
        """The addresses of the blocks in a block of blocks."""
        if address not in self._indirect:
            self._source.once(address, "a fractal heap's block")
            size = 13 + self._offset_bytes + 8 * rows * self._width + 4
            fields = Fields(self._source.sealed(address, size, "a fractal heap's block"), "a fractal heap's block")
            self._check_start(fields, b"FHIB\0", begin)
            self._indirect[address] = fields.raw(fields.left)
        return self._indirect[address]

    def _check_start(self, fields: Fields, signature: bytes, begin: int) -> None:
        fields.expect(signature)
        if (fields.number(8), fields.number(self._offset_bytes)) != (self._address, begin):
            raise Refusal("a fractal heap's block belongs to another heap")


def _width(most: int) -> int:
    return (max(1, most).bit_length() - 1) // 8 + 1

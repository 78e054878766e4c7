"""Damaged and hostile HDF5 files: each ends in the one exception, which names the place, soon and in little memory."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.files.hdf5_support import (
    FLOAT32,
    NewFile,
    attribute,
    changed,
    chunk_messages,
    link,
    message,
    no_links,
    number,
    pipeline,
    read,
    read_whole,
    with_dataset,
    with_root,
    written,
)

from flintglass.errors import ModelFileError
from flintglass.saving.hdf5 import emit
from flintglass.saving.hdf5.encode import LONG_TEXT, datatype
from flintglass.saving.hdf5.headers import (
    ATTRIBUTE,
    ATTRIBUTE_INFO,
    CONTINUATION,
    DATASPACE,
    DATATYPE,
    FILTERS,
    LAYOUT,
    LINK,
    LINK_INFO,
    SYMBOLS,
)
from flintglass.saving.hdf5.read import read_hdf5
from flintglass.saving.hdf5.source import UNDEFINED
from flintglass.saving.hdf5.tree import Dataset, Group

SECONDS, BYTES = 2.0, 200 << 20
ARRAY = np.arange(64, dtype="<f4").reshape(8, 8)
WEIGHTS = Group({"w": Dataset.of(ARRAY, {"text": "abc"}), "v": Dataset.of(ARRAY)})
FILE = written(WEIGHTS)
ROOT = int.from_bytes(FILE[64:72], "little")  # the address of its root's header
NEW = with_root([no_links(), attribute("a", 1)])


def after(signature: bytes, offset: int) -> int:
    """A place in FILE, after the first occurrence of a signature."""
    return FILE.index(signature) + offset


def dataset(
    shape: tuple[int, ...] = (2,), kind: bytes = FLOAT32, size: int = 8, address: int = 48, more: Any = ()
) -> bytes:
    """A file with one dataset in one piece."""
    return with_dataset([*emit.dataset_messages(shape, kind, address, size), *more])


def chunks(filters: list[int] = [], **options: Any) -> bytes:  # noqa: B006
    """A file with one dataset in four chunks."""
    new = NewFile()
    return with_dataset(chunk_messages(new, ARRAY, (4, 4), filters, **options), new)


def in_chunks(offset: int, new: bytes, filters: list[int] = []) -> bytes:  # noqa: B006
    """The same, with other bytes after the tree's signature."""
    data = chunks(filters)
    return changed(data, data.index(b"TREE") + offset, new)


def dense(change: Callable[[NewFile, list[tuple[int, bytes]]], Any] = lambda *_: None, count: int = 4) -> bytes:
    """A file whose links stand in a heap, after a change."""
    new = NewFile()
    messages = new.dense_links({f"w{i}": new.floats([i]) for i in range(count)})
    change(new, messages)
    return with_root(messages, new)


def old_group(node: bytes) -> bytes:
    """A file whose root is a symbol table over a tree whose root node is given; b"SELF" in it is its own address."""
    new = NewFile()
    heap = new.place(b"HEAP" + struct.pack("<B3xQQQ", 0, 0, 1, 0))
    tree = new.place(b"")
    new.place(node.replace(b"SELF0000", number(tree)))
    return with_root([(SYMBOLS, number(tree) + number(heap))], new)


def level_again() -> bytes:
    new = NewFile()
    heap = new.place(b"HEAP" + struct.pack("<B3xQQQ", 0, 0, 1, 0))
    tree = new.place(tree_node(1, [number(new.place(tree_node(1, [number(8)])))]))
    return with_root([(SYMBOLS, number(tree) + number(heap))], new)


def tree_node(level: int, children: list[bytes]) -> bytes:
    return b"TREE" + struct.pack("<BBHQQ", 0, level, len(children), 0, 0) + b"".join(bytes(8) + one for one in children)


def long_texts(shape: tuple[int, ...], references: bytes) -> tuple[int, bytes]:
    raw, space = b"t\0", emit.dataspace(shape)
    start = struct.pack("<BBHHHB", 3, 0, len(raw), len(LONG_TEXT), len(space), 0)
    return ATTRIBUTE, start + raw + LONG_TEXT + space + references


def enumeration() -> bytes:
    return b"\x18\2\0\0\1\0\0\0" + datatype(np.dtype("i1")) + b"RED\0\0\0\0\0BLUE\0\0\0\0\0\1"


def two_attributes() -> bytes:
    return with_root([no_links(), attribute("a", 1), attribute("a", 2)])


def with_continuation(address: int, size: int) -> bytes:
    return with_root([(CONTINUATION, number(address) + number(size))])


def wrong_truth() -> bytes:
    new = NewFile()
    address = new.place(b"\0\1\2")
    return with_dataset(emit.dataset_messages((3,), datatype(np.dtype(bool)), address, 3), new)


def bomb() -> bytes:
    data = chunks([1])
    begin = data.index(b"TREE") + 24
    size = int.from_bytes(data[begin : begin + 4], "little")
    inflating = zlib.compress(bytes(50 << 20), 9)
    whole = data + inflating
    address = begin + 8 + 8 * 3
    whole = changed(whole, address, number(len(data)))
    assert size < len(inflating)
    return changed(whole, begin, number(len(inflating), 4))


def truncated_chunk() -> bytes:
    data = chunks([1])
    begin = data.index(b"TREE") + 24
    return changed(data, begin, number(int.from_bytes(data[begin : begin + 4], "little") - 5, 4))


def other_links(*links: tuple[int, bytes]) -> bytes:
    return with_root([no_links(), *links])


def overlapping() -> bytes:
    """Two datasets that both declare nearly the whole file."""
    new = NewFile()
    address = new.place(bytes(6000))
    headers = [new.header(emit.dataset_messages((1500,), FLOAT32, address, 6000)) for _ in range(2)]
    return with_root([no_links(), link("a", headers[0]), link("b", headers[1])], new)


def fixed_texts(value: bytes) -> bytes:
    new = NewFile()
    address = new.place(value)
    return with_dataset(emit.dataset_messages((1,), datatype(np.dtype(f"S{len(value)}")), address, len(value)), new)


def space(data: bytes) -> bytes:
    return with_dataset([(DATASPACE, data), *emit.dataset_messages((2,), FLOAT32, 48, 8)[1:]])


def layout(data: bytes, more: Any = ()) -> bytes:
    return with_dataset([*emit.dataset_messages((2,), FLOAT32, 48, 8)[:3], (LAYOUT, data), *more])


def huge_tree(node: bytes = b"") -> bytes:
    """A group whose B-tree of version 2 is of 65,535 levels."""
    new = NewFile()
    heap, _ = new.heap([b"x" * 20], 7)
    head = new.seal(b"BTHD\0\5" + struct.pack("<IHHBB", 512, 11, 65535, 100, 40) + number(48) + bytes(10))
    return with_root([(LINK_INFO, bytes(2) + number(heap) + number(head))], new)


CASES: dict[str, tuple[Callable[[], bytes], str]] = {
    # The file as a whole
    "empty": (lambda: b"", "no HDF5 file"),
    "another format": (lambda: b"PK\3\4" + bytes(200), "no HDF5 file"),
    "a superblock of a version to come": (lambda: changed(FILE, 8, b"\4"), "superblock is of version 4"),
    "addresses of four bytes": (lambda: changed(FILE, 13, b"\4"), "addresses and lengths have 4 and 8 bytes"),
    "a user block": (lambda: changed(FILE, 24, number(512)), "user block"),
    "cut by one byte": (lambda: FILE[:-1], "cut short"),
    "cut in half": (lambda: FILE[: len(FILE) // 2], "cut short"),
    "only the signature": (lambda: FILE[:9], "ends too early"),
    "a root beyond the end": (lambda: changed(FILE, 64, number(1 << 40)), "beyond the file's end"),
    "a root at the greatest address": (lambda: changed(FILE, 64, number(UNDEFINED)), "beyond the file's end"),
    "a superblock's checksum": (lambda: changed(NEW, 44, b"\0\0\0\0"), "checksum of the superblock"),
    "a root that is a dataset": (lambda: with_root(emit.dataset_messages((), FLOAT32, 48, 4)), "root is a dataset"),
    # Object headers
    "a header's checksum": (lambda: changed(NEW, len(NEW) - 9, b"\xff"), "checksum of an object header"),
    "a header of version 9": (lambda: changed(FILE, ROOT, b"\x09"), "b'.x01' or b'OHDR' was expected"),
    "more messages than there are": (lambda: changed(FILE, ROOT + 2, b"\xff\xff"), "messages more than it holds"),
    "an unknown message": (lambda: with_root([no_links(), (99, b"")]), "message of kind 99"),
    "a message that is too long": (lambda: changed(FILE, ROOT + 18, b"\xff\xff"), "ends too early"),
    "a shared message": (lambda: shared(), "committed datatype or another shared message"),
    "a continuation to itself": (lambda: with_continuation(48, 40), "continuation at 48 is reached a second time"),
    "a continuation that is none": (lambda: with_continuation(0, 48), "continuation does not begin with b'OCHK'"),
    "a continuation of no size": (lambda: with_continuation(8, 0), "a block of 0 bytes"),
    "a continuation beyond the end": (lambda: with_continuation(8, 1 << 20), "beyond"),
    "a continuation of a petabyte": (lambda: with_continuation(8, 1 << 50), "at most"),
    "external storage": (lambda: dataset(more=[(7, bytes(16))]), "/w: its numbers lie in other files"),
    "shared tables": (lambda: with_root([no_links(), (15, bytes(16))]), "shared messages"),
    "two shapes": (lambda: dataset(more=[(DATASPACE, emit.dataspace((2,)))]), "/w: .* two messages of kind 1"),
    "a group and a dataset at once": (lambda: dataset(more=[no_links()]), "parts of both"),
    "neither": (lambda: with_dataset([]), "/w: it is neither a group nor a dataset"),
    "a committed datatype": (lambda: with_dataset([(DATATYPE, FLOAT32)]), "/w: it is a committed datatype"),
    "a dataset without a type": (lambda: with_dataset([(DATASPACE, emit.dataspace(()))]), "without a shape or without"),
    "a dataset without a layout": (lambda: with_dataset(emit.dataset_messages((), FLOAT32, 48, 4)[:2]), "no layout"),
    # Groups and names
    "a soft link": (lambda: other_links(link("s", 0, 1)), "'s' is a soft link"),
    "an external link": (lambda: other_links(link("e", 0, 64)), "'e' is an external link, to another file"),
    "a soft link in a symbol table": (lambda: changed(FILE, after(b"SNOD", 24), number(2, 4)), "'v' is a soft link"),
    "two members of one name": (lambda: other_links(link("a", 48), link("a", 56)), "two members of the name 'a'"),
    "a name that climbs": (lambda: other_links(link("..", 48)), "no name but a path"),
    "a name that is a path": (lambda: other_links(link("a/b", 48)), "no name but a path"),
    "a name with a NUL": (lambda: other_links(link("a\0b", 48)), "NUL"),
    "no name": (lambda: other_links(link("", 48)), "a name of 0 bytes"),
    "a name of a kilobyte": (lambda: other_links(link("x" * 1025, 48)), "a name of 1025 bytes"),
    "a name that is no UTF-8": (lambda: other_links(link(b"\xff\xfe", 48)), "not UTF-8"),
    "a link of another version": (lambda: with_root([no_links(), (LINK, b"\2\0\1a" + bytes(8))]), "link should begin"),
    "a link that ends early": (lambda: with_root([no_links(), (LINK, b"\1\0\5a")]), "a link ends too early"),
    "a member beyond the end": (lambda: other_links(link("w", 1 << 62)), "the member 'w' .*beyond"),
    "a group that holds itself": (lambda: cycle(), "reached a second time"),
    "two names of one object": (lambda: shared_object(), "/b: an object header at .* reached a second time"),
    "groups that double forty times": (lambda: doubling(), "reached a second time"),
    "groups a thousand deep": (lambda: deep(1000), "nested deeper than 64"),
    "a tree that is its own child": (lambda: old_group(tree_node(1, [b"SELF0000"])), "a second time"),
    "a tree whose child is of its own level": (lambda: level_again(), "is of level 1; 0 was expected, or one below 16"),
    "a tree of 200 levels": (lambda: old_group(tree_node(200, [b"SELF0000"])), "of level 200"),
    "an inner node without children": (lambda: old_group(tree_node(1, [])), "no child"),
    "a tree for chunks in a group": (lambda: changed(FILE, after(b"TREE", 4), b"\1"), "should begin"),
    "a tree that is none": (lambda: changed(FILE, after(b"TREE", 0), b"BEER"), "a B-tree's node should begin"),
    "65,535 members declared": (lambda: changed(FILE, after(b"SNOD", 6), b"\xff\xff"), "more members|beyond"),
    "a name outside its heap": (lambda: changed(FILE, after(b"SNOD", 8), number(1 << 33)), "not in its heap"),
    "a heap beyond the end": (lambda: changed(FILE, after(b"HEAP", 24), number(len(FILE) - 4)), "beyond"),
    "a heap of a terabyte": (lambda: changed(FILE, after(b"HEAP", 8), number(1 << 40)), "at most"),
    # Heaps and trees of the newer form
    "a heap's checksum": (lambda: dense(lambda new, _: edit(new, b"FRHP", 20, b"\1")), "checksum of a fractal heap"),
    "a block's checksum": (lambda: dense(lambda new, _: edit(new, b"FHDB", 99, b"\1")), "of a fractal heap's block"),
    "a tree's checksum": (lambda: dense(lambda new, _: edit(new, b"BTHD", 20, b"\1")), "checksum of a B-tree"),
    "a leaf's checksum": (lambda: dense(lambda new, _: edit(new, b"BTLF", 8, b"\1")), "checksum of a B-tree's node"),
    "a tree of 65,535 levels": (huge_tree, "65535 levels"),
    "links without a heap": (
        lambda: with_root([(LINK_INFO, bytes(2) + number(1 << 50) + number(48))]), "a fractal heap .*beyond"),
    "attributes in what is no heap": (lambda: no_heap(), "checksum of a fractal heap"),
    "a wrong number of records": (lambda: wrong_total(), "declares 9 records"),
    "records outside their heap": (lambda: outside(), "outside"),
    # Datatypes, shapes, attributes
    "compounds": (lambda: dataset(kind=b"\x16" + bytes(3) + number(8, 4)), "/w: it holds compounds"),
    "references": (lambda: dataset(kind=b"\x17" + bytes(3) + number(8, 4)), "references to objects"),
    "sequences": (lambda: dataset(kind=b"\x19" + bytes(3) + number(16, 4)), "sequences of varying length"),
    "arrays as elements": (lambda: dataset(kind=b"\x1a" + bytes(3) + number(16, 4)), "holds arrays"),
    "times": (lambda: dataset(kind=b"\x12" + bytes(3) + number(8, 4)), "holds times"),
    "a class to come": (lambda: dataset(kind=b"\x1f" + bytes(3) + number(8, 4)), "holds class 15"),
    "a type of version 9": (lambda: dataset(kind=b"\x90" + FLOAT32[1:]), "datatype of version 9"),
    "integers of three bytes": (lambda: dataset(kind=b"\x10\0\0\0\3\0\0\0\0\0\x18\0"), "integers of 24 bits in 3"),
    "floats of a form of their own": (lambda: dataset(kind=FLOAT32[:-1] + b"\1"), "in a form of their own"),
    "an enumeration of colours": (lambda: dataset(kind=enumeration(), size=2), "enumeration"),
    "texts of four gigabytes": (lambda: dataset(kind=b"\x13\0\0\0\xff\xff\xff\xff"), "texts have 4,294,967,295 bytes"),
    "texts of no byte": (lambda: dataset(kind=b"\x13\0\0\0\0\0\0\0"), "texts have 0 bytes"),
    "a truth value of 2": (wrong_truth, "/w: a truth value is 2"),
    "a text that is no UTF-8": (lambda: fixed_texts(b"\xff\xff"), "/w: a text is not UTF-8"),
    "33 axes": (lambda: space(b"\1\x21" + bytes(6 + 33 * 8)), "33 axes"),
    "a dataspace of version 3": (lambda: space(b"\3\0\0\0" + bytes(16)), "dataspace is of version 3"),
    "a dataspace without its sizes": (lambda: space(b"\2\2\0\1" + bytes(8)), "cannot|ends too early|damaged"),
    "an attribute of version 4": (lambda: with_root([no_links(), (ATTRIBUTE, b"\4" + bytes(40))]), "of version 4"),
    "an attribute without a name": (lambda: with_root([no_links(), attribute("", 1)]), "an attribute has a name of 0"),
    "two attributes of one name": (two_attributes, "two attributes of the name 'a'"),
    "an attribute that declares a terabyte": (
        lambda: with_root([no_links(), attribute_of((1 << 38,))]), "attribute 't': .*more bytes of attributes"),
    "an attribute that ends early": (lambda: with_root([no_links(), attribute_of((2,))]), "'t': an attribute ends too"),
    "a text in no heap": (lambda: heap_text(4096, at=8), "'t': a global heap should begin"),
    "a text longer than its piece": (lambda: heap_text(4096, 100), "text of 100 bytes is not in the global heap"),
    "a text that is not in its heap": (lambda: heap_text(4096, 3, 7), "text of 3 bytes is not in"),
    "a heap of a gigabyte": (lambda: heap_text(1 << 30), "more bytes of global heaps"),
    "a heap with a piece twice": (lambda: heap_text(4096, twice=True), "piece 1 twice"),
    # Where the numbers are
    "a shape of exabytes": (lambda: dataset((1 << 31, 1 << 31), size=8), "no machine can hold"),
    "an axis of 0 beside exabytes": (lambda: dataset((0, 1 << 62), size=0), "no machine can hold"),
    "a shape of a terabyte in eight bytes": (lambda: dataset((1 << 38,)), "takes 1,099,511,627,776 bytes; 8 are there"),
    "a terabyte declared in the file's few bytes": (lambda: dataset((1 << 38,), size=1 << 40), "beyond the file's end"),
    "a terabyte of fill values": (lambda: dataset((1 << 38,), size=0), "holds chunks for 0|be its fill value"),
    "data beyond the end": (lambda: dataset(address=1 << 40), "/w: the dataset's data .*beyond"),
    "data at an address that wraps around": (lambda: dataset(address=UNDEFINED - 4), "beyond the file's end"),
    "more data than the file": (overlapping, "/b: the datasets up to here declare 12,000 bytes"),
    "a virtual dataset": (lambda: layout(b"\4\3" + bytes(12)), "/w: it is a virtual dataset"),
    "a layout of version 1": (lambda: layout(b"\1\1" + bytes(12)), "layout is of version 1"),
    "a layout to come": (lambda: layout(b"\5\1" + bytes(16)), "layout is of version 5"),
    "chunks of the newest form": (lambda: layout(b"\4\2" + bytes(30)), "libver='earliest'"),
    "a compact layout that ends early": (lambda: layout(b"\3\0\x08\0abc"), "a layout ends too early"),
    "a compact layout of another size": (lambda: layout(b"\3\0\4\0abcd"), "takes 8 bytes; 4 are there"),
    "filters without chunks": (lambda: dataset(more=[(FILTERS, pipeline([1]))]), "filters and no chunks"),
    "a filter of a user": (lambda: dataset(more=[(FILTERS, pipeline([32001]))]), "filter blosc"),
    "a fill value of another size": (lambda: chunks(fill=b"abc"), "fill value has 3 bytes"),
    "a chunk beyond the end": (lambda: in_chunks(24 + 32, number(1 << 40)), "a chunk lies beyond"),
    "a chunk at the greatest address": (lambda: in_chunks(24 + 32, number(UNDEFINED - 8)), "a chunk lies beyond"),
    "a chunk outside the array": (lambda: in_chunks(24 + 8, number(80)), "not lie on the grid"),
    "a chunk beside the grid": (lambda: in_chunks(24 + 8, number(1)), "not lie on the grid"),
    "a chunk twice": (lambda: in_chunks(24 + 40 + 16, number(0)), "two of its chunks"),
    "a chunk of another size": (lambda: in_chunks(24, number(60, 4)), "a chunk has 60 to 64 bytes; 64 to 64 can be"),
    "a chunk of too many bytes": (lambda: in_chunks(24, number(1 << 31, 4), [1]), "a chunk has"),
    "a chunk that inflates to 50 MB": (bomb, "/w: a chunk (inflates beyond the 64 bytes|has)"),
    "a chunk that ends early": (truncated_chunk, "compressed bytes end too early"),
    "a chunk that is no zlib": (lambda: spoiled([1], b"\0\0\0\0"), "compressed bytes are damaged"),
    "a chunk's checksum": (lambda: spoiled([3], b"\1\2\3\4"), "a chunk's checksum is wrong"),
    "chunks that are mostly not there": (lambda: chunks(shape=(1 << 20, 1 << 20)), "would be its fill value"),
    "chunks larger than the dataset": (
        lambda: layout(b"\3\2\2" + number(48) + struct.pack("<2I", 1 << 31, 4)),
        "larger than itself",
    ),
    "chunks of other axes": (lambda: layout(b"\3\2\3" + number(48) + struct.pack("<3I", 1, 1, 4)), "its chunks are"),
    "chunks of no element": (lambda: layout(b"\3\2\2" + number(48) + struct.pack("<2I", 0, 4)), "its chunks are"),
}  # fmt: skip


def edit(new: NewFile, signature: bytes, offset: int, piece: bytes) -> None:
    begin = bytes(new.data).index(signature) + offset
    new.data[begin : begin + len(piece)] = piece


def shared() -> bytes:
    new = NewFile()
    body = message(LINK_INFO, bytes(2) + number(UNDEFINED) * 2)
    body = body[:3] + b"\2" + body[4:]
    return new.whole(new.seal(b"OHDR\2\2" + number(len(body), 4) + body))


def cycle() -> bytes:
    new = NewFile()
    return with_root([no_links(), link("a", 48)], new)


def shared_object() -> bytes:
    new = NewFile()
    address = new.floats([1])
    return with_root([no_links(), link("a", address), link("b", address)], new)


def doubling() -> bytes:
    new = NewFile()
    address = new.floats([1])
    for _ in range(40):
        address = new.header([no_links(), link("a", address), link("b", address)])
    return new.whole(address)


def deep(levels: int) -> bytes:
    new = NewFile()
    address = new.floats([1])
    for _ in range(levels):
        address = new.header([no_links(), link("a", address)])
    return new.whole(address)


def no_heap() -> bytes:
    new = NewFile()
    place = new.place(bytes(200))
    return with_root([no_links(), (ATTRIBUTE_INFO, bytes(2) + number(place) + number(place))], new)


def wrong_total() -> bytes:
    new = NewFile()
    heap, identifiers = new.heap([link("w", new.floats([1]))[1]], 7)
    tree = new.tree(5, [bytes(4) + identifiers[0]], total=9)
    return with_root([(LINK_INFO, bytes(2) + number(heap) + number(tree))], new)


def outside() -> bytes:
    new = NewFile()
    heap, _ = new.heap([link("w", new.floats([1]))[1]], 7)
    tree = new.tree(5, [bytes(5) + number(1 << 20, 4) + number(10, 2)])
    return with_root([(LINK_INFO, bytes(2) + number(heap) + number(tree))], new)


def attribute_of(shape: tuple[int, ...]) -> tuple[int, bytes]:
    """An attribute of float32 that declares a shape and holds one number."""
    raw, declared = b"t\0", emit.dataspace(shape)
    start = struct.pack("<BBHHHB", 3, 0, len(raw), len(FLOAT32), len(declared), 0)
    return ATTRIBUTE, start + raw + FLOAT32 + declared + bytes(4)


def heap_text(size: int, length: int = 3, index: int = 1, twice: bool = False, at: int = 0) -> bytes:
    new = NewFile()
    heap = bytearray(emit.global_heap([b"abc", b"def"]))
    heap[8:16] = number(size)
    if twice:
        heap[16 + 24 : 16 + 26] = b"\1\0"
    address = new.place(bytes(heap))
    return with_root([no_links(), long_texts((), struct.pack("<IQI", length, at or address, index))], new)


def spoiled(filters: list[int], start: bytes) -> bytes:
    """Chunks, the first of which begins with other bytes."""
    data = chunks(filters)
    begin = data.index(b"TREE") + 24 + 32
    return changed(data, int.from_bytes(data[begin : begin + 8], "little"), start)


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_is_refused_with_its_place(name: str) -> None:
    make, expected = CASES[name]
    data = make()
    begin = time.process_time()
    with pytest.raises(ModelFileError, match=expected) as caught:
        read_whole(data)
    assert time.process_time() - begin < SECONDS
    assert caught.value.file == "model.h5"
    assert "damaged (" not in caught.value.reason or "compressed" in caught.value.reason, "a check should have seen it"


def test_the_place_is_named_after_the_item_that_the_file_is() -> None:
    new = NewFile()
    inner = new.header([no_links(), link("w", new.header([(DATATYPE, FLOAT32)]))])
    data = with_root([no_links(), link("layers", inner)], new)
    with pytest.raises(ModelFileError) as caught:
        read_hdf5(io.BytesIO(data), "m.keras", "model.weights.h5")
    assert caught.value.item == "model.weights.h5: /layers/w"
    assert str(caught.value).startswith("m.keras: model.weights.h5: /layers/w: it is a committed datatype")


def test_every_cut_of_a_file_is_refused() -> None:
    for size in range(0, len(FILE), 37):
        with pytest.raises(ModelFileError):
            read(FILE[:size])


def test_a_file_that_shrinks_after_it_was_opened_is_refused() -> None:
    stream = io.BytesIO(FILE)
    weights = read_hdf5(stream, "model.h5").members["w"]
    stream.truncate(200)
    with pytest.raises(ModelFileError, match="/w: the file's end came while"):
        weights.read()  # type: ignore[union-attr]


# What costs time or memory: the most of each thing that a file can hold, and more.


def many_groups() -> bytes:
    new = NewFile()
    empty = emit.header([(LINK_INFO, bytes(2) + number(UNDEFINED) * 2)])
    addresses = [new.place(empty) for _ in range(17_000)]
    parts = [
        new.place(emit.header([no_links(), *(link(f"{address}", address) for address in addresses[i : i + 1000])]))
        for i in range(0, len(addresses), 1000)
    ]
    return with_root([no_links(), *(link(f"{i}", part) for i, part in enumerate(parts))], new)


def many_attributes() -> bytes:
    new = NewFile()
    few = [new.place(emit.header([no_links(), *(attribute(f"{i}", i) for i in range(9000))])) for _ in range(7)]
    return with_root([no_links(), *(link(f"{i}", address) for i, address in enumerate(few))], new)


def many_texts() -> bytes:
    new = NewFile()
    heap = new.place(emit.global_heap([b"x" * 1_000_000]))
    return with_root([no_links(), long_texts((3000,), struct.pack("<IQI", 1_000_000, heap, 1) * 3000)], new)


def long_text() -> bytes:
    new = NewFile()
    heap = new.place(emit.global_heap(["\N{SNOWMAN}\N{GRINNING FACE}".encode() + b"x" * (16 << 20)]))
    return with_root([no_links(), long_texts((), struct.pack("<IQI", (16 << 20) + 7, heap, 1))], new)


def many_pieces() -> bytes:
    new = NewFile()
    heaps = [new.place(emit.global_heap([b""] * 65_000)) for _ in range(10)]
    references = b"".join(struct.pack("<IQI", 1, heap, 1) for heap in heaps)
    pieces = b"".join(struct.pack("<IQI", 0, heap, 1) for heap in heaps)
    return with_root([no_links(), long_texts((20,), pieces + references)], new)


def many_messages() -> bytes:
    new = NewFile()
    few = [
        new.place(emit.header([no_links(), *[(0, b"")] * 65_000]))
        for _ in range(8)
    ]  # fmt: skip
    return with_root([no_links(), *(link(f"{i}", address) for i, address in enumerate(few))], new)


def long_header() -> bytes:
    return NewFile().whole(48) + b"OHDR\2\2" + number(15 << 20, 4) + bytes((15 << 20) + 4)


def wide_tree() -> bytes:
    new = NewFile()
    heap = new.place(b"HEAP" + struct.pack("<B3xQQQ", 0, 0, 1, 0))
    leaf = tree_node(0, [])
    leaves = [new.place(leaf) for _ in range(50_000)]
    tree = new.place(tree_node(1, [number(address) for address in leaves]))
    return with_root([(SYMBOLS, number(tree) + number(heap))], new)


def many_chunks() -> bytes:
    new = NewFile()
    return with_dataset(chunk_messages(new, np.zeros(60_000, "u1"), (1,)), new)


def many_nodes_of_chunks() -> bytes:
    """Two datasets of 60,000 chunks each."""
    new = NewFile()
    headers = [new.header(chunk_messages(new, np.zeros(60_000, "u1"), (1,))) for _ in range(2)]
    return with_root([no_links(), *(link(f"{i}", header) for i, header in enumerate(headers))], new)


def many_long_names() -> bytes:
    new = NewFile()
    empty = emit.header([no_links()])
    links = [link("\N{GRINNING FACE}" * 250 + str(i), new.place(empty)) for i in range(3000)]
    return new.whole(new.place(emit.header([no_links(), *links])))


HEAVY: dict[str, tuple[Callable[[], bytes], str]] = {
    "groups": (many_groups, "more (groups and datasets|members of groups) than the 16,000"),
    "attributes": (many_attributes, "more attributes than the 50,000"),
    "texts that share a piece": (many_texts, "more than 16,777,216 bytes of text"),
    "a text of 16 MB": (long_text, "more (bytes of text in attributes|than 16,777,216 bytes of text)|holds more"),
    "pieces of heaps": (many_pieces, "more pieces of global heaps than the 200,000"),
    "messages": (many_messages, "more messages than the 300,000"),
    "a header of 15 MB": (long_header, "more bytes under a checksum"),
    "nodes of a tree": (wide_tree, "more nodes of trees"),
    "chunks": (many_nodes_of_chunks, "more chunks than the 65,536"),
    "long names": (many_long_names, "more bytes of names"),
}


@pytest.mark.parametrize("name", HEAVY)
def test_a_file_with_too_much_of_one_thing_is_refused_in_two_seconds(name: str) -> None:
    make, expected = HEAVY[name]
    data = make()
    begin = time.process_time()
    with pytest.raises(ModelFileError, match=expected):
        read(data)
    assert time.process_time() - begin < SECONDS


@pytest.mark.slow
@pytest.mark.parametrize("name", HEAVY)
def test_a_file_with_too_much_of_one_thing_takes_little_memory(name: str) -> None:
    data = HEAVY[name][0]()
    tracemalloc.start()
    with pytest.raises(ModelFileError):
        read_hdf5(io.BytesIO(data), "model.h5")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < BYTES


def test_a_dataset_of_sixty_thousand_chunks_opens() -> None:
    tree = read(many_chunks())
    assert tree.members["w"].shape == (60_000,)  # type: ignore[union-attr]

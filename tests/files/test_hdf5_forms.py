"""Every form of HDF5 that is read: newer headers, heaps, chunks and filters, from files made by hand."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from tests.files.hdf5_support import (
    FLOAT32,
    NewFile,
    attribute,
    chunk_messages,
    datasets_of,
    link,
    no_links,
    number,
    read,
    with_dataset,
    with_root,
)

from flintglass.saving.hdf5 import emit
from flintglass.saving.hdf5.checksums import fletcher, jenkins
from flintglass.saving.hdf5.encode import datatype
from flintglass.saving.hdf5.headers import DATASPACE, DATATYPE, LAYOUT

ARRAY = np.arange(35, dtype="<f4").reshape(5, 7)


def test_jenkins_checksum_is_that_of_its_author() -> None:
    assert jenkins(b"Four score and seven years ago") == 0x17770551
    assert jenkins(b"") == 0xDEADBEEF


def test_fletcher_checksum_is_the_sum_and_the_sum_of_sums() -> None:
    data = np.frombuffer(b"abcde", np.uint8)
    first = second = 0
    for word in (0x6162, 0x6364, 0x6500):
        first = (first + word) % 65535
        second = (second + first) % 65535
    assert fletcher(data) == second << 16 | first


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("flags", [0, 4])
def test_newer_headers_hold_links_and_attributes(version: int, flags: int) -> None:
    new = NewFile()
    weights = new.floats([1, 2, 3])
    root = new.header([no_links(), link("w", weights), attribute("rate", 0.5)], flags)
    tree = read(new.whole(root, version))
    assert tree.attributes == {"rate": 0.5}
    np.testing.assert_array_equal(datasets_of(tree)["/w"].read(), np.float32([1, 2, 3]))


def test_a_newer_header_may_go_on_elsewhere() -> None:
    new = NewFile()
    root = new.header_in_two([no_links(), link("w", new.floats([4]))])
    assert datasets_of(read(new.whole(root)))["/w"].read().tolist() == [4]


def test_members_come_in_the_order_in_which_they_were_made_where_the_file_keeps_it() -> None:
    new = NewFile()
    made = [
        link("b", new.floats([1]), order=0),
        link("a", new.floats([2]), order=1),
        link("c", new.floats([3]), order=2),
    ]
    assert list(read(with_root([no_links(), made[2], made[1], made[0]], new)).members) == ["b", "a", "c"]


def test_members_without_an_order_come_by_name() -> None:
    new = NewFile()
    made = [link(name, new.floats([1])) for name in "cab"]
    assert list(read(with_root([no_links(), *made], new)).members) == ["a", "b", "c"]


@pytest.mark.parametrize("count", [2, 40])
def test_links_may_stand_in_a_heap(count: int) -> None:
    new = NewFile()
    messages = new.dense_links({f"w{i}": new.floats([i]) for i in range(count)})
    found = datasets_of(read(with_root(messages, new)))
    assert {path: dataset.read().tolist() for path, dataset in found.items()} == {f"/w{i}": [i] for i in range(count)}


def test_attributes_may_stand_in_a_heap() -> None:
    new = NewFile()
    messages = new.dense_attributes([attribute(f"a{i}", i)[1] for i in range(12)])
    assert read(with_root([no_links(), *messages], new)).attributes == {f"a{i}": i for i in range(12)}


@pytest.mark.parametrize("filters", [[], [1], [2], [3], [2, 1], [2, 1, 3], [3, 1]], ids=str)
@pytest.mark.parametrize("chunk", [(5, 7), (2, 3), (1, 7), (8, 8)], ids=str)
def test_chunks_with_filters_give_the_array(filters: list[int], chunk: tuple[int, ...]) -> None:
    new = NewFile()
    dataset = datasets_of(read(with_dataset(chunk_messages(new, ARRAY, chunk, filters), new)))["/w"]
    assert (dataset.shape, dataset.dtype) == ((5, 7), np.dtype("f4"))
    np.testing.assert_array_equal(dataset.read(), ARRAY)


def test_chunks_that_are_not_there_are_the_fill_value() -> None:
    new = NewFile()
    messages = chunk_messages(new, ARRAY, (5, 4), left_out=[1], fill=np.float32(9).tobytes())
    found = datasets_of(read(with_dataset(messages, new)))["/w"].read()
    np.testing.assert_array_equal(found, np.where(np.arange(7) < 4, ARRAY, 9))


def test_numbers_may_stand_in_the_header_itself() -> None:
    layout = bytes([3, 0]) + number(12, 2) + np.float32([1, 2, 3]).tobytes()
    tree = read(with_dataset([(DATASPACE, emit.dataspace((3,))), (DATATYPE, FLOAT32), (LAYOUT, layout)]))
    assert datasets_of(tree)["/w"].read().tolist() == [1, 2, 3]


def test_a_dataset_that_was_never_written_is_zeros() -> None:
    tree = read(with_dataset(emit.dataset_messages((3,), FLOAT32, 0, 0)))
    assert datasets_of(tree)["/w"].read().tolist() == [0, 0, 0]


def test_a_dataspace_of_no_element_is_an_empty_array() -> None:
    messages = emit.dataset_messages((), FLOAT32, 0, 0)[1:]
    dataset = datasets_of(read(with_dataset([(DATASPACE, bytes([2, 0, 0, 2])), *messages])))["/w"]
    assert dataset.shape == dataset.read().shape == (0,)


@pytest.mark.parametrize("form", ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"])
def test_numbers_of_the_other_byte_order_come_in_ours(form: str) -> None:
    values = np.array([1, 2, 100], ">" + form)
    message = bytearray(datatype(values.dtype.newbyteorder("<")))
    message[1] |= 1
    new = NewFile()
    address = new.place(values.tobytes())
    tree = read(with_dataset(emit.dataset_messages((3,), bytes(message), address, values.nbytes), new))
    found = datasets_of(tree)["/w"]
    assert found.dtype == found.read().dtype == np.dtype(form)
    assert found.read().tolist() == [1, 2, 100]


def test_bfloat16_is_widened_to_float32() -> None:
    new = NewFile()
    address = new.place(struct.pack("<3H", 0x3F80, 0xC000, 0x7F80))
    text = b"bfloat16"
    raw = b"dtype\0"
    kind = datatype(np.dtype("S8"))
    space = bytes([2, 0, 0, 0])
    mark = struct.pack("<BBHHHB", 3, 0, len(raw), len(kind), len(space), 0) + raw + kind + space + text
    messages = [*emit.dataset_messages((3,), datatype(np.dtype("V2")), address, 6), (12, mark)]
    found = datasets_of(read(with_dataset(messages, new)))["/w"]
    assert found.dtype == found.read().dtype == np.dtype("f4")
    assert found.read().tolist() == [1, -2, float("inf")]

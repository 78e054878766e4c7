"""Our writer and our reader: whatever tree is written comes back, the same bytes for the same tree."""

from __future__ import annotations

import io
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as of_numpy
from tests.files.hdf5_support import datasets_of, read, written

from flintglass.saving.hdf5 import limits
from flintglass.saving.hdf5.read import read_hdf5
from flintglass.saving.hdf5.tree import Dataset, Group
from flintglass.saving.hdf5.write import write_hdf5

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
names = texts.filter(lambda name: name and "/" not in name and name not in (".", ".."))
dtypes = st.sampled_from(["f2", "f4", "f8", ">f4", "i1", "i2", "i4", "i8", ">i8", "u1", "u2", "u4", "u8", "?"])
shapes = of_numpy.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
arrays = dtypes.flatmap(lambda dtype: of_numpy.arrays(dtype, shapes))
text_arrays = of_numpy.arrays(
    object, of_numpy.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=4), elements=texts
)
values = st.one_of(texts, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), arrays, text_arrays)
attributes = st.dictionaries(names, values, max_size=4)
datasets = st.builds(Dataset.of, st.one_of(arrays, text_arrays), attributes)
trees = st.recursive(
    st.builds(Group, st.just({}), attributes),
    lambda inner: st.builds(Group, st.dictionaries(names, st.one_of(inner, datasets), max_size=5), attributes),
    max_leaves=12,
)


def assert_same_value(came: Any, expected: Any) -> None:
    if isinstance(expected, str):
        assert came == expected
        return
    array = np.asarray(expected)
    assert np.shape(came) == array.shape
    assert np.asarray(came).dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(came, array)


def assert_same(came: Group, expected: Group) -> None:
    assert set(came.members) == set(expected.members)
    assert set(came.attributes) == set(expected.attributes)
    for name, value in expected.attributes.items():
        assert_same_value(came.attributes[name], value)
    for name, member in expected.members.items():
        found = came.members[name]
        assert type(found) is type(member)
        if isinstance(member, Group) and isinstance(found, Group):
            assert_same(found, member)
        elif isinstance(member, Dataset) and isinstance(found, Dataset):
            assert found.shape == member.shape
            assert found.dtype == found.read().dtype
            assert_same_value(found.read(), member.read())
            assert set(found.attributes) == set(member.attributes)
            for key, value in member.attributes.items():
                assert_same_value(found.attributes[key], value)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(trees)
def test_a_tree_comes_back(tree: Group) -> None:
    assert_same(read(written(tree)), tree)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(trees)
def test_the_same_tree_gives_the_same_bytes_in_whatever_order_it_was_made(tree: Group) -> None:
    def turned(group: Group | Dataset) -> Group | Dataset:
        around = dict(reversed(group.attributes.items()))
        if isinstance(group, Dataset):
            return Dataset(group.shape, group.dtype, group.read, around)
        return Group({name: turned(member) for name, member in reversed(group.members.items())}, around)

    again = turned(tree)
    assert isinstance(again, Group)
    assert written(again) == written(tree)


@pytest.mark.parametrize("count", [0, 1, 8, 9, 255, 256, 257, 3000])
def test_groups_of_any_size_come_back(count: int) -> None:
    tree = Group({f"dense_{i}": Group() for i in range(count)})
    assert list(read(written(tree)).members) == sorted(tree.members)


def test_a_text_of_megabytes_comes_back() -> None:
    text = '{"ключ": "' + "x" * 5_000_000 + '"}'
    tree = read(written(Group({}, {"model_config": text, "small": "y"})))
    assert tree.attributes == {"model_config": text, "small": "y"}


def test_texts_of_fixed_length_come_back_as_str() -> None:
    tree = read(written(Group({}, {"names": np.array([b"kernel", b"b"]), "one": b"tensorflow", "gr": "ß".encode()})))
    assert tree.attributes["names"].tolist() == ["kernel", "b"]
    assert (tree.attributes["one"], tree.attributes["gr"]) == ("tensorflow", "ß")


def test_arrays_of_any_memory_order_are_written() -> None:
    array = np.arange(24, dtype="f4").reshape(4, 6)
    tree = Group({"f": Dataset.of(np.asfortranarray(array)), "s": Dataset.of(array[::2, ::-3])})
    found = datasets_of(read(written(tree)))
    np.testing.assert_array_equal(found["/f"].read(), array)
    np.testing.assert_array_equal(found["/s"].read(), array[::2, ::-3])


def test_a_dataset_is_read_anew_each_time_and_belongs_to_the_reader() -> None:
    dataset = datasets_of(read(written(Group({"w": Dataset.of(np.zeros(3))}))))["/w"]
    dataset.read()[:] = 1
    assert dataset.read().tolist() == [0, 0, 0]


def test_texts_can_be_read_as_often_as_one_likes() -> None:
    texts = Dataset.of(np.array(["x" * 1_000_000], object))
    dataset = datasets_of(read(written(Group({"t": texts}))))["/t"]
    assert all(len(dataset.read()[0]) == 1_000_000 for _ in range(30))


def test_reading_the_tree_reads_no_array_and_a_dataset_only_its_own() -> None:
    data = written(Group({name: Dataset.of(np.zeros(1 << 20, "f4")) for name in "abcd"}))
    tracemalloc.start()
    tree = read_hdf5(io.BytesIO(data), "m.h5")  # the stream shares the bytes
    assert tracemalloc.get_traced_memory()[1] < 200_000
    tree.group("/").members["b"].read()
    assert tracemalloc.get_traced_memory()[1] < 4_400_000
    tracemalloc.stop()


def test_writing_holds_one_array_at_a_time() -> None:
    class Discarding(io.RawIOBase):
        def write(self, data: Any) -> int:
            return len(data)

    def made() -> np.ndarray:
        return np.zeros(1 << 20, "f4")

    tree = Group({str(i): Dataset((1 << 20,), np.dtype("f4"), made) for i in range(10)})
    tracemalloc.start()
    write_hdf5(Discarding(), tree)  # type: ignore[arg-type]
    assert tracemalloc.get_traced_memory()[1] < 9_000_000
    tracemalloc.stop()


def test_a_stream_that_cannot_seek_is_written_from_where_it_stands() -> None:
    class Forward(io.BytesIO):
        def seek(self, *_: Any) -> int:
            raise OSError("no seek")

    stream = Forward()
    tree = Group({"w": Dataset.of(np.ones(3))})
    write_hdf5(stream, tree)
    assert stream.getvalue() == written(tree)


def itself() -> Group:
    group = Group()
    group.members["inner"] = group
    return group


def declared_otherwise() -> Group:
    return Group({"w": Dataset((3,), np.dtype("f4"), lambda: np.zeros(4, "f4"))})


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        (Group({"a/b": Group()}), "/: the name 'a/b' is no name of a member"),
        (Group({"..": Group()}), "no name of a member"),
        (Group({"": Group()}), "no str of 1 to 1024 bytes"),
        (Group({"a\0b": Group()}), "without NUL"),
        (Group({"x" * 2000: Group()}), "no str of 1 to 1024 bytes"),
        (Group({"a": Group({}, {"": 1})}), "/a: the name ''"),
        (Group({}, {"a": "b\0c"}), "the attribute 'a' of / holds a NUL"),
        (Group({}, {"a": "\ud800"}), "which UTF-8 cannot say"),
        (Group({}, {"a": 1j}), "the attribute 'a' of / is of type complex128, which is not written"),
        (Group({}, {"a": None}), "holds None; numbers, truth values, str"),
        (Group({}, {"a": 2**70}), "numbers, truth values, str"),
        (
            Group({}, {"names": np.zeros(10_000)}),
            r"takes 80,0\d\d bytes; HDF5 holds 65,528 .*parts \(names0, names1",
        ),
        (Group({"w": Dataset.of(np.zeros(3, "c8"))}), "/w is of type complex64"),
        (Group({"w": Dataset.of(np.zeros(3, "M8[s]"))}), "/w is of type datetime64"),
        (declared_otherwise(), r"/w: float32 of shape \(4,\) came; float32 of \(3,\) was declared"),
        (itself(), "or a group holds itself"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_what_no_file_can_hold_is_refused_with_its_place(tree: Group, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        written(tree)


def test_more_groups_than_can_be_read_again_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.COUNTED, "groups and datasets", limits.Bound(5, 1))
    with pytest.raises(ValueError, match="at most 5 groups and datasets"):
        written(Group({str(i): Group() for i in range(5)}))

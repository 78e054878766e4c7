"""HDF5 by h5py, which is libhdf5, against ours: its files into our reader, ours into it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flintglass.errors import ModelFileError
from flintglass.saving.hdf5.read import read_hdf5
from flintglass.saving.hdf5.tree import Dataset, Group
from flintglass.saving.hdf5.write import write_hdf5

h5py = pytest.importorskip("h5py")
pytestmark = pytest.mark.keras

FORMS = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?", ">f4", ">i8", ">u2"]
ATTRIBUTES: dict[str, Any] = {
    "text": "größer \N{SNOWMAN}",
    "empty": "",
    "bytes": b"tensorflow",
    "fixed": np.array([b"dense/kernel:0", b"b"]),
    "texts": np.array(["a", "", "bé"], object),
    "int": 3,
    "float": 0.25,
    "truth": True,
    "array": np.arange(6, dtype="i2").reshape(2, 3),
    "none": np.empty(0),
    "big": np.array([1, 2], ">f8"),
    "ünï": 1,
}


def opened(write: Any, **options: Any) -> Group:
    """What our reader makes of a file that ``write`` fills through h5py."""
    stream = io.BytesIO()
    with h5py.File(stream, "w", **options) as file:
        write(file)
    return read_hdf5(stream, "h5py.h5")


def as_read(value: Any) -> Any:
    """An attribute as our reader gives it: texts as str."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray) and value.dtype.kind in "SO":
        return np.array([text.decode() if isinstance(text, bytes) else text for text in value], object)
    return value


def assert_same(ours: Any, theirs: Any) -> None:
    np.testing.assert_array_equal(np.asarray(as_read(ours)), np.asarray(as_read(theirs)))


@pytest.mark.parametrize("libver", ["earliest", "v108", "v110", "latest"])
@pytest.mark.parametrize("track_order", [False, True])
@pytest.mark.parametrize("count", [1, 9, 300])
def test_groups_attributes_and_datasets_of_h5py_are_read(libver: str, track_order: bool, count: int) -> None:
    def write(file: Any) -> None:
        file.attrs.update(ATTRIBUTES)
        for i in reversed(range(count)):
            group = file.create_group(f"layers/dense_{i}/vars")
            group.attrs["name"] = f"dense_{i}"
            group["0"] = np.full((2, 3), i, "f4")

    tree = opened(write, libver=libver, track_order=track_order)
    assert sorted(tree.attributes) == sorted(ATTRIBUTES)
    for name, value in ATTRIBUTES.items():
        assert_same(tree.attributes[name], value)
    names = [f"dense_{i}" for i in reversed(range(count))]
    layers = tree.group("layers").members
    assert list(layers) == (names if track_order else sorted(names))
    for i, name in enumerate(reversed(names)):
        variables = tree.group(f"layers/{name}/vars")
        assert variables.attributes["name"] == name
        assert variables.members["0"].read().tolist() == [[i] * 3] * 2


@pytest.mark.parametrize("libver", ["earliest", "v108", "latest"])
def test_every_type_of_number_is_read(libver: str) -> None:
    arrays = {form.replace("?", "truth"): np.arange(6).astype(form).reshape(2, 3) for form in FORMS}

    def write(file: Any) -> None:
        for name, array in arrays.items():
            file[name] = array
            file["scalar " + name] = array[1, 1]
        file["none"] = np.zeros((0, 3))
        file["empty"] = h5py.Empty("f4")
        file["texts"] = np.array(["a", "bé"], object)
        file["fixed"] = np.array([b"ab", b"c"])
        file.create_dataset("never", (4,), "f4")

    found = opened(write, libver=libver).members
    for name, array in arrays.items():
        assert found[name].dtype == found[name].read().dtype == array.dtype.newbyteorder("=")
        np.testing.assert_array_equal(found[name].read(), array)
        np.testing.assert_array_equal(found["scalar " + name].read(), array[1, 1])
    assert found["none"].read().shape == (0, 3)
    assert found["empty"].read().shape == (0,)
    assert found["texts"].read().tolist() == ["a", "bé"]
    assert found["fixed"].read().tolist() == ["ab", "c"]
    assert found["never"].read().tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "options",
    [
        {"chunks": True},
        {"chunks": (3, 64), "compression": "gzip"},
        {"chunks": (7, 5), "compression": "gzip", "shuffle": True},
        {"chunks": (64, 100), "fletcher32": True},
        {"chunks": (1, 1)},
        {"compression": "gzip", "shuffle": True, "fletcher32": True},
        {"maxshape": (None, None)},
        {"compression": 9},
    ],
    ids=str,
)
@pytest.mark.parametrize("libver", ["earliest", "v108"])
def test_chunks_of_h5py_are_read(options: dict[str, Any], libver: str) -> None:
    array = np.random.default_rng(3).normal(size=(64, 100)).round(1)
    read = opened(lambda file: file.create_dataset("w", data=array, **options), libver=libver).members["w"].read()
    np.testing.assert_array_equal(read, array)


def test_chunks_of_the_newest_form_are_refused_with_the_way_out() -> None:
    with pytest.raises(ModelFileError, match=r"/w: its chunks are indexed as libver='latest' does.*libver='earliest'"):
        opened(lambda file: file.create_dataset("w", data=np.zeros((4, 4)), chunks=(2, 2)), libver="latest")


def test_chunks_that_were_never_written_are_the_fill_value() -> None:
    def write(file: Any) -> None:
        file.create_dataset("w", (100, 10), "f4", chunks=(50, 10), fillvalue=7)[:50] = 1

    read = opened(write).members["w"].read()
    np.testing.assert_array_equal(read, np.where(np.arange(100)[:, None] < 50, 1, np.full((100, 10), 7)))


def test_many_attributes_and_large_ones_are_read_from_their_heap() -> None:
    values = {f"a{i}": np.arange(i * 40) for i in range(30)} | {"large": np.arange(20_000)}

    def write(file: Any) -> None:
        file.create_group("g").attrs.update(values)

    found = opened(write, libver="latest").group("g").attributes
    assert sorted(found) == sorted(values)
    for name, value in values.items():
        np.testing.assert_array_equal(found[name], value)


def test_a_group_of_thousands_is_read_from_its_heap() -> None:
    def write(file: Any) -> None:
        for i in range(5000):
            file.create_group(f"a member with a long name {i}")

    assert len(opened(write, libver="latest").members) == 5000


def refused_contents() -> dict[str, tuple[Any, str]]:
    """What h5py can write and we do not read -> how it is written, and what the refusal says."""
    compound = np.zeros(2, [("a", "f4"), ("b", "i4")])

    def shared(file: Any) -> None:
        file["a"] = file["b"] = file.create_group("c")

    def virtual(file: Any) -> None:
        layout = h5py.VirtualLayout((4,), "f4")
        layout[:] = h5py.VirtualSource("/etc/passwd", "w", (4,))
        file.create_virtual_dataset("w", layout)

    def committed(file: Any) -> None:
        file["type"] = np.dtype("f4")

    def of_committed(file: Any) -> None:
        file["type"] = np.dtype("f4")
        file.create_dataset("a", (2,), file["type"])

    def user_filter(file: Any) -> None:
        file.create_dataset("w", data=np.zeros(100), compression="lzf")

    outside = [("/etc/passwd", 0, 16)]
    return {
        "soft link": (lambda file: file.update({"a": h5py.SoftLink("/b")}), "'a' is a soft link"),
        "external link": (
            lambda file: file.update({"a": h5py.ExternalLink("/etc/passwd", "/")}),
            "'a' is (a soft|an ext)",
        ),
        "hard links": (shared, "reached a second time"),
        "external storage": (lambda file: file.create_dataset("w", (4,), "f4", external=outside), "other files"),
        "virtual": (virtual, "virtual dataset"),
        "compound": (lambda file: file.create_dataset("w", data=compound), "compounds"),
        "references": (lambda file: file.attrs.create("r", file.ref, dtype=h5py.ref_dtype), "references"),
        "committed": (committed, "committed datatype"),
        "of a committed type": (of_committed, "committed datatype"),
        "enumeration": (
            lambda file: file.create_dataset("w", (2,), h5py.enum_dtype({"red": 0, "green": 1})),
            "enumeration",
        ),
        "sequences": (lambda file: file.create_dataset("w", (2,), h5py.vlen_dtype("f4")), "sequences"),
        "complex": (lambda file: file.create_dataset("w", data=np.zeros(2, "c8")), "holds (compounds|complex)"),
        "lzf": (user_filter, "filter lzf"),
    }


@pytest.mark.parametrize("libver", ["earliest", "v108"])
@pytest.mark.parametrize("what", refused_contents())
def test_what_is_not_read_is_refused(what: str, libver: str) -> None:
    write, message = refused_contents()[what]
    with pytest.raises(ModelFileError, match=message):
        opened(write, libver=libver)


def test_a_file_with_a_user_block_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "block.h5"
    with h5py.File(path, "w", userblock_size=512) as file:
        file["a"] = 1
    with path.open("rb") as stream, pytest.raises(ModelFileError, match="no HDF5 file"):
        read_hdf5(stream, str(path))


def test_h5py_opens_what_we_write() -> None:
    arrays = {
        form.strip("<>").replace("?", "truth") + form[:1]: np.arange(6).astype(form).reshape(2, 3) for form in FORMS
    }
    root = Group({name: Dataset.of(array, {"place": name}) for name, array in arrays.items()}, dict(ATTRIBUTES))
    root.attributes["model_config"] = "é" + "x" * 3_000_000
    for i in range(3000):
        root.group(f"layers/dense_{i}/vars").members["0"] = Dataset.of(np.full((2, 3), i, "f4"), {"n": i})
    root.members["scalar"] = Dataset.of(np.array(2.5))
    root.members["none"] = Dataset.of(np.zeros((0, 3), "f4"))
    root.members["texts"] = Dataset.of(np.array(["a", "", "bé"], object))
    root.group("nothing")
    stream = io.BytesIO()
    write_hdf5(stream, root)
    with h5py.File(stream, "r") as file:
        assert sorted(file.attrs) == sorted(root.attributes)
        for name, value in root.attributes.items():
            assert_same(file.attrs[name], value)
        for name, array in arrays.items():
            assert file[name].dtype == array.dtype.newbyteorder("<")
            np.testing.assert_array_equal(file[name][()], array)
            assert file[name].attrs["place"] == name
        assert len(file["layers"]) == 3000
        for i in range(0, 3000, 7):
            assert file[f"layers/dense_{i}/vars/0"][()].tolist() == [[i] * 3] * 2
            assert file[f"layers/dense_{i}/vars/0"].attrs["n"] == i
        assert file["scalar"][()] == 2.5
        assert file["none"].shape == (0, 3)
        assert file["texts"].asstr()[()].tolist() == ["a", "", "bé"]
        assert list(file["nothing"]) == []


@pytest.mark.parametrize("count", [0, 1, 8, 9, 256, 257, 5000, 8193])
def test_h5py_finds_every_member_of_a_group_that_we_write(count: int) -> None:
    root = Group({f"{i}": Group() for i in range(count)})
    stream = io.BytesIO()
    write_hdf5(stream, root)
    with h5py.File(stream, "r") as file:
        assert sorted(file) == sorted(root.members)
        assert all(f"{i}" in file for i in range(count))


def test_h5py_goes_on_writing_a_file_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "ours.h5"
    with path.open("wb") as stream:
        write_hdf5(stream, Group({f"w{i}": Dataset.of(np.full(3, i, "f4")) for i in range(20)}, {"name": "ours"}))
    with h5py.File(path, "r+") as file:
        for i in range(100):
            file[f"more/{i}"] = np.full(2, i)
        file["w3"][:] = 9
        del file["w4"]
        file.attrs["name"] = "theirs"
    with path.open("rb") as stream:
        tree = read_hdf5(stream, str(path))
        assert tree.attributes["name"] == "theirs"
        assert sorted(tree.members) == sorted(["more", *(f"w{i}" for i in range(20) if i != 4)])
        assert tree.members["w3"].read().tolist() == [9, 9, 9]
        assert tree.group("more").members["99"].read().tolist() == [99, 99]


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("name", ["m.weights.h5", "m.h5"])
def test_every_dataset_of_a_file_by_keras_is_what_h5py_reads(tmp_path: Path, dtype: str, name: str) -> None:
    keras = pytest.importorskip("keras")
    dense = [keras.layers.Dense(3, dtype=dtype) for _ in range(10)]  # more than eight members: a heap, in newer files
    model = keras.Sequential([keras.Input((4,)), *dense])
    model.compile("adam", "mse")
    model.fit(np.ones((4, 4)), np.ones((4, 3)), verbose=0)
    path = tmp_path / name
    save = model.save_weights if name.endswith("weights.h5") else model.save
    save(path)
    with path.open("rb") as stream, h5py.File(path, "r") as file:
        tree = read_hdf5(stream, str(path))
        assert_same_tree(tree, file)


def assert_same_tree(tree: Group, file: Any) -> None:
    assert sorted(tree.members) == sorted(file)
    assert sorted(tree.attributes) == sorted(file.attrs)
    for name, value in file.attrs.items():
        assert_same(tree.attributes[name], value)
    for name, member in tree.members.items():
        if isinstance(member, Group):
            assert_same_tree(member, file[name])
            continue
        found, expected = member.read(), file[name][()]
        if member.attributes.get("dtype") == "bfloat16":
            assert found.dtype == np.float32
            expected = (np.asarray(expected).view("<u2").astype(np.uint32) << 16).view(np.float32)
        assert found.tobytes() == np.asarray(expected).tobytes()

"""The file of a run's state: what is written comes back, to the bit and of the same type, and nothing else is read."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fit.support import sequential, subclassed

from flintglass.errors import ModelFileError
from flintglass.program.digest import digest
from flintglass.saving.hdf5.read import read_hdf5
from flintglass.saving.packing import LONG, MARK, pack, unpack
from flintglass.saving.state_file import read_state, write_state

VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -(2**70),
    0.1,
    -0.0,
    float("inf"),
    "text, “quoted”",
    (),
    (1, (2, [3])),
    [0.1] * LONG,
    [1.0, 2] * LONG,
    {"a": [1, {"b": (None,)}], "": 2},
    np.float32(0.1),
    np.int64(-5),
    np.bool_(True),
    np.zeros((2, 0, 3), "float32"),
    np.array(3.5, "float16"),
    np.arange(6, dtype="uint32").reshape(2, 3),
    np.array([[True, False]]),
]


def same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, (np.ndarray, np.generic)):
        return a.dtype == b.dtype and np.shape(a) == np.shape(b) and a.tobytes() == b.tobytes()
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return repr(a) == repr(b)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{type(value).__name__} {value!r:.20}")
def test_what_is_packed_comes_back_as_it_was(value: Any) -> None:
    arrays: list[np.ndarray] = []
    text = json.dumps(pack(value, arrays, "it"))
    assert same(unpack(json.loads(text), arrays), value)


def test_a_nan_keeps_its_bits_in_an_array() -> None:
    value = np.array([0x7FC00001, 0xFFC00000], "uint32").view("float32")
    arrays: list[np.ndarray] = []
    assert same(unpack(pack(value, arrays, "it"), arrays), value)


@pytest.mark.parametrize("value", [object(), {1: 2}, {MARK: 1}, b"bytes", {1, 2}, np.array(["a"]), 1j, len])
def test_what_cannot_be_packed_is_told_with_its_place(value: Any) -> None:
    with pytest.raises(TypeError, match=r"the state\['x'\]\[1\] is a"):
        pack({"x": [0, value]}, [], "the state")


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    about = {str(number): value for number, value in enumerate(VALUES)}
    variables = [("net/dense/kernel", np.arange(6.0).reshape(2, 3)), ("net/count", np.array(7, "int64"))]
    path = str(tmp_path / "state.h5")
    write_state(path, about, variables)
    found, arrays = read_state(path)
    assert same(found, about)
    assert all(same(a, b) for a, (_, b) in zip(arrays, variables, strict=True))


def test_the_file_can_be_looked_into_by_any_reader(tmp_path: Path) -> None:
    path = tmp_path / "state.h5"
    write_state(str(path), {"epoch": 3}, [("net/dense/kernel", np.arange(6.0))])
    tree = read_hdf5(io.BytesIO(path.read_bytes()), "state.h5")
    (kernel,) = tree.group("variables").members.values()
    assert kernel.attributes["path"] == "net/dense/kernel"
    assert json.loads(tree.members["about"].read().tobytes()) == {"epoch": 3}  # type: ignore[union-attr]


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.weights.h5"
    sequential().save_weights(path)
    with pytest.raises(ModelFileError, match="no state of a training run"):
        read_state(str(path))
    path.write_bytes(b"not an HDF5 file at all")
    with pytest.raises(ModelFileError):
        read_state(str(path))


def test_a_digest_tells_programs_apart_by_what_they_compute_alone() -> None:
    first, again = sequential().program(), sequential().program()
    assert digest(first) == digest(again)
    assert digest(first) == digest(first.rename("other"))
    others = [
        sequential().program("test"),
        sequential("sgd", "mse").program(),
        sequential("adam", "mae").program(),
        sequential("adam", "mse", metrics=["mae"]).program(),
    ]
    assert len({digest(program) for program in [first, *others]}) == 5
    model = subclassed()
    model.fit(np.zeros((4, 3)), np.zeros((4, 1)), verbose=0)
    assert digest(model.program()) == digest(first)

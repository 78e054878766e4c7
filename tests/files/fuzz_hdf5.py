"""Mutated HDF5 files into the reader: whatever the bytes, ModelFileError or a tree, within time and memory.

``python -m tests.files.fuzz_hdf5 --cases 1000000 --seed 1`` runs a million cases (about half an hour on one core) and
prints a table. In half of the cases checksums are taken as right, so that mutations reach what lies behind them.
"""

from __future__ import annotations

import io
import math
import random
import sys
from unittest import mock

import numpy as np
from tests.files.fuzzing import Outcome, addresses_in, main, mutated, run
from tests.files.hdf5_support import (
    NewFile,
    attribute,
    chunk_messages,
    datasets_of,
    link,
    no_links,
    with_root,
    written,
)

from flintglass.errors import ModelFileError
from flintglass.saving.hdf5.read import read_hdf5
from flintglass.saving.hdf5.source import Source
from flintglass.saving.hdf5.tree import Dataset, Group

LARGEST_READ = 1 << 20  # datasets beyond are not read: whoever loads a model compares shapes first


def seeds() -> list[bytes]:
    """Whole files of every form that is read; those of h5py among them where it is installed."""
    rate = np.random.default_rng(0)
    tree = Group({}, {"model_config": "{" + "x" * 300 + "}", "names": np.array(["a", "bé"], object), "n": 3})
    for i in range(12):
        variables = tree.group(f"layers/dense_{i}/vars")
        variables.attributes["fixed"] = np.array([b"kernel", b"bias"])
        variables.members["0"] = Dataset.of(rate.normal(size=(3, 4)).astype("f4"), {"truth": True})
    new = NewFile()
    plain = with_root([no_links(), link("w", new.floats([1, 2])), attribute("a", 1)], new)
    dense, chunks = NewFile(), NewFile()
    links = dense.dense_links({f"w{i}": dense.floats([i]) for i in range(9)})
    many = dense.dense_attributes([attribute(f"a{i}", i)[1] for i in range(9)])
    array = rate.normal(size=(9, 11)).round(1)
    parts = [
        link(f"c{i}", chunks.header(chunk_messages(chunks, array, (4, 5), filters)))
        for i, filters in enumerate([[], [1], [2, 1], [2, 1, 3]])
    ]
    files = [written(tree), plain, with_root([*links, *many], dense), with_root([no_links(), *parts], chunks)]
    return [*files, *_seeds_of_h5py(array)]


def _seeds_of_h5py(array: np.ndarray) -> list[bytes]:
    try:
        import h5py
    except ImportError:
        return []
    files = []
    for libver in ("earliest", "v108", "latest"):
        stream = io.BytesIO()
        with h5py.File(stream, "w", libver=libver, track_order=libver == "v108") as file:
            file.attrs.update({"text": "é", "names": np.array([b"a", b"b"]), "truth": True, "array": np.arange(5)})
            for i in range(10):
                group = file.create_group(f"layers/dense_{i}/vars")
                group.attrs["name"] = f"dense_{i}"
                group["0"] = array[:2, :2]
            group.attrs.update({f"a{i}": np.arange(i) for i in range(10)})
            if libver != "latest":
                file.create_dataset("w", data=array, chunks=(4, 5), compression="gzip", shuffle=True)
            file["texts"] = np.array(["a", "bé"], object)
        files.append(stream.getvalue())
    return files


def one_case(data: bytes) -> tuple[str, str]:
    """Read a file whole. What came: "read", "refused", or "WRONG", with the reason."""
    try:
        tree = read_hdf5(io.BytesIO(data), "fuzz.h5")
        for dataset in datasets_of(tree).values():
            if math.prod(dataset.shape) * max(1, dataset.dtype.itemsize) <= LARGEST_READ:
                array = dataset.read()
                if (array.shape, array.dtype) != (dataset.shape, dataset.dtype):
                    return "WRONG", f"{array.dtype} {array.shape} for {dataset.dtype} {dataset.shape}"
    except ModelFileError as refused:
        return "refused", refused.reason
    except Exception as error:
        return "WRONG", f"{type(error).__name__}: {error}"
    return "read", ""


def _taken_as_right(source: Source, data: bytes, expected: int, what: str) -> None:
    """In place of ``Source.check_sum``."""


def fuzz(cases: int, seed: int) -> Outcome:
    """Run so many cases."""
    files = [(data, addresses_in(data)) for data in seeds()]
    for data, _ in files:
        assert one_case(data)[0] == "read", one_case(data)
    unforeseen = 0

    def attempt(chance: random.Random, case: int) -> tuple[str, str]:
        nonlocal unforeseen
        data = mutated(*chance.choice(files), chance)
        if case % 2:
            with mock.patch.object(Source, "check_sum", new=_taken_as_right):
                kind, reason = one_case(data)
        else:
            kind, reason = one_case(data)
        unforeseen += "damaged (" in reason and "compressed" not in reason  # an exception that no check foresaw
        return kind, reason

    outcome = run(cases, seed, len(files), attempt)
    outcome.outcomes["refused by the net"] = unforeseen
    return outcome


if __name__ == "__main__":
    sys.exit(main(__doc__, fuzz))

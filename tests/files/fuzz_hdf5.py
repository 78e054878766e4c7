"""Mutated HDF5 files into the reader: whatever the bytes, ModelFileError or a tree, within time and memory.

``python -m tests.files.fuzz_hdf5 --cases 1000000 --seed 1`` runs a million cases (about half an hour on one core) and
prints a table. In half of the cases checksums are taken as right, so that mutations reach what lies behind them.
"""

from __future__ import annotations

import argparse
import io
import math
import random
import resource
import struct
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from unittest import mock

import numpy as np
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
from flintglass.saving.hdf5.source import UNDEFINED, Source
from flintglass.saving.hdf5.tree import Dataset, Group

SECONDS = 2.0  # of processor time in one case
BYTES = 200 << 20  # more than before the first case, in all
LARGEST_READ = 1 << 20  # datasets beyond are not read: whoever loads a model compares shapes first
WORDS = [0, 1, 2, 8, 16, 255, 256, 65535, 65536, 1 << 20, 1 << 31, (1 << 32) - 1, 1 << 40, 1 << 63, UNDEFINED]


@dataclass
class Outcome:
    """What became of the cases."""

    seeds: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    slowest_case: int = -1
    memory: int = 0
    wrong: list[str] = field(default_factory=list)


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


def mutated(data: bytes, chance: random.Random, addresses: list[int]) -> bytes:
    """The file with one to six things changed. addresses: where words that look like addresses or sizes stand in it."""
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 3, 6])):
        kind = chance.random()
        if kind < 0.3:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        elif kind < 0.4:
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        elif kind < 0.75 and addresses:
            at = chance.choice(addresses)
            near = [len(data), len(data) - 1, chance.randrange(len(data)), _word(data, addresses, chance)]
            word = chance.choice([*WORDS, *near])
            _put(changed, at, struct.pack("<Q", word)[: chance.choice([8, 8, 4, 2])])
        elif kind < 0.85:
            size, begin = chance.choice([4, 8, 16, 40, 100]), chance.randrange(len(data))
            _put(changed, chance.randrange(len(changed)), data[begin : begin + size])
        elif kind < 0.95:
            size = chance.choice([1, 2, 4, 8])
            word = chance.choice(WORDS) & (1 << 8 * size) - 1
            _put(changed, chance.randrange(len(changed)), word.to_bytes(size, "little"))
        else:
            del changed[chance.randrange(1, len(changed)) :]
    return bytes(changed)


def _word(data: bytes, addresses: list[int], chance: random.Random) -> int:
    return int.from_bytes(data[(at := chance.choice(addresses)) : at + 8], "little")


def _put(changed: bytearray, at: int, piece: bytes) -> None:
    end = min(len(changed), at + len(piece))
    if at < end:
        changed[at:end] = piece[: end - at]


def addresses_in(data: bytes) -> list[int]:
    """Where the file has eight bytes that could be an address or a size in it, and are not zero."""
    return [at for at in range(0, len(data) - 8) if 0 < int.from_bytes(data[at : at + 8], "little") <= len(data)]


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


def peak_memory() -> int:
    """The most bytes that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def fuzz(cases: int, seed: int) -> Outcome:
    """Run so many cases. Each is drawn from (seed, its number) alone, so that any can be run again."""
    files = [(data, addresses_in(data)) for data in seeds()]
    outcome, before = Outcome(len(files)), peak_memory()
    for data, _ in files:
        assert one_case(data)[0] == "read", one_case(data)
    for case in range(cases):
        chance = random.Random(f"{seed}/{case}")
        whole, addresses = chance.choice(files)
        data = mutated(whole, chance, addresses)
        begin = time.process_time()
        if case % 2:
            with mock.patch.object(Source, "check_sum", new=_taken_as_right):
                kind, reason = one_case(data)
        else:
            kind, reason = one_case(data)
        seconds = time.process_time() - begin
        outcome.outcomes[kind] += 1
        outcome.reasons["".join("#" if letter.isdigit() else letter for letter in reason)[:60]] += 1
        if seconds > outcome.slowest:
            outcome.slowest, outcome.slowest_case = seconds, case
        if kind == "WRONG" or seconds > SECONDS:
            outcome.wrong.append(f"case {case} of seed {seed}: {reason or 'slow'}, {seconds:.2f} s")
        if "damaged (" in reason and "compressed" not in reason:  # an exception that no check foresaw
            outcome.outcomes["refused by the net"] += 1
    outcome.memory = peak_memory() - before
    if outcome.memory > BYTES:
        outcome.wrong.append(f"{outcome.memory:,} bytes of memory")
    return outcome


def main() -> int:
    """The command line: 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    outcome = fuzz(given.cases, given.seed)
    print(f"{given.cases:,} cases of seed {given.seed} over {outcome.seeds} files")
    for kind, count in outcome.outcomes.most_common():
        print(f"| {kind} | {count:,} |")
    print(f"| slowest case ({outcome.slowest_case}) | {outcome.slowest:.3f} s |")
    print(f"| memory beyond the start | {outcome.memory / 1e6:.0f} MB |")
    for reason, count in outcome.reasons.most_common(60):
        print(f"  {count:8,}  {reason or '(read)'}")
    for wrong in outcome.wrong[:50]:
        print("WRONG:", wrong)
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())

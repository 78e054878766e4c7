"""Mutated model files into the loaders: ModelFileError or a model, and nothing of a refused file stays in a model.

``python -m tests.files.fuzz_models --cases 50000 --seed 1`` prints a table. Bytes are mutated, and (where a case would
otherwise stop at a checksum) the configuration as a tree and the weights inside an archive that is packed again.
"""

from __future__ import annotations

import copy
import io
import json
import random
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tests.files.fuzzing import Outcome, addresses_in, main, mutated, run
from tests.files.networks import shared, stack

import flintglass as fg
from flintglass.errors import ModelFileError

NETWORKS: tuple[Callable[[Any], Any], ...] = (stack, shared)
WHOLE, WEIGHTS = ("m.keras", "m.h5"), ("w.weights.h5", "w.safetensors", "w.npz")
VALUES: list[Any] = [None, True, -1, 0, 1, 2**31, 2**63, 10**30, 1e308, 0.5, "", "relu", "x" * 3000, [], {}, [[]], [-1]]
VALUES += [
    float("nan"),
    float("inf"),
    [None, 2**40],
    {"class_name": "Dense", "config": {}},
    {"class_name": "__lambda__"},
]
DEEP = 400


class Seeds:
    """Honest files of every kind, with what opens them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.models = [network(fg) for network in NETWORKS]
        self.before = [model.get_weights() for model in self.models]
        self.files: list[tuple[str, int, bytes, list[int]]] = []
        for number, model in enumerate(self.models):
            for name in WHOLE:
                self._keep(name, number, model.save)
            for name in WEIGHTS:
                self._keep(name, number, model.save_weights)
            text = model.to_json().encode()
            self.files.append(("m.json", number, text, addresses_in(text)))

    def _keep(self, name: str, number: int, write: Callable[[Path], Any]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            write(self.folder / name)
        data = (self.folder / name).read_bytes()
        self.files.append((name, number, data, addresses_in(data)))

    def open(self, name: str, number: int, data: bytes) -> None:
        """Read a file as its owner would; an error where a refused file has changed the model."""
        if name == "m.json":
            fg.models.model_from_json(data)
            return
        path = self.folder / name
        path.write_bytes(data)
        if name in WHOLE:
            fg.models.load_model(path)
            return
        model = self.models[number]
        try:
            model.load_weights(path)
        except ModelFileError:
            for old, new in zip(self.before[number], model.get_weights(), strict=True):
                if not np.array_equal(old, new):
                    raise AssertionError("a refused file has changed the model") from None
            raise
        model.set_weights(self.before[number])


def changed_tree(tree: Any, chance: random.Random) -> Any:
    """The document with one to four nodes changed: another value, another node's, a node less, or deep nesting."""
    tree = copy.deepcopy(tree)
    for _ in range(chance.choice([1, 1, 2, 4])):
        holders = list(_holders(tree))
        holder, key = chance.choice(holders)
        kind = chance.random()
        if kind < 0.55:
            holder[key] = copy.deepcopy(chance.choice(VALUES))
        elif kind < 0.75:
            other, at = chance.choice(holders)
            holder[key] = copy.deepcopy(other[at])
        elif kind < 0.95:
            del holder[key]
            if not tree:
                return tree
        else:
            for _ in range(chance.choice([3, DEEP])):
                holder[key] = [holder[key]]
    return tree


def _holders(tree: Any) -> Any:
    """Every place in a document: (the dictionary or list, the key)."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, inner in items:
        yield tree, key
        yield from _holders(inner)


def repacked(data: bytes, chance: random.Random) -> bytes:
    """An archive with one member changed, and its checksums right."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    if chance.random() < 0.75:
        members["config.json"] = json.dumps(changed_tree(json.loads(members["config.json"]), chance)).encode()
    else:
        name = chance.choice(sorted(members))
        members[name] = mutated(members[name], addresses_in(members[name][:2000]), chance)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return stream.getvalue()


def drawn(name: str, data: bytes, addresses: list[int], chance: random.Random) -> bytes:
    """A mutation that suits the kind of file."""
    if name.endswith(".keras") and chance.random() < 0.7:
        return repacked(data, chance)
    if name == "m.json" and chance.random() < 0.8:
        return json.dumps(changed_tree(json.loads(data), chance)).encode()
    if name.endswith(".safetensors") and chance.random() < 0.6:
        length = int.from_bytes(data[:8], "little")
        header = json.dumps(changed_tree(json.loads(data[8 : 8 + length]), chance)).encode()
        return len(header).to_bytes(8, "little") + header + data[8 + length :]
    return mutated(data, addresses, chance)


def fuzz(cases: int, seed: int) -> Outcome:
    """Run so many cases."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seeds = Seeds(Path(folder))
        for name, number, data, _ in seeds.files:
            seeds.open(name, number, data)

        def attempt(chance: random.Random, case: int) -> tuple[str, str]:
            name, number, data, addresses = chance.choice(seeds.files)
            try:
                seeds.open(name, number, drawn(name, data, addresses, chance))
            except ModelFileError as refused:
                return "refused", refused.reason
            except Exception as error:
                return "WRONG", f"{name}: {type(error).__name__}: {error}"[:300]
            return "read", ""

        return run(cases, seed, len(seeds.files), attempt)


if __name__ == "__main__":
    sys.exit(main(__doc__, fuzz))

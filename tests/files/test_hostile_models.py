"""Every hostile file is refused in one way, soon, with little memory, and without a trace."""

from __future__ import annotations

import copy
import json
import os
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.contracts.test_layer_contracts import SAMPLES
from tests.files.hostile import CASES, CODE, MARKER, archive, honest

import flintglass as fg
from flintglass.errors import ModelFileError

SECONDS, BYTES = 2.0, 200 * 2**20
NEVER = ("os.system", "subprocess.Popen", "socket.connect", "pickle.find_class", "os.exec", "os.fork")
_watching: list[list[tuple[str, Any]]] = []


def _hook(event: str, arguments: Any) -> None:
    if _watching and (event in NEVER or event == "open" or event == "import"):
        _watching[-1].append((event, arguments))


sys.addaudithook(_hook)


def opened(case: Any, path: Path) -> Any:
    if case.opened == "weights":
        model = honest()
        before = model.get_weights()
        try:
            return model.load_weights(path)
        finally:
            for old, new in zip(before, model.get_weights(), strict=True):
                np.testing.assert_array_equal(old, new)
    if case.opened == "json":
        return fg.models.model_from_json(path.read_text())
    return fg.models.load_model(path)


@pytest.fixture(autouse=True, scope="module")
def warm(tmp_path_factory: Any) -> None:
    """Everything that is loaded on first use is loaded: from here on, an import would be the file's."""
    np.testing.assert_array_equal(1, 1)
    folder = tmp_path_factory.mktemp("warm")
    path = archive()(folder)
    fg.models.load_model(path).save_weights(folder / "w.npz")
    for name in ("nan", "w.safetensors", "w.npz"):
        model = honest()
        if name != "nan":
            model.save_weights(folder / name)
            model.load_weights(folder / name)
    for name in dir(fg.layers):
        getattr(fg.layers, name)
    for name in dir(fg.metrics):
        getattr(fg.metrics, name)
    fg.models.model_from_json(model.to_json())


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    case = CASES[name]
    path = case.make(tmp_path)
    files = sorted(tmp_path.rglob("*"))
    events: list[tuple[str, Any]] = []
    _watching.append(events)
    start = time.process_time()
    try:
        with pytest.raises(ModelFileError) as caught:
            opened(case, path)
    finally:
        _watching.pop()
    assert time.process_time() - start < SECONDS
    assert caught.value.reason
    assert sorted(tmp_path.rglob("*")) == files, "the file left something behind"
    assert not os.path.exists(MARKER)
    assert [event for event in events if event[0] in NEVER] == []
    touched = {
        os.fspath(arguments[0]) for event, arguments in events if event == "open" and not isinstance(arguments[0], int)
    }
    assert {item for item in touched if not item.endswith((".py", ".pyc"))} <= {str(path)}
    named = {arguments[0] for event, arguments in events if event == "import"}
    assert not named & {"os", "subprocess", "torch", "tensorflow", "posix", "keras"}


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.kind == "exhaustion"])
def test_a_file_that_asks_for_much_gets_little(name: str, tmp_path: Path) -> None:
    path = CASES[name].make(tmp_path)
    honest()
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileError):
            opened(CASES[name], path)
        assert tracemalloc.get_traced_memory()[1] < BYTES
    finally:
        tracemalloc.stop()


def numbers(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all numbers, and of what is true or false, in a configuration."""
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from numbers(item, (*path, key))
    elif isinstance(value, (int, float)):
        yield path


@pytest.mark.parametrize("name", SAMPLES)
def test_a_text_in_the_place_of_any_number_of_a_layer_is_refused(name: str, tmp_path: Path) -> None:
    sample = SAMPLES[name][0]
    inputs = [fg.Input(shape, dtype="int32" if sample.table else None) for shape in sample.shapes]
    model = fg.Model(inputs, getattr(fg.layers, name)(**sample.settings, name="it")(sample.given(inputs)))
    path = tmp_path / "model.keras"
    model.save(path)
    with zipfile.ZipFile(path) as found:
        config, weights = json.loads(found.read("config.json")), found.read("model.weights.h5")
    place = next(i for i, layer in enumerate(config["config"]["layers"]) if layer["name"] == "it")
    functions = {"softplus": fg.ops.softplus, "sum": fg.ops.sum}
    archive(config, weights)(tmp_path)
    fg.models.load_model(path, custom_objects=functions)
    for inner in numbers(config["config"]["layers"][place]["config"]):
        changed = copy.deepcopy(config)
        parent = changed["config"]["layers"][place]["config"]
        for key in inner[:-1]:
            parent = parent[key]
        parent[inner[-1]] = "x"
        archive(changed, weights)(tmp_path)
        try:
            fg.models.load_model(path, custom_objects=functions)
        except ModelFileError:
            continue
        raise AssertionError(f"{name}: a text was taken for {inner}")


def test_safe_mode_changes_nothing_but_a_warning(tmp_path: Path) -> None:
    for name, case in CASES.items():
        if case.kind == CODE and case.opened == "model" and name.startswith("CVE"):
            with pytest.warns(UserWarning, match="safe_mode=False changes nothing"), pytest.raises(ModelFileError):
                fg.models.load_model(case.make(tmp_path), safe_mode=False)
            assert not (tmp_path / MARKER).exists()


def test_the_honest_file_is_loaded(tmp_path: Path) -> None:
    assert fg.models.load_model(archive()(tmp_path)).predict(np.ones((1, 3), "float32"), verbose=0).shape == (1, 1)

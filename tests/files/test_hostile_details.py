"""What the table of hostile files cannot hold: messages, names of the user's own, arrays, and states of runs."""

from __future__ import annotations

import io
import json
import os
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.files.hostile import archive, honest, honest_arrays, with_setting
from tests.files.test_hostile_states import X, Y, changed, model, written

import flintglass as fg
from flintglass import callbacks, customs, layers, saving
from flintglass.errors import ModelFileError
from flintglass.saving import packing, state_file
from flintglass.saving.state_file import read_state, write_state


@pytest.mark.parametrize("name", ["\x1b[2Jd", "d\ud800", "d\r", "d\x9b1m"], ids=ascii)
def test_no_message_about_a_file_steers_a_terminal(name: str, tmp_path: Path) -> None:
    path = with_setting("name", name)(tmp_path)
    with pytest.raises(ModelFileError) as caught:
        fg.models.load_model(path)
    assert str(caught.value).isprintable()
    assert "d" in caught.value.item


def test_names_in_other_alphabets_are_loaded(tmp_path: Path) -> None:
    loaded = fg.models.load_model(with_setting("name", "密\u3000å \U0001f525")(tmp_path))
    assert loaded.layers[0].name == "密\u3000å \U0001f525"


def test_a_registered_class_is_not_taken_for_one_of_keras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(customs, "_everywhere", {})

    @saving.register_keras_serializable()
    class Dense(layers.Dense):
        """Called as a layer of Keras is."""

    assert type(fg.models.load_model(archive()(tmp_path)).layers[0]) is layers.Dense
    own = fg.Sequential([fg.Input((3,)), Dense(2)])
    own.save(tmp_path / "own.keras")
    assert type(fg.models.load_model(tmp_path / "own.keras").layers[0]) is Dense


def npy(text: str, numbers: np.ndarray, version: bytes = b"\1\0") -> bytes:
    head = text.encode().ljust(117) + b"\n"
    return b"\x93NUMPY" + version + len(head).to_bytes(2, "little") + head + numbers.tobytes("F")


@pytest.mark.parametrize("version", [b"\1\0", b"\1\7"])
def test_an_array_in_fortran_order_is_read_whatever_else_its_header_says(version: bytes, tmp_path: Path) -> None:
    kernel = np.arange(12, dtype="float32").reshape(3, 4)
    path = tmp_path / "w.npz"
    with zipfile.ZipFile(path, "w") as found:
        for name, array in honest_arrays().items():
            stream = io.BytesIO()
            np.save(stream, array)
            text = "{'descr': '<f4', 'fortran_order': True, 'shape': (3, 4), 'more': 1}"
            found.writestr(f"{name}.npy", npy(text, kernel, version) if name == "dense/kernel" else stream.getvalue())
    made = honest()
    made.load_weights(path)
    np.testing.assert_array_equal(made.layers[0].get_weights()[0], kernel)


def resumed(folder: Path) -> Any:
    made = model()
    made.fit(X, Y, epochs=3, batch_size=4, verbose=0, callbacks=backup(folder))
    return made


def backup(folder: Path, **options: Any) -> list[Any]:
    return [callbacks.BackupAndRestore(folder, delete_checkpoint=False, **options)]


def referred(number: int, kind: str = "floats") -> Any:
    return {packing.MARK: kind, "array": number}


LOGS = {
    "an array": lambda number: {"a": referred(number)},
    "an array 300 times": lambda number: {str(place): referred(number) for place in range(300)},
    "an array from the end": lambda _: {"a": referred(-1)},
    "another kind": lambda number: {"a": referred(number, "module")},
    "deep": lambda _: {"a": json.loads("[" * 900 + "]" * 900)},
    "wide": lambda _: {"a": [[]] * 600_000},
}


@pytest.mark.parametrize("kind", LOGS)
def test_a_state_that_grows_when_it_is_unpacked_is_refused(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model().fit(X, Y, epochs=1, batch_size=4, verbose=0, callbacks=backup(tmp_path))
    path = str(tmp_path / "training_state.h5")
    about, arrays = read_state(path)

    def pack(value: Any, found: list[np.ndarray], place: str) -> Any:
        packed = packing.pack(value, found, place)
        found.append(np.zeros(100_000))
        return {**packed, "logs": LOGS[kind](len(found) - 1)}

    with monkeypatch.context() as patched:
        patched.setattr(state_file, "pack", pack)
        write_state(path, about, [(str(number), array) for number, array in enumerate(arrays)])
    if kind == "an array":  # what BackupAndRestore may write itself
        assert resumed(tmp_path).history.epoch == [0, 1, 2]
        return
    with pytest.raises(ModelFileError):
        resumed(tmp_path)


def test_a_state_whose_run_is_told_by_arrays_is_refused(tmp_path: Path) -> None:
    path, about, variables = written(tmp_path)
    for what in about["run"]:
        write_state(path, changed(about, ("run", what), np.zeros(3)), variables)
        with pytest.raises(ModelFileError):
            resumed(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_in_the_place_of_a_state_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "training_state.h5")
    with pytest.raises(ModelFileError, match="no regular file"):
        resumed(tmp_path)


def test_a_damaged_state_never_takes_the_place_of_the_one_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model().fit(X, Y, epochs=2, batch_size=4, verbose=0, callbacks=backup(tmp_path, double_checkpoint=True))
    latest, previous = tmp_path / "training_state.h5", tmp_path / "previous_training_state.h5"
    before = previous.read_bytes()
    latest.write_bytes(latest.read_bytes()[:-100])

    class Killed(BaseException):
        """The process ends while it writes the first state of the new run."""

    def killed(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patched.setattr(state_file, "write_state", killed)
        with pytest.raises(Killed):
            model().fit(X, Y, epochs=4, batch_size=4, verbose=0, callbacks=backup(tmp_path, double_checkpoint=True))
    assert previous.read_bytes() == before
    made = model()
    with pytest.warns(UserWarning, match="the state before the last"):
        made.fit(X, Y, epochs=4, batch_size=4, verbose=0, callbacks=backup(tmp_path, double_checkpoint=True))
    assert made.history.epoch == [0, 1, 2, 3]


def test_a_file_is_saved_under_the_longest_name_that_a_folder_takes(tmp_path: Path) -> None:
    path = tmp_path / ("密" * 83 + ".keras")
    honest().save(path)
    assert [item.name for item in tmp_path.iterdir()] == [path.name]

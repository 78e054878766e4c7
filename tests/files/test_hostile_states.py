"""A state of a run that somebody else wrote, its checksum right: what is wrong is told, and nothing changes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import flintglass as fg
from flintglass import callbacks, layers, names
from flintglass.errors import ModelFileError
from flintglass.saving.state_file import read_state, write_state

GONE = object()
X, Y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")


def model() -> Any:
    names.forget_names()
    fg.utils.set_random_seed(1)
    made = fg.Sequential([fg.Input((3,)), layers.Dense(4), layers.Dropout(0.5), layers.Dense(1)])
    made.compile("adam", "mse")
    return made


def watching(folder: Path) -> list[Any]:
    return [
        callbacks.BackupAndRestore(folder, delete_checkpoint=False),
        callbacks.EarlyStopping("loss", patience=50),
        callbacks.ReduceLROnPlateau("loss"),
        callbacks.ModelCheckpoint(folder / "m.weights.h5", monitor="loss", save_weights_only=True),
    ]


def written(folder: Path) -> tuple[str, Any, list[tuple[str, np.ndarray]]]:
    model().fit(X, Y, epochs=2, batch_size=4, verbose=0, callbacks=watching(folder))
    path = str(folder / "training_state.h5")
    about, arrays = read_state(path)
    return path, about, [(f"v{number}", array) for number, array in enumerate(arrays)]


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The value with something else in this place."""
    items = dict(value) if isinstance(value, dict) else dict(enumerate(value))
    if len(path) == 1 and new is GONE:
        del items[path[0]]
    else:
        items[path[0]] = new if len(path) == 1 else changed(items[path[0]], path[1:], new)
    return items if isinstance(value, dict) else type(value)(items.values())


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands that a run reads; what the history lists, and the logs, are anybody's values."""
    if path:
        yield path
    if "history" in path or path in (("logs",), ("run",)) or (path[:1] == ("callbacks",) and path[-1:] == ("epoch",)):
        return
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, (list, tuple)):
        for key, item in enumerate(value):
            yield from places(item, (*path, key))


def numbers_of(made: Any) -> list[np.ndarray]:
    return [variable.numpy().copy() for variable in [*made.variables, *made.optimizer.variables]]


def test_a_text_in_any_place_of_a_state_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    path, about, variables = written(tmp_path)
    texts = {("made_by", key) for key in about["made_by"]}
    tried = 0
    for place in places(about):
        for new in ("x", GONE):
            if (place in texts and new == "x") or (
                place[:2] == ("random", "numpy") and place[-1:] in (("has_gauss",), ("gauss",))
            ):
                continue
            if place[0] == "callbacks" and len(place) == 2 and new is GONE:
                continue
            write_state(path, changed(about, place, new), variables)
            made = model()
            made.fit(X, Y, batch_size=4, verbose=0)
            before, stream = numbers_of(made), random.getstate()
            with pytest.raises(ModelFileError):
                made.fit(X, Y, epochs=3, batch_size=4, verbose=0, callbacks=watching(tmp_path))
            for old, now in zip(before, numbers_of(made), strict=True):
                np.testing.assert_array_equal(old, now, err_msg=f"{place} {new}")
            assert random.getstate() == stream
            tried += 1
    assert tried > 60
    write_state(path, about, variables)
    made = model()
    made.fit(X, Y, epochs=3, batch_size=4, verbose=0, callbacks=watching(tmp_path))
    assert made.history.epoch == [0, 1, 2]


@pytest.mark.parametrize(
    ("place", "new"),
    [
        (("position", "step"), 10**9),
        (("position", "step"), -1),
        (("position", "epoch"), -1),
        (("position", "epoch"), 1.5),
        (("seed",), -1),
        (("seed",), 10**30),
        (("random", "numpy", "state", "pos"), -1),
        (("random", "numpy", "state", "key"), np.zeros(3, "uint32")),
        (("random", "global_seed"), np.zeros(99, "uint32")),
        (("callbacks", 0, 1, "best_weights"), [np.zeros(3)]),
        (("callbacks", 0, 1, "best"), []),
        (("callbacks", 0, 1, "wait"), None),
    ],
    ids=str,
)
def test_a_value_that_no_run_has_is_refused(place: tuple[Any, ...], new: Any, tmp_path: Path) -> None:
    path, about, variables = written(tmp_path)
    write_state(path, changed(about, place, new), variables)
    with pytest.raises(ModelFileError):
        model().fit(X, Y, epochs=3, batch_size=4, verbose=0, callbacks=watching(tmp_path))

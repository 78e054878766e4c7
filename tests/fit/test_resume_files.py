"""The file of a run: taken up, refused where it is of another run, and told where it is damaged."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fit.resuming import Broken, X, Y, network, run
from tests.fit.support import deferred, functional, sequential, subclassed

from flintglass import callbacks, config, layers, models, utils
from flintglass.callbacks import BackupAndRestore
from flintglass.engines.engine import engine
from flintglass.errors import ModelFileError
from flintglass.saving.state_file import read_state


def test_a_state_can_be_looked_into(tmp_path: Path) -> None:
    with pytest.raises(Broken):
        run(tmp_path, 4, 14)
    about, arrays = read_state(str(tmp_path / "training_state.h5"))
    assert about["position"] == {"epoch": 1, "step": 1, "begun": True}
    assert sum(array.size for array in arrays) > network().count_params()


def test_training_goes_on_beyond_the_epochs_of_the_first_run(tmp_path: Path) -> None:
    whole = run(tmp_path, epochs=5)
    run(tmp_path, epochs=2, backup={"delete_checkpoint": False})
    assert sorted(os.listdir(tmp_path)) == ["training_state.h5"]
    assert run(tmp_path, epochs=5) == whole


def test_initial_epoch_holds_where_there_is_no_state(tmp_path: Path) -> None:
    model = sequential()
    history = model.fit(X[:, :3], Y, epochs=5, initial_epoch=3, verbose=0, callbacks=[BackupAndRestore(tmp_path)])
    assert history.epoch == [3, 4]


def broken_state(folder: Path, double: bool = False) -> Path:
    with pytest.raises(Broken):
        run(folder, 4, 14, backup={"double_checkpoint": double})
    return folder / "training_state.h5"


def other_rows(**options: Any) -> Any:
    return sequential().fit(X[:50, :3], Y[:50], **options)


def other_layers(**options: Any) -> Any:
    utils.set_random_seed(5)
    model = models.Sequential([layers.Input((6,)), layers.Dense(17), layers.Dense(1)])
    model.compile("adam", "mse")
    return model.fit(X, Y, **options)


def other_rate_of_dropout(**options: Any) -> Any:
    model = network()
    model.layers[2].rate = 0.31
    return model.fit(X, Y, **options)


def other_batches(**options: Any) -> Any:
    return network().fit(X, Y, **{**options, "batch_size": 17})


def unshuffled(**options: Any) -> Any:
    return network().fit(X, Y, shuffle=False, **options)


def fewer_rows(**options: Any) -> Any:
    return network().fit(X[:-1], Y[:-1], **options)


def another_callback(**options: Any) -> Any:
    return network().fit(X, Y, **{**options, "callbacks": [*options["callbacks"], callbacks.ReduceLROnPlateau()]})


REFUSED = {
    "rows": (other_rows, "the program of a training step"),
    "layers": (other_layers, "the program of a training step"),
    "rate of dropout": (other_rate_of_dropout, "the program of a training step"),
    "batch size": (other_batches, r"the batch size differs \(16 in the file, 17 now\)"),
    "shuffling": (unshuffled, "shuffling differs"),
    "number of rows": (fewer_rows, r"the number of rows differs \(162 in the file, 161 now\)"),
    "callbacks": (another_callback, "the states of the callbacks"),
}


@pytest.mark.parametrize(("fit", "reason"), REFUSED.values(), ids=REFUSED)
def test_the_state_of_another_run_is_refused_with_the_way_out(tmp_path: Path, fit: Any, reason: str) -> None:
    path = broken_state(tmp_path)
    before = path.read_bytes()
    given = [BackupAndRestore(tmp_path), callbacks.EarlyStopping()]
    with pytest.raises(ModelFileError, match=rf"(?s){reason}.*or delete the file"):
        fit(batch_size=16, epochs=3, verbose=0, validation_split=0.2, callbacks=given)
    assert path.read_bytes() == before


def test_a_state_of_the_same_network_under_other_names_is_taken(tmp_path: Path) -> None:
    """The names of a second model in a process count on."""
    whole = run(tmp_path, 4)
    broken_state(tmp_path)
    network()
    assert run(tmp_path, 4) == whole


def damages(content: bytes) -> Iterator[bytes]:
    rng = np.random.default_rng(1)
    yield b""
    yield from (content[:size] for size in (10, len(content) // 2, len(content) - 1))
    for place in rng.integers(0, len(content), 25):
        yield content[:place] + bytes([content[place] ^ 0x41]) + content[place + 1 :]


def test_a_damaged_state_is_told_or_makes_no_difference(tmp_path: Path) -> None:
    whole = run(tmp_path, 4, epochs=2)
    path = broken_state(tmp_path)
    told = 0
    content = path.read_bytes()
    for damaged in damages(content):
        tmp_path.mkdir(exist_ok=True)
        path.write_bytes(damaged)
        try:
            assert run(tmp_path, 4, epochs=2) == whole  # what was changed holds nothing
        except ModelFileError as error:
            assert "delete it to begin anew" in str(error)  # noqa: PT017
            told += 1
    assert told > 10


def test_with_two_states_the_earlier_one_serves_where_the_last_is_damaged(tmp_path: Path) -> None:
    whole = run(tmp_path, 4)
    path = broken_state(tmp_path, double=True)
    assert sorted(os.listdir(tmp_path)) == ["previous_training_state.h5", "training_state.h5"]
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.warns(UserWarning, match="goes on from .*previous_training_state.h5"):
        assert run(tmp_path, 4, backup={"double_checkpoint": True}) == whole


def test_a_process_killed_between_two_states_leaves_the_earlier_one(tmp_path: Path) -> None:
    whole = run(tmp_path, 4)
    broken_state(tmp_path, double=True).unlink()  # renamed, and the next one not yet written
    (tmp_path / ".training_state.h5.0badcafe.part").write_bytes(b"begun")
    assert run(tmp_path, 4) == whole
    assert not tmp_path.exists()


def test_a_state_of_another_engine_is_taken_with_a_warning(tmp_path: Path) -> None:
    try:
        engine("native")
    except ImportError as error:
        pytest.skip(str(error))
    before = config.engine()
    try:
        config.set_engine("native")
        broken_state(tmp_path)
        config.set_engine("numpy")
        with pytest.warns(UserWarning, match="within rounding, not to the same bits"):
            run(tmp_path, 4)
    finally:
        config.set_engine(before)


@pytest.mark.parametrize("make", [sequential, functional, subclassed, deferred])
def test_every_kind_of_model_is_kept(tmp_path: Path, make: Any) -> None:
    given = [BackupAndRestore(tmp_path, 2, delete_checkpoint=False)]
    model = make()
    model.fit(X[:, :3], Y, epochs=2, verbose=0, callbacks=given)
    other = make()
    history = other.fit(X[:, :3], Y, epochs=2, verbose=0, callbacks=given)
    assert history.epoch == [0, 1]
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), other.get_weights(), strict=True))


@pytest.mark.parametrize("wrong", [0, -3, True, "batch", 1.5, None])
def test_a_frequency_that_is_none_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="save_freq is 'epoch'"):
        BackupAndRestore("folder", save_freq=wrong)
    with pytest.raises(ValueError, match="save_freq is 'epoch'"):
        callbacks.ModelCheckpoint("model.keras", save_freq=wrong)


def test_a_state_that_cannot_be_kept_is_told_with_its_place(tmp_path: Path) -> None:
    class Strange(callbacks.Callback):
        def get_state(self) -> dict[str, Any]:
            return {"found": [object()]}

    with pytest.raises(TypeError, match=r"\['found'\]\[0\] is a object, which cannot be kept"):
        sequential().fit(X[:, :3], Y, verbose=0, callbacks=[Strange(), BackupAndRestore(tmp_path)])

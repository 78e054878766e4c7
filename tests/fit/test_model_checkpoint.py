"""ModelCheckpoint writes the files of Keras's names, at Keras's times, and the best alone where it is asked to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fit.support import X, Y, sequential

from flintglass import callbacks, saving
from flintglass.callbacks import BackupAndRestore, ModelCheckpoint, model_checkpoint

STEPS = 3  # of an epoch of 70 rows
pytestmark = pytest.mark.usefixtures("on_engine")


class Noting(callbacks.Callback):
    """In the place of files: which were asked for, and after how many steps."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.asked: list[tuple[str, int]] = []
        model.save = model.save_weights = self._note
        self._of = model

    def _note(self, path: str, overwrite: bool = False) -> None:
        assert overwrite
        self.asked.append((os.path.basename(path), int(self._of.optimizer.iterations.numpy())))


def asked(name: str, epochs: int = 3, others: Any = (), **options: Any) -> list[tuple[str, int]]:
    model = sequential()
    noting = Noting(model)
    given = [ModelCheckpoint(name, **options), *others]
    model.fit(X, Y, epochs=epochs, verbose=0, validation_data=(X, Y), callbacks=given)
    return noting.asked


def test_a_file_is_written_after_each_epoch() -> None:
    assert asked("{epoch:02d}.keras") == [("01.keras", 3), ("02.keras", 6), ("03.keras", 9)]


class Listens(callbacks.Callback):
    """Has every step told."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        pass

    on_test_batch_end = on_train_batch_end


@pytest.mark.parametrize("others", [[], [Listens()]], ids=["alone", "with a listener"])
@pytest.mark.parametrize("every", [1, 2, 3, 4])
def test_a_file_is_written_after_so_many_steps_counted_through_all_epochs(every: int, others: Any) -> None:
    found = asked("{epoch}-{batch}.keras", save_freq=every, others=others)
    expected = range(every, 3 * STEPS + 1, every)
    assert found == [(f"{(step - 1) // STEPS + 1}-{(step - 1) % STEPS + 1}.keras", step) for step in expected]


def test_names_hold_the_logs_of_the_epoch(tmp_path: Path) -> None:
    model = sequential()
    history = model.fit(
        X,
        Y,
        epochs=2,
        verbose=0,
        validation_data=(X, Y),
        callbacks=[ModelCheckpoint(tmp_path / "deep" / "{epoch}-{val_loss:.6f}.weights.h5", save_weights_only=True)],
    )
    expected = [f"{epoch + 1}-{value:.6f}.weights.h5" for epoch, value in enumerate(history.history["val_loss"])]
    assert sorted(os.listdir(tmp_path / "deep")) == expected


def test_a_saved_model_predicts_as_the_model_did_then(tmp_path: Path) -> None:
    model = sequential()
    seen: list[np.ndarray] = []

    class Predicts(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append(self.model.predict(X, verbose=0))

    model.fit(X, Y, epochs=3, verbose=0, callbacks=[ModelCheckpoint(tmp_path / "{epoch}.keras"), Predicts()])
    for epoch in range(3):
        loaded = saving.load_model(tmp_path / f"{epoch + 1}.keras")
        assert np.array_equal(loaded.predict(X, verbose=0), seen[epoch])


class Says(callbacks.Callback):
    """Puts a number of its own into the logs."""

    def __init__(self, *values: float) -> None:
        super().__init__()
        self.values = values

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs["score"] = self.values[epoch]


def best(*values: float, **options: Any) -> list[str]:
    model = sequential()
    noting = Noting(model)
    given = [Says(*values), ModelCheckpoint("{epoch}.keras", "score", save_best_only=True, **options)]
    model.fit(X, Y, epochs=len(values), verbose=0, callbacks=given)
    return [name.removesuffix(".keras") for name, _ in noting.asked]


def test_only_the_best_is_written_where_that_is_asked() -> None:
    assert best(3, 2, 2.5, 2, 1, mode="min") == ["1", "2", "5"]
    assert best(3, 2, 3.5, 3, 4, mode="max") == ["1", "3", "5"]
    assert best(3, 2, 2.5, 2, 1, mode="min", initial_value_threshold=1.5) == ["5"]


def test_where_nothing_can_be_compared_every_file_is_written_and_that_is_told_once() -> None:
    with pytest.warns(UserWarning, match="have no 'val_los' to compare. Did you mean 'val_loss'") as told:
        found = asked("{epoch}.keras", monitor="val_los", save_best_only=True)
    assert len(found) == 3
    assert len(told) == 1


def test_what_was_done_is_printed_where_that_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    best(3, 4, mode="min", verbose=1)
    assert capsys.readouterr().out == "Epoch 1: saved to 1.keras\nEpoch 2: score is 4, no better than 3\n"


def test_the_best_so_far_is_kept_by_a_backup(tmp_path: Path) -> None:
    def fitted(epochs: int, delete: bool) -> list[str]:
        model = sequential()
        noting = Noting(model)
        checkpoint = ModelCheckpoint("{epoch}.keras", "score", save_best_only=True, mode="min")
        given = [Says(3, 2, 2.5, 1.5), checkpoint, BackupAndRestore(tmp_path, delete_checkpoint=delete)]
        model.fit(X, Y, epochs=epochs, verbose=0, callbacks=given)
        return [name for name, _ in noting.asked]

    assert fitted(2, False) == ["1.keras", "2.keras"]
    assert fitted(4, True) == ["4.keras"]


@pytest.mark.parametrize(
    ("name", "options"),
    [("model", {}), ("m.npz", {}), ("m.pkl", {}), ("m.keras", {"save_weights_only": True})],
)
def test_an_ending_that_says_no_format_is_refused(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="filepath ends in"):
        ModelCheckpoint(name, **options)


def test_a_name_that_is_not_in_the_logs_is_told() -> None:
    with pytest.raises(KeyError, match="asks for 'val_acc'"):
        asked("{val_acc}.keras")


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "model.keras").mkdir()
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        asked(str(tmp_path / "model.keras"))


@pytest.mark.parametrize("save_weights_only", [True, False])
def test_every_ending_that_is_taken_is_written(tmp_path: Path, save_weights_only: bool) -> None:
    endings = model_checkpoint.WEIGHTS if save_weights_only else model_checkpoint.MODELS
    for ending in endings:
        path = tmp_path / f"model{ending}"
        given = [ModelCheckpoint(path, save_weights_only=save_weights_only)]
        sequential().fit(X, Y, verbose=0, callbacks=given)
        assert path.exists()

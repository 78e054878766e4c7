"""TensorBoard: the folders, tags, steps and values of its files are Keras's, as its own files showed them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fit.boards import fitted, named
from tests.fit.event_reading import files_in, read, values_of
from tests.fit.resuming import BreaksAfter, Broken
from tests.fit.support import X, Y, sequential
from tests.tutorials.running import run

from flintglass import config, optimizers, utils
from flintglass.callbacks import BackupAndRestore, Callback, LambdaCallback, ModelCheckpoint, TensorBoard
from flintglass.models import run as running

Logs = dict[str, list[tuple[int, Any]]]


def single(values: list[float]) -> list[tuple[int, float]]:
    """Numbers with the epochs that they belong to, as a file of float32 holds them."""
    return [(epoch, float(np.float32(value))) for epoch, value in enumerate(values)]


def numbers(found: Logs) -> Logs:
    return {tag: values for tag, values in found.items() if tag not in ("keras", "program")}


def test_every_epoch_is_written_as_history_has_it(tmp_path: Path) -> None:
    _, history = fitted(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["train", "validation"]
    assert numbers(read(tmp_path / "train")) == {
        "epoch_loss": single(history["loss"]),
        "epoch_mae": single(history["mae"]),
        "epoch_learning_rate": single([0.01] * 3),
    }
    evaluations = {
        f"evaluation_{name}_vs_iterations": [(4 * (i + 1), value) for i, value in single(history[f"val_{name}"])]
        for name in ("loss", "mae")
    }
    assert read(tmp_path / "validation") == {
        "epoch_loss": single(history["val_loss"]),
        "epoch_mae": single(history["val_mae"]),
        **evaluations,
    }


def test_numbers_stand_on_the_page_of_scalars(tmp_path: Path) -> None:
    fitted(tmp_path, write_graph=False)
    found = [value for path in files_in(tmp_path / "train") for value in values_of(path)]
    assert {(value.page, value.content) for value in found} == {("scalars", b"")}


def test_without_validation_there_is_no_folder_for_it(tmp_path: Path) -> None:
    fitted(tmp_path, validation_data=None)
    assert os.listdir(tmp_path) == ["train"]


def test_epochs_keep_their_numbers_where_training_begins_later(tmp_path: Path) -> None:
    fitted(tmp_path, initial_epoch=1, epochs=3)
    assert [step for step, _ in read(tmp_path / "train")["epoch_loss"]] == [1, 2]
    assert [step for step, _ in read(tmp_path / "validation")["evaluation_loss_vs_iterations"]] == [4, 8]


def test_the_rate_of_a_schedule_is_that_of_its_step(tmp_path: Path) -> None:
    rate = optimizers.schedules.ExponentialDecay(0.1, 4, 0.5)
    fitted(tmp_path, sequential(optimizers.SGD(rate), "mse"))
    found = [value for _, value in read(tmp_path / "train")["epoch_learning_rate"]]
    np.testing.assert_allclose(found, [0.05, 0.025, 0.0125], rtol=1e-6)


class Steps(Callback):
    """What the logs of each step were."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[tuple[int, float]] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.losses.append((len(self.losses) + 1, float(np.float32(logs["loss"]))))


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(("update_freq", "every"), [("batch", 1), (1, 1), (3, 3), (5, 5), (100, 100)])
def test_steps_are_written_as_often_as_was_asked(tmp_path: Path, update_freq: Any, every: int, streamed: bool) -> None:
    steps = Steps()
    sequential("sgd", "mse").fit(X, Y, batch_size=20, epochs=3, shuffle=False, verbose=0, callbacks=[steps])
    board = TensorBoard(tmp_path, update_freq=update_freq)
    batches = ((X[i : i + 20], Y[i : i + 20]) for _ in range(3) for i in range(0, 70, 20))
    data: Any = {"x": batches, "steps_per_epoch": 4} if streamed else {"x": X, "y": Y, "batch_size": 20}
    sequential("sgd", "mse").fit(**data, epochs=3, shuffle=False, verbose=0, callbacks=[board])
    found = read(tmp_path / "train")
    assert found.get("batch_loss", []) == [pair for pair in steps.losses if pair[0] % every == 0]
    # Keras leaves out the epochs that do not end at such a step; here none is lost.
    assert [step for step, _ in found["epoch_loss"]] == [0, 1, 2]


def test_steps_are_counted_anew_in_each_fit_and_each_has_files_of_its_own(tmp_path: Path) -> None:
    model, board = sequential("sgd", "mse"), TensorBoard(tmp_path, update_freq=2)
    for _ in range(2):
        model.fit(X, Y, batch_size=20, verbose=0, validation_data=(X, Y), callbacks=[board])
    found = read(tmp_path / "train")
    assert [step for step, _ in found["batch_loss"]] == [2, 4, 2, 4]
    assert [step for step, _ in found["epoch_loss"]] == [0, 0]
    assert [step for step, _ in read(tmp_path / "validation")["evaluation_loss_vs_iterations"]] == [4, 8]
    assert [len(files_in(tmp_path / name)) for name in ("train", "validation")] == [2, 2]


def test_steps_are_counted_once_where_somebody_else_listens_to_each(tmp_path: Path) -> None:
    saving = ModelCheckpoint(tmp_path / "{epoch}-{batch}.weights.h5", save_weights_only=True, save_freq=4)
    fitted(tmp_path / "logs", update_freq=4, epochs=2, more=[Steps(), saving])
    assert [step for step, _ in read(tmp_path / "logs" / "train")["batch_loss"]] == [4, 8]
    assert sorted(path.name for path in tmp_path.glob("*.h5")) == ["1-4.weights.h5", "2-4.weights.h5"]


def test_evaluations_stand_at_the_step_of_the_optimizer(tmp_path: Path) -> None:
    model, board = sequential("sgd", "mse"), TensorBoard(tmp_path)
    losses = [model.evaluate(X, Y, verbose=0, callbacks=[board])]
    assert os.listdir(tmp_path) == ["validation"]
    model.fit(X, Y, batch_size=20, epochs=2, verbose=0, callbacks=[board])
    losses.append(model.evaluate(X, Y, verbose=0, callbacks=[board]))
    model.predict(X, verbose=0, callbacks=[board])
    found = read(tmp_path / "validation")
    expected = [(step, float(np.float32(loss))) for step, loss in zip((0, 8), losses, strict=True)]
    assert found == {"evaluation_loss_vs_iterations": expected}


def test_an_evaluation_within_training_is_written_beside_the_validations(tmp_path: Path) -> None:
    model, board = sequential("sgd", "mse"), TensorBoard(tmp_path)

    def look(epoch: int, logs: Any) -> None:
        model.evaluate(X[:10], Y[:10], verbose=0, callbacks=[board])

    looking = LambdaCallback(on_epoch_end=look)
    model.fit(X, Y, batch_size=20, epochs=2, verbose=0, validation_data=(X, Y), callbacks=[board, looking])
    found = read(tmp_path / "validation")
    assert [step for step, _ in found["evaluation_loss_vs_iterations"]] == [4, 4, 8, 8]
    assert [step for step, _ in found["epoch_loss"]] == [0, 1]


class Listening(TensorBoard):
    """A subclass that hears everything, so that fit goes step by step."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.heard: list[str] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        super().on_train_batch_end(batch, logs)
        self.heard.append("step")

    def on_test_end(self, logs: Any = None) -> None:
        super().on_test_end(logs)
        self.heard.append("test")


@pytest.mark.parametrize("update_freq", ["epoch", 3])
def test_a_subclass_writes_the_same(tmp_path: Path, update_freq: Any) -> None:
    found = []
    for kind in (TensorBoard, Listening):
        model, board = named(), kind(tmp_path / kind.__name__, update_freq=update_freq)
        model.fit(X, Y, batch_size=20, epochs=2, verbose=0, validation_data=(X, Y), callbacks=[board])
        found.append([numbers(read(tmp_path / kind.__name__ / name)) for name in ("train", "validation")])
    assert found[0] == found[1]
    assert board.heard == (["step"] * 4 + ["test"]) * 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("update_freq", ["epoch", 2])
def test_whole_epochs_stay_in_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_freq: Any) -> None:
    def by_steps(*arguments: Any) -> Any:
        raise AssertionError("the epoch is run step by step")

    pytest.importorskip("flintglass.engines.native_engine.engine")  # NumPy's has no loop of its own
    monkeypatch.setattr(running.Run, "epoch", by_steps)
    before = config.engine()
    config.set_engine("native")
    try:
        fitted(tmp_path, update_freq=update_freq, histogram_freq=1, write_steps_per_second=True)
    finally:
        config.set_engine(before)
    assert len(read(tmp_path / "validation")["evaluation_loss_vs_iterations"]) == 3


def test_no_step_of_a_stream_is_asked_for_its_logs_where_epochs_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    logs = running.Run.logs

    def counted(self: Any) -> dict[str, float]:
        asked.append(1)
        return logs(self)

    monkeypatch.setattr(running.Run, "logs", counted)
    stream = ((X[:10], Y[:10]) for _ in range(40))
    sequential().fit(stream, steps_per_epoch=20, epochs=2, verbose=0, callbacks=[TensorBoard(tmp_path)])
    assert len(asked) <= 4


def test_the_files_hold_an_epoch_when_the_next_one_begins(tmp_path: Path) -> None:
    seen: list[int] = []

    def look(epoch: int, logs: Any) -> None:
        if epoch:
            seen.append(len(read(tmp_path / "train")["epoch_loss"]))

    fitted(tmp_path, more=[LambdaCallback(on_epoch_begin=look)], update_freq=1)
    assert seen == [1, 2]


def test_a_folder_that_is_deleted_while_training_runs_is_begun_again(tmp_path: Path) -> None:
    def delete(epoch: int, logs: Any) -> None:
        if epoch == 1:
            shutil.rmtree(tmp_path / "train")

    fitted(tmp_path, more=[LambdaCallback(on_epoch_begin=delete)], write_graph=False)
    assert [step for step, _ in read(tmp_path / "train")["epoch_loss"]] == [1, 2]


def test_a_run_that_is_taken_up_counts_its_steps_on(tmp_path: Path) -> None:
    def given() -> list[Callback]:
        return [BackupAndRestore(tmp_path / "state", save_freq=1), TensorBoard(tmp_path / "logs", update_freq=2)]

    options: Any = {"batch_size": 20, "epochs": 2, "verbose": 0}
    with pytest.raises(Broken):
        sequential("sgd", "mse").fit(X, Y, callbacks=[*given(), BreaksAfter(6)], **options)
    sequential("sgd", "mse").fit(X, Y, callbacks=given(), **options)
    first, second = files_in(tmp_path / "logs" / "train")
    steps = [value.step for path in (first, second) for value in values_of(path) if value.tag == "batch_loss"]
    assert steps[-1] == 8
    assert set(steps) == {2, 4, 6, 8}


@pytest.mark.parametrize("wrong", [None, "4", -1, 2.5, True, [1]])
def test_a_state_without_a_number_of_steps_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="steps is a number of steps"):
        TensorBoard().set_state({"steps": wrong})


def test_training_comes_to_the_same_with_it(tmp_path: Path) -> None:
    weights = []
    for given in ([], [TensorBoard(tmp_path, update_freq=1, histogram_freq=1)]):
        utils.set_random_seed(4)
        model = sequential()
        model.fit(X, Y, epochs=3, verbose=0, validation_split=0.2, callbacks=given)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_scripts_find_it_under_the_names_of_every_era(tmp_path: Path) -> None:
    script = """
import numpy as np, tensorflow as tf
from keras.callbacks import TensorBoard
from tensorflow.keras.callbacks import TensorBoard as same
assert TensorBoard is same is tf.keras.callbacks.TensorBoard
model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(np.ones((4, 2)), np.ones(4), epochs=2, verbose=0, callbacks=[tf.keras.callbacks.TensorBoard("logs")])
import os
print(os.listdir("logs"), len(os.listdir("logs/train")))
"""
    assert run(script, tmp_path) == "['train'] 1\n"

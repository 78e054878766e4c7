"""Callbacks that act between epochs: early stopping, smaller rates, rates by a function, tables, functions."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fit.support import X, Y, sequential

from flintglass import callbacks, metrics, optimizers
from flintglass.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ReduceLROnPlateau,
    RemoteMonitor,
)


class Course(Callback):
    """Puts numbers that are given into the logs, in the place of what was measured."""

    def __init__(self, **values: list[float]) -> None:
        super().__init__()
        self.values = values

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs.update({name: values[epoch] for name, values in self.values.items() if epoch < len(values)})


def stopped(losses: list[float], *more: Callback, **settings: Any) -> tuple[list[int], EarlyStopping]:
    """The epochs of a fit with these validation losses, and the callback."""
    stopping = EarlyStopping(**settings)
    name = settings.get("monitor", "val_loss")
    history = sequential().fit(
        X, Y, epochs=len(losses), verbose=0, callbacks=[Course(**{name: losses}), *more, stopping]
    )
    return history.epoch, stopping


# -- EarlyStopping


def test_training_stops_when_the_loss_is_no_longer_better() -> None:
    epochs, stopping = stopped([3.0, 2.0, 2.5, 1.0], patience=0)
    assert epochs == [0, 1, 2]
    assert (stopping.stopped_epoch, stopping.best, stopping.best_epoch) == (2, 2.0, 1)
    assert stopped([3.0, 2.0, 2.5, 2.5, 1.0], patience=2)[0] == [0, 1, 2, 3]
    assert stopped([3.0, 2.0, 2.5, 1.5, 1.6, 1.0], patience=2)[0] == [0, 1, 2, 3, 4, 5]


def test_a_change_within_min_delta_is_none() -> None:
    assert stopped([3.0, 2.9, 2.8], min_delta=0.5, patience=1)[0] == [0, 1]
    assert stopped([3.0, 2.9, 2.8], min_delta=-0.05, patience=1)[0] == [0, 1, 2]


def test_which_way_is_better_is_asked_of_the_metric() -> None:
    rising = [0.1, 0.2, 0.3, 0.2]
    assert stopped(rising, monitor="val_score", mode="max")[0] == [0, 1, 2, 3]
    assert stopped(rising, monitor="val_score", mode="min")[0] == [0, 1]
    stopping = EarlyStopping("val_binary_accuracy", patience=0)
    model = sequential("sgd", "mse", metrics=[metrics.BinaryAccuracy()])
    assert model.fit(X, Y, epochs=4, verbose=0, callbacks=[Course(val_binary_accuracy=rising), stopping]).epoch == [
        0,
        1,
        2,
        3,
    ]
    stopping = EarlyStopping("mae", patience=0)
    model = sequential("sgd", "mse", metrics=["mae"])
    assert model.fit(X, Y, epochs=4, verbose=0, callbacks=[Course(mae=rising), stopping]).epoch == [0, 1]


def test_where_nobody_knows_which_way_is_better_the_mode_is_asked_for() -> None:
    with pytest.raises(ValueError, match=r"EarlyStopping: whether 'val_score' should fall or rise .*mode='min'"):
        stopped([1.0, 2.0, 3.0], monitor="val_score")


def test_an_unknown_mode_counts_as_auto() -> None:
    with pytest.warns(UserWarning, match="EarlyStopping: mode is 'auto', 'min' or 'max', not 'up'"):
        assert EarlyStopping(mode="up").mode == "auto"


def test_the_best_weights_come_back() -> None:
    seen: list[list[np.ndarray]] = []
    keeping = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(keeping.model.get_weights()))
    stopping = EarlyStopping(patience=2, restore_best_weights=True)
    model = sequential("sgd", "mse")
    model.fit(X, Y, epochs=9, verbose=0, callbacks=[Course(val_loss=[3.0, 1.0, 2.0, 2.0, 2.0]), keeping, stopping])
    assert len(seen) == 4
    for mine, best in zip(model.get_weights(), seen[1], strict=True):
        np.testing.assert_array_equal(mine, best)


def test_the_best_weights_come_back_when_training_was_not_stopped_too() -> None:
    seen: list[list[np.ndarray]] = []
    keeping = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(keeping.model.get_weights()))
    stopping = EarlyStopping(patience=5, restore_best_weights=True)
    model = sequential("sgd", "mse")
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[Course(val_loss=[1.0, 2.0, 3.0]), keeping, stopping])
    assert np.array_equal(model.get_weights()[0], seen[0][0])


def test_a_loss_of_nan_is_never_better() -> None:
    epochs, stopping = stopped([2.0, math.nan, math.nan, 1.0], patience=2, restore_best_weights=True)
    assert epochs == [0, 1, 2]
    assert stopping.best_epoch == 0


def test_before_the_baseline_is_reached_there_is_no_progress() -> None:
    assert stopped([3.0, 2.0, 1.9, 1.8], patience=2, baseline=1.0)[0] == [0, 1, 2, 3]
    assert stopped([3.0, 3.0, 3.0, 0.5], patience=2, baseline=1.0)[0] == [0, 1]
    assert stopped([0.9, 3.0, 3.0, 3.0], patience=3, baseline=1.0)[0] == [0, 1, 2, 3]


def test_epochs_before_the_first_that_counts_do_not_count() -> None:
    assert stopped([1.0, 2.0, 3.0, 4.0, 5.0], start_from_epoch=3)[0] == [0, 1, 2, 3, 4]
    assert stopped([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], start_from_epoch=2)[0] == [0, 1, 2, 3]


def test_a_name_that_the_logs_do_not_have_is_told_once_with_the_known_ones() -> None:
    with pytest.warns(UserWarning, match="EarlyStopping does nothing") as told:
        assert sequential().fit(X, Y, epochs=3, verbose=0, callbacks=[EarlyStopping()]).epoch == [0, 1, 2]
    assert len(told) == 1
    message = str(told[0].message)
    assert message.startswith("EarlyStopping does nothing where the logs have no 'val_loss'.")
    assert "'loss'" in message
    assert "validation_data=" in message
    with pytest.warns(UserWarning, match="Did you mean 'loss'"):
        sequential().fit(X, Y, verbose=0, callbacks=[EarlyStopping("los", mode="min")])


def test_what_was_done_is_printed_where_it_is_asked_for(capsys: Any) -> None:
    stopped([1.0, 2.0, 3.0], verbose=1, restore_best_weights=True, patience=2)
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["Epoch 3: stopped early, val_loss was best in epoch 1", "The weights of epoch 1 are back"]


def test_a_second_fit_begins_anew() -> None:
    stopping = EarlyStopping(patience=1)
    model = sequential()
    for _ in range(2):
        assert model.fit(X, Y, epochs=5, verbose=0, callbacks=[Course(val_loss=[1.0, 2.0]), stopping]).epoch == [0, 1]


def test_validation_that_is_measured_is_what_stops() -> None:
    history = sequential("sgd", "mse").fit(
        X, Y, epochs=500, validation_split=0.3, verbose=0, callbacks=[EarlyStopping(min_delta=1e-3, patience=3)]
    )
    assert 3 < len(history.epoch) < 500


# -- the learning rate


def reduced(losses: list[float], rate: float = 1.0, **settings: Any) -> list[float]:
    """The rate at the end of each epoch with these losses."""
    model = sequential(optimizers.SGD(rate), "mse")
    smaller = ReduceLROnPlateau(**settings)
    history = model.fit(X * 1e-3, Y, epochs=len(losses), verbose=0, callbacks=[Course(val_loss=losses), smaller])
    assert len(history.history["learning_rate"]) == len(losses)
    return [*history.history["learning_rate"][1:], float(model.optimizer.learning_rate)]


def test_the_rate_falls_where_the_loss_stands() -> None:
    falling = reduced([1.0, 1.0, 1.0, 1.0, 1.0], factor=0.5, patience=2)
    np.testing.assert_allclose(falling, [1.0, 1.0, 0.5, 0.5, 0.25])
    np.testing.assert_allclose(reduced([1.0, 0.9, 0.8, 0.7], factor=0.5, patience=1), [1.0] * 4)
    np.testing.assert_allclose(reduced([1.0, 0.9, 0.8], factor=0.5, patience=1, min_delta=0.2), [1.0, 0.5, 0.25])


def test_the_rate_does_not_fall_below_its_least() -> None:
    np.testing.assert_allclose(reduced([1.0] * 4, factor=0.1, patience=1, min_lr=0.05), [1.0, 0.1, 0.05, 0.05])


def test_epochs_after_a_reduction_do_not_count_while_it_cools_down() -> None:
    # The last epoch of the cooldown ends it, and counts.
    found = reduced([1.0] * 6, factor=0.5, patience=1, cooldown=2)
    np.testing.assert_allclose(found, [1.0, 0.5, 0.5, 0.25, 0.25, 0.125])


def test_a_factor_that_does_not_reduce_is_refused() -> None:
    with pytest.raises(ValueError, match=r"factor is a number below 1, not 1.5"):
        ReduceLROnPlateau(factor=1.5)
    with pytest.raises(ValueError, match="`epsilon` is called min_delta now"):
        ReduceLROnPlateau(epsilon=0.1)
    with pytest.raises(ValueError, match="has no argument 'speed'"):
        ReduceLROnPlateau(speed=0.1)


def test_a_reduction_is_printed_where_it_is_asked_for(capsys: Any) -> None:
    reduced([1.0] * 2, factor=0.5, patience=1, verbose=1)
    assert capsys.readouterr().out == "Epoch 2: the learning rate falls to 0.5, val_loss is no better\n"


def test_a_function_sets_the_rate_before_each_epoch(capsys: Any) -> None:
    model = sequential(optimizers.SGD(0.5), "mse")
    setting = LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate, verbose=1)
    history = model.fit(X, Y, epochs=3, verbose=0, callbacks=[setting])
    np.testing.assert_allclose(history.history["learning_rate"], [0.5, 0.25, 0.125])
    assert capsys.readouterr().out.splitlines()[1] == "Epoch 2: the learning rate is 0.25"
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=[LearningRateScheduler(lambda epoch: 0.1 * (epoch + 1))])
    np.testing.assert_allclose(history.history["learning_rate"], [0.1, 0.2], rtol=1e-6)


def test_the_rate_that_was_set_is_the_rate_of_the_steps() -> None:
    still, moving = sequential(optimizers.SGD(0.5), "mse"), sequential(optimizers.SGD(0.0), "mse")
    before = still.get_weights()
    still.fit(X, Y, epochs=2, verbose=0, callbacks=[LearningRateScheduler(lambda epoch: 0.0)])
    assert all(np.array_equal(a, b) for a, b in zip(still.get_weights(), before, strict=True))
    moving.fit(X, Y, epochs=2, verbose=0, callbacks=[LearningRateScheduler(lambda epoch: 0.1)])
    assert not np.array_equal(moving.get_weights()[0], before[0])


def test_a_function_that_returns_no_number_is_told() -> None:
    with pytest.raises(ValueError, match=r"schedule\(0\) returned None, and should return a number"):
        sequential().fit(X, Y, verbose=0, callbacks=[LearningRateScheduler(lambda epoch: None)])  # type: ignore[arg-type, return-value]
    with pytest.raises(TypeError, match=r"schedule is a function of the epoch, not 0.1"):
        LearningRateScheduler(0.1)  # type: ignore[arg-type]

    def broken(epoch: int, rate: float) -> float:
        raise TypeError("of the user's own")

    with pytest.raises(TypeError, match="of the user's own"):
        sequential().fit(X, Y, verbose=0, callbacks=[LearningRateScheduler(broken)])


# -- functions and tables


def test_functions_are_hooks() -> None:
    told: list[Any] = []
    hooks = LambdaCallback(
        on_epoch_begin=lambda epoch, logs: told.append(("epoch", epoch)),
        on_train_batch_end=lambda batch, logs: told.append(("batch", batch, sorted(logs))),
        on_train_end=lambda logs: told.append("end"),
        on_test_begin=lambda logs: told.append("test"),
    )
    sequential().fit(X, Y, batch_size=40, verbose=0, validation_data=(X, Y), callbacks=[hooks])
    assert told == [("epoch", 0), ("batch", 0, ["loss"]), ("batch", 1, ["loss"]), "test", "end"]


def test_a_hook_that_there_is_not_is_refused() -> None:
    with pytest.raises(TypeError, match=r"there is no hook 'on_epoch_ends'. Did you mean 'on_epoch_end'"):
        LambdaCallback(on_epoch_ends=print)
    assert LambdaCallback(anything=3).anything == 3  # type: ignore[attr-defined]


def table(path: Path, separator: str = ",") -> list[list[str]]:
    return [line.split(separator) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_table_has_a_line_for_each_epoch(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    model = sequential("sgd", "mse", metrics=["mae"])
    history = model.fit(X, Y, epochs=2, verbose=0, validation_split=0.2, callbacks=[CSVLogger(path)]).history
    lines = table(path)
    assert lines[0] == ["epoch", "loss", "mae", "val_loss", "val_mae"]
    assert [line[0] for line in lines[1:]] == ["0", "1"]
    assert [float(line[1]) for line in lines[1:]] == history["loss"]


def test_a_table_is_gone_on_with_or_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    model = sequential()
    for append in (True, True):
        model.fit(X, Y, epochs=2, verbose=0, callbacks=[CSVLogger(str(path), separator=";", append=append)])
    lines = table(path, ";")
    assert lines[0] == ["epoch", "loss", "val_loss"]
    assert [line[0] for line in lines] == ["epoch", "0", "1", "0", "1"]
    assert lines[1][2] == "NA"
    model.fit(X, Y, verbose=0, callbacks=[CSVLogger(path)])
    assert len(table(path)) == 2


def test_several_numbers_stand_in_brackets(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    adding = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(each=np.array([1, 2]), word="x"))
    sequential().fit(X, Y, verbose=0, callbacks=[adding, CSVLogger(path, separator=";")])
    assert table(path, ";")[1][1] == "[1, 2]"


def test_a_table_in_a_folder_that_there_is_not_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*nowhere; make it before training"):
        sequential().fit(X, Y, verbose=0, callbacks=[CSVLogger(tmp_path / "nowhere" / "log.csv")])


def test_a_remote_monitor_says_what_to_write_instead() -> None:
    with pytest.raises(NotImplementedError, match=r"Send the logs yourself: LambdaCallback\("):
        RemoteMonitor("http://localhost")
    assert "RemoteMonitor" in callbacks.__all__

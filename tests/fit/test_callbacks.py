"""What callbacks are told and when, what History holds, and what is printed."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest
from tests.fit.support import X, Y, sequential

from flintglass.callbacks import Callback, History, ProgbarLogger
from flintglass.callbacks.progress import ProgressBar

HOOKS = [
    f"on_{name}"
    for name in (
        *("train_begin", "train_end", "epoch_begin", "epoch_end", "train_batch_begin", "train_batch_end"),
        *("test_begin", "test_end", "test_batch_begin", "test_batch_end"),
        *("predict_begin", "predict_end", "predict_batch_begin", "predict_batch_end"),
    )
]


class Recorder(Callback):
    """Writes down every hook with its number and the names in its logs."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[Any, ...]] = []
        for hook in HOOKS:
            setattr(self, hook, self._recording(hook))

    def _recording(self, hook: str) -> Any:
        def told(*arguments: Any) -> None:
            logs = arguments[-1]
            assert isinstance(logs, dict)
            self.told.append((hook.removeprefix("on_"), *arguments[:-1], sorted(logs)))

        return told


def test_hooks_are_called_in_keras_order_with_logs() -> None:
    recorder = Recorder()
    sequential("adam", "mse", metrics=["mae"]).fit(
        X, Y, epochs=2, batch_size=40, validation_data=(X[:10], Y[:10]), verbose=0, callbacks=[recorder]
    )
    metrics = ["loss", "mae"]
    epoch = [
        ("train_batch_begin", 0, []),
        ("train_batch_end", 0, metrics),
        ("train_batch_begin", 1, []),
        ("train_batch_end", 1, metrics),
        ("test_begin", []),
        ("test_batch_begin", 0, []),
        ("test_batch_end", 0, metrics),
        ("test_end", metrics),
    ]
    expected: list[tuple[Any, ...]] = [("train_begin", [])]
    for number in range(2):
        expected += [("epoch_begin", number, []), *epoch]
        expected.append(("epoch_end", number, ["loss", "mae", "val_loss", "val_mae"]))
    assert recorder.told == [*expected, ("train_end", ["loss", "mae", "val_loss", "val_mae"])]


def test_evaluate_and_predict_tell_their_hooks() -> None:
    recorder = Recorder()
    model = sequential()
    model.evaluate(X, Y, batch_size=40, verbose=0, callbacks=[recorder])
    model.predict(X, batch_size=40, verbose=0, callbacks=[recorder])
    assert [told[0] for told in recorder.told] == [
        "test_begin",
        *["test_batch_begin", "test_batch_end"] * 2,
        "test_end",
        "predict_begin",
        *["predict_batch_begin", "predict_batch_end"] * 2,
        "predict_end",
    ]
    assert recorder.told[-2] == ("predict_batch_end", 1, ["outputs"])


def test_the_old_names_of_batch_hooks_are_told_too() -> None:
    class Old(Callback):
        seen: list[tuple[str, int]] = []

        def on_batch_begin(self, batch: int, logs: Any = None) -> None:
            self.seen.append(("begin", batch))

        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            assert logs is not None
            assert "loss" in logs
            self.seen.append(("end", batch))

    sequential().fit(X, Y, verbose=0, callbacks=[Old()])
    assert Old.seen == [("begin", 0), ("end", 0), ("begin", 1), ("end", 1), ("begin", 2), ("end", 2)]


def test_a_callback_knows_model_and_parameters_and_a_single_one_needs_no_list() -> None:
    class Curious(Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            self.found = (self.model.name, self.params["epochs"], self.params["steps"])

    curious = Curious()
    sequential().fit(X, Y, epochs=4, verbose=0, callbacks=curious)
    assert curious.found == ("net", 4, 3)


def test_history_has_the_metrics_in_order_as_python_floats() -> None:
    model = sequential("adam", "mse", metrics=["mae"])
    history = model.fit(X, Y, epochs=3, validation_split=0.2, verbose=0)
    assert isinstance(history, History)
    assert history is model.history
    assert list(history.history) == ["loss", "mae", "val_loss", "val_mae"]
    assert history.epoch == [0, 1, 2]
    assert all(type(v) is float for values in history.history.values() for v in values)
    assert all(len(values) == 3 for values in history.history.values())


def test_validation_freq_leaves_out_epochs() -> None:
    history = sequential().fit(X, Y, epochs=5, validation_data=(X, Y), validation_freq=2, verbose=0).history
    assert (len(history["loss"]), len(history["val_loss"])) == (5, 2)
    history = sequential().fit(X, Y, epochs=5, validation_data=(X, Y), validation_freq=[1, 5], verbose=0).history
    assert len(history["val_loss"]) == 2


def test_initial_epoch_counts_on() -> None:
    assert sequential().fit(X, Y, epochs=5, initial_epoch=3, verbose=0).epoch == [3, 4]
    assert sequential().fit(X, Y, epochs=2, initial_epoch=5, verbose=0).epoch == []


def test_steps_per_epoch_ends_an_epoch_early() -> None:
    model = sequential()
    model.fit(X, Y, epochs=2, steps_per_epoch=2, verbose=0)
    assert model.optimizer.iterations.numpy() == 4


@pytest.mark.parametrize("hook", ["on_train_batch_end", "on_epoch_end"])
def test_stop_training_ends_after_the_step_or_the_epoch(hook: str) -> None:
    stopping = Callback()

    def stop(*arguments: Any) -> None:
        stopping.model.stop_training = True

    setattr(stopping, hook, stop)
    model = sequential()
    history = model.fit(X, Y, epochs=9, verbose=0, callbacks=[stopping])
    assert history.epoch == [0]
    assert model.optimizer.iterations.numpy() == (1 if hook == "on_train_batch_end" else 3)
    assert model.fit(X, Y, epochs=2, verbose=0).epoch == [0, 1]


def test_logs_that_a_callback_adds_reach_the_next_and_the_history() -> None:
    class Adds(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["extra"] = epoch * 2

    assert sequential().fit(X, Y, epochs=3, verbose=0, callbacks=[Adds()]).history["extra"] == [0, 2, 4]


# -- what is printed


def printed(capsys: Any, **options: Any) -> list[str]:
    sequential("adam", "mse", metrics=["mae"]).fit(X, Y, **options)
    lines: list[str] = capsys.readouterr().out.splitlines()
    return lines


def test_silence_a_bar_and_a_line(capsys: Any) -> None:
    assert printed(capsys, verbose=0) == []
    bar = printed(capsys, verbose=1)
    assert bar[0] == "Epoch 1/1"
    assert bar[1].startswith("3/3 ━━━━━━━━━━━━━━━━━━━━ ")
    assert " - loss: " in bar[1]
    assert " - mae: " in bar[1]
    line = printed(capsys, verbose=2)
    assert line[0] == "Epoch 1/1"
    assert line[1].startswith("3/3 - ")
    assert "━" not in line[1]


def test_the_default_prints_and_validation_is_on_the_same_line(capsys: Any) -> None:
    lines = printed(capsys, validation_split=0.2)
    assert len(lines) == 2
    assert " - val_loss: " in lines[1]


def test_into_a_pipe_nothing_is_drawn_over_and_at_most_ten_epochs_a_second_are_printed(capsys: Any) -> None:
    start = time.perf_counter()
    lines = printed(capsys, epochs=500, verbose=1)
    seconds = time.perf_counter() - start
    assert len(lines) <= 2 * (10 * seconds + 3)
    assert "\r" not in "".join(lines)
    assert "\b" not in "".join(lines)
    assert lines[-2] == "Epoch 500/500"


def test_a_stream_without_a_terminal_gets_whole_lines() -> None:
    stream = io.StringIO()
    bar = ProgressBar(3, 1, stream)
    assert not bar.due()
    bar.finish(3, {"loss": 0.5, "text": "x"})
    assert stream.getvalue().count("\n") == 1
    assert "- loss: 0.5000 - text: x" in stream.getvalue()


def test_in_a_terminal_the_line_is_drawn_over() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    bar = ProgressBar(10, 1, stream)
    bar.started -= 1
    assert bar.due()
    bar.draw(5, {"loss": 12345678.0})
    assert not bar.due()
    bar.draw(6, {"loss": 1.0})
    bar.finish(10, {})
    assert stream.getvalue().count("\r") == 3
    assert "1.2346e+07" in stream.getvalue()


def test_a_closed_or_missing_output_does_not_matter_when_silent() -> None:
    code = (
        "import sys; sys.stdout = None\n"
        "from flintglass import Input, Sequential, layers\n"
        "m = Sequential([Input((1,)), layers.Dense(1)]); m.compile('sgd', 'mse')\n"
        "m.fit([1., 2.], [1., 2.], verbose=0); m.predict([1.], verbose=0)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_bar_belongs_to_fit_alone() -> None:
    logger = ProgbarLogger()
    logger.progress(1, dict)  # before an epoch has begun
    assert np.isfinite(sequential().fit(X, Y, verbose=0, callbacks=[logger]).history["loss"][0])

"""What fit, evaluate and predict print: a bar in a terminal, lines in files, pipes and notebooks."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from typing import Any

import numpy as np
from tests.fit.support import X, Y, sequential

from flintglass.callbacks import Callback, ProgbarLogger
from flintglass.callbacks.progress import ProgressBar


class Terminal(io.StringIO):
    """An output on which lines are drawn over."""

    def isatty(self) -> bool:
        return True


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
    assert len(lines) <= 2 * (10 + 10 * seconds + 3)
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
    stream = Terminal()
    bar = ProgressBar(10, 1, stream)
    bar.started -= 1
    assert bar.due()
    bar.draw(5, {"loss": 12345678.0})
    assert not bar.due()
    bar.draw(6, {"loss": 1.0})
    bar.finish(10, {})
    assert stream.getvalue().count("\r") == 2
    assert stream.getvalue().count("\n") == 1
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


class Slow(Callback):
    """Makes every batch, or the only one, take longer than the patience of a bar."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        time.sleep(0.25)


def test_one_step_that_is_over_at_once_prints_nothing_unless_asked(capsys: Any) -> None:
    assert printed(capsys, batch_size=70) == []
    assert printed(capsys, batch_size=70, verbose="auto") == []
    assert len(printed(capsys, batch_size=70, verbose=1)) == 2
    assert len(printed(capsys, batch_size=70, epochs=2)) >= 3


def test_one_step_that_takes_long_is_printed(capsys: Any) -> None:
    lines = printed(capsys, batch_size=70, callbacks=[Slow()])
    assert lines[0] == "Epoch 1/1"
    assert lines[1].startswith("1/1 ━")


def test_evaluate_and_predict_print_a_bar_for_several_batches(capsys: Any) -> None:
    model = sequential("adam", "mse", metrics=["mae"])
    model.evaluate(X, Y)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("3/3 ━")
    assert " - loss: " in line
    model.predict(X, batch_size=40)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("2/2 ━")
    assert "step" in line
    model.evaluate(X, Y, batch_size=70)
    model.predict(X)
    assert capsys.readouterr().out == ""
    model.evaluate(X, Y, batch_size=70, verbose=1)
    model.predict(X, verbose=1)
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_long_evaluation_in_a_terminal_shows_how_far_it_is() -> None:
    bar = ProgressBar(4, 1, Terminal())
    listener = bar.listener(lambda: {"loss": 2.0})
    assert listener is not None
    listener(0, [])
    assert bar.stream.getvalue() == ""
    bar.started -= 1
    listener(1, [])
    assert bar.stream.getvalue().startswith("2/4 ━━━━━━━━━━─")
    assert ProgressBar(4, 1, io.StringIO()).listener(dict) is None
    assert ProgressBar(4, 2, Terminal()).listener(dict) is None


def test_lines_that_are_finished_at_once_are_whole_in_a_terminal_too() -> None:
    stream = Terminal()
    ProgressBar(3, 1, stream).finish(3, {"loss": 0.5})
    assert "\r" not in stream.getvalue()


def test_an_output_that_knows_no_bars_gets_plain_letters() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    ProgressBar(2, 1, stream).finish(2, {"größe": 1.0})
    stream.flush()
    assert stream.buffer.getvalue().startswith(b"2/2 ====================")  # type: ignore[attr-defined]


def test_the_number_of_steps_is_taken_from_the_end_where_nobody_knew_it() -> None:
    stream = io.StringIO()
    bar = ProgressBar(None, 1, stream)
    bar.draw(3, {})
    assert stream.getvalue().startswith("3/Unknown")
    bar.finish(7, {})
    assert "7/7 ━" in stream.getvalue()


def test_without_an_output_nothing_is_printed(monkeypatch: Any) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    sequential().fit(X, Y, epochs=2, verbose=1)
    sequential().evaluate(X, Y, verbose=2)


def test_a_bar_that_the_user_adds_is_the_only_one(capsys: Any) -> None:
    lines = printed(capsys, verbose=1, callbacks=[ProgbarLogger()])
    assert [line for line in lines if line.startswith("Epoch")] == ["Epoch 1/1"]


def test_an_epoch_of_unknown_length_ends_with_the_steps_that_were_made(capsys: Any) -> None:
    logger = ProgbarLogger()
    logger.set_params({"epochs": 2, "steps": None, "verbose": 1})
    logger.on_train_begin()
    logger.on_epoch_begin(0)
    for step in range(1, 6):
        logger.progress(step, dict)
    logger.on_epoch_end(0, {"loss": 1.0})
    assert capsys.readouterr().out.splitlines()[1].startswith("5/5 ━")

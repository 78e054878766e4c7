"""The lines of ``fit`` into a pipe: epochs that are left out are counted, and the last one is always told."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from flintglass import Sequential, layers
from flintglass.callbacks import CallbackList, EarlyStopping, LambdaCallback, ProgbarLogger

NOTE = re.compile(r" \((\d+) epochs? since the last line not printed\)$")


def lines_of(capsys: Any, **options: Any) -> list[str]:
    model = Sequential([layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((6, 2)), np.ones((6, 1)), batch_size=2, **options)
    return capsys.readouterr().out.splitlines()


def told(lines: list[str]) -> int:
    """How many epochs these lines account for: one each, and those that their notes count."""
    ends = [line for line in lines if "/step" in line]
    return len(ends) + sum(int(found[1]) for line in ends if (found := NOTE.search(line)))


@pytest.mark.parametrize("verbose", [1, 2])
def test_every_epoch_is_printed_or_counted(capsys: Any, verbose: int) -> None:
    lines = lines_of(capsys, epochs=300, verbose=verbose)
    assert told(lines) == 300
    assert len(lines) < 100


@pytest.mark.parametrize("verbose", [1, 2])
def test_the_last_epoch_is_printed_where_training_ends_early(capsys: Any, verbose: int) -> None:
    stopping = EarlyStopping(monitor="loss", min_delta=10.0, patience=17)
    lines = lines_of(capsys, epochs=300, verbose=verbose, callbacks=[stopping])
    assert told(lines) == 18
    assert lines[-2] == "Epoch 18/300"


class Clock:
    """Time as the logger reads it; it stands still unless it is moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Callable[..., list[str]]:
    """The lines after epochs that took so many seconds each, of ``epochs``."""

    def go(*seconds: float, epochs: int) -> list[str]:
        clock, logger = Clock(monkeypatch), ProgbarLogger()
        logger.set_params({"steps": 3, "epochs": epochs, "verbose": 2})
        logger.on_train_begin()
        for epoch, spent in enumerate(seconds):
            logger.on_epoch_begin(epoch)
            clock.now += spent
            logger.on_epoch_end(epoch, {"loss": float(epoch + 1)})
        logger.on_train_end()
        return [line for line in capsys.readouterr().out.splitlines() if "/step" in line]

    return go


FIRST = [0.01] * 10


def test_the_first_ten_epochs_of_a_fit_are_printed_however_fast_they_are(run: Callable[..., list[str]]) -> None:
    assert [NOTE.search(line) for line in run(*FIRST, epochs=50)] == [None] * 10


def test_a_line_says_how_many_epochs_lie_between_it_and_the_one_before(run: Callable[..., list[str]]) -> None:
    lines = run(*FIRST, 0.04, 0.04, 0.04, 0.04, epochs=14)
    assert [line.split("loss: ")[1] for line in lines[9:]] == [
        "10.0000",
        "13.0000 (2 epochs since the last line not printed)",
        "14.0000",
    ]


def test_an_epoch_that_takes_long_is_printed_after_short_ones(run: Callable[..., list[str]]) -> None:
    lines = run(*FIRST, 0.01, 5.0, 0.01, epochs=50)
    assert "loss: 12.0000 (1 epoch since the last line not printed)" in lines[10]
    assert "5.0s" in lines[10]


def test_an_epoch_that_ended_unseen_keeps_its_own_time(run: Callable[..., list[str]]) -> None:
    lines = run(*FIRST, 0.03, epochs=50)
    assert "loss: 11.0000" in lines[10]
    assert " 10ms/step" in lines[10]
    assert not NOTE.search(lines[10])


def test_a_second_fit_counts_from_its_own_beginning(capsys: Any) -> None:
    logger = ProgbarLogger()
    stops = LambdaCallback(on_epoch_end=lambda epoch, logs: None)
    for _ in range(2):
        lines = lines_of(capsys, epochs=20, verbose=2, callbacks=[logger, stops])
        assert told(lines) == 20


def heading_and_messages(lines: list[str], epoch: int) -> list[str]:
    return [line for line in lines if re.match(rf"Epoch {epoch}[/:]", line)]


@pytest.mark.parametrize("verbose", [1, 2])
def test_what_callbacks_print_stands_below_the_heading_of_its_epoch(capsys: Any, verbose: int) -> None:
    def say(epoch: int, logs: Any) -> None:
        print(f"Epoch {epoch + 1}: says something")
        time.sleep(0.004)  # an epoch that was not due before may be due now

    begins = LambdaCallback(on_epoch_begin=lambda epoch, logs: print(f"Epoch {epoch + 1}: begins"))
    lines = lines_of(capsys, epochs=60, verbose=verbose, callbacks=[begins, LambdaCallback(on_epoch_end=say)])
    for epoch in range(1, 61):
        found = heading_and_messages(lines, epoch)
        headings = [line for line in found if line == f"Epoch {epoch}/60"]
        assert found.index(f"Epoch {epoch}: begins") < found.index(f"Epoch {epoch}: says something")
        if headings:
            assert found.index(headings[0]) < found.index(f"Epoch {epoch}: says something"), found
    assert told(lines) == 60
    assert heading_and_messages(lines, 3)[0] == "Epoch 3/60"


def test_an_early_stop_is_told_below_the_last_epoch(capsys: Any) -> None:
    stopping = EarlyStopping(monitor="loss", min_delta=10.0, patience=17, verbose=1)
    lines = lines_of(capsys, epochs=300, verbose=2, callbacks=[stopping])
    assert lines[-3] == "Epoch 18/300"
    assert lines[-1].startswith("Epoch 18: stopped early")


def test_the_heading_is_decided_once_however_long_other_callbacks_take(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    clock = Clock(monkeypatch)

    def slow(epoch: int, logs: Any) -> None:
        print(f"Epoch {epoch + 1}: a message")
        clock.now += 0.2 if epoch == 11 else 0.0

    together = CallbackList([LambdaCallback(on_epoch_end=slow)], add_progbar=True, steps=3, epochs=50, verbose=2)
    together.on_train_begin()
    for epoch in range(14):
        together.on_epoch_begin(epoch)
        clock.now += 0.01
        together.on_epoch_end(epoch, {"loss": 1.0})
    lines = capsys.readouterr().out.splitlines()
    for epoch in range(1, 15):
        assert heading_and_messages(lines, epoch)[-1] == f"Epoch {epoch}: a message"
    assert "Epoch 12/50" not in lines, "when its callbacks were told, it was not due"
    assert told(lines) == 13, "with the two that the line of the epoch after them counts"
    assert lines[lines.index("Epoch 13/50") + 2].endswith(" (2 epochs since the last line not printed)")
    assert "Epoch 11/50" not in lines


def test_a_message_does_not_stand_behind_a_bar_that_is_drawn(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    clock = Clock(monkeypatch)
    says = LambdaCallback(on_epoch_end=lambda epoch, logs: print("a message"))
    together = CallbackList([says], add_progbar=True, steps=3, epochs=1, verbose=1)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    together.on_train_begin()
    together.on_epoch_begin(0)
    clock.now += 1.0
    bar = next(item for item in together.callbacks if isinstance(item, ProgbarLogger))
    bar.progress(1, lambda: {"loss": 1.0})
    together.on_epoch_end(0, {"loss": 2.0})
    heading, first, last, _ = capsys.readouterr().out.split("\n")
    assert heading == "Epoch 1/1"
    drawn, erased, message = first.split("\r")
    assert "1/3" in drawn
    assert erased == " " * len(drawn)
    assert message == "a message"
    assert last.startswith("3/3")

"""Batches that somebody else makes: a run that is taken up again skips those that were used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fit.resuming import BreaksAfter, Broken, X, Y, network, outcome
from tests.fit.test_interrupt import PressesCtrlC

from flintglass import utils
from flintglass.callbacks import BackupAndRestore
from flintglass.errors import ModelFileError


def batches_of(rng: Any) -> Iterator[Any]:
    while True:
        rows = rng.permutation(len(X))[:20]
        yield X[rows], Y[rows]


class Numbered(utils.PyDataset):
    """Batches by number; it notes which were made."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[int] = []

    def __len__(self) -> int:
        return 9

    def __getitem__(self, index: int) -> Any:
        self.made.append(index)
        return X[20 * index : 20 * index + 20], Y[20 * index : 20 * index + 20]


class Iterable:
    """Begins anew each time."""

    def __iter__(self) -> Iterator[Any]:
        return iter([(X[start : start + 20], Y[start : start + 20]) for start in range(0, 180, 20)])


STREAMS: dict[str, Any] = {
    "generator": lambda: batches_of(np.random.default_rng(3)),
    "generator that draws from NumPy's own": lambda: batches_of(np.random),
    "dataset": Numbered,
    "iterable": Iterable,
}


def streamed(folder: Path, make: Any, steps: int, given: Any = None) -> str:
    model = network()
    listening = [BackupAndRestore(folder, 4), *([BreaksAfter(steps)] if steps else [])]
    history = model.fit(given or make(), steps_per_epoch=8, epochs=3, verbose=0, callbacks=listening)
    return outcome(model, history)


@pytest.mark.parametrize("make", STREAMS.values(), ids=STREAMS)
@pytest.mark.parametrize("steps", [6, 8, 13])
def test_batches_that_were_used_are_skipped(tmp_path: Path, make: Any, steps: int) -> None:
    whole = streamed(tmp_path, make, 0)
    with pytest.raises(Broken):
        streamed(tmp_path, make, steps)
    assert streamed(tmp_path, make, 0) == whole


def test_a_dataset_does_not_make_the_batches_before(tmp_path: Path) -> None:
    with pytest.raises(Broken):
        streamed(tmp_path, Numbered, 6)
    dataset = Numbered()
    streamed(tmp_path, None, 0, dataset)
    assert len(dataset.made) == 1 + (8 - 4) + 8 + 8  # the first is looked at; the backup is of step 4


def test_a_generator_that_went_on_in_this_process_is_not_skipped(tmp_path: Path) -> None:
    """Ctrl-C in a notebook, and the same cell again."""
    whole = streamed(tmp_path, STREAMS["generator"], 0)
    given = STREAMS["generator"]()
    model = network()
    with pytest.raises(KeyboardInterrupt):
        model.fit(
            given,
            steps_per_epoch=8,
            epochs=3,
            verbose=0,
            callbacks=[BackupAndRestore(tmp_path, False), PressesCtrlC("on_train_batch_end", 11)],
        )
    history = model.fit(given, steps_per_epoch=8, epochs=3, verbose=0, callbacks=[BackupAndRestore(tmp_path)])
    assert outcome(model, history) == whole


def test_a_generator_that_ended_too_early_is_told(tmp_path: Path) -> None:
    with pytest.raises(Broken):
        streamed(tmp_path, STREAMS["generator"], 14)
    short = (pair for pair in list(Iterable())[:3])
    with pytest.raises(ModelFileError, match=r"12 batches of the training data had been used.*ended after 3"):
        streamed(tmp_path, None, 0, short)

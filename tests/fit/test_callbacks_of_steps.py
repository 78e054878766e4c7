"""TerminateOnNaN: the fit ends with the batch whose loss is not finite, with no Python between the steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tests.fit.support import X, Y, sequential
from tests.fit.test_schedules import engines

from flintglass import config, optimizers
from flintglass.callbacks import Callback, TerminateOnNaN

BAD = Y.copy()
BAD[45] = np.inf  # in the second batch of 32


@pytest.fixture(params=engines())
def on_engine(request: Any) -> Iterator[str]:
    before = config.engine(), config.nan()
    config.set_engine(request.param)
    config.set_nan("ignore")
    yield request.param
    config.set_engine(before[0])
    config.set_nan(before[1])


class Listening(Callback):
    """Is told of every batch, so that steps run one by one."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        pass


@pytest.mark.parametrize("others", [(), (Listening(),)], ids=["alone", "beside a listener"])
def test_training_ends_with_the_first_batch_whose_loss_is_not_finite(
    on_engine: str, others: tuple[Callback, ...], capsys: Any
) -> None:
    model = sequential("sgd", "mse")
    callbacks = [*others, TerminateOnNaN()]
    history = model.fit(X, BAD, epochs=5, shuffle=False, verbose=0, callbacks=callbacks)
    assert model.optimizer.iterations.numpy() == 2
    assert history.epoch == [0]
    assert not np.isfinite(history.history["loss"][0])
    assert capsys.readouterr().out == "Batch 1: the loss is not finite, training ends\n"


def test_the_last_batch_of_an_epoch_ends_it_too(on_engine: str) -> None:
    bad = Y.copy()
    bad[69] = np.nan
    model = sequential("sgd", "mse")
    assert model.fit(X, bad, epochs=5, shuffle=False, verbose=0, callbacks=[TerminateOnNaN()]).epoch == [0]
    assert model.optimizer.iterations.numpy() == 3


def test_a_fit_that_stays_finite_is_not_disturbed(on_engine: str) -> None:
    watched, plain = (sequential(optimizers.Adam(0.01), "mse") for _ in range(2))
    watched.fit(X, Y, epochs=4, shuffle=False, verbose=0, callbacks=[TerminateOnNaN()])
    plain.fit(X, Y, epochs=4, shuffle=False, verbose=0)
    assert np.array_equal(watched.get_weights()[0], plain.get_weights()[0])


def test_it_can_raise_instead(on_engine: str) -> None:
    with pytest.raises(RuntimeError, match=r"nan or infinite in batch 1 \(counted from 0\)"):
        sequential("sgd", "mse").fit(X, BAD, shuffle=False, verbose=0, callbacks=[TerminateOnNaN(raise_error=True)])


def test_with_the_warning_that_is_told_anyway() -> None:
    model = sequential("sgd", "mse")
    with pytest.warns(RuntimeWarning, match="holds inf"):
        model.fit(X, BAD, shuffle=False, epochs=2, verbose=0, callbacks=[TerminateOnNaN()])
    assert model.history.epoch == [0]


def test_no_step_is_made_alone_for_it(monkeypatch: Any) -> None:
    native = pytest.importorskip("flintglass.engines.native_engine.engine")
    counts: list[int] = []
    fitting = native._Fitting
    run = fitting.run

    def counted(self: Any, until: int, seconds: float, steps: int, watch: bool, at_once: bool) -> Any:
        counts.append(steps)
        return run(self, until, seconds, steps, watch, at_once)

    monkeypatch.setattr(fitting, "run", counted)
    before = config.engine()
    config.set_engine("native")
    sequential("sgd", "mse").fit(X, Y, epochs=20, verbose=0, callbacks=[TerminateOnNaN()])
    config.set_engine(before)
    assert counts
    assert min(counts) > 1000

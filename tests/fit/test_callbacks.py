"""What callbacks are told and when, and what History holds."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fit.support import X, Y, sequential

from flintglass.callbacks import Callback, CallbackList, History, ProgbarLogger

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


def test_a_list_of_callbacks_tells_each_of_them_and_adds_what_is_missing() -> None:
    recorder = Recorder()
    several = CallbackList([recorder], add_history=True, add_progbar=True, model="a model", epochs=2, verbose=0)
    assert [type(item) for item in several.callbacks] == [Recorder, ProgbarLogger, History]
    assert recorder.model == "a model"
    assert recorder.params == {"epochs": 2, "verbose": 0}
    several.on_train_begin()
    several.on_epoch_begin(0)
    several.on_train_batch_end(3, {"loss": 1.0})
    several.on_epoch_end(0, {"loss": 1.0})
    assert recorder.told == [
        ("train_begin", []),
        ("epoch_begin", 0, []),
        ("train_batch_end", 3, ["loss"]),
        ("epoch_end", 0, ["loss"]),
    ]
    assert CallbackList(several.callbacks, add_history=True).callbacks == several.callbacks


def test_what_is_no_callback_is_refused() -> None:
    with pytest.raises(TypeError, match=r"not <class .*History.*; make one by calling the class"):
        sequential().fit(X, Y, verbose=0, callbacks=[History])
    with pytest.raises(TypeError, match="not 'early'"):
        sequential().fit(X, Y, verbose=0, callbacks=["early"])

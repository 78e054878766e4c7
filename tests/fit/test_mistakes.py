"""What is wrong in a call of compile, fit, evaluate or predict is told at once, and never runs on in silence."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import flintglass as fg
from flintglass import callbacks, constraints, layers, models, optimizers, regularizers, utils
from flintglass.errors import DataError

X = np.arange(24, dtype="float32").reshape(8, 3) / 24
Y = (X[:, :1] > 0.5).astype("float32")
W = np.ones(8, "float32")


def model(layer: Any = None, optimizer: Any = "sgd", **settings: Any) -> Any:
    found = models.Sequential([fg.Input((3,)), layer or layers.Dense(1)])
    found.compile(optimizer, "mse", **settings)
    return found


def of_two() -> Any:
    x = fg.Input((3,))
    found = fg.Model(x, [layers.Dense(1, name="a")(x), layers.Dense(1, name="b")(x)])
    found.compile("sgd", ["mse", "mse"])
    return found


def fit(**settings: Any) -> Any:
    return model().fit(X, Y, verbose=0, **settings)


class Unending(utils.PyDataset):
    """A dataset that does not say how many batches it has."""

    def __getitem__(self, index: int) -> Any:
        return X, Y


class Four(Unending):
    def __len__(self) -> int:
        return 4


def make_batches() -> Iterator[Any]:
    for _ in range(3):
        yield X, Y


class Nothing(regularizers.Regularizer):
    def __call__(self, x: Any) -> Any:
        return None


class NoRate(optimizers.schedules.LearningRateSchedule):
    def __call__(self, step: Any) -> Any:
        return "a"


def trained(layer: Any = None, optimizer: Any = "sgd") -> Any:
    return model(layer, optimizer).fit(X, Y, verbose=0)


SAYS: dict[str, tuple[Callable[[], Any], str]] = {
    "no end": (
        lambda: model().fit(Unending()),
        "fit: the dataset Unending does not say .* __len__ .* steps_per_epoch=",
    ),
    "no end of an evaluation": (lambda: model().evaluate(Unending()), "evaluate: the dataset Unending .* say steps="),
    "no end of a prediction": (lambda: model().predict(Unending()), "predict: the dataset Unending .* say steps="),
    "no end of a validation": (
        lambda: fit(validation_data=Unending()),
        "validation_data: the dataset Unending does not say .* validation_steps=",
    ),
    "no call": (
        lambda: model().fit(make_batches),
        r"x is the function make_batches, .* Call it: fit\(make_batches\(\)",
    ),
    "no call in predict": (lambda: model().predict(make_batches), r"Call it: predict\(make_batches\(\)\)"),
    "no call of y": (lambda: model().fit(X, make_batches), r"Call it: fit\(y=make_batches\(\)\)"),
    "no call of the validation": (
        lambda: fit(validation_data=make_batches),
        r"Call it: fit\(validation_data=make_batches\(\)\)",
    ),
    "three weights of two": (
        lambda: of_two().fit(X, [Y, Y], sample_weight=[W, W, W], verbose=0),
        "fit: sample_weight holds 3 arrays, and y 2: give one",
    ),
    "one weight of two": (
        lambda: of_two().fit(X, [Y, Y], sample_weight=[W], verbose=0),
        "fit: sample_weight holds 1 array, and y 2: give one",
    ),
    "weights of columns": (lambda: fit(sample_weight=np.ones((8, 7))), r"sample_weight has the shape \(n, 7\)"),
    "a class that is nan": (lambda: fit(class_weight={0: float("nan")}), "a weight is a finite number, not nan"),
    "eagerly": (lambda: model(run_eagerly="q"), "run_eagerly=.... is True or False, not 'q'"),
    "steps of an execution": (lambda: model(steps_per_execution=-2), "steps_per_execution=...."),
    "compiling": (lambda: model(jit_compile="q"), "jit_compile=...."),
    "patience": (lambda: callbacks.EarlyStopping(patience=-1), "EarlyStopping: patience is a number from 0 up, not -1"),
    "patience in words": (
        lambda: callbacks.ReduceLROnPlateau(patience="a"),  # type: ignore[arg-type]
        "ReduceLROnPlateau: patience is a number from 0 up, not 'a'",
    ),
    "a regularizer": (
        lambda: trained(layers.Dense(1, kernel_regularizer=Nothing(), name="d")),
        "the regularizer of .*d/kernel, Nothing, returned None .* `return`",
    ),
    "a regularizer of outputs": (
        lambda: trained(layers.Dense(1, activity_regularizer=lambda x: "a", name="d")),
        "the activity_regularizer of layer 'd' .Dense., a lambda, returned 'a'",
    ),
    "an initializer": (
        lambda: trained(layers.Dense(1, kernel_initializer=lambda shape, dtype=None: None, name="d")),
        r"the initializer of .*d/kernel, a lambda, returned None where a tensor of the shape \(3, 1\)",
    ),
    "a constraint": (
        lambda: trained(layers.Dense(1, kernel_constraint=lambda w: None, name="d")),
        "the constraint of .*d/kernel, a lambda, returned None",
    ),
    "a schedule": (lambda: trained(optimizer=optimizers.SGD(NoRate())), "the schedule .* NoRate, returned 'a'"),
    "a function of the rate": (lambda: trained(optimizer=optimizers.SGD(lambda: None)), "a lambda, returned None"),
}


@pytest.mark.parametrize("name", SAYS)
def test_a_mistake_is_told(name: str) -> None:
    make, sentence = SAYS[name]
    with pytest.raises((ValueError, TypeError), match=sentence):
        make()


@pytest.mark.parametrize("kind", [callbacks.EarlyStopping, callbacks.ReduceLROnPlateau, callbacks.ModelCheckpoint])
def test_what_is_watched_is_a_name_and_a_known_mode(kind: Any) -> None:
    first = ("a.keras",) if kind is callbacks.ModelCheckpoint else ()
    with pytest.raises(TypeError, match=f"{kind.__name__}: monitor is the name of a number .*, not 3"):
        kind(*first, monitor=3)
    with pytest.warns(UserWarning, match=f"{kind.__name__}: mode is .* not 'q'; it counts as 'auto'"):
        assert kind(*first, mode="q").mode == "auto"


def test_a_dataset_without_a_length_runs_for_the_steps_that_are_said() -> None:
    asked = []

    class Counted(Unending):
        def __getitem__(self, index: int) -> Any:
            asked.append(index)
            return X, Y

    history = model().fit(Counted(), steps_per_epoch=3, epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2
    assert max(asked) == 2
    assert model().predict(Counted(), steps=2, verbose=0).shape == (16, 1)
    assert fit(validation_data=Counted(), validation_steps=2).history["val_loss"]


def test_classes_that_do_not_occur_are_allowed_unless_none_does() -> None:
    fit(class_weight={0: 1, 5: 2})
    with pytest.warns(UserWarning, match=r"names the classes 5, and none .* begin with 0\.0, .* the weight 1"):
        fit(class_weight={5: 2})
    # A batch of a stream may hold none of them.
    batches = [(X[:4], Y[:4]), (X[4:], Y[4:])]
    model().fit((batch for batch in batches), class_weight={1: 2.0}, steps_per_epoch=2, verbose=0)


def test_weights_that_are_nan_are_told_as_data_is() -> None:
    weights = W.copy()
    weights[3] = np.nan
    with pytest.warns(RuntimeWarning, match="sample_weight holds nan at row 3"):
        fit(sample_weight=weights)


def test_one_array_of_weights_counts_for_all_outputs() -> None:
    losses = [of_two().fit(X, [Y, Y], sample_weight=w, verbose=0) for w in (W, [W, W], {"a": W, "b": W})]
    assert all(np.isfinite(history.history["loss"]).all() for history in losses)


def test_a_batch_size_beside_batches_is_told() -> None:
    with pytest.warns(UserWarning, match="fit: batch_size=3 is not read, since the Four makes the batches"):
        model().fit(Four(), batch_size=3, verbose=0)
    with pytest.warns(UserWarning, match="predict: batch_size=3 is not read"):
        model().predict(Four(), batch_size=3, verbose=0)
    with pytest.warns(UserWarning, match="fit: validation_batch_size=3 is not read"):
        fit(validation_data=Four(), validation_batch_size=3)
    fit(validation_data=Four(), batch_size=3)  # the size of the batches that train


@pytest.mark.parametrize(
    "call",
    [
        lambda: model().predict(X, batch_size=4, steps=99, verbose=0),
        lambda: model().evaluate(X, Y, batch_size=4, steps=99, verbose=0),
        lambda: fit(batch_size=4, steps_per_epoch=99),
        lambda: fit(batch_size=4, validation_data=(X, Y), validation_steps=99),
    ],
    ids=["predict", "evaluate", "fit", "validation"],
)
def test_steps_beyond_the_rows_are_told(call: Callable[[], Any]) -> None:
    with pytest.warns(UserWarning, match=r"=99, but the 8 rows are 2 batches of 4 rows: the data runs out after 2"):
        call()


def test_steps_within_the_rows_are_not_told() -> None:
    assert model().predict(X, batch_size=4, steps=2, verbose=0).shape == (8, 1)
    fit(batch_size=4, steps_per_epoch=1, validation_data=(X, Y), validation_steps=2)


def test_a_missing_name_of_the_history_lists_those_that_there_are() -> None:
    found = model(metrics=["accuracy"]).fit(X, Y, verbose=0).history
    with pytest.raises(KeyError, match=r"the history has no 'acc'.*'accuracy', 'loss'"):
        found["acc"]
    assert found.get("acc") is None
    assert "acc" not in found
    again = pickle.loads(pickle.dumps(found))
    assert type(again) is dict
    assert again == found == json.loads(json.dumps(found))


def test_layers_that_hold_each_other_are_walked_once() -> None:
    class Owner(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner = layers.Dense(2, kernel_regularizer="l2", activity_regularizer="l2")
            self.inner.owner = self
            self.me = self

        def call(self, x: Any) -> Any:
            return self.inner(x)

    owner = Owner()
    found = models.Sequential([fg.Input((3,)), owner, layers.Dense(1)])
    found.me = found
    found.compile("adam", "mse")
    found.fit(X, Y, verbose=0)
    assert [len(found.weights), len(found.trainable_variables), len(owner.variables)] == [4, 4, 2]
    assert len(found.losses) == 1
    owner.trainable = False
    assert not owner.inner.trainable
    assert len(found.trainable_weights) == 2
    assert found.count_params() == 11


def test_constraints_of_the_face_still_take_their_arguments_by_place() -> None:
    kept = constraints.MinMaxNorm(0.5, 2.0, 0.9, axis=[0, 1])
    assert kept.get_config() == {"min_value": 0.5, "max_value": 2.0, "rate": 0.9, "axis": [0, 1]}


def test_the_errors_are_data_errors_where_data_is_wrong() -> None:
    with pytest.raises(DataError):
        model().fit(Unending())

"""Calls with a name that there is not, without an argument that is needed, or with too few or too many arrays."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from flintglass import Input, Model, Sequential, callbacks, initializers, layers, losses, metrics, optimizers
from flintglass.errors import DataError, ShapeError
from flintglass.suggestions import telling, wrong_call

A, B, Y = np.ones((4, 3)), np.ones((4, 2)), np.ones(4)


def two_inputs() -> Model:
    a, b = Input((3,), name="price"), Input((2,), name="size")
    model = Model([a, b], layers.Dense(1, name="out")(layers.Concatenate()([a, b])))
    model.compile("sgd", "mse")
    return model


def one_input() -> Model:
    model = Sequential([Input((3,), name="price"), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


MEANT = [
    (lambda: layers.Dense(unit=3), "Dense has no argument 'unit'. Did you mean 'units'?"),
    (lambda: layers.Dense(3, activations="relu"), "Dense has no argument 'activations'. Did you mean 'activation'?"),
    (lambda: layers.Dense(3, input_shap=(3,)), "Dense has no argument 'input_shap'. Did you mean 'input_shape'?"),
    (lambda: layers.Dense(activation="relu"), "Dense needs the argument 'units', which was not given"),
    (lambda: layers.Dropout(0.5, sead=1), "Dropout has no argument 'sead'. Did you mean 'seed'?"),
    (lambda: Input(shap=(3,)), "Input() has no argument 'shap'. Did you mean 'shape'?"),
    (lambda: optimizers.Adam(learningrate=1.0), "Adam has no argument 'learningrate'. Did you mean 'learning_rate'?"),
    (lambda: losses.Huber(delte=1.0), "Huber has no argument 'delte'. Did you mean 'delta'?"),
    (lambda: metrics.AUC(num_treshold=3), "AUC has no argument 'num_treshold'. Did you mean 'num_thresholds'?"),
    (lambda: initializers.HeNormal(sed=1), "HeNormal has no argument 'sed'. Did you mean 'seed'?"),
    (lambda: callbacks.EarlyStopping(patiance=1), "EarlyStopping has no argument 'patiance'. Did you mean 'patience'?"),
    (lambda: one_input().fit(A, Y, epoch=3), "fit() has no argument 'epoch'. Did you mean 'epochs'?"),
    (lambda: one_input().compile(optimiser="sgd"), "compile() has no argument 'optimiser'. Did you mean 'optimizer'?"),
    (
        lambda: one_input().evaluate(A, Y, batchsize=3),
        "evaluate() has no argument 'batchsize'. Did you mean 'batch_size'?",
    ),
]


@pytest.mark.parametrize(("call", "sentence"), MEANT, ids=[sentence.split(".")[0] for _, sentence in MEANT])
def test_a_wrong_name_is_told_with_the_one_that_was_meant(call: Callable[[], Any], sentence: str) -> None:
    with pytest.raises((TypeError, ValueError)) as found:
        call()
    assert str(found.value) == sentence


def test_a_name_like_no_other_is_told_with_what_a_person_would_give() -> None:
    with pytest.raises(ValueError) as found:
        layers.Dense(3, foo=1)
    told = str(found.value)
    assert told.startswith("Dense has no argument 'foo'. Its arguments are units, activation, use_bias, ")
    assert told.endswith("name, dtype, trainable.")
    assert "lora" not in told
    assert "quantization" not in told
    with pytest.raises(TypeError, match="Its arguments are x, y, batch_size, epochs, verbose, callbacks"):
        one_input().fit(A, Y, foo=1)


def test_an_error_inside_a_call_is_left_as_it_is() -> None:
    class Fails(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            raise TypeError("of the user's own")

    with pytest.raises(TypeError, match="of the user's own"):
        one_input().fit(A, Y, verbose=0, callbacks=[Fails()])


def test_a_wrong_name_in_a_class_of_the_users_own_is_told_of_ours() -> None:
    class Mine(callbacks.EarlyStopping):
        def __init__(self) -> None:
            super().__init__(patiance=3)  # type: ignore[call-arg]

    with pytest.raises(TypeError, match="EarlyStopping has no argument 'patiance'"):
        Mine()


def test_calls_that_fit_are_not_explained() -> None:
    def function(a: int, *rest: int, b: int = 1, **more: int) -> int:
        return a + b

    assert telling(function)(1, 2, b=3, c=4) == 4
    assert wrong_call(function, "function()", (1, 2, 3), {"c": 4}) == ""
    assert wrong_call(function, "function()", (), {"a": 4}) == ""
    assert wrong_call(function, "function()", (), {"b": 4}) == "function() needs the argument 'a', which was not given"


BOTH = "Give one for each, as the list [price, size] or as the dict {'price': ..., 'size': ...}"


@pytest.mark.parametrize(
    ("call", "place", "count"),
    [
        (lambda m: m.predict(A, verbose=0), "predict", "1 array"),
        (lambda m: m.fit(A, Y, verbose=0), "fit", "1 array"),
        (lambda m: m.evaluate([A], Y, verbose=0), "evaluate", "1 array"),
        (lambda m: m.fit([A, B, B], Y, verbose=0), "fit", "3 arrays"),
        (lambda m: m.predict_on_batch(A), "predict_on_batch", "1 array"),
        (lambda m: m.fit([A, B], Y, validation_data=(A, Y), verbose=0), "validation_data", "1 array"),
        (lambda m: m.fit((batch for batch in [(A, Y)]), verbose=0), "fit", "1 array"),
    ],
)
def test_too_few_or_too_many_arrays_are_told_with_the_inputs_names(call: Any, place: str, count: str) -> None:
    with pytest.raises(DataError) as found:
        call(two_inputs())
    model, told = str(found.value).split(" has ", 1)
    assert model.startswith(f"{place}: model 'functional")
    assert told == f"2 inputs, 'price' and 'size', but x holds {count}. {BOTH}"


def test_keys_that_are_missing_or_unknown_are_named() -> None:
    model = two_inputs()
    with pytest.raises(DataError, match=r"^x: the dict has no entry 'size'; the keys are 'price', 'size'$"):
        model.predict({"price": A}, verbose=0)
    with pytest.raises(DataError, match="no entry 'size', but 'sice', which the model does not know; the keys are"):
        model.fit({"price": A, "sice": B}, Y, verbose=0)
    with pytest.raises(
        DataError, match=r"y: the dict has no entry 'out', but 'oud', which .*; or give the array itself"
    ):
        model.fit([A, B], {"oud": Y}, verbose=0)


def test_arrays_of_unequal_rows_are_told_with_the_inputs_names() -> None:
    with pytest.raises(DataError, match=r"x\[0\] \(price\) has 4, x\[1\] \(size\) has 3$"):
        two_inputs().predict([A, B[:3]], verbose=0)


def test_a_list_where_the_model_has_one_input_or_output() -> None:
    with pytest.raises(ShapeError, match=r"x is a list of 2 arrays, and the model has 1 input: give one array"):
        one_input().predict([A, A], verbose=0)
    with pytest.raises(DataError, match="y is a list of 2 arrays, but the model has 1 output: give a single array"):
        two_inputs().fit([A, B], [Y, Y], verbose=0)


def test_a_name_that_a_package_does_not_have_is_told_with_the_nearest() -> None:
    with pytest.raises(AttributeError) as found:
        layers.Dens  # noqa: B018
    assert str(found.value) == "flintglass.layers has no 'Dens'. Did you mean 'Dense'?"
    assert str(pickle.loads(pickle.dumps(found.value))) == str(found.value)
    assert not hasattr(layers, "Conv2D")

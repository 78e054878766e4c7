"""deepcopy and pickle: structure and numbers are taken over, programs are traced anew."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.fit.support import Own, X, Y, deferred, functional, same, sequential, subclassed

from flintglass import Input, Model, Sequential, metrics, ops, optimizers
from flintglass.layers import Dense

WAYS: dict[str, Callable[[Any], Any]] = {
    "deepcopy": copy.deepcopy,
    **{f"pickle {n}": lambda model, n=n: pickle.loads(pickle.dumps(model, n)) for n in (2, 5)},  # type: ignore[misc]
}
every_way = pytest.mark.parametrize("way", WAYS)


def with_operations() -> Any:
    start = Input((3,))
    hidden = Dense(4)(start)
    model = Model(start, Dense(1, kernel_regularizer="l2")(hidden * 2 + ops.relu(hidden)))
    model.compile(optimizers.SGD(0.01, momentum=0.9), "mse", metrics=[metrics.MeanAbsoluteError()])
    return model


@every_way
@pytest.mark.parametrize("make", [sequential, functional, subclassed, with_operations])
def test_a_copy_of_a_trained_model_goes_on_as_the_original_does(make: Callable[[], Any], way: str) -> None:
    model = make()
    model.fit(X, Y, epochs=2, verbose=0)
    copied = WAYS[way](model)
    np.testing.assert_array_equal(copied.predict(X, verbose=0), model.predict(X, verbose=0))
    for item in (model, copied):
        item.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    assert same(model, copied)
    assert copied.optimizer.iterations.numpy() == 12
    assert copied.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)


@every_way
@pytest.mark.parametrize("make", [sequential, functional, subclassed])
def test_a_copy_shares_nothing(make: Callable[[], Any], way: str) -> None:
    model = make()
    model.fit(X, Y, verbose=0)
    before = model.predict(X, verbose=0)
    copied = WAYS[way](model)
    copied.fit(X, Y, epochs=3, verbose=0)
    copied.set_weights([array * 0 for array in copied.get_weights()])
    copied.layers[0].trainable = False
    copied.optimizer.learning_rate = 5.0
    np.testing.assert_array_equal(model.predict(X, verbose=0), before)
    assert model.layers[0].trainable
    assert model.optimizer.learning_rate.numpy() != 5.0


@every_way
def test_a_copy_of_a_model_that_is_not_built_or_not_compiled(way: str) -> None:
    copied = WAYS[way](deferred())
    copied.fit(X, Y, verbose=0)
    plain = WAYS[way](Sequential([Input((3,)), Dense(2, name="d")]))
    assert plain.get_layer("d").count_params() == 8
    assert plain.predict(X, verbose=0).shape == (70, 2)
    own = WAYS[way](Own())
    assert own.predict(X, verbose=0).shape == (70, 1)


@every_way
def test_a_shared_layer_is_shared_in_the_copy(way: str) -> None:
    a, b = Input((3,)), Input((3,))
    shared = Dense(2)
    copied = WAYS[way](Model([a, b], Dense(1)(shared(a) + shared(b))))
    assert len(copied.weights) == 4


@every_way
def test_a_deep_network_is_copied_as_a_flat_one_is(way: str) -> None:
    model = Sequential([Input((3,)), *(Dense(3) for _ in range(300))])
    assert same(WAYS[way](model), model)


@every_way
def test_a_layer_and_an_optimizer_are_copied_alone(way: str) -> None:
    layer = Dense(2)
    layer(X)
    np.testing.assert_array_equal(WAYS[way](layer)(X).numpy(), layer(X).numpy())
    optimizer = optimizers.Adam(0.5)
    optimizer.build(layer.weights)
    copied = WAYS[way]((optimizer, layer))
    copied[0].apply([np.ones((3, 2), "float32"), np.ones(2, "float32")], copied[1].weights)
    assert copied[0].iterations.numpy() == 1
    assert optimizer.iterations.numpy() == 0


def test_a_pickle_holds_the_numbers_and_no_programs() -> None:
    model = sequential()
    fresh = len(pickle.dumps(model))
    model.fit(X, Y, verbose=0)
    assert len(pickle.dumps(model)) < 3 * fresh


def test_what_pickle_cannot_name_it_says_itself() -> None:
    model = sequential("sgd", lambda y, p: ops.mean(ops.square(y - p)))
    model.fit(X, Y, verbose=0)
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(model)
    assert same(copy.deepcopy(model), model)

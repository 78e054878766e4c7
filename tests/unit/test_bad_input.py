"""What a user reads who gives a model something that cannot be meant: place, expected, found, way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from flintglass import Input, Model, Sequential, callbacks, config, layers, ops, optimizers, regularizers
from flintglass.errors import DataError, FlintglassError, NotCompiled, ShapeError
from flintglass.layers import Dense
from flintglass.layers.base import Layer

ROWS = 8
X = np.ones((ROWS, 3))
Y = np.ones((ROWS, 1))
LABELS = np.zeros(ROWS, int)
PAIR = np.ones((ROWS, 2))


def uncompiled(units: int = 1) -> Any:
    return Sequential([Input((3,)), Dense(4), Dense(units, name="out")], name="net")


def model(units: int = 1, **settings: Any) -> Any:
    made = uncompiled(units)
    made.compile(**{"optimizer": "sgd", "loss": "mse", **settings})
    return made


def classifier(loss: str = "sparse_categorical_crossentropy") -> Any:
    return model(3, loss=loss)


def pair(**settings: Any) -> Any:
    """Two inputs, a of 3 and b of 2 columns; two outputs, p of 1 and q of 2."""
    a, b = Input((3,), name="a"), Input((2,), name="b")
    hidden = Dense(4)(a) + Dense(4)(b)
    made = Model([a, b], [Dense(1, name="p")(hidden), Dense(2, name="q")(hidden)], name="pair")
    made.compile(**{"optimizer": "sgd", "loss": "mse", **settings})
    return made


def fit(made: Any, x: Any = X, y: Any = Y, **options: Any) -> Any:
    return made.fit(x, y, verbose=0, **options)


def empty() -> Any:
    made = Sequential(name="empty")
    made.compile("sgd", "mse")
    return made


def labels(wrong: Any) -> np.ndarray:
    return np.array([0, 1, wrong, 0, 0, 0, 0, 0])


def functional(build: Callable[[Any, Any], Any]) -> Any:
    return build(Input((3,), name="first"), Input((4,), name="second"))


class Forgetful(Layer):
    def __init__(self) -> None:
        self.inner = Dense(3)

    def call(self, inputs: Any) -> Any:
        return self.inner(inputs)


class ForgetfulModel(Model):
    def __init__(self) -> None:
        self.inner = Dense(3)


class Silent(Layer):
    def call(self, inputs: Any) -> Any:
        inputs * 2


class Nothing(Layer):
    pass


Case = tuple[Callable[[], Any], type[Exception], tuple[str, ...]]

SHAPES: dict[str, Case] = {
    "x with another number of columns": (
        lambda: fit(model(), X[:, :2]),
        ShapeError,
        ("fit", "(8, 2)", "'net'", "(None, 3)", "Input"),
    ),
    "a single example": (
        lambda: model().predict(np.ones(3)),
        ShapeError,
        ("predict", "(None, 3)", "single example", "(1, -1)"),
    ),
    "a single example, called": (
        lambda: model()(np.ones(3)),
        ShapeError,
        ("calling the model", "(None, 3)", "single example"),
    ),
    "a single example of a higher rank": (
        lambda: Sequential([Input((2, 3)), layers.Flatten(), Dense(1)]).predict(np.ones((2, 3))),
        ShapeError,
        ("(2, 3)", "(None, 2, 3)", "x[None]"),
    ),
    "numbers that fit in another shape": (
        lambda: fit(model(), np.ones((ROWS, 3, 1))),
        ShapeError,
        ("(8, 3, 1)", "x.reshape((-1, 3))"),
    ),
    "a number in place of an array": (lambda: fit(model(), 3.0), DataError, ("x", "a row for each example", "3.0")),
    "a rank that is too low for a layer": (
        lambda: Dense(2, name="d")(np.ones(3)),
        ShapeError,
        ("'d'", "rank 2", "[3]", "[1, 3]"),
    ),
    "y with other rows than x": (
        lambda: fit(model(), X, Y[:7]),
        DataError,
        ("fit", "x has 8", "y has 7", "one for each example"),
    ),
    "weights with other rows": (
        lambda: fit(model(), sample_weight=np.ones(5)),
        DataError,
        ("sample_weight has 5",),
    ),
    "weights of another shape": (
        lambda: fit(model(), sample_weight=np.ones((ROWS, 2))),
        ShapeError,
        ("sample_weight", "(n, 2)", "(n,)"),
    ),
    "targets of fewer columns": (
        lambda: fit(model(3)),
        ShapeError,
        ("mean_squared_error", "(n, 1)", "(n, 3)", "broadcasting", "3 columns"),
    ),
    "targets of more columns": (
        lambda: fit(model(), X, np.ones((ROWS, 3))),
        ShapeError,
        ("(n, 3)", "(n, 1)", "3 units"),
    ),
    "an empty set": (lambda: fit(model(), X[:0], Y[:0]), DataError, ("x has no rows", "(0, 3)")),
    "an empty list": (lambda: model().predict([]), DataError, ("x has no rows",)),
    "a layer called on a placeholder of another shape": (
        lambda: functional(lambda a, b: [layer(t) for layer in [Dense(2, name="d")] for t in (a, b)]),
        ShapeError,
        ("'d'", "last axis is 3", "4 there", "new layer for 4"),
    ),
    "a model called on a placeholder of another shape": (
        lambda: model()(Input((4,))),
        ShapeError,
        ("last axis is 3", "[n, 4]"),
    ),
    "an input whose last axis is unknown": (
        lambda: Dense(2, name="d")(Input((None,))),
        ShapeError,
        ("'d'", "last axis"),
    ),
    "a shape of an Input that is no shape": (lambda: Input((-3,)), ShapeError, ("whole numbers and None", "-3")),
    "an Input without a shape": (lambda: Input(name="i"), ValueError, ("'i'", "shape")),
    "weights of another shape than the layer's": (
        lambda: model().layers[1].set_weights([np.ones((4, 2)), np.ones(1)]),
        ShapeError,
        ("set_weights", "'out'", "out/kernel", "(4, 1)", "(4, 2)"),
    ),
    "another number of weights": (
        lambda: model().set_weights([np.ones((3, 4))]),
        ShapeError,
        ("set_weights", "4 weights", "a list of 1", "get_weights()"),
    ),
    "weights for a layer without any": (
        lambda: Dense(2).set_weights([np.ones((3, 2))]),
        ShapeError,
        ("0 weights", "not built", "call it on data"),
    ),
    "weights that are no array": (
        lambda: model().layers[1].set_weights([[[1], [2, 3]], [1]]),
        DataError,
        ("out/kernel", "length"),
    ),
    "weights that are no numbers": (
        lambda: model().layers[1].set_weights([[["a"]] * 4, [1]]),
        DataError,
        ("out/kernel", "numbers"),
    ),
    "weights that are no list": (lambda: model().set_weights(3), TypeError, ("set_weights", "list", "int")),
    "the shape of a weight that is no shape": (
        lambda: Dense(3, name="d").add_weight(shape=(2.5,)),
        ShapeError,
        ("'d'", "whole numbers", "2.5"),
    ),
}

NAMES: dict[str, Case] = {
    "activation": (lambda: Dense(3, activation="reluu"), ValueError, ("'reluu'", "'relu'")),
    "activation of a layer": (lambda: layers.Activation("reluu"), ValueError, ("'reluu'", "'relu'")),
    "optimizer": (lambda: model(optimizer="adma"), ValueError, ("optimizer", "'adma'", "'adam'")),
    "loss": (lambda: model(loss="mean_square_error"), ValueError, ("'mean_square_error'", "'mean_squared_error'")),
    "loss in a dict": (lambda: model(loss={"out": "msee"}), ValueError, ("'msee'", "'mse'")),
    "metric": (lambda: model(metrics=["acuracy"]), ValueError, ("metric", "'acuracy'", "'accuracy'")),
    "metric in a dict": (lambda: model(metrics={"out": ["acuracy"]}), ValueError, ("'acuracy'", "'accuracy'")),
    "weighted metric": (lambda: model(weighted_metrics=["acuracy"]), ValueError, ("'acuracy'", "'accuracy'")),
    "initializer": (
        lambda: Dense(3, kernel_initializer="glorot_unifrm"),
        ValueError,
        ("'glorot_unifrm'", "'glorot_uniform'"),
    ),
    "regularizer": (lambda: Dense(3, kernel_regularizer="l3"), ValueError, ("'l3'", "'l2'")),
    "constraint": (lambda: Dense(3, kernel_constraint="maxnorm2"), ValueError, ("'maxnorm2'", "'max_norm'")),
    "layer": (lambda: model().get_layer("ouf"), ValueError, ("'net'", "'ouf'", "'out'")),
    "layer by index": (lambda: model().get_layer(index=9), ValueError, ("2 layers", "index 9")),
    "layer by nothing": (lambda: model().get_layer(), ValueError, ("a name or an index",)),
    "keyword of a layer": (lambda: Dense(3, activaton="relu"), ValueError, ("Dense", "activaton", "'activation'")),
    "keyword of evaluate": (
        lambda: model().evaluate(X, Y, batchsize=3),
        TypeError,
        ("evaluate", "batchsize", "batch_size"),
    ),
    "dtype": (lambda: Dense(3, dtype="float23"), ValueError, ("'float23'", "float32")),
    "program": (lambda: model().program("trian"), ValueError, ("'trian'", "'train'")),
    "floatx": (lambda: config.set_floatx("float23"), ValueError, ("'float23'", "'float32'")),
    "what happens with nan": (lambda: config.set_nan("rise"), ValueError, ("'rise'", "'raise'")),
    "a loss that is none": (lambda: model(loss=3), ValueError, ("3 is no loss", "a function", "int")),
    "an optimizer that is none": (lambda: model(optimizer=3), ValueError, ("3 is no optimizer", "int")),
    "a metric that is none": (lambda: model(metrics=[3]), ValueError, ("3 is no metric", "int")),
    "a name given to a setting of a layer": (lambda: regularizers.get("l22"), ValueError, ("'l22'", "'l2'")),
}

TARGETS: dict[str, Case] = {
    "a label that is too high": (
        lambda: fit(classifier(), X, labels(3)),
        DataError,
        ("row 2", "is 3", "3 outputs", "0 to 2", "4 units"),
    ),
    "a negative label": (lambda: fit(classifier(), X, labels(-1)), DataError, ("row 2", "is -1", "from 0")),
    "half a label": (lambda: fit(classifier(), X, labels(0) + 0.5), DataError, ("row 0", "is 0.5", "whole")),
    "a label in evaluate": (lambda: classifier().evaluate(X, labels(7), verbose=0), DataError, ("row 2", "is 7")),
    "a label in train_on_batch": (lambda: classifier().train_on_batch(X, labels(7)), DataError, ("row 2", "is 7")),
    "a label in validation_data": (
        lambda: fit(classifier(), X, LABELS, validation_data=(X, labels(7))),
        DataError,
        ("row 2", "is 7"),
    ),
    "one-hot rows for a sparse loss": (
        lambda: fit(classifier(), X, np.eye(3)[LABELS]),
        ShapeError,
        ("(n, 3)", "one-hot", "categorical_crossentropy", "argmax"),
    ),
    "labels for a loss of one-hot rows": (
        lambda: fit(classifier("categorical_crossentropy"), X, LABELS),
        ShapeError,
        ("(n, 1)", "one label a row", "sparse_categorical_crossentropy", "to_categorical"),
    ),
    "no targets": (lambda: fit(model(), X, None), DataError, ("no targets", "y is None", "loss")),
    "no targets for evaluate": (lambda: model().evaluate(X, verbose=0), DataError, ("no targets",)),
    "no targets for train_on_batch": (lambda: model().train_on_batch(X), DataError, ("no targets",)),
    "no targets in validation_data": (
        lambda: fit(model(), validation_data=(X, None)),
        DataError,
        ("no targets",),
    ),
    "class_weight that is no dict": (
        lambda: fit(classifier(), X, LABELS, class_weight="balanced"),
        DataError,
        ("class_weight", "dict", "'balanced'"),
    ),
    "a class that is no number": (
        lambda: fit(classifier(), X, LABELS, class_weight={"a": 1.0}),
        DataError,
        ("class_weight", "'a'"),
    ),
    "class_weight for two outputs": (
        lambda: fit(pair(), [X, PAIR], [Y, PAIR], class_weight={0: 1.0}),
        DataError,
        ("class_weight", "one output", "sample_weight"),
    ),
}

DATA: dict[str, Case] = {
    "texts": (lambda: fit(model(), [["a", "b", "c"]] * ROWS), DataError, ("x", "'a'", "row 0, column 0", "numbers")),
    "texts as targets": (lambda: fit(model(), X, ["a"] * ROWS), DataError, ("y", "'a'", "row 0")),
    "missing entries": (lambda: fit(model(), [[1, 2, None]] * ROWS), DataError, ("column 2", "None", "fill")),
    "complex numbers": (lambda: fit(model(), X * 1j), DataError, ("complex128",)),
    "dates": (lambda: fit(model(), np.array(["2020-01-01"] * ROWS, "M8[D]")), DataError, ("datetime64",)),
    "ragged rows": (
        lambda: fit(model(), [[1, 2, 3], [1, 2]] * 4),
        DataError,
        ("x", "row 0 has 3 entries", "row 1 has 2 entries"),
    ),
    "ragged targets": (lambda: fit(model(), X, [[1], [2, 3]] * 4), DataError, ("y", "row 1 has 2")),
    "nothing": (lambda: fit(model(), None), DataError, ("fit", "x is None")),
    "nothing to predict": (lambda: model().predict(None), DataError, ("predict", "x is None")),
    "a path": (lambda: fit(model(), "data.csv"), DataError, ("'data.csv'", "array")),
    "any object": (lambda: fit(model(), object()), DataError, ("x", "object")),
    "data and targets in one": (lambda: fit(model(), (X, Y), None), DataError, ("x", "2 arrays", "fit(x, y)")),
    "a generator without targets": (lambda: fit(model(), iter([X]), None), DataError, ("no targets", "compile()")),
    "a generator and targets": (lambda: fit(model(), iter([X]), Y), DataError, ("makes the targets", "(x, y)")),
    "an empty generator": (lambda: fit(model(), iter([]), None), DataError, ("gave no batch",)),
    "a layer called on a text": (lambda: Dense(1, name="d")("abc"), DataError, ("'d'", "'abc'")),
    "a layer called on nothing": (lambda: Dense(1, name="d")(None), DataError, ("'d'", "None")),
    "a layer called without an input": (lambda: Dense(1, name="d")(), TypeError, ("'d'", "without an input")),
    "a layer called on objects": (lambda: Dense(1, name="d")(np.array([[None]])), DataError, ("'d'", "object")),
    "one input of two": (lambda: fit(pair(), X, [Y, PAIR]), DataError, ("2 inputs", "'a' and 'b'", "1 array")),
    "three inputs of two": (lambda: fit(pair(), [X, PAIR, PAIR], [Y, PAIR]), DataError, ("2 inputs", "3 arrays")),
    "two inputs of two, swapped": (
        lambda: fit(pair(), [PAIR, X], [Y, PAIR]),
        ShapeError,
        ("x[0] (a)", "(8, 2)", "(None, 3)"),
    ),
    "one output of two": (lambda: fit(pair(), [X, PAIR], Y), DataError, ("2 outputs", "1 array", "list")),
    "three outputs of two": (lambda: fit(pair(), [X, PAIR], [Y, Y, Y]), DataError, ("2 outputs", "3 arrays")),
    "an unknown input": (lambda: fit(pair(), {"a": X, "c": PAIR}, [Y, PAIR]), DataError, ("'b'", "'c'", "'a'")),
    "an unknown output": (
        lambda: fit(pair(), [X, PAIR], {"p": Y, "r": PAIR}),
        DataError,
        ("y", "'q'", "'r'", "'p'"),
    ),
    "inputs of different rows": (lambda: fit(pair(), [X, PAIR[:5]], [Y, PAIR]), DataError, ("x[1] (b) has 5",)),
    "a model of two inputs called on one": (lambda: pair()(X), DataError, ("2 inputs", "1 array")),
    "a model called with an unknown name": (lambda: pair()({"a": X, "c": PAIR}), DataError, ("'b'", "'c'")),
}

SETTINGS: dict[str, Case] = {
    **{
        f"units={units!r}": (
            lambda units=units: Dense(units, name="d"),  # type: ignore[misc]
            ValueError,
            ("'d'", "units", "positive whole number", repr(units)),
        )
        for units in (0, -1, 2.5, True, "3", None)
    },
    **{
        f"{name}={value!r}": (
            lambda name=name, value=value: fit(model(), **{name: value}),  # type: ignore[misc]
            ValueError,
            (name, "positive whole number", repr(value)),
        )
        for name in ("batch_size", "epochs", "steps_per_epoch")
        for value in (0, -1, 2.5, True, "3")
    },
    "batch_size of predict": (lambda: model().predict(X, batch_size=0), ValueError, ("batch_size", "0")),
    "batch_size of evaluate": (lambda: model().evaluate(X, Y, batch_size="3"), ValueError, ("batch_size", "'3'")),
    "steps of predict": (lambda: model().predict(X, steps=0), ValueError, ("steps", "0")),
    "steps of evaluate": (lambda: model().evaluate(X, Y, steps=-1), ValueError, ("steps", "-1")),
    "initial_epoch": (lambda: fit(model(), initial_epoch=-1), ValueError, ("initial_epoch", "-1")),
    "validation_freq": (
        lambda: fit(model(), validation_data=(X, Y), validation_freq=0),
        ValueError,
        ("validation_freq", "0"),
    ),
    "verbose": (lambda: model().fit(X, Y, verbose="loud"), ValueError, ("verbose", "'loud'", "0", "2")),
    **{
        f"validation_split={value!r}": (
            lambda value=value: fit(model(), validation_split=value),  # type: ignore[misc]
            DataError,
            ("validation_split", "between 0 and 1", repr(value)),
        )
        for value in (-0.1, 1, 1.5, "half", True)
    },
    "a split without rows": (lambda: fit(model(), X[:1], Y[:1], validation_split=0.5), DataError, ("1 rows",)),
    **{
        f"validation_data: {name}": (
            lambda value=value: fit(model(), validation_data=value),  # type: ignore[misc]
            DataError,
            ("validation_data", "(x, y)", "validation_split"),
        )
        for name, value in {"an array": X, "x alone": (X,), "four": (X, Y, Y, Y), "a share": 0.2}.items()
    },
    "validation_data of another shape": (
        lambda: fit(model(), validation_data=(PAIR, Y)),
        ShapeError,
        ("validation_data", "(8, 2)", "(None, 3)"),
    ),
    "validation_data without data": (lambda: fit(model(), validation_data=(None, Y)), DataError, ("None",)),
    **{
        f"learning_rate={rate!r}": (
            lambda rate=rate: optimizers.Adam(rate, name="adam"),  # type: ignore[misc]
            ValueError,
            ("adam", "learning_rate"),
        )
        for rate in (-1, float("nan"), float("inf"), "0.1", None, True, [0.1])
    },
    "a learning rate that is set": (
        lambda: setattr(model().optimizer, "learning_rate", np.ones(3)),
        ValueError,
        ("learning_rate",),
    ),
    "callbacks that are classes": (
        lambda: fit(model(), callbacks=[callbacks.History]),
        TypeError,
        ("callbacks", "History", "calling the class"),
    ),
    "callbacks that are none": (lambda: fit(model(), callbacks=[None]), TypeError, ("callbacks", "None")),
    **{
        f"{name} of the wrong length": (
            lambda name=name, value=value: pair(**{name: value}),  # type: ignore[misc]
            ValueError,
            (f"compile({name}=", "3 entries", "2 outputs", "'p', 'q'"),
        )
        for name, value in {"loss": ["mse"] * 3, "loss_weights": [1, 2, 3], "metrics": ["mae"] * 3}.items()
    },
    "two losses for one output": (lambda: model(loss=["mse", "mae"]), ValueError, ("2 entries", "one output")),
    "a flat list of metrics for two outputs": (lambda: pair(metrics=["mae"]), ValueError, ("1 entry", "2 outputs")),
    "a loss for an unknown output": (lambda: pair(loss={"z": "mse"}), ValueError, ("'z'", "'p', 'q'")),
    "loss_weights that are no numbers": (lambda: model(loss_weights="a"), ValueError, ("loss_weights", "'a'")),
    "fit before compile": (lambda: fit(uncompiled()), NotCompiled, ("'net'", "fit", "model.compile(")),
    "evaluate before compile": (lambda: uncompiled().evaluate(X, Y), NotCompiled, ("evaluate", "compile(")),
    "train_on_batch before compile": (lambda: uncompiled().train_on_batch(X, Y), NotCompiled, ("train_on_batch",)),
    "test_on_batch before compile": (lambda: uncompiled().test_on_batch(X, Y), NotCompiled, ("test_on_batch",)),
    "the train program before compile": (lambda: uncompiled().program(), NotCompiled, ("compile(",)),
    "fit without an optimizer": (lambda: fit(model(optimizer=None)), NotCompiled, ("optimizer", "'adam'")),
    "fit without a loss": (lambda: fit(model(loss=None)), NotCompiled, ("loss", "loss='mse'")),
}

STRUCTURE: dict[str, Case] = {
    "two layers of one name": (
        lambda: Sequential([Dense(1, name="a"), Dense(1, name="a")], name="s"),
        ValueError,
        ("'s'", "two layers", "'a'"),
    ),
    "one layer twice": (
        lambda: Sequential([layer := Dense(1, name="a"), layer]),
        ValueError,
        ("'a'", "second time"),
    ),
    "two layers of one name in a graph": (
        lambda: functional(lambda a, b: Model(a, Dense(1, name="q")(Dense(2, name="q")(a)))),
        ValueError,
        ("two layers", "'q'"),
    ),
    "a graph that is not connected": (
        lambda: functional(lambda a, b: Model(a, Dense(1)(b))),
        ValueError,
        ("Input 'second'", "not among", "add it"),
    ),
    "inputs that are arrays": (lambda: Model(X, X), ValueError, ("inputs", "placeholders", "ndarray")),
    "outputs that are numbers": (lambda: Model(Input((3,)), 3), ValueError, ("outputs", "placeholders", "int")),
    "inputs alone": (lambda: Model(Input((3,))), TypeError, ("both inputs and outputs",)),
    "no layers to fit": (lambda: fit(empty()), ValueError, ("'empty'", "no layers", "add")),
    "no layers to predict": (lambda: empty().predict(X), ValueError, ("'empty'", "no layers")),
    "no layers to take off": (lambda: empty().pop(), ValueError, ("'empty'", "no layer")),
    "a number as a layer": (lambda: Sequential([3]), TypeError, ("holds layers", "3")),
    "a class as a layer": (lambda: Sequential([Dense]), TypeError, ("Dense(...)",)),
    "a name as a layer": (lambda: Sequential(["relu"]), TypeError, ("'relu'", "Activation")),
    "a function as a layer": (lambda: Sequential([np.tanh]), TypeError, ("tanh", "Activation")),
    "a list as a layer": (lambda: Sequential().add([Dense(1)]), TypeError, ("one by one",)),
    "a layer in place of a list": (lambda: Sequential(Dense(1)), TypeError, ("list", "[ ]")),
    "an Input that is not the first": (
        lambda: Sequential([Dense(1, name="d"), Input((3,))]),
        ValueError,
        ("Input comes first", "'d'"),
    ),
    "a layer that forgets super().__init__()": (
        lambda: Forgetful()(X),
        RuntimeError,
        ("Forgetful", "super().__init__()"),
    ),
    "such a layer in a Sequential": (lambda: Sequential([Forgetful()]), RuntimeError, ("super().__init__()",)),
    "a model that forgets super().__init__()": (
        lambda: ForgetfulModel().compile("sgd", "mse"),
        RuntimeError,
        ("ForgetfulModel", "super().__init__()"),
    ),
    "a layer whose call returns nothing": (lambda: Silent(name="s")(X), TypeError, ("'s'", "None", "return")),
    "a layer without call": (lambda: Nothing()(X), NotImplementedError, ("Nothing", "call()")),
    "a size that fits nowhere": (
        lambda: fit(Sequential([Input((3,)), layers.Activation(lambda x: ops.reshape(x, (-1, 2)))])),
        FlintglassError,
        ("activation",),
    ),
}

CASES = {**SHAPES, **NAMES, **TARGETS, **DATA, **SETTINGS, **STRUCTURE}


@pytest.mark.parametrize("name", CASES)
def test_the_message_names_place_expectation_finding_and_way_out(name: str) -> None:
    call, error, parts = CASES[name]
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    missing = [part for part in parts if part not in message]
    assert not missing, f"{missing} not in: {message}"


def test_an_entry_that_no_input_reads_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="nothing called 'c'"):
        fit(pair(), {"a": X, "b": PAIR, "c": PAIR}, [Y, PAIR])


def test_a_function_as_loss_sees_equal_ranks_and_nothing_broadcasts() -> None:
    """A model that returns (n,) and targets (n, 1) would meet as (n, n)."""
    flat = Sequential([Input((3,)), Dense(1), layers.Activation(lambda x: ops.squeeze(x, -1))])
    y = np.arange(ROWS)
    flat.compile("sgd", lambda a, b: ops.mean(ops.square(a - b)))
    expected = np.mean((flat.predict(X, verbose=0) - y) ** 2)
    assert flat.evaluate(X, y, verbose=0) == pytest.approx(expected, rel=1e-5)

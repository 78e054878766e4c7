"""Networks whose listings are kept as files: each name gives the programs of one network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import flintglass as fg
from flintglass import constraints, layers, models, ops, optimizers, regularizers, utils
from flintglass.names import forget_names
from flintglass.program import Program, Size, Spec
from flintglass.tracing.trace import trace

NETWORKS: dict[str, Callable[[], list[Program]]] = {}


def network(*kinds: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Enter a function that makes a compiled model; its programs of these kinds are listed."""

    def enter(make: Callable[[], Any]) -> Callable[[], Any]:
        def listed() -> list[Program]:
            forget_names()
            utils.set_random_seed(7)
            made = make()
            return made if isinstance(made, list) else [made.program(kind) for kind in kinds]

        NETWORKS[make.__name__] = listed
        return make

    return enter


@network("train", "test", "predict")
def house_price() -> Any:
    """A line through one point after another: price = w * size + b."""
    model = models.Sequential([layers.Input((1,)), layers.Dense(1, name="price")])
    model.compile(optimizer="sgd", loss="mse", metrics=["mae"])
    return model


@network("train", "predict")
def square_by_adam() -> Any:
    """y = x**2 with four hidden units."""
    model = models.Sequential(
        [layers.Input((1,)), layers.Dense(4, activation="relu", name="hidden"), layers.Dense(1, name="line")]
    )
    model.compile(optimizer=optimizers.Adam(learning_rate=0.01), loss="mse")
    return model


@network("train", "predict")
def softmax_classifier() -> Any:
    """Three classes from four features."""
    model = models.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(8, activation="tanh", name="hidden"),
            layers.Dense(3, activation="softmax", name="classes"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@network("train", "predict")
def binary_classifier() -> Any:
    """Yes or no."""
    model = models.Sequential(
        [layers.Input((4,)), layers.Dense(8, activation="relu", name="hidden"),
         layers.Dense(1, activation="sigmoid", name="yes")]
    )  # fmt: skip
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


@network("train")
def regularized_and_constrained() -> Any:
    """Penalties on weights and activations; a kernel of bounded norm and a bias that is not negative."""
    model = models.Sequential(
        [
            layers.Input((3,)),
            layers.Dense(
                4,
                name="hidden",
                kernel_regularizer=regularizers.L2(0.01),
                bias_regularizer=regularizers.L1(0.001),
                activity_regularizer=regularizers.L2(0.1),
                kernel_constraint=constraints.MaxNorm(2.0),
                bias_constraint=constraints.NonNeg(),
            ),
            layers.Dense(1, name="out"),
        ]
    )
    model.compile(optimizer="sgd", loss="mse")
    return model


@network("train", "predict")
def two_inputs_and_a_shared_layer() -> Any:
    """A functional model: one layer applied to both inputs, their results put side by side and added."""
    a, b = layers.Input((3,), name="a"), layers.Input((3,), name="b")
    shared = layers.Dense(2, activation="relu", name="shared")
    left, right = shared(a), shared(b)
    joined = ops.concatenate([left, right, left + right], axis=-1)
    model = models.Model([a, b], layers.Dense(1, name="out")(joined))
    model.compile(optimizer="sgd", loss="mse")
    return model


@network("train", "predict")
def subclassed() -> Any:
    """A model that writes its own call."""

    class Residual(models.Model):
        def __init__(self) -> None:
            super().__init__(name="residual")
            self.first = layers.Dense(3, activation="tanh", name="first")
            self.second = layers.Dense(3, name="second")

        def call(self, inputs: Any) -> Any:
            return inputs + self.second(self.first(inputs)) * 0.5

    model = Residual()
    model.compile(optimizer="sgd", loss="mse")
    model.fit(np.zeros((2, 3), "float32"), np.zeros((2, 3), "float32"), verbose=0)
    return model


@network("train")
def nesterov_with_clipnorm() -> Any:
    """Stochastic gradient descent with momentum that looks ahead; gradients of bounded norm."""
    model = models.Sequential([layers.Input((2,)), layers.Dense(2, activation="relu", name="hidden"),
                               layers.Dense(1, name="out")])  # fmt: skip
    model.compile(optimizer=optimizers.SGD(0.1, momentum=0.9, nesterov=True, clipnorm=1.0), loss="mse")
    return model


@network("train", "predict")
def dense_over_steps() -> Any:
    """A Dense layer over data of rank 3: the same weights for every step."""
    model = models.Sequential([layers.Input((5, 2)), layers.Dense(3, activation="relu", name="each_step"),
                               layers.Flatten(), layers.Dense(1, name="out")])  # fmt: skip
    model.compile(optimizer="sgd", loss="mse")
    return model


@network("train")
def in_float64() -> Any:
    """Every number in double precision."""
    model = models.Sequential(
        [layers.Input((2,), dtype="float64"), layers.Dense(3, activation="sigmoid", name="hidden", dtype="float64"),
         layers.Dense(1, name="out", dtype="float64")]
    )  # fmt: skip
    model.compile(optimizer="adam", loss="mse")
    return model


@network("train")
def two_outputs_with_weights() -> Any:
    """Two losses with weights of their own, from one hidden layer."""
    x = layers.Input((3,), name="x")
    hidden = layers.Dense(4, activation="elu", name="hidden")(x)
    outputs = {"size": layers.Dense(1, name="size")(hidden), "kind": layers.Dense(3, name="kind")(hidden)}
    model = models.Model(x, [outputs["size"], outputs["kind"]])
    model.compile(optimizer="sgd", loss=["mae", "mse"], loss_weights=[1.0, 0.25])
    return model


@network()
def a_step_with_a_tape() -> list[Program]:
    """A training loop of the user's own: a tape inside a function that is traced."""
    w = fg.Variable(np.zeros((2, 1), "float32"), name="w")
    b = fg.Variable(np.zeros(1, "float32"), name="b")

    def step(x: Any, y: Any) -> Any:
        with fg.GradientTape() as tape:
            loss = ops.mean(ops.square(x @ w + b - y))
        for variable, gradient in zip([w, b], tape.gradient(loss, [w, b]), strict=True):
            variable.assign_sub(gradient * 0.1)
        return loss

    n = Size("n")
    specs: Sequence[Spec] = (Spec((n, 2), "float32"), Spec((n, 1), "float32"))
    return [trace(step, specs, "step", ["x", "y"]).program]

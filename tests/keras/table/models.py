"""Cases of architectures: stacks, graphs with several inputs and outputs, subclasses."""

from __future__ import annotations

from typing import Any

from tests.keras.case import DOUBLE, SINGLE, Case


def stack(side: Any) -> Any:
    """A stack that is built when it first sees data."""
    return side.Sequential([side.layers.Dense(6, activation="silu"), side.layers.Dense(2)])


def added(side: Any) -> Any:
    model = side.Sequential(name="net")
    model.add(side.Input((5,)))
    model.add(side.layers.Dense(6, activation="silu"))
    model.add(side.layers.Dense(4, activation="elu"))
    model.add(side.layers.Dense(2))
    return model


def by_input_shape(side: Any) -> Any:
    return side.Sequential([side.layers.Dense(4, input_shape=(5,)), side.layers.Dense(2)])


def by_input_dim(side: Any) -> Any:
    return side.Sequential([side.layers.Dense(4, input_dim=5), side.layers.Dense(2)])


def functional(side: Any) -> Any:
    x = side.Input((5,))
    h = side.layers.Dense(6, activation="silu")(x)
    return side.Model(x, side.layers.Dense(2)(h))


def joined(side: Any) -> Any:
    """Two inputs whose hidden layers are added by ``+``."""
    left, right = side.Input((5,), name="left"), side.Input((5,), name="right")
    h = side.layers.Dense(6, activation="silu")(left) + side.layers.Dense(6)(right)
    return side.Model([left, right], side.layers.Dense(2)(h))


def by_operations(side: Any) -> Any:
    """Operations on placeholders: products, differences, slices, concatenation."""
    left, right = side.Input((5,), name="left"), side.Input((5,), name="right")
    both = side.ops.concatenate([left * right, left - 2.0, right[:, 1:3]], axis=-1)
    h = side.layers.Dense(6)(both)
    return side.Model([left, right], side.layers.Dense(2)(side.ops.softplus(h) / 2.0))


def shared(side: Any) -> Any:
    """One layer on both inputs."""
    left, right = side.Input((5,), name="left"), side.Input((5,), name="right")
    encoder = side.layers.Dense(4, activation="silu")
    return side.Model([left, right], side.layers.Dense(2)(encoder(left) * encoder(right)))


def residual(side: Any) -> Any:
    x = side.Input((5,))
    h = x
    for _ in range(3):
        h = h + side.layers.Dense(5, activation="silu")(h)
    return side.Model(x, side.layers.Dense(2)(h))


def two_outputs(side: Any) -> Any:
    x = side.Input((5,))
    h = side.layers.Dense(6, activation="silu")(x)
    values = side.layers.Dense(2, name="values")(h)
    classes = side.layers.Dense(3, activation="softmax", name="classes")(h)
    return side.Model(x, [values, classes])


def twice(side: Any) -> Any:
    x = side.Input((5,))
    h = side.layers.Dense(6, activation="silu")(x)
    return side.Model(x, [side.layers.Dense(2, name="a")(h), side.layers.Dense(2, name="b")(h)])


def named_ends(side: Any) -> Any:
    """Inputs and outputs are dictionaries."""
    inputs = {"left": side.Input((5,), name="left"), "right": side.Input((5,), name="right")}
    h = side.layers.Dense(6, activation="silu")(inputs["left"] + inputs["right"])
    outputs = {
        "values": side.layers.Dense(2, name="values")(h),
        "classes": side.layers.Dense(3, activation="softmax", name="classes")(h),
    }
    return side.Model(inputs, outputs)


def nested(side: Any) -> Any:
    """A model as a layer of another."""
    inner = side.Sequential([side.Input((5,)), side.layers.Dense(4, activation="silu")], name="inner")
    x = side.Input((5,))
    return side.Model(x, side.layers.Dense(2)(inner(x)))


def stack_in_stack(side: Any) -> Any:
    inner = side.Sequential([side.layers.Dense(4, activation="silu"), side.layers.Dense(4)])
    return side.Sequential([side.Input((5,)), inner, side.layers.Dense(2)])


def subclassed(side: Any) -> Any:
    class Net(side.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first = side.layers.Dense(6, activation="silu")
            self.last = side.layers.Dense(2)

        def call(self, inputs: Any) -> Any:
            return self.last(self.first(inputs))

    return Net()


def listed(side: Any) -> Any:
    """A subclass that keeps its layers in a list and calls its own model inside."""

    class Deep(side.Model):
        def __init__(self, depth: int) -> None:
            super().__init__()
            self.stack = [side.layers.Dense(5, activation="silu") for _ in range(depth)]
            self.last = side.layers.Dense(2)

        def call(self, inputs: Any, training: bool = False) -> Any:
            for layer in self.stack:
                inputs = inputs + layer(inputs)
            return self.last(inputs)

    return Deep(3)


def own_layer(side: Any) -> Any:
    """A Layer with add_weight and add_loss, inside a stack."""

    class Gate(side.layers.Layer):
        def __init__(self, units: int, **keywords: Any) -> None:
            super().__init__(**keywords)
            self.units = units

        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="normal", name="w")
            self.b = self.add_weight(shape=(self.units,), initializer="zeros", regularizer="l2", name="b")
            self.fixed = self.add_weight(shape=(self.units,), initializer="ones", trainable=False, name="fixed")

        def call(self, inputs: Any) -> Any:
            found = side.ops.matmul(inputs, self.w) * self.fixed + self.b
            self.add_loss(0.01 * side.ops.sum(side.ops.square(self.w)))
            self.add_loss(0.02 * side.ops.sum(side.ops.square(found)) / 16)
            return side.ops.sigmoid(found) * found

    return side.Sequential([side.Input((5,)), Gate(6), side.layers.Dense(2)])


def own_loss(side: Any) -> Any:
    """A subclassed model without a compiled loss: all of it comes from add_loss."""

    class Code(side.Model):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = side.layers.Dense(3, activation="silu")
            self.decoder = side.layers.Dense(5)

        def call(self, inputs: Any) -> Any:
            decoded = self.decoder(self.encoder(inputs))
            self.add_loss(side.ops.sum(side.ops.square(decoded - inputs)) / 64)
            return decoded

    return Code()


def two_inputs_called(side: Any) -> Any:
    """A subclass whose call takes a pair."""

    class Pair(side.Model):
        def __init__(self) -> None:
            super().__init__()
            self.left = side.layers.Dense(4, activation="silu")
            self.right = side.layers.Dense(4, activation="elu")
            self.last = side.layers.Dense(2)

        def call(self, inputs: Any) -> Any:
            left, right = inputs
            return self.last(self.left(left) * self.right(right))

    return Pair()


def two_outputs_called(side: Any) -> Any:
    """A subclass whose call returns a pair."""

    class Two(side.Model):
        def __init__(self) -> None:
            super().__init__()
            self.body = side.layers.Dense(6, activation="silu")
            self.values = side.layers.Dense(2)
            self.classes = side.layers.Dense(3, activation="softmax")

        def call(self, inputs: Any) -> Any:
            h = self.body(inputs)
            return self.values(h), self.classes(h)

    return Two()


TWO = ["mse", "sparse_categorical_crossentropy"]
BY_NAME = {"values": "mse", "classes": "sparse_categorical_crossentropy"}
CASES = [
    Case("Sequential without an Input", stack),
    Case("Sequential by add()", added),
    Case("Sequential by input_shape", by_input_shape),
    Case("Sequential by input_dim", by_input_dim),
    Case("functional", functional),
    Case("two inputs joined by +", joined, x="pair"),
    Case("two inputs, data by name", joined, x="named"),
    Case("operations between layers", by_operations, x="pair"),
    Case("a shared layer", shared, x="pair"),
    Case("residual connections", residual),
    Case("two outputs", two_outputs, y="both", loss=TWO, compiled={"metrics": [["mae"], ["accuracy"]]}, quick=SINGLE),
    Case("two outputs, loss_weights", two_outputs, y="both", loss=TWO, compiled={"loss_weights": [0.5, 2.0]}),
    Case(
        "two outputs, by name",
        two_outputs,
        y="named",
        loss=BY_NAME,
        compiled={"loss_weights": {"values": 2.0, "classes": 0.5}, "metrics": {"classes": ["accuracy"]}},
    ),
    Case("two outputs, targets in a list, losses by name", two_outputs, y="both", loss=BY_NAME),
    Case("two outputs, a loss each", twice, y="numbers twice", loss=["mse", "mae"]),
    Case("two outputs, the second without a loss", twice, y="numbers twice", loss=["mse", None]),
    Case("two outputs, the first without a loss", twice, y="numbers twice", loss=[None, "mse"]),
    Case("inputs and outputs in dictionaries", named_ends, x="named", y="named", loss=BY_NAME),
    Case("a model in a model", nested),
    Case("a stack in a stack", stack_in_stack),
    Case("subclassed Model", subclassed),
    Case("subclassed Model with a list of layers", listed),
    Case("subclassed Layer: add_weight, add_loss", own_layer, quick=DOUBLE),
    Case("subclassed Model: add_loss alone", own_loss, y="none", loss=None),
    Case("subclassed Model of two inputs", two_inputs_called, x="pair"),
    Case("subclassed Model of two outputs", two_outputs_called, y="both", loss=TWO),
]

"""Cases of layers: every argument of Dense, every activation, regularizer and constraint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.keras.case import DOUBLE, SINGLE, Case

from flintglass.activations import FUNCTIONS

# Those with a case of their own are left out, other names of the same functions, and sparsemax, whose rows do
# not sum to one in Keras: test_disagreements.py.
PLAIN = sorted(set(FUNCTIONS) - {"threshold", "glu", "swish", "hard_swish", "tanh", "sparsemax"})

TANH = (
    "Keras's ops.tanh computes in float32 at every floatx, so float64 is driven through tanh written as "
    "2 sigmoid(2x) - 1 on both sides"
)


def hidden(**dense: Any) -> Callable[[Any], Any]:
    """Two layers, the first with these arguments; a value that is callable is given the side."""

    def build(side: Any) -> Any:
        given = {key: value(side) if callable(value) else value for key, value in dense.items()}
        units = given.pop("units", 6)
        return side.Sequential(
            [
                side.Input((5,)),
                side.layers.Dense(units, **{"activation": "silu", **given}),
                side.layers.Dense(2),
            ]
        )

    return build


def on_cube(*stack: Callable[[Any], Any], shape: tuple[int, ...] = (4, 3)) -> Callable[[Any], Any]:
    """These layers, on rows that are matrices."""
    return lambda side: side.Sequential([side.Input(shape), *(layer(side) for layer in stack)])


def halved(side: Any) -> Any:
    """glu, which halves the last axis, as an operation: Keras's Dense expects an activation to keep the shape."""
    x = side.Input((5,))
    return side.Model(x, side.layers.Dense(2)(side.ops.glu(side.layers.Dense(8)(x))))


def _dense(units: int, **arguments: Any) -> Callable[[Any], Any]:
    return lambda side: side.layers.Dense(units, **arguments)


def _regularizers() -> list[Case]:
    made: dict[str, Callable[[Any], Any]] = {
        "L1": lambda side: side.regularizers.L1(0.02),
        "L2": lambda side: side.regularizers.L2(0.03),
        "L1L2": lambda side: side.regularizers.L1L2(0.01, 0.02),
        "orthogonal": lambda side: side.regularizers.OrthogonalRegularizer(0.02),
        "orthogonal columns": lambda side: side.regularizers.OrthogonalRegularizer(0.02, mode="columns"),
    }
    found = [
        Case(f"{name} on the {part}", hidden(**{f"{part}_regularizer": make}))
        for name, make in made.items()
        for part in ("kernel", "bias", "activity")
        if part == "kernel" or (not name.startswith("orthogonal"))
    ]
    found += [
        Case("orthogonal on the activity", hidden(activity_regularizer=made["orthogonal"])),
        Case("l2 by name", hidden(kernel_regularizer="l2", bias_regularizer="l1", activity_regularizer="l1l2")),
    ]
    return found


def _constraints() -> list[Case]:
    made: dict[str, Callable[[Any], Any]] = {
        "MaxNorm": lambda side: side.constraints.MaxNorm(0.8),
        "MinMaxNorm": lambda side: side.constraints.MinMaxNorm(0.6, 0.9, rate=0.7),
        "NonNeg": lambda side: side.constraints.NonNeg(),
        "UnitNorm": lambda side: side.constraints.UnitNorm(),
    }
    kernel = [Case(f"{name} on the kernel", hidden(kernel_constraint=make)) for name, make in made.items()]
    bias = [Case(f"{name} on the bias", hidden(bias_constraint=make)) for name, make in made.items()]
    rows = [
        Case("MaxNorm by rows", hidden(kernel_constraint=lambda side: side.constraints.MaxNorm(0.5, axis=1))),
        Case("UnitNorm over both axes", hidden(kernel_constraint=lambda s: s.constraints.UnitNorm(axis=[0, 1]))),
        Case("non_neg by name", hidden(kernel_constraint="non_neg", bias_constraint="max_norm")),
    ]
    return kernel + bias + rows


def _activations() -> list[Case]:
    plain = [Case(f"activation {name}", hidden(activation=name)) for name in PLAIN]
    return [
        *plain,
        Case("activation tanh", hidden(activation="tanh"), dtypes=SINGLE),
        Case(
            "activation tanh, by sigmoid",
            hidden(activation=lambda side: lambda x: 2 * side.ops.sigmoid(2 * x) - 1),
            dtypes=DOUBLE,
            note=TANH,
        ),
        Case("activation glu", halved),
        Case(
            "activation threshold",
            hidden(activation=lambda side: lambda x: side.activations.threshold(x, 0.1, -0.2)),
        ),
        Case(
            "activation relu with its settings",
            hidden(
                activation=lambda side: (
                    lambda x: side.activations.relu(x, negative_slope=0.1, max_value=1.0, threshold=0.2)
                )
            ),
        ),
        Case(
            "activation of one's own",
            hidden(activation=lambda side: lambda x: side.ops.sigmoid(x) * side.ops.log1p(side.ops.exp(-x))),
        ),
    ]


def _dense_arguments() -> list[Case]:
    constant = lambda side: side.initializers.Constant(0.25)  # noqa: E731
    return [
        Case("Dense without arguments", hidden(activation=None)),
        Case("use_bias=False", hidden(use_bias=False)),
        Case("initializers", hidden(kernel_initializer="he_normal", bias_initializer=constant)),
        Case("trainable=False", hidden(trainable=False)),
        Case(
            "a layer in float32 inside",
            hidden(dtype="float32"),
            dtypes=DOUBLE,
            limits={"float64": 1e-5},
            note="one layer of a float64 model computes in float32, and so the limit is that of float32",
        ),
        Case("one unit, one column", lambda side: side.Sequential([side.layers.Dense(1)]), y="number"),
        Case("Dense on rank 3", on_cube(_dense(4, activation="softplus"), _dense(2)), x="cube", y="positions"),
        Case(
            "Dense on rank 4",
            on_cube(_dense(3, activation="elu"), lambda side: side.layers.Flatten(), _dense(2), shape=(2, 3, 2)),
            x="block",
        ),
        Case(
            "Flatten first",
            on_cube(lambda side: side.layers.Flatten(), _dense(5, activation="silu"), _dense(2)),
            x="cube",
        ),
        Case(
            "Activation as a layer",
            on_cube(
                lambda side: side.layers.Flatten(),
                _dense(5),
                lambda side: side.layers.Activation("selu"),
                _dense(2),
                lambda side: side.layers.Activation(side.ops.sigmoid),
            ),
            x="cube",
        ),
    ]


CASES = [*_dense_arguments(), *_activations(), *_regularizers(), *_constraints()]

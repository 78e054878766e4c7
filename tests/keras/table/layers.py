"""Cases of layers: every layer, every argument of Dense, every activation, regularizer and constraint."""

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


def _stack(*stack: Callable[[Any], Any], shape: tuple[int, ...] = (5,)) -> Callable[[Any], Any]:
    """A hidden layer, these layers, and a layer of two outputs."""
    return on_cube(_dense(6, activation="silu"), *stack, _dense(2), shape=shape)


def _layer(name: str, *arguments: Any, **settings: Any) -> Callable[[Any], Any]:
    """The layer of this name."""
    return lambda side: getattr(side.layers, name)(*arguments, **settings)


def _flat(side: Any) -> Any:
    return side.layers.Flatten()


def merged(name: str, **settings: Any) -> Callable[[Any], Any]:
    """Two inputs that go through a layer each, and are then merged by the layer of this name."""

    def build(side: Any) -> Any:
        left, right = side.Input((5,), name="left"), side.Input((5,), name="right")
        pair = [side.layers.Dense(4, activation="silu")(left), side.layers.Dense(4)(right)]
        return side.Model([left, right], side.layers.Dense(2)(getattr(side.layers, name)(pair, **settings)))

    return build


def _merged_by_class(name: str, **settings: Any) -> Callable[[Any], Any]:
    """Three inputs made of two, merged by a layer of this class."""

    def build(side: Any) -> Any:
        left, right = side.Input((5,), name="left"), side.Input((5,), name="right")
        several = [side.layers.Dense(4, activation="silu")(tensor) for tensor in (left, right, left)]
        return side.Model([left, right], side.layers.Dense(2)(getattr(side.layers, name)(**settings)(several)))

    return build


def _matrices_dotted(side: Any) -> Any:
    """Rows of matrices, contracted over an axis of each."""
    x = side.Input((4, 3))
    products = side.layers.Dot(axes=(1, 1), normalize=True)([side.layers.Dense(3)(x), side.layers.Dense(2)(x)])
    return side.Model(x, side.layers.Dense(2)(side.layers.Flatten()(products)))


def _ranks_added(side: Any) -> Any:
    """A matrix and a vector for each row: the vector is added to every row of the matrix."""
    x = side.Input((4, 3))
    vector = side.layers.Dense(3)(side.layers.Flatten()(x))
    return side.Model(x, side.layers.Dense(2)(side.layers.Add()([side.layers.Dense(3)(x), vector])))


def _without_draws() -> list[Case]:
    """What draws random numbers, with a rate at which it draws none; the numbers themselves are compared nowhere."""
    return [
        Case("Dropout(0)", _stack(_layer("Dropout", 0.0))),
        Case("Dropout(1)", _stack(_layer("Dropout", 1.0))),
        Case("GaussianNoise(0)", _stack(_layer("GaussianNoise", 0.0))),
        Case("Identity", _stack(_layer("Identity"))),
    ]


MOMENTS = "Keras computes means and variances of these layers in float32 at every floatx"
NEAR = {"float32": 1e-5, "float64": 2e-6}


def _normalizing() -> list[Case]:
    # Weights are drawn at random before training, moving variances too, so that some are below 0: a large epsilon, or
    # a momentum that forgets them soon, keeps their sum above it.
    batch: dict[str, dict[str, Any]] = {
        "BatchNormalization": {"momentum": 0.9},
        "BatchNormalization, its own momentum": {"epsilon": 2.0},
        "BatchNormalization without scale": {"momentum": 0.6, "scale": False},
        "BatchNormalization without center": {"momentum": 0.6, "center": False, "gamma_regularizer": "l2"},
        "BatchNormalization, not trainable": {"epsilon": 2.0, "trainable": False},
    }
    rows: dict[str, dict[str, Any]] = {
        "LayerNormalization": {},
        "LayerNormalization, epsilon": {"epsilon": 0.1, "center": False},
        "RMSNormalization": {},
        "GroupNormalization": {"groups": 3},
    }
    cube: dict[str, tuple[str, dict[str, Any]]] = {
        "BatchNormalization along axis 1": ("BatchNormalization", {"axis": 1, "momentum": 0.9}),
        "LayerNormalization over both axes": ("LayerNormalization", {"axis": [1, 2]}),
        "GroupNormalization of matrices": ("GroupNormalization", {"groups": 2}),
        "GroupNormalization, one a column": ("GroupNormalization", {"groups": -1, "scale": False}),
    }
    of_rows = {name: _stack(_layer(name.split(",")[0].split()[0], **given)) for name, given in (batch | rows).items()}
    of_cubes = {name: _stack(_layer(kind, **given), _flat, shape=(4, 3)) for name, (kind, given) in cube.items()}
    more: dict[str, Any] = {"limits": NEAR, "note": MOMENTS}
    return [
        Case("UnitNormalization", _stack(_layer("UnitNormalization"))),
        *(Case(name, build, **more) for name, build in of_rows.items()),
        *(Case(name, build, x="cube", **more) for name, build in of_cubes.items()),
    ]


def _activation_layers() -> list[Case]:
    made: dict[str, Callable[[Any], Any]] = {
        "ReLU": _layer("ReLU"),
        "ReLU with its settings": _layer("ReLU", max_value=1.0, negative_slope=0.1, threshold=0.2),
        "LeakyReLU": _layer("LeakyReLU"),
        "LeakyReLU(0.1)": _layer("LeakyReLU", 0.1),
        "ELU(0.5)": _layer("ELU", 0.5),
        "PReLU": _layer("PReLU", alpha_regularizer="l2", alpha_constraint="non_neg"),
        "Softmax": _layer("Softmax"),
        "ActivityRegularization": _layer("ActivityRegularization", l1=0.01, l2=0.02),
        "Lambda": lambda side: side.layers.Lambda(
            lambda x, factor: side.ops.softplus(x) * factor, arguments={"factor": 2}
        ),
    }
    return [Case(f"layer {name}", _stack(layer)) for name, layer in made.items()] + [
        Case("layer PReLU, shared", _stack(_layer("PReLU", shared_axes=[1]), _flat, shape=(4, 3)), x="cube"),
        Case("layer Softmax over both axes", _stack(_layer("Softmax", axis=(1, 2)), _flat, shape=(4, 3)), x="cube"),
    ]


def _reshaping() -> list[Case]:
    return [
        Case("Reshape", _stack(_layer("Reshape", (2, -1)), _dense(3, activation="elu"), _flat)),
        Case("Permute", _stack(_layer("Permute", (2, 1)), _dense(3), _flat, shape=(4, 3)), x="cube"),
        Case("RepeatVector", _stack(_layer("RepeatVector", 3), _flat)),
        Case("Rescaling", on_cube(_layer("Rescaling", 0.5, offset=-1.0), _dense(3), _dense(2), shape=(5,))),
        Case(
            "Normalization by given numbers",
            on_cube(_layer("Normalization", mean=[0.5, 0, 1, 2, 3], variance=[1, 2, 4, 0.5, 1]), _dense(2), shape=(5,)),
        ),
        Case(
            "Embedding",
            on_cube(_layer("Embedding", 4, 3, embeddings_regularizer="l2"), _flat, _dense(2), shape=(5,)),
            x="whole",
            optimizer="adam",
            quick=SINGLE,
        ),
    ]


def _merging() -> list[Case]:
    functions = ("add", "subtract", "multiply", "average", "maximum", "minimum", "concatenate")
    classes = ("Add", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")
    return [
        *(Case(f"merged by {name}", merged(name), x="pair") for name in functions),
        *(Case(f"{name} of three", _merged_by_class(name), x="pair") for name in classes),
        Case("merged by dot", merged("dot", axes=1), x="pair"),
        Case("merged by dot, normalized", merged("dot", axes=-1, normalize=True), x="pair"),
        Case("Dot of matrices", _matrices_dotted, x="cube"),
        Case("Add of different ranks", _ranks_added, x="cube", y="positions"),
    ]


CASES = [
    *_dense_arguments(),
    *_without_draws(),
    *_normalizing(),
    *_activation_layers(),
    *_reshaping(),
    *_merging(),
    *_activations(),
    *_regularizers(),
    *_constraints(),
]

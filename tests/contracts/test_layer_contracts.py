"""The contract of every layer: shapes, traces, gradients, copies, configurations, predictions in batches."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from tests.contracts.support import differences, generator_for

import flintglass
from flintglass import Input, Model, layers, ops
from flintglass.layers import Layer
from flintglass.program import Size, Spec
from flintglass.random import SeedGenerator
from flintglass.tracing.trace import trace

N = Size("n")
ROWS = 7
Array = np.ndarray
NOT_CALLED_BY_THEMSELVES = {"InputLayer", "Layer"}


@dataclass(frozen=True)
class Sample:
    """A way to make a layer, and the shapes (without the batch) of the inputs that it is called on.

    table: whether the inputs are whole numbers from 0 to 3.
    """

    settings: dict[str, Any]
    shapes: tuple[tuple[int, ...], ...] = ((6,),)
    several: bool = False
    table: bool = False

    def given(self, arrays: list[Any]) -> Any:
        """What the layer is called on: an input, or a list of them."""
        return arrays if self.several else arrays[0]


def one(*shape: int, **settings: Any) -> Sample:
    return Sample(settings, (shape,))


def many(*shapes: tuple[int, ...], **settings: Any) -> Sample:
    return Sample(settings, shapes, several=True)


MERGED = [many((4,), (4,)), many((3, 2), (3, 2)), many((1, 4), (3, 1)), many((4,), (3, 4))]
MORE = [*MERGED, many((4,)), many((4,), (4,), (4,))]
SAMPLES: dict[str, list[Sample]] = {
    "Activation": [one(6, activation="tanh")],
    "ActivityRegularization": [one(6, l1=0.1, l2=0.2)],
    "Add": MORE,
    "AlphaDropout": [one(6, rate=0.4, seed=1), one(4, 3, rate=0.4, noise_shape=(None, 1, 3), seed=1)],
    "Average": MORE,
    "BatchNormalization": [
        one(6),
        one(3, 2, axis=1, momentum=0.5),
        one(3, 2, center=False),
        one(6, scale=False, trainable=False),
    ],
    "Concatenate": [many((4,), (2,)), many((3, 2), (5, 2), axis=1), many((4,))],
    "Dense": [one(6, units=3, activation="softplus"), one(4, 3, units=2, use_bias=False)],
    "Dot": [
        many((4,), (4,), axes=1),
        many((4,), (4,), axes=-1, normalize=True),
        many((3, 4), (4, 2), axes=(2, 1)),
        many((3, 4), (4,), axes=(2, 1)),
        many((4, 3), (4, 2), axes=1, normalize=True),
    ],
    "Dropout": [
        one(6, rate=0.4, seed=1),
        one(4, 3, rate=0.4, noise_shape=(None, 1, 3), seed=1),
        one(6, rate=0.0),
        one(6, rate=1),
    ],
    "ELU": [one(6, alpha=0.7)],
    "Embedding": [
        Sample({"input_dim": 4, "output_dim": 2}, ((5,),), table=True),
        Sample({"input_dim": 4, "output_dim": 2, "embeddings_regularizer": "l2"}, ((2, 3),), table=True),
    ],
    "Flatten": [one(6), one(2, 3, 2)],
    "GaussianDropout": [one(6, rate=0.4, seed=1), one(6, rate=0)],
    "GaussianNoise": [one(6, stddev=0.3, seed=1), one(3, 3, stddev=0.3, seed=1), one(6, stddev=0)],
    "GroupNormalization": [one(6, groups=3), one(4, 6, groups=-1), one(6, 4, groups=2, axis=1, scale=False)],
    "Identity": [one(6)],
    "Masking": [one(4, 3)],
    "Lambda": [one(6, function=ops.softplus), one(4, 3, function=ops.sum, arguments={"axis": 1})],
    "LayerNormalization": [one(6), one(4, 3, axis=[1, 2]), one(4, 3, axis=1, center=False), one(4, 3, scale=False)],
    "LeakyReLU": [one(6, negative_slope=0.1)],
    "Maximum": MORE,
    "Minimum": MORE,
    "Multiply": MORE,
    "Normalization": [
        one(6),
        one(6, mean=0.5, variance=4.0),
        one(2, mean=[0.5, 1.0], variance=[4.0, 2.0], invert=True),
        one(3, 2, axis=None),
        one(3, 2, axis=(1, 2)),
    ],
    "PReLU": [one(6, alpha_initializer="ones"), one(4, 3, shared_axes=[1], alpha_initializer="uniform")],
    "Permute": [one(4, 3, dims=(2, 1)), one(2, 3, 4, dims=(3, 1, 2))],
    "RMSNormalization": [one(6), one(4, 3, axis=[1, 2])],
    "ReLU": [one(6), one(6, max_value=0.8, negative_slope=0.1, threshold=0.2)],
    "RepeatVector": [one(6, n=3)],
    "Rescaling": [one(6, scale=0.5, offset=-1.0), one(2, scale=[0.5, 2.0])],
    "Reshape": [one(6, target_shape=(2, 3)), one(6, target_shape=(3, -1)), one(2, 3, target_shape=(-1,))],
    "Softmax": [one(6), one(4, 3, axis=(1, 2)), one(4, 3, axis=1)],
    "Subtract": MERGED,
    "UnitNormalization": [one(6), one(4, 3, axis=[1, 2])],
}
CASES = [pytest.param(name, sample, id=f"{name}-{i}") for name, of in SAMPLES.items() for i, sample in enumerate(of)]
every_layer = pytest.mark.parametrize(("name", "sample"), CASES)
in_and_out_of_training = pytest.mark.parametrize("training", [False, True])


def made(name: str, sample: Sample, dtype: str = "float64") -> Layer:
    return getattr(layers, name)(**sample.settings, dtype=dtype)


def arrays_for(name: str, sample: Sample, rows: int = ROWS, dtype: str = "float64") -> list[Array]:
    generator = generator_for(name, sample.shapes)
    if sample.table:
        return [generator.integers(0, 4, (rows, *shape)) for shape in sample.shapes]
    return [generator.normal(size=(rows, *shape)).astype(dtype) for shape in sample.shapes]


def built(name: str, sample: Sample) -> Layer:
    """The layer with weights that are neither 0 nor 1, where it has any."""
    layer = made(name, sample)
    layer(sample.given(arrays_for(name, sample)))
    generator = generator_for(name, "weights")
    layer.set_weights([generator.uniform(0.5, 1.5, array.shape).astype(array.dtype) for array in layer.get_weights()])
    return layer


def symbols(sample: Sample) -> Any:
    kind = "int32" if sample.table else "float64"
    return sample.given([Input(shape, dtype=kind) for shape in sample.shapes])


def called(layer: Layer, given: Any, training: bool) -> Any:
    return layer(given, training=training)


def variables(layer: Layer) -> list[Array]:
    return [variable.numpy() for variable in layer.variables]


def test_every_layer_of_the_registry_has_samples_here() -> None:
    assert sorted(SAMPLES) == sorted(set(layers.LAYERS) - NOT_CALLED_BY_THEMSELVES)


def test_every_name_of_the_table_is_a_class_or_a_function_whatever_was_loaded_before() -> None:
    for name in sorted(layers.TABLE) + sorted(layers.TABLE, reverse=True):
        assert callable(getattr(layers, name)), name


@every_layer
def test_a_layer_made_from_its_configuration_is_the_same_layer(name: str, sample: Sample) -> None:
    layer = made(name, sample)
    for _ in ("before it is built", "afterwards"):
        config = layer.get_config()
        again = type(layer).from_config(copy.deepcopy(config))
        assert again.get_config() == config
        arrays = arrays_for(name, sample)
        layer(sample.given(arrays))
        again(sample.given(arrays))
        assert [array.shape for array in again.get_weights()] == [array.shape for array in layer.get_weights()]
        again.set_weights(layer.get_weights())
        np.testing.assert_array_equal(again(sample.given(arrays)), layer(sample.given(arrays)))


@every_layer
def test_the_shape_of_a_placeholder_is_that_of_the_result(name: str, sample: Sample) -> None:
    symbolic = made(name, sample)(symbols(sample)).shape
    computed = made(name, sample).compute_output_shape(sample.given([(None, *shape) for shape in sample.shapes]))
    assert symbolic[0] is None
    assert computed == symbolic
    layer = made(name, sample)
    for rows in (ROWS, 1, 2):
        assert layer(sample.given(arrays_for(name, sample, rows))).shape == (rows, *symbolic[1:])


@in_and_out_of_training
@every_layer
def test_a_layer_traced_for_any_batch_does_what_it_does_at_once(name: str, sample: Sample, training: bool) -> None:
    layer = built(name, sample)
    specs = [Spec((N, *array.shape[1:]), array.dtype.name) for array in arrays_for(name, sample)]
    other = copy.deepcopy(layer)
    program = trace(lambda *inputs: called(other, sample.given(list(inputs)), training), specs, "layer")
    for rows in (ROWS, 3, 1):
        arrays = arrays_for(name, sample, rows)
        expected = called(layer, sample.given(arrays), training).numpy()
        np.testing.assert_allclose(program.run(arrays).numpy(), expected, rtol=1e-12, atol=1e-14)
        for mine, at_once in zip(variables(other), variables(layer), strict=True):
            np.testing.assert_allclose(mine, at_once, rtol=1e-12)


@in_and_out_of_training
@every_layer
def test_the_gradients_of_a_layer_are_its_slopes(name: str, sample: Sample, training: bool) -> None:
    layer, arrays = built(name, sample), arrays_for(name, sample)
    weights = [variable for variable in layer.weights if variable.trainable]
    places = ([] if sample.table else arrays) + [weight.numpy() for weight in weights]
    states = [variable.numpy() for variable in layer.variables]

    def start_again() -> None:
        for variable, array in zip(layer.variables, states, strict=True):
            variable.overwrite(array)

    def function(values: list[Array]) -> list[Array]:
        start_again()
        inputs = arrays if sample.table else values[: len(arrays)]
        for weight, value in zip(weights, values[len(values) - len(weights) :], strict=True):
            weight.overwrite(value)
        return [called(layer, sample.given(inputs), training).numpy()]

    cotangent = generator_for(name, "cotangent").normal(size=function(places)[0].shape)
    start_again()
    inputs = [flintglass.convert_to_tensor(array) for array in arrays]
    with flintglass.GradientTape() as tape:
        for tensor in inputs:
            tape.watch(tensor)
        total = ops.sum(called(layer, sample.given(inputs), training) * cotangent)
    asked = ([] if sample.table else inputs) + weights
    for position, gradient in enumerate(tape.gradient(total, asked)):
        expected = differences(function, places, position, [cotangent])
        found = np.zeros_like(expected) if gradient is None else gradient.numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


@every_layer
def test_a_copy_computes_the_same_and_shares_nothing(name: str, sample: Sample) -> None:
    layer, arrays = built(name, sample), arrays_for(name, sample)
    again = copy.deepcopy(layer)
    np.testing.assert_array_equal(called(again, sample.given(arrays), True), called(layer, sample.given(arrays), True))
    for mine, theirs in zip(again.variables, layer.variables, strict=True):
        assert mine is not theirs
        mine.overwrite(np.full_like(mine.storage, 9))
        assert not np.any(theirs.numpy() == 9)


@every_layer
def test_rows_are_predicted_the_same_in_any_batches(name: str, sample: Sample) -> None:
    layer = made(name, sample, "float32")
    inputs = [Input(shape, dtype="int32" if sample.table else "float32") for shape in sample.shapes]
    model = Model(sample.given(inputs), layer(sample.given(inputs)))
    arrays = arrays_for(name, sample, dtype="float32")
    whole = model.predict(sample.given(arrays), verbose=0)
    np.testing.assert_allclose(layer(sample.given(arrays)), whole, rtol=1e-5, atol=1e-6)
    parts = model.predict(sample.given(arrays), batch_size=3, verbose=0)
    np.testing.assert_array_equal(parts, whole)


@pytest.mark.filterwarnings("ignore:.*does not hand masks on")  # Flatten, after Masking
@every_layer
def test_a_layer_learns_inside_a_model(name: str, sample: Sample) -> None:
    """One epoch of batches, the last one shorter: what the layer holds moves, and stays finite."""
    inputs = [Input(shape, dtype="int32" if sample.table else "float32") for shape in sample.shapes]
    layer = made(name, sample, "float32")
    model = Model(sample.given(inputs), layers.Dense(1)(layers.Flatten()(layer(sample.given(inputs)))))
    model.compile("sgd", "mse")
    before = [variable.numpy() for variable in layer.variables]
    arrays = arrays_for(name, sample, dtype="float32")
    losses = model.fit(sample.given(arrays), np.ones((ROWS, 1)), batch_size=3, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    for variable, old in zip(layer.variables, before, strict=True):
        assert np.array_equal(variable.numpy(), old) != _moves(layer, variable)


def _moves(layer: Any, variable: Any) -> bool:
    """Whether a training step changes the variable: the trained, averages, and states of generators."""
    if any(variable is trained for trained in layer.trainable_weights):
        return True
    generators = [value.state for value in vars(layer).values() if isinstance(value, SeedGenerator)]
    used = getattr(layer, "rate", 0) != 1 or not isinstance(layer, layers.Dropout)
    averages = variable.name.startswith("moving") and layer.trainable
    return averages or (used and any(variable is state for state in generators))

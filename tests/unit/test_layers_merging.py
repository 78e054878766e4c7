"""Layers that merge, reshape, look up and apply functions: what they compute, and what they refuse."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest

from flintglass import Input, Model, Sequential, layers, ops, regularizers
from flintglass.errors import DataError, IndexOutOfRange, ShapeError
from flintglass.layers import (
    ELU,
    ActivityRegularization,
    Add,
    Concatenate,
    Dense,
    Dot,
    Embedding,
    Flatten,
    Identity,
    Lambda,
    LeakyReLU,
    Permute,
    PReLU,
    ReLU,
    RepeatVector,
    Rescaling,
    Reshape,
    Softmax,
    Subtract,
)

GENERATOR = np.random.default_rng(4)
A, B, C = (GENERATOR.normal(size=(6, 4)).astype("float32") for _ in range(3))
CUBE = GENERATOR.normal(size=(6, 4, 3)).astype("float32")
INDICES = GENERATOR.integers(0, 5, (6, 4))

MERGED: dict[str, Any] = {
    "Add": A + B + C,
    "Multiply": A * B * C,
    "Average": (A + B + C) / 3,
    "Maximum": np.maximum(np.maximum(A, B), C),
    "Minimum": np.minimum(np.minimum(A, B), C),
    "Concatenate": np.concatenate([A, B, C], -1),
}


@pytest.mark.parametrize("name", MERGED)
def test_a_merging_layer_and_its_function_compute_the_same(name: str) -> None:
    np.testing.assert_allclose(getattr(layers, name)()([A, B, C]), MERGED[name], rtol=1e-6)
    np.testing.assert_allclose(getattr(layers, name.lower())([A, B, C]), MERGED[name], rtol=1e-6)
    np.testing.assert_array_equal(getattr(layers, name)()([A]), A)


def test_the_function_of_a_merging_layer_names_it() -> None:
    found = layers.add([Input((4,)), Input((4,))], name="sum")
    assert found.call.operation.name == "sum"
    assert isinstance(found.call.operation, Add)


def test_subtract_takes_the_second_from_the_first() -> None:
    np.testing.assert_array_equal(layers.subtract([A, B]), A - B)


def test_inputs_of_a_lower_rank_are_stretched_behind_the_batch() -> None:
    np.testing.assert_array_equal(Add()([CUBE, A[:, :3]]), CUBE + A[:, None, :3])
    np.testing.assert_array_equal(layers.multiply([A, B[:, :1]]), A * B[:, :1])


def test_concatenate_joins_along_any_axis_of_rows() -> None:
    np.testing.assert_array_equal(Concatenate(axis=1)([CUBE, CUBE]), np.concatenate([CUBE, CUBE], 1))
    assert Concatenate(axis=1)([Input((4, 3)), Input((2, 3))]).shape == (None, 6, 3)
    assert Concatenate().compute_output_shape([(None, 4), (None, 2)]) == (None, 6)


def test_dot_contracts_row_by_row() -> None:
    np.testing.assert_allclose(layers.dot([A, B]), (A * B).sum(-1, keepdims=True), rtol=1e-5)
    np.testing.assert_allclose(Dot(axes=1)([CUBE, CUBE]), np.einsum("nij,nik->njk", CUBE, CUBE), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(Dot(axes=(1, 1))([CUBE, A]), np.einsum("nij,ni->nj", CUBE, A), rtol=1e-4, atol=1e-6)
    unit = [x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (A, B)]
    np.testing.assert_allclose(Dot(axes=1, normalize=True)([A, B])[:, 0], (unit[0] * unit[1]).sum(-1), rtol=1e-5)


def test_shapes_of_rows() -> None:
    np.testing.assert_array_equal(Reshape((2, 2))(A), A.reshape(6, 2, 2))
    np.testing.assert_array_equal(Reshape((-1,))(CUBE), CUBE.reshape(6, 12))
    np.testing.assert_array_equal(Reshape([3, -1])(CUBE), CUBE.reshape(6, 3, 4))
    np.testing.assert_array_equal(Permute((2, 1))(CUBE), CUBE.transpose(0, 2, 1))
    np.testing.assert_array_equal(RepeatVector(3)(A), np.repeat(A[:, None], 3, 1))
    np.testing.assert_array_equal(Identity()(A), A)


def test_rescaling_makes_floats_of_whole_numbers() -> None:
    found = Rescaling(1 / 255, offset=-0.5)(np.array([[0, 255]], "uint8"))
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, [[-0.5, 0.5]], rtol=1e-6)
    np.testing.assert_allclose(Rescaling([1.0, 2.0], np.float32(1))(A[:, :2]), A[:, :2] * [1, 2] + 1, rtol=1e-6)
    assert Rescaling(np.float32(0.5)).get_config()["scale"] == 0.5


def test_rectifiers() -> None:
    np.testing.assert_array_equal(ReLU()(A), np.maximum(A, 0))
    np.testing.assert_array_equal(ReLU(max_value=0.5)(A), np.clip(A, 0, 0.5))
    np.testing.assert_allclose(LeakyReLU()(A), np.where(A > 0, A, 0.3 * A), rtol=1e-6)
    np.testing.assert_allclose(LeakyReLU(alpha=0.1)(A), np.where(A > 0, A, 0.1 * A), rtol=1e-6)
    np.testing.assert_allclose(ELU(0.5)(A), np.where(A > 0, A, 0.5 * np.expm1(A)), rtol=1e-5)
    layer = PReLU(alpha_initializer="ones")
    np.testing.assert_allclose(layer(A), A, rtol=1e-6)
    assert layer.alpha.shape == (4,)
    shared = PReLU(shared_axes=[1])
    np.testing.assert_allclose(shared(CUBE), np.maximum(CUBE, 0), rtol=1e-6)
    assert shared.alpha.shape == (1, 3)


def test_softmax_adds_up_to_one_along_its_axes_and_leaves_out_what_is_masked() -> None:
    np.testing.assert_allclose(Softmax()(A).numpy().sum(-1), 1, rtol=1e-6)
    np.testing.assert_allclose(Softmax(axis=[1, 2])(CUBE).numpy().sum((1, 2)), 1, rtol=1e-6)
    found = Softmax()(A, mask=A > 0).numpy()
    rows = (A > 0).any(-1)
    np.testing.assert_array_equal(found[rows][~(A > 0)[rows]], 0)


def test_activity_regularization_adds_a_penalty_for_a_row() -> None:
    layer = ActivityRegularization(l1=0.1, l2=0.2)
    np.testing.assert_array_equal(layer(A), A)
    np.testing.assert_allclose(float(layer.losses[0]), (0.1 * np.abs(A) + 0.2 * A**2).sum() / 6, rtol=1e-5)
    model = Sequential([Input((4,)), ActivityRegularization(l2=0.5)])
    model.compile("sgd", "mse")
    np.testing.assert_allclose(model.evaluate(A, A, verbose=0), 0.5 * (A**2).sum() / 6, rtol=1e-5)


# -- Embedding


def test_embedding_looks_up_rows() -> None:
    layer = Embedding(5, 3)
    found = layer(INDICES)
    table = layer.embeddings.numpy()
    np.testing.assert_array_equal(found, table[INDICES])
    assert np.abs(table).max() <= 0.05
    np.testing.assert_array_equal(layer(INDICES.astype("float32")), table[INDICES])
    assert layer(INDICES[:, 0]).shape == (6, 3)
    given = GENERATOR.normal(size=(5, 3))
    for weights in ([given], given):
        np.testing.assert_allclose(Embedding(5, 3, weights=weights)(INDICES), given[INDICES], rtol=1e-6)


def test_embedding_learns_the_rows_that_it_saw() -> None:
    model = Sequential([Input((4,), dtype="int32"), Embedding(6, 3), Flatten(), Dense(1)])
    model.compile("sgd", "mse")
    before = model.layers[0].embeddings.numpy() if isinstance(model.layers[0], Embedding) else None
    model.fit(INDICES, np.ones((6, 1)), verbose=0)
    after = model.layers[0].embeddings.numpy()
    assert before is not None
    seen = np.unique(INDICES)
    assert (after[seen] != before[seen]).any(-1).all()
    np.testing.assert_array_equal(after[5], before[5])


@pytest.mark.parametrize("wrong", [5, -1, 100])
def test_a_number_outside_the_table_is_reported_with_its_place(wrong: int) -> None:
    x = INDICES.copy()
    x[3, 2] = wrong
    layer = Embedding(5, 3, name="words")
    with pytest.raises(IndexOutOfRange, match=rf"'words'.* index {wrong} at position \(3, 2\) is outside 0\.\.4"):
        layer(x)
    model = Sequential([Input((4,), dtype="int32"), layer, Flatten(), Dense(1)])
    model.compile("sgd", "mse")
    for use in (lambda: model.predict(x, verbose=0), lambda: model.fit(x, np.ones((6, 1)), shuffle=False, verbose=0)):
        with pytest.raises(IndexOutOfRange, match=rf"index {wrong} at position \(3, 2\).*words"):
            use()


# -- Lambda


def scaled(x: Any, factor: float = 1.0) -> Any:
    return ops.softplus(x) * factor


def in_training(x: Any, training: bool = False) -> Any:
    return x + 1.0 if training else x


def test_lambda_calls_its_function() -> None:
    np.testing.assert_allclose(Lambda(lambda x: x * 2)(A), A * 2)
    layer = Lambda(scaled, arguments={"factor": 2.0})
    np.testing.assert_allclose(layer(A), 2 * np.log1p(np.exp(A)), rtol=1e-5)
    assert layer(Input((4,))).shape == (None, 4)
    assert Lambda(lambda pair: pair[0] + pair[1])([Input((4,)), Input((4,))]).shape == (None, 4)
    np.testing.assert_array_equal(Lambda(in_training)(A, training=True), A + 1)
    np.testing.assert_array_equal(Lambda(in_training)(A), A)


def test_lambda_becomes_part_of_a_model_and_of_its_copies() -> None:
    x = Input((4,))
    model = Model(x, Dense(1)(Lambda(lambda t: ops.concatenate([t, ops.square(t)], -1))(x)))
    model.compile("sgd", "mse")
    model.fit(A, A[:, :1], verbose=0)
    again = copy.deepcopy(model)
    np.testing.assert_array_equal(again.predict(A, verbose=0), model.predict(A, verbose=0))


def test_lambda_is_described_by_the_name_of_its_function_and_never_by_its_code() -> None:
    config = Lambda(scaled, arguments={"factor": 2.0}, name="s").get_config()
    assert config["function"]["config"] == "scaled"
    again = Lambda.from_config(config, custom_objects={"scaled": scaled})
    np.testing.assert_array_equal(again(A), Lambda(scaled, arguments={"factor": 2.0})(A))
    assert Lambda.from_config(Lambda(ops.sin).get_config()).function is ops.sin
    nameless = Lambda(lambda x: x, name="l").get_config()
    assert json.loads(json.dumps(nameless))["function"] == {**config["function"], "config": "<lambda> of l"}
    assert Lambda.from_config(config, custom_objects={"scaled": ops.cos}).function is ops.cos
    with pytest.raises(ValueError, match=r"'scaled'.*custom_objects"):
        Lambda.from_config(json.loads(json.dumps(config)))
    with pytest.raises(ValueError, match=r"'l' was saved without its function.*custom_objects=\{'l': function\}"):
        Lambda.from_config(json.loads(json.dumps(nameless)))
    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAA", "defaults": None, "closure": None}}
    with pytest.raises(ValueError, match="never run"):
        Lambda.from_config({**config, "function": code})


REFUSED: dict[str, tuple[Any, type[Exception], tuple[str, ...]]] = {
    "a single input": (lambda: Add(name="a")(A), ShapeError, ("'a'", "list", "(6, 4)", "[a, b]")),
    "a single placeholder": (lambda: Concatenate(name="c")(Input((4,))), ShapeError, ("'c'", "(None, 4)", "[a, b]")),
    "no inputs": (lambda: Add(name="a")([]), DataError, ("'a'",)),
    "extents that do not fit": (
        lambda: Add(name="a")([Input((4,)), Input((3,))]),
        ShapeError,
        ("'a'", "(None, 4) and (None, 3)", "4, 3"),
    ),
    "other numbers of rows": (lambda: Add(name="a")([A, B[:2]]), ShapeError, ("'a'", "same number of rows")),
    "three to subtract": (lambda: Subtract(name="s")([A, B, C]), ShapeError, ("'s'", "two inputs", "3")),
    "other extents to join": (
        lambda: Concatenate(axis=1, name="c")([CUBE, CUBE[:, :, :2]]),
        ShapeError,
        ("'c'", "axis 2 differs", "(6, 4, 3) and (6, 4, 2)"),
    ),
    "other ranks to join": (lambda: Concatenate(name="c")([CUBE, A]), ShapeError, ("'c'", "one rank")),
    "an axis to join that is not there": (
        lambda: Concatenate(axis=2, name="c")([A, B]),
        ShapeError,
        ("'c'", "axis 2", "2 axes"),
    ),
    "an axis to join in words": (lambda: Concatenate(axis="last", name="c"), TypeError, ("'c'", "'last'")),
    "axis 0 to contract": (lambda: Dot(axes=0, name="d"), ValueError, ("'d'", "axis 0 holds the rows")),
    "axis 0 from behind": (lambda: Dot(axes=-2, name="d")([A, B]), ShapeError, ("'d'", "axis 0", "rows")),
    "three axes to contract": (lambda: Dot(axes=(1, 2, 3), name="d"), ValueError, ("'d'", "a pair", "(1, 2, 3)")),
    "axes in words": (lambda: Dot(axes="a", name="d"), TypeError, ("'d'", "'a'")),
    "extents to contract that differ": (
        lambda: Dot(axes=1, name="d")([A, B[:, :3]]),
        ShapeError,
        ("'d'", "axis 1 of (6, 4)", "(6, 3)", "4 and 3"),
    ),
    "three to contract": (lambda: Dot(axes=1, name="d")([A, B, C]), ShapeError, ("'d'", "two inputs", "3")),
    "a shape of another size": (
        lambda: Reshape((3, 3), name="r")(A),
        ShapeError,
        ("'r'", "(4,), 4 numbers a row", "(3, 3)"),
    ),
    "a shape that does not divide": (lambda: Reshape((3, -1), name="r")(Input((4,))), ShapeError, ("'r'", "(3, -1)")),
    "two extents left open": (lambda: Reshape((-1, -1), name="r"), ValueError, ("'r'", "at most one -1")),
    "a shape that is a number": (lambda: Reshape(4, name="r"), TypeError, ("'r'", "tuple", "4")),
    "dims from 0": (lambda: Permute((0, 1), name="p"), ValueError, ("'p'", "counted from 1", "(0, 1)")),
    "dims twice": (lambda: Permute((1, 1), name="p"), ValueError, ("'p'", "once", "(1, 1)")),
    "dims of another rank": (lambda: Permute((2, 1), name="p")(A), ShapeError, ("'p'", "rank 3")),
    "no repeats": (lambda: RepeatVector(0, name="r"), ValueError, ("'r'", "number of times", "0")),
    "half repeats": (lambda: RepeatVector(2.5, name="r"), TypeError, ("'r'", "2.5")),
    "repeats of matrices": (lambda: RepeatVector(2, name="r")(CUBE), ShapeError, ("'r'", "rank 2")),
    "a scale in words": (lambda: Rescaling("a", name="r"), DataError, ("'r'", "scale", "'a'")),
    "a slope below 0": (lambda: LeakyReLU(-0.1, name="l"), ValueError, ("'l'", "negative_slope", "-0.1")),
    "a slope that is none": (lambda: LeakyReLU(None, name="l"), ValueError, ("'l'", "None")),
    "a bound below 0": (lambda: ReLU(max_value=-1, name="r"), ValueError, ("'r'", "max_value", "-1")),
    "an alpha that is none": (lambda: ELU(None, name="e"), ValueError, ("'e'", "alpha", "None")),
    "rows that share a slope": (lambda: PReLU(shared_axes=[0], name="p"), ValueError, ("'p'", "counts from 1")),
    "a shared axis that is not there": (lambda: PReLU(shared_axes=[3], name="p")(A), ShapeError, ("'p'", "axis 3")),
    "an axis of softmax that is not there": (lambda: Softmax(axis=4, name="s")(A), ShapeError, ("'s'", "axis 4")),
    "a penalty below 0": (lambda: ActivityRegularization(l1=-1, name="a"), ValueError, ("'a'", "l1", "-1")),
    "no function": (lambda: Lambda(3, name="l"), TypeError, ("'l'", "function", "3")),
    "an empty table": (lambda: Embedding(0, 2, name="e"), ValueError, ("'e'", "input_dim", "0")),
    "rows of no length": (lambda: Embedding(3, -2, name="e"), ValueError, ("'e'", "output_dim", "-2")),
    "lora": (lambda: Embedding(3, 2, lora_rank=1, name="e"), ValueError, ("'e'", "lora_rank")),
    "a table of another shape": (
        lambda: Embedding(3, 2, weights=np.ones((2, 3)), name="e"),
        ShapeError,
        ("'e'", "(3, 2)", "(2, 3)"),
    ),
    "an argument that is unknown": (lambda: Embedding(3, 2, mask_zeros=True), ValueError, ("mask_zeros", "mask_zero'")),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_meant_is_refused_with_the_layer_and_the_way_out(what: str) -> None:
    attempt, kind, parts = REFUSED[what]
    with pytest.raises(kind) as caught:
        attempt()
    for part in parts:
        assert part in str(caught.value)


def test_a_regularized_table_adds_its_penalty() -> None:
    layer = Embedding(5, 3, embeddings_regularizer=regularizers.L2(0.5), embeddings_initializer="ones")
    layer(INDICES)
    assert float(layer.losses[0]) == 0.5 * 15

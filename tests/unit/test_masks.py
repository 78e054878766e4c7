"""Masks: handed from layer to layer, counted by losses and metrics, and told where they are lost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import flintglass as fg
from flintglass import layers, ops

WORDS = np.array([[1, 2, 0, 0], [3, 0, 0, 0], [2, 1, 3, 1]])
SEEN = WORDS != 0
TARGETS = np.random.RandomState(0).normal(size=(3, 4, 2)).astype("float32")


def tagger(**compiled: Any) -> Any:
    fg.utils.set_random_seed(3)
    model = fg.Sequential(
        [
            fg.Input((4,), dtype="int32"),
            layers.Embedding(4, 5, mask_zero=True),
            layers.Dropout(0.0),
            layers.Dense(3, activation="tanh"),
            layers.Dense(2),
        ]
    )
    model.compile("sgd", **compiled)
    return model


def test_a_loss_and_a_metric_count_what_is_not_masked() -> None:
    model = tagger(loss="mse", metrics=["mae"])
    predicted = model.predict(WORDS, verbose=0)
    squares = ((predicted - TARGETS) ** 2).mean(-1)[SEEN]
    loss, error = model.evaluate(WORDS, TARGETS, verbose=0)
    np.testing.assert_allclose(loss, squares.mean(), rtol=1e-5)
    np.testing.assert_allclose(error, np.abs(predicted - TARGETS).mean(-1)[SEEN].mean(), rtol=1e-5)


def test_masked_rows_do_not_train() -> None:
    other = np.where(SEEN[..., None], TARGETS, 100.0)
    found = []
    for targets in (TARGETS, other):
        model = tagger(loss="mse")
        model.fit(WORDS, targets, epochs=3, verbose=0)
        found.append(model.get_weights())
    for mine, theirs in zip(*found, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_sample_weights_and_masks_multiply() -> None:
    weights = np.array([1.0, 2.0, 0.5])
    model = tagger(loss="mse")
    predicted = model.predict(WORDS, verbose=0)
    rows = ((predicted - TARGETS) ** 2).mean(-1) * SEEN * weights[:, None]
    found = model.evaluate(WORDS, TARGETS, sample_weight=np.repeat(weights[:, None], 4, 1), verbose=0)
    np.testing.assert_allclose(found, rows.sum() / SEEN.sum(), rtol=1e-5)


def test_masking_masks_steps_of_one_value() -> None:
    x = np.ones((2, 3, 2), "float32")
    x[0, 1] = 7.0
    x[1, 2, 0] = 7.0
    found = layers.Masking(7.0)(x)
    np.testing.assert_array_equal(np.asarray(found.mask), [[True, False, True], [True, True, True]])
    np.testing.assert_array_equal(found.numpy()[0, 1], [0.0, 0.0])
    np.testing.assert_array_equal(found.numpy()[1], x[1])


def test_merging_layers_merge_masks() -> None:
    a, b = layers.Masking()(np.eye(3, dtype="float32")[None]), layers.Masking()(np.zeros((1, 3, 3), "float32"))
    assert np.asarray(layers.Add()([a, b]).mask).tolist() == [[True] * 3]
    assert layers.Add()([a, np.ones((1, 3, 3), "float32")]).mask is None
    assert np.asarray(layers.Concatenate(1)([a, b]).mask).tolist() == [[True] * 3 + [False] * 3]
    assert np.asarray(layers.Concatenate()([a, np.ones((1, 3, 3), "float32")]).mask).tolist() == [[True] * 3]


def test_batch_normalization_counts_what_is_not_masked() -> None:
    x = np.random.RandomState(1).normal(size=(4, 3, 2)).astype("float32")
    x[2] = 0.0
    layer = layers.BatchNormalization(momentum=0.0)
    found = layer(layers.Masking()(x), training=True).numpy()
    kept = x[[0, 1, 3]].reshape(-1, 2)
    np.testing.assert_allclose(layer.moving_mean.numpy(), kept.mean(0), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance.numpy(), kept.var(0), rtol=1e-5)
    np.testing.assert_allclose(found[0], (x[0] - kept.mean(0)) / np.sqrt(kept.var(0) + 1e-3), rtol=1e-4, atol=1e-5)


def test_a_layer_of_the_users_own_is_given_the_mask_and_may_compute_another() -> None:
    class Mean(fg.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.supports_masking = True

        def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
            return None

        def call(self, inputs: Any, mask: Any = None) -> Any:
            kept = ops.expand_dims(ops.cast(mask, inputs.dtype), -1)
            return ops.sum(inputs * kept, 1) / ops.sum(kept, 1)

    words = fg.Input((4,), dtype="int32")
    embedded = layers.Embedding(4, 5, mask_zero=True)(words)
    model = fg.Model(words, Mean()(embedded))
    table = model.get_weights()[0]
    expected = [table[row[row != 0]].mean(0) for row in WORDS]
    np.testing.assert_allclose(model.predict(WORDS, verbose=0), expected, rtol=1e-5)
    np.testing.assert_allclose(model(WORDS), expected, rtol=1e-5)


def test_a_layer_that_loses_a_mask_says_so() -> None:
    class Plain(fg.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs * 2.0

    masked = layers.Masking()(np.zeros((1, 2, 3), "float32"))
    with pytest.warns(UserWarning, match="does not hand masks on"):
        assert Plain(name="plain")(masked).mask is None


def test_functional_models_hand_masks_through_models_inside() -> None:
    inner = fg.Sequential([fg.Input((4, 5)), layers.Dense(3)])
    words = fg.Input((4,), dtype="int32")
    model = fg.Model(words, layers.Dense(2)(inner(layers.Embedding(4, 5, mask_zero=True)(words))))
    model.compile("sgd", "mse")
    predicted = model.predict(WORDS, verbose=0)
    expected = ((predicted - TARGETS) ** 2).mean(-1)[SEEN].mean()
    np.testing.assert_allclose(model.evaluate(WORDS, TARGETS, verbose=0), expected, rtol=1e-5)


def test_a_lambda_layer_says_which_mask_its_output_has() -> None:
    words = layers.Embedding(4, 2, mask_zero=True)(WORDS)
    turned = layers.Lambda(ops.abs, mask=lambda inputs, mask: ops.logical_not(mask))
    np.testing.assert_array_equal(turned(words).mask, ~SEEN)
    fixed = layers.Lambda(ops.abs, mask=SEEN)
    np.testing.assert_array_equal(fixed(np.ones((3, 4, 2), "float32")).mask, SEEN)
    again = layers.Lambda.from_config(turned.get_config())
    np.testing.assert_array_equal(again(words).mask, ~SEEN)
    with pytest.warns(UserWarning, match="does not hand masks on.*a Lambda is given mask=function"):
        assert layers.Lambda(ops.abs)(words).mask is None

"""What losses, metrics and optimizers say of data and settings that cannot be meant."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from flintglass import losses, metrics, optimizers
from flintglass.errors import DataError, IndexOutOfRange, ShapeError
from flintglass.program import Size, Spec
from flintglass.tracing.trace import trace
from flintglass.tracing.variable import Variable

N = Size("n")
ELEMENTWISE = ["mse", "mae", "mape", "huber", "binary_crossentropy"]


def message_of(function: Any, *arguments: Any, error: type[Exception] = ShapeError, **keywords: Any) -> str:
    """What the error says that the call must raise."""
    with pytest.raises(error) as caught:
        function(*arguments, **keywords)
    return str(caught.value)


def mentions(message: str, *parts: str) -> None:
    for part in parts:
        assert part in message, f"{part!r} is not in: {message}"


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_shapes_that_would_broadcast_are_refused_with_both_shapes_and_a_way_out(name: str) -> None:
    loss = losses.get(name)
    for y, p, way_out in (
        ((6, 1), (6, 3), "give the last layer 1 unit"),
        ((6, 3), (6, 1), "give the last layer 3 units"),
        ((6, 3), (1, 3), "row for row"),
        ((1, 3), (6, 3), "row for row"),
        ((3,), (3, 3), "reshape y_true to (3, 3)"),
        ((3, 3), (3,), "reshape y_true to (3,)"),
        ((2, 3), (5, 2, 3), "reshape y_true"),
    ):
        message = message_of(loss, np.zeros(y), np.zeros(p))
        mentions(message, loss.__name__, str(y), str(p), "y_true", "y_pred", "broadcasting", way_out)


def test_the_same_is_refused_before_any_number_is_computed_for_every_batch() -> None:
    specs = [Spec((N, 1), "float32"), Spec((N, 3), "float32")]
    message = message_of(trace, losses.MeanSquaredError(), specs)
    mentions(message, "mean_squared_error", "(n, 1)", "(n, 3)", "3 outputs")


def test_a_vector_of_targets_meets_one_column_of_predictions_as_in_keras() -> None:
    y, p = np.arange(4.0), np.ones((4, 1))
    assert losses.MeanSquaredError()(y, p).numpy() == ((y - 1) ** 2).mean()
    assert losses.mean_squared_error(y, p).numpy().shape == (4,)


def test_a_single_number_is_a_target_for_every_prediction() -> None:
    assert losses.MeanSquaredError()(0.0, np.full((4, 1), 2.0)).numpy() == 4.0
    assert losses.BinaryCrossentropy()(1.0, np.full((4, 1), 0.5)).numpy() == pytest.approx(np.log(2))


@pytest.mark.parametrize("labels", [np.zeros(6, "int64"), np.zeros((6, 1), "int64")])
def test_labels_for_the_categorical_loss_are_sent_to_the_sparse_one(labels: Any) -> None:
    loss = losses.CategoricalCrossentropy()
    ways_out = ("sparse_categorical_crossentropy", "to_categorical(y, 3)", str(labels.shape))
    mentions(message_of(loss, labels, np.ones((6, 3))), "categorical_crossentropy: ", "(6, 3)", *ways_out)
    mentions(message_of(loss.check, labels, (None, 3)), "categorical_crossentropy: ", "(None, 3)", *ways_out)
    loss.check(np.zeros((6, 3)), (None, 3))


def test_one_hot_rows_for_the_sparse_loss_are_sent_to_the_categorical_one() -> None:
    loss = losses.SparseCategoricalCrossentropy()
    for message in (
        message_of(loss, np.eye(3), np.ones((3, 3))),
        message_of(loss.check, np.eye(3), (None, 3)),
        message_of(loss.check, np.eye(3), (N, 3)),
        message_of(metrics.SparseCategoricalAccuracy(), np.eye(3), np.ones((3, 3))),
    ):
        mentions(message, "sparse_categorical_", "(3, 3)", "one-hot", "use categorical_crossentropy", "argmax")


def test_other_shapes_of_labels_are_refused_too() -> None:
    loss = losses.SparseCategoricalCrossentropy()
    mentions(message_of(loss, np.zeros((4, 2), "int32"), np.ones((4, 3))), "(4, 2)", "sparse_categorical")
    mentions(message_of(loss.check, np.zeros((4, 2), "int32"), (None, 3)), "(4, 2)", "sparse_categorical")
    mentions(message_of(loss, np.zeros(4, "int32"), np.ones((5, 3))), "(4,)", "(5, 3)", "(5,)")


@pytest.mark.parametrize(
    ("labels", "row", "value", "way_out"),
    [
        ([0, 1, 2, 3, 1], "row 3", "3", "give the last layer 4 units"),
        ([0, -1, 2], "row 1", "-1", "Number the classes from 0"),
        ([[0], [1], [7]], "row 2", "7", "give the last layer 8 units"),
        ([0.0, 1.5], "row 1", "1.5", "whole numbers from 0 to 2"),
        ([0.0, float("nan")], "row 1", "nan", "Remove the rows without a label"),
    ],
)
def test_the_first_label_out_of_range_is_named_with_its_row(labels: Any, row: str, value: str, way_out: str) -> None:
    loss = losses.resolve("sparse_categorical_crossentropy", (None,), (None, 3))
    assert loss is not None
    message = message_of(loss.check, np.array(labels), (None, 3), error=DataError)
    mentions(message, "sparse_categorical_crossentropy", f"{row} is {value}", "3 outputs", "0 to 2", way_out)


def test_a_sparse_loss_over_one_output_is_told_of_the_binary_one() -> None:
    check = losses.SparseCategoricalCrossentropy().check
    mentions(message_of(check, np.array([0, 1]), (None, 1), error=DataError), "binary_crossentropy", "1 output,")


def test_labels_within_range_and_the_ignored_class_pass() -> None:
    losses.SparseCategoricalCrossentropy().check(np.array([0, 1, 2]), (None, 3))
    losses.SparseCategoricalCrossentropy().check(np.array([[0], [2]], "uint8"), (None, 3))
    losses.SparseCategoricalCrossentropy(ignore_class=-1).check(np.array([0, -1, 2]), (None, 3))


def test_a_label_out_of_range_that_nobody_checked_stops_the_program() -> None:
    loss = losses.SparseCategoricalCrossentropy()
    message = message_of(loss, np.array([0, 3]), np.ones((2, 3)), error=IndexOutOfRange)
    mentions(message, "3")


def test_targets_that_are_no_probabilities_are_warned_of_with_row_and_value() -> None:
    check = losses.BinaryCrossentropy().check
    check(np.array([0.0, 0.5, 1.0]), (None, 1))
    with pytest.warns(UserWarning, match="binary_crossentropy: row 2 of the targets is 7") as caught:
        check(np.array([[0], [1], [7]]), (None, 1))
    mentions(str(caught[0].message), "1 of 3", "[0, 1]", "mean_squared_error")


def test_a_single_class_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="single class"):
        losses.CategoricalCrossentropy()(np.ones((4, 1)), np.ones((4, 1)))


def test_weights_that_would_be_spread_over_other_losses_are_refused() -> None:
    loss = losses.MeanSquaredError()
    y = np.zeros((4, 3, 2))
    assert loss(y, y, sample_weight=np.ones((4, 1))).numpy() == 0
    for weights in (np.ones(3), np.ones((3, 1)), np.ones((4, 2))):
        mentions(message_of(loss, y, y, sample_weight=weights), "sample_weight", "(4, 3)")
    mentions(message_of(metrics.Mean(), np.zeros(4), sample_weight=np.ones(3)), "mean", "(3,)", "(4,)")


def test_metrics_refuse_shapes_that_would_broadcast() -> None:
    for name in ("mse", "RootMeanSquaredError", "binary_accuracy", "categorical_accuracy", "Accuracy"):
        mentions(message_of(metrics.get(name), np.zeros((4, 1)), np.zeros((4, 3))), "(4, 1)", "(4, 3)")


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    mentions(message_of(losses.get, "mean_square_error", error=ValueError), "'mean_squared_error'")
    mentions(message_of(losses.get, "Mse", error=ValueError), "'mse'")
    mentions(message_of(metrics.get, "acuracy", error=ValueError), "'accuracy'")
    mentions(message_of(optimizers.get, "adm", error=ValueError), "'adam'")
    mentions(message_of(losses.get, 3, error=ValueError), "no loss", "int")
    mentions(message_of(losses.MeanSquaredError, reduction="avg", error=ValueError), "sum_over_batch_size")


def test_names_of_keras_find_what_they_find_there() -> None:
    assert losses.get("mse") is losses.get("MSE") is losses.mean_squared_error
    assert isinstance(losses.get("MeanSquaredError"), losses.MeanSquaredError)
    assert isinstance(losses.get(losses.Huber), losses.Huber)
    assert losses.get(None) is metrics.get(None) is optimizers.get(None) is None
    assert isinstance(metrics.get("mse"), metrics.MeanSquaredError)
    assert isinstance(optimizers.get("ADAM"), optimizers.Adam)
    settings = {"class_name": "SGD", "config": {"learning_rate": 0.5}}
    assert optimizers.get(settings).learning_rate.numpy() == 0.5  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("y", "p", "kind"),
    [
        ((None, 1), (None, 1), "Binary"),
        ((None,), (None, 1), "Binary"),
        ((None,), (None, 3), "SparseCategorical"),
        ((None, 1), (None, 3), "SparseCategorical"),
        ((N, 1), (N, 3), "SparseCategorical"),
        ((None, 3), (None, 3), "Categorical"),
    ],
)
def test_accuracy_and_crossentropy_are_those_that_fit_the_shapes(y: Any, p: Any, kind: str) -> None:
    for word in ("accuracy", "acc"):
        metric = metrics.resolve(word, y, p)
        assert (type(metric).__name__, metric.name) == (f"{kind}Accuracy", word)
    with_logits = losses.BinaryCrossentropy(from_logits=True)
    surprise = metrics.resolve("ce", y, p, with_logits)
    assert type(surprise).__name__ == f"{kind}Crossentropy"
    assert surprise.get_config()["from_logits"]
    loss = losses.resolve("crossentropy", y, p)
    assert loss is not None
    assert loss.fn is losses.get(type(surprise)().name)


def test_variables_are_called_as_keras_calls_them() -> None:
    assert [v.path for v in metrics.MeanSquaredError().variables] == [
        "mean_squared_error/total",
        "mean_squared_error/count",
    ]
    kernel = Variable(np.zeros((2, 3), "float32"), path="dense/kernel")
    adam = optimizers.Adam(name="adam", amsgrad=True)
    adam.build([kernel])
    assert [(v.path, v.dtype) for v in adam.variables] == [
        ("adam/iteration", "int32"),
        ("adam/learning_rate", "float32"),
        ("adam/dense_kernel_momentum", "float32"),
        ("adam/dense_kernel_velocity", "float32"),
        ("adam/dense_kernel_velocity_hat", "float32"),
    ]
    assert [[v.path for v in group] for group in adam.slot_groups()] == [
        [f"adam/dense_kernel_{slot}"] for slot in ("momentum", "velocity", "velocity_hat")
    ]


def test_arguments_of_earlier_keras_are_told_their_new_names() -> None:
    mentions(message_of(optimizers.SGD, lr=0.1, error=ValueError), "learning_rate=0.1")
    mentions(message_of(optimizers.Adam, decay=0.1, error=ValueError), "decay", "learning_rate")
    mentions(message_of(optimizers.Adam, beta1=0.1, error=ValueError), "beta1")


def test_settings_of_optimizers_that_exclude_each_other_are_refused() -> None:
    mentions(message_of(optimizers.SGD, clipnorm=1.0, clipvalue=1.0, error=ValueError), "clipnorm=1.0")


def test_the_rate_is_a_variable_and_a_new_one_keeps_programs() -> None:
    optimizer = optimizers.SGD(1)
    before = optimizer.state_key()
    optimizer.learning_rate = 0.5
    assert optimizer.state_key() == before
    weight = Variable(np.ones(2, "float32"), path="w")
    optimizer.apply([np.ones(2)], [weight])
    np.testing.assert_array_equal(weight.numpy(), [0.5, 0.5])
    optimizer.nesterov = True
    assert optimizer.state_key() != before


def test_gradients_and_variables_that_do_not_fit_are_refused() -> None:
    known, other = (Variable(np.ones(2, "float32"), path=path) for path in ("known", "other"))
    optimizer = optimizers.SGD(name="sgd")
    mentions(message_of(optimizer.apply, [np.ones(2)], error=ValueError), "build")
    optimizer.build([known])
    mentions(message_of(optimizer.apply, [np.ones(2)], [other], error=ValueError), "known", "other")
    mentions(message_of(optimizer.apply, [], error=ValueError), "0 gradients for 1")
    mentions(message_of(optimizer.apply, [None], error=ValueError), "depends on none of known")


def test_a_variable_without_a_gradient_stays_and_is_warned_of() -> None:
    moved, still = (Variable(np.ones(2, "float32"), path=path) for path in ("moved", "still"))
    with pytest.warns(UserWarning, match="still"):
        optimizers.SGD(1.0).apply([np.ones(2), None], [moved, still])
    assert (moved.numpy().tolist(), still.numpy().tolist()) == ([0.0, 0.0], [1.0, 1.0])


def test_a_constraint_holds_after_the_step() -> None:
    weight = Variable(np.ones(2, "float32"), path="w")
    weight.constraint = lambda w: w * (w >= 0.0)
    optimizers.SGD(2.0).apply([np.array([1.0, -1.0])], [weight])
    assert weight.numpy().tolist() == [0.0, 3.0]

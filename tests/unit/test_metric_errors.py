"""What metrics say of settings and shapes that cannot be meant."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from flintglass import losses, metrics
from flintglass.errors import DataError, ShapeError
from flintglass.program import Size, Spec
from flintglass.tracing.trace import trace

N = Size("n")
YES, CHANCES = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]]), np.array([[0.2, 0.9, 0.4], [0.7, 0.6, 0.1]])


def message_of(function: Any, *arguments: Any, error: type[Exception] = ValueError, **keywords: Any) -> str:
    """What the error says that the call must raise."""
    with pytest.raises(error) as caught:
        function(*arguments, **keywords)
    return str(caught.value)


def mentions(message: str, *parts: str) -> None:
    for part in parts:
        assert part in message, f"{part!r} is not in: {message}"


@pytest.mark.parametrize("name", ["Precision", "Recall", "TruePositives", "AUC"])
def test_a_threshold_is_a_probability(name: str) -> None:
    mentions(message_of(getattr(metrics, name), thresholds=[0.5, 1.5]), name, "between 0 and 1", "1.5", "sigmoid")
    mentions(message_of(getattr(metrics, name), thresholds=[]), name, "[]")


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("SensitivityAtSpecificity", "specificity"),
        ("SpecificityAtSensitivity", "sensitivity"),
        ("PrecisionAtRecall", "recall"),
        ("RecallAtPrecision", "precision"),
    ],
)
def test_a_rate_to_hold_is_a_share(name: str, setting: str) -> None:
    mentions(message_of(getattr(metrics, name), 80), name, setting, "between 0 and 1", "80", "100")
    mentions(message_of(getattr(metrics, name), 0.8, num_thresholds=0), name, "num_thresholds", "0")
    assert getattr(getattr(metrics, name)(0.8), setting) == 0.8


def test_columns_and_ranks_that_are_not_there_are_named() -> None:
    update = metrics.Precision(class_id=3).update_state
    mentions(message_of(update, YES, CHANCES, error=ShapeError), "precision", "class_id is 3", "(2, 3)")
    update = metrics.Recall(class_id=0).update_state
    mentions(message_of(update, YES[0], CHANCES[0], error=ShapeError), "recall", "class_id", "(n, classes)")
    for k in (0, 4):
        update = metrics.Precision(top_k=k).update_state
        mentions(message_of(update, YES, CHANCES), "precision", f"top_k is {k}", "1 to 3")


@pytest.mark.parametrize("name", ["Precision", "AUC", "F1Score", "R2Score"])
def test_targets_that_would_broadcast_are_refused_once_for_every_batch(name: str) -> None:
    metric = getattr(metrics, name)()
    update = metric.update_state
    mentions(message_of(update, np.zeros(4), np.ones((4, 3)), error=ShapeError), "(4,)", "(4, 3)", metric.name)
    specs = [Spec((N, 1), "float32"), Spec((N, 3), "float32")]
    mentions(message_of(trace, metric, specs, error=ShapeError), "(n, 1)", "(n, 3)")


@pytest.mark.parametrize("name", ["Precision", "AUC", "F1Score", "R2Score", "MeanSquaredLogarithmicError"])
def test_weights_that_would_be_spread_over_other_rows_are_refused(name: str) -> None:
    metric = getattr(metrics, name)()
    refused = message_of(metric.update_state, YES, CHANCES, sample_weight=np.ones(3), error=ShapeError)
    mentions(refused, metric.name, "sample_weight")


def test_an_area_tells_what_its_settings_may_be() -> None:
    mentions(message_of(metrics.AUC, curve="RCO"), "AUC", "curve", "'PR'", "'RCO'")
    mentions(message_of(metrics.AUC, summation_method="minor"), "summation_method", "'minoring'")
    mentions(message_of(metrics.AUC, num_thresholds=1), "num_thresholds", "at least 2")
    mentions(message_of(metrics.AUC, num_labels=3), "multi_label=True")
    assert metrics.AUC(curve="pr").curve == "PR"
    update = metrics.AUC(multi_label=True).update_state
    mentions(message_of(update, YES[0], CHANCES[0], error=ShapeError), "auc", "multi_label", "(3,)")
    update = metrics.AUC(multi_label=True, num_labels=4).update_state
    mentions(message_of(update, YES, CHANCES, error=ShapeError), "num_labels", "4", "(2, 3)")
    update = metrics.AUC(label_weights=[1.0, 2.0]).update_state
    mentions(message_of(update, YES, CHANCES, error=ShapeError), "label_weights", "2 labels", "3 columns")


def test_a_prediction_that_is_no_number_passes_no_threshold() -> None:
    chances = np.where(YES > 0, CHANCES, np.nan)
    for thresholds in ([0.05], [0.0, 0.5, 1.0]):
        metric = metrics.FalsePositives(thresholds=thresholds)
        assert not metric(YES, chances).numpy().any()


def test_f_scores_tell_what_their_settings_may_be() -> None:
    mentions(message_of(metrics.F1Score, average="mean"), "F1Score", "'macro'", "'mean'")
    mentions(message_of(metrics.FBetaScore, beta=2), "FBetaScore", "beta", "float", "2")
    mentions(message_of(metrics.FBetaScore, beta=-1.0), "above 0")
    for threshold in (1, 0.0, 1.5):
        mentions(message_of(metrics.F1Score, threshold=threshold), "F1Score", "threshold", "largest")
    update = metrics.F1Score().update_state
    mentions(message_of(update, YES[0], CHANCES[0], error=ShapeError), "f1_score", "(3,)", "(n, classes)")


def test_r2_tells_what_its_settings_may_be() -> None:
    mentions(message_of(metrics.R2Score, class_aggregation="mean"), "class_aggregation", "'uniform_average'", "'mean'")
    mentions(message_of(metrics.R2Score, num_regressors=-1), "num_regressors", "-1")
    update = metrics.R2Score().update_state
    mentions(message_of(update, np.zeros((2, 3, 4)), np.zeros((2, 3, 4)), error=ShapeError), "r2_score", "(2, 3, 4)")


def test_overlaps_tell_of_classes_that_are_not_there_and_of_places_that_do_not_meet() -> None:
    mentions(message_of(metrics.IoU, num_classes=3, target_class_ids=[0, 3]), "IoU", "class 3", "0 to 2")
    update = metrics.MeanIoU(num_classes=3).update_state
    refused = message_of(update, np.zeros(4), np.ones((4, 3)), error=ShapeError)
    mentions(refused, "mean_io_u", "(4,)", "(4, 3)", "sparse_y_pred=False")
    message_of(metrics.MeanIoU, error=TypeError)


def test_fractions_of_weights_that_whole_numbers_lose_are_warned_of() -> None:
    labels, weights = np.array([0, 1, 2]), np.array([0.5, 1.0, 2.0])
    with pytest.warns(UserWarning, match="fractions of weights are lost") as caught:
        metrics.MeanIoU(num_classes=3).update_state(labels, labels, sample_weight=weights)
    mentions(str(caught[0].message), "mean_io_u", "MeanIoU(dtype='float32')")
    metrics.MeanIoU(num_classes=3, dtype="float32").update_state(labels, labels, sample_weight=weights)


def test_a_normalizer_has_a_number_for_each_column() -> None:
    update = metrics.MeanRelativeError([1.0, 2.0]).update_state
    mentions(message_of(update, YES, CHANCES, error=ShapeError), "mean_relative_error", "2 numbers", "(2, 3)")


def test_targets_of_a_margin_that_are_no_signs_are_warned_of() -> None:
    check = losses.Hinge().check
    check(np.array([[-1], [1]]), (None, 1))
    check(np.array([[0], [1]]), (None, 1))
    with pytest.warns(UserWarning, match="hinge: row 1 of the targets is 3") as caught:
        check(np.array([[1], [3]]), (None, 1))
    mentions(str(caught[0].message), "1 of 2", "neither -1 nor 1", "mean_squared_error")


def test_losses_of_classes_name_labels_and_settings_that_cannot_be_meant() -> None:
    loss = losses.CategoricalGeneralizedCrossEntropy()
    check = loss.check
    mentions(message_of(check, np.array([0, 3]), (None, 3), error=DataError), "row 1 is 3", "0 to 2")
    mentions(message_of(loss, np.eye(3), np.ones((3, 3)), error=ShapeError), "one-hot")
    for q in (0, 1, 1.5):
        mentions(message_of(losses.CategoricalGeneralizedCrossEntropy, q=q), "between 0 and 1", str(q))
    for name in ("CategoricalHinge", "CategoricalFocalCrossentropy"):
        check = getattr(losses, name)().check
        mentions(message_of(check, np.zeros(4), (None, 3), error=ShapeError), "one label a row", "to_categorical")


def test_the_circle_loss_wants_a_class_and_a_vector_for_each_row() -> None:
    loss = losses.Circle()
    mentions(
        message_of(loss, np.zeros((4, 3)), np.ones((4, 3)), error=ShapeError), "circle", "(4, 3)", "integer classes"
    )
    mentions(message_of(loss, np.zeros(4), np.ones((4, 3, 2)), error=ShapeError), "circle", "(4, 3, 2)", "vector")


def test_one_number_for_all_rows_takes_no_weights() -> None:
    for name in ("Dice", "Tversky"):
        refused = message_of(getattr(losses, name)(), YES, CHANCES, sample_weight=np.ones(2), error=ShapeError)
        mentions(refused, name.lower(), "sample_weight", "(2,)", "axis")
        of_rows = getattr(losses, name)(axis=1)
        np.testing.assert_allclose(
            of_rows(YES, CHANCES, sample_weight=np.ones(2)).numpy(), of_rows(YES, CHANCES).numpy()
        )


def test_names_of_earlier_and_of_this_keras_find_the_same() -> None:
    assert losses.get("kld") is losses.get("KLD") is losses.get("kullback_leibler_divergence") is losses.kl_divergence
    assert losses.get("msle") is losses.get("MSLE") is losses.mean_squared_logarithmic_error
    assert losses.get("logcosh") is losses.get("log_cosh") is losses.log_cosh
    assert isinstance(metrics.get("logcosh"), metrics.LogCoshError)
    assert isinstance(metrics.get("auc"), metrics.AUC)
    assert isinstance(metrics.get("f1_score"), metrics.F1Score)
    assert isinstance(metrics.get("msle"), metrics.MeanSquaredLogarithmicError)

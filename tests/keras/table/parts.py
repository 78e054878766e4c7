"""Losses and metrics beside Keras's: how each is made, and the kind of targets and predictions that it takes."""

from __future__ import annotations

from typing import Any

import numpy as np

ROWS, COLUMNS = 24, 4
# Name -> the class, its settings, and the kind of data.
Parts = dict[str, tuple[str, dict[str, Any], str]]

LOSSES: Parts = {
    "MeanSquaredError": ("MeanSquaredError", {}, "numbers"),
    "MeanAbsoluteError": ("MeanAbsoluteError", {}, "numbers"),
    "MeanAbsolutePercentageError": ("MeanAbsolutePercentageError", {}, "positive"),
    "MeanSquaredLogarithmicError": ("MeanSquaredLogarithmicError", {}, "positive"),
    "MeanSquaredLogarithmicError below 0": ("MeanSquaredLogarithmicError", {}, "numbers"),
    "Huber": ("Huber", {"delta": 0.7}, "numbers"),
    "LogCosh": ("LogCosh", {}, "numbers"),
    "Hinge": ("Hinge", {}, "signs"),
    "Hinge of 0 and 1": ("Hinge", {}, "odds"),
    "SquaredHinge": ("SquaredHinge", {}, "odds"),
    "CategoricalHinge": ("CategoricalHinge", {}, "one-hot"),
    "KLDivergence": ("KLDivergence", {}, "shares"),
    "KLDivergence of one-hot": ("KLDivergence", {}, "one-hot"),
    "Poisson": ("Poisson", {}, "positive"),
    "CosineSimilarity": ("CosineSimilarity", {}, "numbers"),
    "CosineSimilarity of zeros": ("CosineSimilarity", {}, "some zeros"),
    "BinaryCrossentropy": ("BinaryCrossentropy", {}, "chances"),
    "BinaryFocalCrossentropy": ("BinaryFocalCrossentropy", {}, "chances"),
    "BinaryFocalCrossentropy, balanced": (
        "BinaryFocalCrossentropy",
        {"apply_class_balancing": True, "alpha": 0.4, "gamma": 1.5, "label_smoothing": 0.1},
        "chances",
    ),
    "BinaryFocalCrossentropy from logits": ("BinaryFocalCrossentropy", {"from_logits": True, "gamma": 3.0}, "odds"),
    "CategoricalCrossentropy": ("CategoricalCrossentropy", {}, "one-hot"),
    "CategoricalFocalCrossentropy": ("CategoricalFocalCrossentropy", {}, "one-hot"),
    "CategoricalFocalCrossentropy from logits": (
        "CategoricalFocalCrossentropy",
        {"from_logits": True, "alpha": 0.4, "gamma": 1.5, "label_smoothing": 0.1},
        "one-hot",
    ),
    "SparseCategoricalCrossentropy": ("SparseCategoricalCrossentropy", {}, "labels"),
    "Dice": ("Dice", {}, "chances"),
    "Dice of rows": ("Dice", {"axis": (1,)}, "chances"),
    "Tversky": ("Tversky", {"alpha": 0.3, "beta": 0.8}, "chances"),
    "Tversky of rows": ("Tversky", {"axis": 1}, "chances"),
    "CategoricalGeneralizedCrossEntropy": ("CategoricalGeneralizedCrossEntropy", {"q": 0.3}, "labels"),
    "Circle": ("Circle", {}, "directions"),
    "Circle with the diagonal": ("Circle", {"gamma": 5.0, "margin": 0.2, "remove_diagonal": False}, "directions"),
}
METRICS: Parts = {
    "Mean": ("Mean", {}, "values"),
    "Sum": ("Sum", {}, "values"),
    "MeanSquaredError": ("MeanSquaredError", {}, "numbers"),
    "RootMeanSquaredError": ("RootMeanSquaredError", {}, "numbers"),
    "MeanSquaredLogarithmicError": ("MeanSquaredLogarithmicError", {}, "positive"),
    "LogCoshError": ("LogCoshError", {}, "numbers"),
    "CosineSimilarity": ("CosineSimilarity", {}, "numbers"),
    "KLDivergence": ("KLDivergence", {}, "shares"),
    "Poisson": ("Poisson", {}, "positive"),
    "Hinge": ("Hinge", {}, "signs"),
    "SquaredHinge": ("SquaredHinge", {}, "odds"),
    "CategoricalHinge": ("CategoricalHinge", {}, "one-hot"),
    "PearsonCorrelation": ("PearsonCorrelation", {}, "numbers"),
    "ConcordanceCorrelation": ("ConcordanceCorrelation", {}, "numbers"),
    "R2Score": ("R2Score", {}, "numbers"),
    "R2Score, one a column": ("R2Score", {"class_aggregation": None}, "numbers"),
    "R2Score by variance, adjusted": (
        "R2Score",
        {"class_aggregation": "variance_weighted_average", "num_regressors": 4},
        "numbers",
    ),
    "TruePositives": ("TruePositives", {}, "chances"),
    "TrueNegatives": ("TrueNegatives", {"thresholds": [0.1, 0.5]}, "chances"),
    "FalsePositives": ("FalsePositives", {"thresholds": 0.3}, "chances"),
    "FalseNegatives": ("FalseNegatives", {"thresholds": [0.0, 0.25, 0.5, 0.75, 1.0]}, "chances"),
    "Precision": ("Precision", {}, "chances"),
    "Precision of a class": ("Precision", {"class_id": 1, "thresholds": [0.2, 0.6, 0.7]}, "chances"),
    "Precision of the top": ("Precision", {"top_k": 2}, "one-hot"),
    "Precision of the top, above a threshold": ("Precision", {"top_k": 2, "thresholds": 0.5, "class_id": 1}, "one-hot"),
    "Recall": ("Recall", {"thresholds": [0.0, 0.5, 1.0]}, "chances"),
    "Recall of the top": ("Recall", {"top_k": 3}, "one-hot"),
    "SensitivityAtSpecificity": ("SensitivityAtSpecificity", {"specificity": 0.4}, "chances"),
    "SpecificityAtSensitivity": ("SpecificityAtSensitivity", {"sensitivity": 0.6, "num_thresholds": 40}, "chances"),
    "PrecisionAtRecall": ("PrecisionAtRecall", {"recall": 0.3, "class_id": 2}, "chances"),
    "RecallAtPrecision": ("RecallAtPrecision", {"precision": 0.5, "num_thresholds": 1}, "chances"),
    "AUC": ("AUC", {}, "chances"),
    "AUC of few thresholds": ("AUC", {"num_thresholds": 5, "summation_method": "majoring"}, "chances"),
    "AUC of given thresholds": ("AUC", {"thresholds": [0.2, 0.35, 0.8]}, "chances"),
    "AUC from logits": ("AUC", {"from_logits": True}, "odds"),
    "AUC, beyond the ends": ("AUC", {}, "odds"),
    "AUC of PR": ("AUC", {"curve": "PR"}, "chances"),
    "AUC of PR, from below": ("AUC", {"curve": "PR", "summation_method": "minoring"}, "chances"),
    "AUC of PRGAIN": ("AUC", {"curve": "PRGAIN"}, "chances"),
    "AUC of labels": ("AUC", {"multi_label": True}, "chances"),
    "AUC of labels, weighted": (
        "AUC",
        {"multi_label": True, "num_labels": COLUMNS, "label_weights": [1.0, 0.5, 0.0, 2.0], "curve": "PR"},
        "chances",
    ),
    "AUC of labels, given thresholds": ("AUC", {"multi_label": True, "thresholds": [0.3, 0.4]}, "chances"),
    "AUC, columns weighted": ("AUC", {"label_weights": [1.0, 0.5, 0.0, 2.0]}, "chances"),
    "F1Score": ("F1Score", {}, "one-hot"),
    "F1Score of all": ("F1Score", {"average": "micro"}, "one-hot"),
    "FBetaScore": ("FBetaScore", {"beta": 2.0, "average": "macro", "threshold": 0.4}, "chances"),
    "FBetaScore, weighted": ("FBetaScore", {"beta": 0.5, "average": "weighted"}, "one-hot"),
    "IoU": ("IoU", {"num_classes": COLUMNS, "target_class_ids": [0, 2], "dtype": "float32"}, "classes"),
    "IoU but for a class": (
        "IoU",
        {"num_classes": COLUMNS, "target_class_ids": (1, 3), "ignore_class": 0, "dtype": "float32"},
        "classes",
    ),
    "BinaryIoU": ("BinaryIoU", {"threshold": 0.4, "dtype": "float32"}, "chance"),
    "MeanIoU": ("MeanIoU", {"num_classes": 6, "dtype": "float32"}, "classes"),
    "OneHotIoU": ("OneHotIoU", {"num_classes": COLUMNS, "target_class_ids": [1], "dtype": "float32"}, "one-hot"),
    "OneHotMeanIoU": ("OneHotMeanIoU", {"num_classes": COLUMNS, "dtype": "float32"}, "one-hot"),
}


def data(kind: str, dtype: str) -> tuple[Any, ...]:
    """What ``update_state`` takes, as many rows as there are."""
    draw = np.random.default_rng(7)
    shape = (ROWS, COLUMNS)
    plain, other = draw.normal(size=shape), draw.normal(size=shape)
    above, more = draw.uniform(0.2, 3.0, shape), draw.uniform(0.2, 3.0, shape)
    yes, labels = draw.integers(0, 2, shape), draw.integers(0, COLUMNS, ROWS)
    chosen = np.eye(COLUMNS)[labels]
    shares = more / more.sum(-1, keepdims=True)
    found: dict[str, tuple[Any, ...]] = {
        "values": (plain[:, 0],),
        "numbers": (plain, other),
        "some zeros": (plain * (np.arange(ROWS)[:, None] % 3 > 0), other * (np.arange(ROWS)[:, None] % 4 > 0)),
        "positive": (above, more),
        "signs": (np.sign(plain), other),
        "odds": (yes, other),
        "chances": (yes, np.round(draw.uniform(size=shape), 3)),
        "chance": (yes[:, 0], np.round(np.abs(np.tanh(plain[:, 1])), 3)),
        "shares": (above / above.sum(-1, keepdims=True), shares),
        "one-hot": (chosen, shares),
        "labels": (labels, shares),
        "classes": (labels, draw.integers(0, COLUMNS, ROWS)),
        "directions": (labels, other / np.linalg.norm(other, axis=-1, keepdims=True)),
    }
    return tuple(item.astype(dtype) if item.dtype.kind == "f" else item for item in found[kind])

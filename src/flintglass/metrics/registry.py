"""Metrics by identifier: ``get("mse")``, and the accuracy that fits the shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flintglass.identifiers import Registry, described, made
from flintglass.losses.shapes import classification
from flintglass.metrics.averages import MeanMetricWrapper
from flintglass.metrics.base import Metric
from flintglass.names import snake_case

_CLASSES = (
    "Sum",
    "Mean",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "RootMeanSquaredError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "SparseCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "SparseCategoricalCrossentropy",
    "MeanSquaredLogarithmicError",
    "LogCoshError",
    "MeanRelativeError",
    "R2Score",
    "CosineSimilarity",
    "PearsonCorrelation",
    "ConcordanceCorrelation",
    "Hinge",
    "SquaredHinge",
    "CategoricalHinge",
    "KLDivergence",
    "Poisson",
    "AUC",
    "Precision",
    "Recall",
    "TruePositives",
    "TrueNegatives",
    "FalsePositives",
    "FalseNegatives",
    "PrecisionAtRecall",
    "RecallAtPrecision",
    "SensitivityAtSpecificity",
    "SpecificityAtSensitivity",
    "F1Score",
    "FBetaScore",
    "IoU",
    "BinaryIoU",
    "MeanIoU",
    "OneHotIoU",
    "OneHotMeanIoU",
)
_ALIASES = {
    "MeanSquaredError": ("mse", "MSE"),
    "MeanAbsoluteError": ("mae", "MAE"),
    "MeanAbsolutePercentageError": ("mape", "MAPE"),
    "MeanSquaredLogarithmicError": ("msle", "MSLE"),
    "BinaryCrossentropy": ("bce", "BCE"),
    "KLDivergence": ("kld", "KLD", "kullback_leibler_divergence"),
    "LogCoshError": ("logcosh", "log_cosh"),
}
METRICS = Registry(
    "metric",
    "flintglass.metrics",
    {
        **{name: name for name in _CLASSES},
        **{snake_case(name): name for name in _CLASSES},
        **{alias: name for name, aliases in _ALIASES.items() for alias in aliases},
    },
)
# The functions that a MeanMetricWrapper's configuration may name.
_FUNCTIONS = (
    *("binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy"),
    *("top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy", "huber"),
    *("mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error"),
    *("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"),
    *("binary_focal_crossentropy", "categorical_focal_crossentropy", "kl_divergence", "poisson", "log_cosh"),
    *("hinge", "squared_hinge", "categorical_hinge", "mean_squared_logarithmic_error"),
    *("pearson_correlation", "concordance_correlation"),
)
FUNCTIONS = Registry("function", "flintglass.metrics", {name: name for name in _FUNCTIONS})
_BY_SHAPES = {
    "accuracy": {
        "binary": "BinaryAccuracy",
        "sparse": "SparseCategoricalAccuracy",
        "categorical": "CategoricalAccuracy",
    },
    "crossentropy": {
        "binary": "BinaryCrossentropy",
        "sparse": "SparseCategoricalCrossentropy",
        "categorical": "CategoricalCrossentropy",
    },
}
_SHORT = {"acc": "accuracy", "ce": "crossentropy"}
# Names whose metric depends on the shapes, in lower case: ``resolve`` settles them.
RESOLVED_LATER = frozenset({*_BY_SHAPES, *_SHORT})


def get(identifier: Any) -> Any:
    """The metric that a name, a class, a dictionary, a function or a metric stands for; None for None.

    An unknown name raises ValueError with the nearest one.
    """
    return METRICS.get(identifier)


def resolve(identifier: Any, y_true_shape: Sequence[Any], y_pred_shape: Sequence[Any], loss: Any = None) -> Metric:
    """The Metric for compile(), called as the user called it.

    ``"accuracy"`` and ``"crossentropy"`` (``"acc"``, ``"ce"``) become the one that fits the shapes: one
    output is yes or no, targets with fewer axes or one column are labels, others are one-hot rows. A
    cross-entropy takes ``from_logits`` from ``loss``. Functions become the mean of their values.
    """
    if identifier is None:
        raise ValueError("a metric is a name, a function or a Metric, not None")
    word = str(identifier).lower() if isinstance(identifier, str) else ""
    chosen = _BY_SHAPES.get(_SHORT.get(word, word))
    if chosen is not None:
        wanted = METRICS.named(chosen[classification(y_true_shape, y_pred_shape)])
        logits = "crossentropy" in wanted.__name__.lower() and getattr(loss, "from_logits", False)
        return wanted(name=identifier, **({"from_logits": True} if logits else {}))
    metric = get(identifier)
    if not isinstance(metric, Metric):
        word = getattr(metric, "__name__", type(metric).__name__)
        default = getattr(metric, "name", None) or snake_case(word)
        return MeanMetricWrapper(metric, name=identifier if isinstance(identifier, str) else default)
    if isinstance(identifier, str):
        metric.name = identifier
    return metric


def serialize(metric: Any) -> Any:
    """The dictionary that describes a metric; None for None."""
    return described(metric, "metrics")


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The metric that ``serialize`` described; ``custom_objects`` names those of the user's own."""
    return made(METRICS, config, custom_objects)

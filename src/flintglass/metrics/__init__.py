"""What is watched while a model trains: sums over batches that are read at the end of an epoch."""

from flintglass.faces import lazy_face

_TABLE = {
    "Metric": "flintglass.metrics.base",
    "Sum": "flintglass.metrics.averages",
    "Mean": "flintglass.metrics.averages",
    "MeanMetricWrapper": "flintglass.metrics.averages",
    "MeanSquaredError": "flintglass.metrics.errors",
    "RootMeanSquaredError": "flintglass.metrics.errors",
    "MeanAbsoluteError": "flintglass.metrics.errors",
    "MeanAbsolutePercentageError": "flintglass.metrics.errors",
    "Accuracy": "flintglass.metrics.matches",
    "BinaryAccuracy": "flintglass.metrics.matches",
    "CategoricalAccuracy": "flintglass.metrics.matches",
    "SparseCategoricalAccuracy": "flintglass.metrics.matches",
    "TopKCategoricalAccuracy": "flintglass.metrics.top_k",
    "SparseTopKCategoricalAccuracy": "flintglass.metrics.top_k",
    "BinaryCrossentropy": "flintglass.metrics.crossentropies",
    "CategoricalCrossentropy": "flintglass.metrics.crossentropies",
    "SparseCategoricalCrossentropy": "flintglass.metrics.crossentropies",
    "binary_accuracy": "flintglass.metrics.matches",
    "categorical_accuracy": "flintglass.metrics.matches",
    "sparse_categorical_accuracy": "flintglass.metrics.matches",
    "top_k_categorical_accuracy": "flintglass.metrics.top_k",
    "sparse_top_k_categorical_accuracy": "flintglass.metrics.top_k",
    "mean_squared_error": "flintglass.losses.squared_error",
    "mean_absolute_error": "flintglass.losses.absolute_error",
    "mean_absolute_percentage_error": "flintglass.losses.percentage_error",
    "huber": "flintglass.losses.huber_loss",
    "binary_crossentropy": "flintglass.losses.binary",
    "categorical_crossentropy": "flintglass.losses.categorical",
    "sparse_categorical_crossentropy": "flintglass.losses.sparse_categorical",
    "get": "flintglass.metrics.registry",
    "serialize": "flintglass.metrics.registry",
    "deserialize": "flintglass.metrics.registry",
    "resolve": "flintglass.metrics.registry",
    "RESOLVED_LATER": "flintglass.metrics.registry",
}

__all__ = list(_TABLE)

__getattr__, __dir__ = lazy_face(__name__, _TABLE)

"""What training makes small: the losses of Keras, each a few lines of primitives."""

from flintglass.faces import lazy_face

_TABLE = {
    "Loss": "flintglass.losses.base",
    "LossFunctionWrapper": "flintglass.losses.wrapper",
    "MeanSquaredError": "flintglass.losses.squared_error",
    "MeanAbsoluteError": "flintglass.losses.absolute_error",
    "MeanAbsolutePercentageError": "flintglass.losses.percentage_error",
    "Huber": "flintglass.losses.huber_loss",
    "BinaryCrossentropy": "flintglass.losses.binary",
    "CategoricalCrossentropy": "flintglass.losses.categorical",
    "SparseCategoricalCrossentropy": "flintglass.losses.sparse_categorical",
    "mean_squared_error": "flintglass.losses.squared_error",
    "mean_absolute_error": "flintglass.losses.absolute_error",
    "mean_absolute_percentage_error": "flintglass.losses.percentage_error",
    "huber": "flintglass.losses.huber_loss",
    "binary_crossentropy": "flintglass.losses.binary",
    "categorical_crossentropy": "flintglass.losses.categorical",
    "sparse_categorical_crossentropy": "flintglass.losses.sparse_categorical",
    "get": "flintglass.losses.registry",
    "serialize": "flintglass.losses.registry",
    "deserialize": "flintglass.losses.registry",
    "resolve": "flintglass.losses.registry",
    "RESOLVED_LATER": "flintglass.losses.registry",
}

__all__ = list(_TABLE)

__getattr__, __dir__ = lazy_face(__name__, _TABLE)

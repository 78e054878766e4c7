"""Losses by identifier: ``get("mse")``, and the cross-entropy that fits the shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flintglass.identifiers import Registry, described, made
from flintglass.losses.base import Loss
from flintglass.losses.shapes import classification
from flintglass.losses.wrapper import LossFunctionWrapper
from flintglass.names import snake_case

_ALIASES = {
    "mean_squared_error": ("mse", "MSE"),
    "mean_absolute_error": ("mae", "MAE"),
    "mean_absolute_percentage_error": ("mape", "MAPE"),
    "mean_squared_logarithmic_error": ("msle", "MSLE"),
    "binary_crossentropy": ("bce", "BCE"),
    "kl_divergence": ("kld", "KLD", "kullback_leibler_divergence"),
    "log_cosh": ("logcosh",),
}
_FUNCTIONS = (
    *(*_ALIASES, "huber", "categorical_crossentropy", "sparse_categorical_crossentropy", "cosine_similarity"),
    *("hinge", "squared_hinge", "categorical_hinge", "poisson", "dice", "tversky", "circle"),
    *("binary_focal_crossentropy", "categorical_focal_crossentropy"),
)
_CLASSES = (
    "LossFunctionWrapper",
    "MeanSquaredError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "Huber",
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "SparseCategoricalCrossentropy",
    "MeanSquaredLogarithmicError",
    "LogCosh",
    "Hinge",
    "SquaredHinge",
    "CategoricalHinge",
    "KLDivergence",
    "Poisson",
    "CosineSimilarity",
    "BinaryFocalCrossentropy",
    "CategoricalFocalCrossentropy",
    "Dice",
    "Tversky",
    "CategoricalGeneralizedCrossEntropy",
    "Circle",
)
LOSSES = Registry(
    "loss",
    "flintglass.losses",
    {
        **{name: name for name in (*_CLASSES, *_FUNCTIONS)},
        **{alias: name for name, aliases in _ALIASES.items() for alias in aliases},
    },
)
_CROSSENTROPIES = {
    "binary": "binary_crossentropy",
    "sparse": "sparse_categorical_crossentropy",
    "categorical": "categorical_crossentropy",
}
# Names whose loss depends on the shapes, in lower case: ``resolve`` settles them.
RESOLVED_LATER = frozenset({"crossentropy", "ce"})


def get(identifier: Any) -> Any:
    """The loss that a name, a class, a dictionary, a function or a loss stands for; None for None.

    A function's name gives the function, a class's name an instance. An unknown name raises ValueError
    with the nearest one.
    """
    return LOSSES.get(identifier)


def resolve(identifier: Any, y_true_shape: Sequence[Any], y_pred_shape: Sequence[Any]) -> Loss | None:
    """The Loss for compile(): functions become losses, ``"crossentropy"`` and ``"ce"`` the one that fits."""
    if isinstance(identifier, str) and identifier.lower() in RESOLVED_LATER:
        loss = LOSSES.named(_CROSSENTROPIES[classification(y_true_shape, y_pred_shape)])
    else:
        loss = get(identifier)
    if loss is None or isinstance(loss, Loss):
        return loss
    if isinstance(identifier, str):
        return LossFunctionWrapper(loss, name=identifier)
    name = getattr(loss, "name", None) or snake_case(getattr(loss, "__name__", type(loss).__name__))
    return LossFunctionWrapper(loss, name=name)


def serialize(loss: Any) -> Any:
    """The dictionary that describes a loss; None for None."""
    return described(loss, "losses")


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The loss that ``serialize`` described; ``custom_objects`` names those of the user's own."""
    return made(LOSSES, config, custom_objects)

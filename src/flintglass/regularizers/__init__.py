"""Regularizers: penalties that a weight or an output adds to what training makes small."""

from flintglass.faces import lazy_face

CLASSES = {
    "L1": "flintglass.regularizers.absolute",
    "L1L2": "flintglass.regularizers.absolute",
    "L2": "flintglass.regularizers.absolute",
    "OrthogonalRegularizer": "flintglass.regularizers.orthogonal",
    "Regularizer": "flintglass.regularizers.base",
}
ALIASES = {
    "l1": "L1",
    "l2": "L2",
    "l1_l2": "L1L2",
    "l1l2": "L1L2",
    "orthogonal_regularizer": "OrthogonalRegularizer",
}
TABLE = {
    **CLASSES,
    **{alias: f"{CLASSES[name]}:{name}" for alias, name in ALIASES.items()},
    **dict.fromkeys(("get", "serialize", "deserialize"), "flintglass.regularizers.base"),
}

__all__ = sorted(TABLE)
__getattr__, __dir__ = lazy_face(__name__, TABLE)

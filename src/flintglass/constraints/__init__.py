"""Constraints: what a weight is changed to after each step, so that it keeps a property."""

from flintglass.faces import lazy_face

CLASSES = {
    "Constraint": "flintglass.constraints.base",
    "MaxNorm": "flintglass.constraints.norms",
    "MinMaxNorm": "flintglass.constraints.norms",
    "NonNeg": "flintglass.constraints.non_negative",
    "UnitNorm": "flintglass.constraints.norms",
}
ALIASES = {"max_norm": "MaxNorm", "min_max_norm": "MinMaxNorm", "non_neg": "NonNeg", "unit_norm": "UnitNorm"}
TABLE = {
    **CLASSES,
    **{alias: f"{CLASSES[name]}:{name}" for alias, name in ALIASES.items()},
    **dict.fromkeys(("get", "serialize", "deserialize"), "flintglass.constraints.base"),
}

__all__ = sorted(TABLE)
__getattr__, __dir__ = lazy_face(__name__, TABLE)

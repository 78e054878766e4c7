"""Initializers: the first values of weights, by Keras's names and in Keras's numbers."""

from flintglass.faces import lazy_face

CLASSES = {
    "Constant": "flintglass.initializers.constant",
    "GlorotNormal": "flintglass.initializers.scaled",
    "GlorotUniform": "flintglass.initializers.scaled",
    "HeNormal": "flintglass.initializers.scaled",
    "HeUniform": "flintglass.initializers.scaled",
    "Identity": "flintglass.initializers.constant",
    "Initializer": "flintglass.initializers.base",
    "LecunNormal": "flintglass.initializers.scaled",
    "LecunUniform": "flintglass.initializers.scaled",
    "Ones": "flintglass.initializers.constant",
    "Orthogonal": "flintglass.initializers.orthogonal",
    "RandomNormal": "flintglass.initializers.random",
    "RandomUniform": "flintglass.initializers.random",
    "TruncatedNormal": "flintglass.initializers.random",
    "VarianceScaling": "flintglass.initializers.variance_scaling",
    "Zeros": "flintglass.initializers.constant",
}
ALIASES = {
    "IdentityInitializer": "Identity",
    "OrthogonalInitializer": "Orthogonal",
    "constant": "Constant",
    "glorot_normal": "GlorotNormal",
    "glorot_uniform": "GlorotUniform",
    "he_normal": "HeNormal",
    "he_uniform": "HeUniform",
    "identity": "Identity",
    "lecun_normal": "LecunNormal",
    "lecun_uniform": "LecunUniform",
    "normal": "RandomNormal",
    "one": "Ones",
    "ones": "Ones",
    "orthogonal": "Orthogonal",
    "random_normal": "RandomNormal",
    "random_uniform": "RandomUniform",
    "truncated_normal": "TruncatedNormal",
    "uniform": "RandomUniform",
    "variance_scaling": "VarianceScaling",
    "zero": "Zeros",
    "zeros": "Zeros",
}
TABLE = {
    **CLASSES,
    **{alias: f"{CLASSES[name]}:{name}" for alias, name in ALIASES.items()},
    **dict.fromkeys(("get", "serialize", "deserialize"), "flintglass.initializers.identifiers"),
}

__all__ = sorted(TABLE)
__getattr__, __dir__ = lazy_face(__name__, TABLE)

"""Activations by Keras's names; the table is the registry that ``get`` reads and contract tests walk."""

from flintglass.faces import lazy_face

FUNCTIONS = {
    **dict.fromkeys(
        [
            "celu",
            "elu",
            "glu",
            "hard_shrink",
            "hard_sigmoid",
            "hard_silu",
            "hard_tanh",
            "leaky_relu",
            "log_sigmoid",
            "mish",
            "relu6",
            "selu",
            "sigmoid",
            "silu",
            "soft_shrink",
            "softplus",
            "softsign",
            "sparse_plus",
            "sparse_sigmoid",
            "squareplus",
            "tanh_shrink",
            "threshold",
        ],
        "flintglass.ops",
    ),
    **dict.fromkeys(("log_softmax", "softmax", "sparsemax", "tanh"), "flintglass.ops"),
    **dict.fromkeys(("exponential", "gelu", "linear", "relu"), "flintglass.activations.functions"),
    # Other names of the same functions.
    "swish": "flintglass.ops:silu",
    "hard_swish": "flintglass.ops:hard_silu",
}
TABLE = {
    **FUNCTIONS,
    **dict.fromkeys(("get", "serialize", "deserialize"), "flintglass.activations.identifiers"),
}

__all__ = sorted(TABLE)
__getattr__, __dir__ = lazy_face(__name__, TABLE)

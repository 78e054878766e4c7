"""Layers: the public names of keras.layers, loaded on first use."""

from flintglass.faces import lazy_face

LAYERS = {
    "Activation": "flintglass.layers.activation",
    "ActivityRegularization": "flintglass.layers.activity_regularization",
    "AlphaDropout": "flintglass.layers.alpha_dropout",
    "BatchNormalization": "flintglass.layers.batch_normalization",
    "Concatenate": "flintglass.layers.concatenation",
    "Dense": "flintglass.layers.dense",
    "Dot": "flintglass.layers.dot_product",
    "Dropout": "flintglass.layers.dropout",
    "Embedding": "flintglass.layers.embedding",
    "Flatten": "flintglass.layers.flatten",
    "GaussianDropout": "flintglass.layers.gaussian_dropout",
    "GaussianNoise": "flintglass.layers.gaussian_noise",
    "GroupNormalization": "flintglass.layers.group_normalization",
    "Identity": "flintglass.layers.identity",
    "InputLayer": "flintglass.layers.input",
    "Lambda": "flintglass.layers.lambda_layer",
    "Layer": "flintglass.layers.base",
    "LayerNormalization": "flintglass.layers.layer_normalization",
    "Masking": "flintglass.layers.masking",
    "Normalization": "flintglass.layers.normalization",
    "PReLU": "flintglass.layers.prelu",
    "Permute": "flintglass.layers.permute",
    "RMSNormalization": "flintglass.layers.rms_normalization",
    "RepeatVector": "flintglass.layers.repeat_vector",
    "Rescaling": "flintglass.layers.rescaling",
    "Reshape": "flintglass.layers.reshape",
    "Softmax": "flintglass.layers.softmax",
    "UnitNormalization": "flintglass.layers.unit_normalization",
    **dict.fromkeys(("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"), "flintglass.layers.elementwise"),
    **dict.fromkeys(("ELU", "LeakyReLU", "ReLU"), "flintglass.layers.rectifiers"),
}
# No module has the name of a function: importing it would put the module in the function's place.
FUNCTIONS = {
    "concatenate": "flintglass.layers.concatenation",
    "dot": "flintglass.layers.dot_product",
    **dict.fromkeys(("add", "average", "maximum", "minimum", "multiply", "subtract"), "flintglass.layers.elementwise"),
}
TABLE = {
    **LAYERS,
    **FUNCTIONS,
    "Input": "flintglass.layers.input",
    "InputSpec": "flintglass.layers.input_spec",
    **dict.fromkeys(("deserialize", "serialize"), "flintglass.models.objects"),
}
__all__ = sorted(TABLE)
__getattr__, __dir__ = lazy_face(__name__, TABLE)

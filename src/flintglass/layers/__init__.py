"""Layers: the public names of keras.layers, loaded on first use."""

from flintglass.faces import lazy_face

LAYERS = {
    "Activation": "flintglass.layers.activation",
    "Dense": "flintglass.layers.dense",
    "Flatten": "flintglass.layers.flatten",
    "InputLayer": "flintglass.layers.input",
    "Layer": "flintglass.layers.base",
}
TABLE = {**LAYERS, "Input": "flintglass.layers.input", "InputSpec": "flintglass.layers.input_spec"}
__all__ = sorted(TABLE)
__getattr__, __dir__ = lazy_face(__name__, TABLE)

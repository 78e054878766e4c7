"""How gradients change weights: the optimizers of Keras, each one block over every weight."""

from flintglass.faces import lazy_face

_TABLE = {
    "Optimizer": "flintglass.optimizers.base",
    "SGD": "flintglass.optimizers.sgd",
    "Adam": "flintglass.optimizers.adam",
    "RMSprop": "flintglass.optimizers.rmsprop",
    "get": "flintglass.optimizers.registry",
    "serialize": "flintglass.optimizers.registry",
    "deserialize": "flintglass.optimizers.registry",
}

__all__ = list(_TABLE)

__getattr__, __dir__ = lazy_face(__name__, _TABLE)

"""How gradients change weights: the optimizers of Keras, each one block over every weight."""

from flintglass.faces import lazy_face

OPTIMIZERS = {
    "Adadelta": "flintglass.optimizers.adadelta",
    "Adafactor": "flintglass.optimizers.adafactor",
    "Adagrad": "flintglass.optimizers.adagrad",
    "Adam": "flintglass.optimizers.adam",
    "AdamW": "flintglass.optimizers.adamw",
    "Adamax": "flintglass.optimizers.adamax",
    "Ftrl": "flintglass.optimizers.ftrl",
    "Lamb": "flintglass.optimizers.lamb",
    "Lion": "flintglass.optimizers.lion",
    "Nadam": "flintglass.optimizers.nadam",
    "RMSprop": "flintglass.optimizers.rmsprop",
    "SGD": "flintglass.optimizers.sgd",
}
_TABLE = {
    **OPTIMIZERS,
    "Optimizer": "flintglass.optimizers.base",
    "schedules": "flintglass.optimizers.schedules:*",
    "get": "flintglass.optimizers.registry",
    "serialize": "flintglass.optimizers.registry",
    "deserialize": "flintglass.optimizers.registry",
}

__all__ = list(_TABLE)

__getattr__, __dir__ = lazy_face(__name__, _TABLE)

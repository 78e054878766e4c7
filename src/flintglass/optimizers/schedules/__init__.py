"""How the learning rate changes while training: keras.optimizers.schedules, loaded on first use."""

from flintglass.faces import lazy_face

TABLE = {
    "LearningRateSchedule": "flintglass.optimizers.schedules.base",
    "CosineDecay": "flintglass.optimizers.schedules.cosine",
    "CosineDecayRestarts": "flintglass.optimizers.schedules.cosine_restarts",
    "ExponentialDecay": "flintglass.optimizers.schedules.exponential",
    "InverseTimeDecay": "flintglass.optimizers.schedules.inverse_time",
    "PiecewiseConstantDecay": "flintglass.optimizers.schedules.piecewise",
    "PolynomialDecay": "flintglass.optimizers.schedules.polynomial",
    "deserialize": "flintglass.optimizers.schedules.registry",
    "serialize": "flintglass.optimizers.schedules.registry",
}
__all__ = list(TABLE)
__getattr__, __dir__ = lazy_face(__name__, TABLE)

"""Random numbers by Keras's names: exact streams, from seeds that are whole numbers or generators."""

from flintglass.faces import lazy_face

TABLE = {
    "SeedGenerator": "flintglass.random.seed_generator",
    **dict.fromkeys(("normal", "randint", "truncated_normal", "uniform"), "flintglass.random.draws"),
    **dict.fromkeys(("beta", "binomial", "gamma"), "flintglass.random.families"),
    **dict.fromkeys(("categorical", "dropout", "shuffle"), "flintglass.random.choices"),
}

__all__ = sorted(TABLE)
__getattr__, __dir__ = lazy_face(__name__, TABLE)

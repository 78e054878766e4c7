"""Utilities: the public names of keras.utils that exist so far, loaded on first use."""

from flintglass.faces import lazy_face

TABLE = {
    "clear_session": "flintglass.utils.session",
    "normalize": "flintglass.utils.numbers",
    "set_random_seed": "flintglass.random.streams",
    "split_dataset": "flintglass.utils.splitting",
    "to_categorical": "flintglass.utils.numbers",
}
__all__ = sorted(TABLE)
__getattr__, __dir__ = lazy_face(__name__, TABLE)

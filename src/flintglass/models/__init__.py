"""Models: the public names of keras.models, loaded on first use."""

from flintglass.faces import lazy_face

TABLE = {
    "Model": "flintglass.models.model",
    "Sequential": "flintglass.models.sequential",
    "clone_model": "flintglass.models.configuration",
    "load_model": "flintglass.models.loading",
    "model_from_json": "flintglass.models.loading",
    "save_model": "flintglass.models.writing",
}
__all__ = sorted(TABLE)
__getattr__, __dir__ = lazy_face(__name__, TABLE)

"""Saving: the public names of keras.saving, loaded on first use."""

from flintglass.faces import lazy_face

TABLE = {
    **dict.fromkeys(
        (
            "CustomObjectScope",
            "custom_object_scope",
            "get_custom_objects",
            "get_registered_name",
            "get_registered_object",
            "register_keras_serializable",
        ),
        "flintglass.customs",
    ),
    "deserialize_keras_object": "flintglass.models.objects",
    "load_model": "flintglass.models.loading",
    "load_weights": "flintglass.models.reading_weights",
    "save_model": "flintglass.models.writing",
    "save_weights": "flintglass.models.writing",
    "serialize_keras_object": "flintglass.models.objects",
}
__all__ = sorted(TABLE)
__getattr__, __dir__ = lazy_face(__name__, TABLE)

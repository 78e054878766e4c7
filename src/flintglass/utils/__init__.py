"""Utilities: the public names of keras.utils that exist so far, loaded on first use."""

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
    **dict.fromkeys(("deserialize_keras_object", "serialize_keras_object"), "flintglass.models.objects"),
    "PyDataset": "flintglass.data.streams",
    "Sequence": "flintglass.data.streams:PyDataset",  # what it was called before Keras 3
    "pack_x_y_sample_weight": "flintglass.models.own_steps",
    "unpack_x_y_sample_weight": "flintglass.models.own_steps",
    "clear_session": "flintglass.utils.session",
    "model_to_dot": "flintglass.glass.model_plot",
    "normalize": "flintglass.utils.numbers",
    "plot_model": "flintglass.glass.model_plot",
    "set_random_seed": "flintglass.random.streams",
    "split_dataset": "flintglass.utils.splitting",
    "to_categorical": "flintglass.utils.numbers",
}
__all__ = sorted(TABLE)
__getattr__, __dir__ = lazy_face(__name__, TABLE)

"""Objects as Keras's dictionaries, and back: layers, losses, optimizers and the like, by their registries alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flintglass import activations, constraints, initializers, losses, metrics, optimizers, regularizers
from flintglass.customs import CustomObjectScope, custom
from flintglass.errors import warn
from flintglass.identifiers import described, function_dictionary
from flintglass.layers.base import Layer
from flintglass.models.configuration import layer_from
from flintglass.models.documents import document_of, model_from
from flintglass.models.loading import NOT_CODE
from flintglass.models.model import Model
from flintglass.models.operations import of_value, value_from
from flintglass.optimizers import schedules

# A module's name in a dictionary -> what makes the objects of that room.
ROOMS: dict[str, Callable[[Any], Any]] = {
    "keras.activations": activations.deserialize,
    "keras.constraints": constraints.deserialize,
    "keras.initializers": initializers.deserialize,
    "keras.layers": layer_from,
    "keras.losses": losses.deserialize,
    "keras.metrics": metrics.deserialize,
    "keras.optimizers": optimizers.deserialize,
    "keras.optimizers.schedules": schedules.deserialize,
    "keras.regularizers": regularizers.deserialize,
    "keras": model_from,
    "keras.models": model_from,
    "keras.src.models.functional": model_from,
}
_FUNCTIONS = (activations.deserialize, losses.deserialize)


def serialize_keras_object(obj: Any) -> Any:
    """The dictionary that describes an object; texts and numbers are themselves, lists and dictionaries stay such."""
    if obj is None or isinstance(obj, (str, bool, int, float)):
        return obj
    if isinstance(obj, (list, tuple)):
        return [serialize_keras_object(item) for item in obj]
    if isinstance(obj, Mapping):
        return {str(key): serialize_keras_object(item) for key, item in obj.items()}
    if isinstance(obj, Model):
        return document_of(obj)
    if hasattr(obj, "get_config") and not isinstance(obj, type):
        found = described(obj, _room(obj))
        built_for = obj.get_build_config() if isinstance(obj, Layer) else None
        return found if built_for is None else {**found, "build_config": built_for}
    if callable(obj) and not isinstance(obj, type):
        if getattr(obj, "__name__", "<lambda>") == "<lambda>":
            raise ValueError("a lambda has no name by which a file could call it; define a function with def")
        return function_dictionary(obj)
    found = of_value(obj)
    if found is obj:
        raise TypeError(f"{obj!r:.80} of type {type(obj).__name__} cannot be described; define get_config() for it")
    return found


def _room(thing: Any) -> str:
    """``layers`` for a layer, ``optimizers.schedules`` for a schedule: the package that its class lives in."""
    module = type(thing).__module__.removeprefix("flintglass.")
    return "optimizers.schedules" if module.startswith("optimizers.schedules.") else module.partition(".")[0]


def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True, **_: Any
) -> Any:
    """The object that ``serialize_keras_object`` described.

    Names are looked up among the user's own (custom_objects, scopes, registered ones) and our registries, never
    imported; ValueError for others.
    """
    if not safe_mode:
        warn(NOT_CODE)
    with CustomObjectScope(custom_objects):
        return _made(config)


def _made(config: Any) -> Any:
    if isinstance(config, (list, tuple)):
        return [_made(item) for item in config]
    if not isinstance(config, Mapping):
        return config
    kind = config.get("class_name")
    if kind is None:
        return {key: _made(item) for key, item in config.items()}
    if kind == "function":
        return _function(config)
    if str(kind).startswith("__"):
        return _value(config)
    own = custom(config.get("registered_name"))
    own = custom(kind) if own is None else own
    if own is not None:
        settings = config.get("config") or {}
        return own.from_config(dict(settings)) if hasattr(own, "from_config") else own
    make = ROOMS.get(str(config.get("module")))
    if make is None:
        raise ValueError(
            f"the class {kind!r:.80} of the module {config.get('module')!r:.80} is not known; modules that a "
            "description names are never imported. Pass the class by custom_objects, or register it"
        )
    return make(config)


def _function(config: Mapping[str, Any]) -> Any:
    own = custom(config.get("config"))
    if own is not None:
        return own
    for find in _FUNCTIONS:
        try:
            return find(config)
        except ValueError:
            continue
    raise ValueError(f"the function {config.get('config')!r:.80} is not known; pass it by custom_objects")


def _value(config: Mapping[str, Any]) -> Any:
    kind = config["class_name"]
    if kind == "__lambda__":
        raise ValueError("the description holds code (a lambda), which is never run; pass a function by custom_objects")
    found = value_from(config)
    if isinstance(found, Mapping):
        raise ValueError(f"a description holds {kind!r:.80}, which is not known here")
    return found


def serialize(layer: Any) -> dict[str, Any]:
    """The dictionary that describes a layer or a model."""
    if not isinstance(layer, Layer):
        raise ValueError(f"layers.serialize takes a layer, not {layer!r:.80}")
    found: dict[str, Any] = serialize_keras_object(layer)
    return found


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True) -> Any:
    """The layer that ``serialize`` described."""
    if not isinstance(config, Mapping):
        raise ValueError(f"layers.deserialize takes the dictionary of a layer, not {config!r:.80}")
    entry = {"module": "keras.layers", **config}
    found = deserialize_keras_object(entry, custom_objects, safe_mode)
    if not isinstance(found, Layer):
        raise ValueError(f"{config.get('class_name')!r:.80} describes {found!r:.80}, which is no layer")
    return found

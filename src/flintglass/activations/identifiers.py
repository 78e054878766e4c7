"""Activations by identifier: names, functions, and the dictionaries of configurations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flintglass import activations
from flintglass.customs import custom
from flintglass.errors import nearest
from flintglass.faces import load_named
from flintglass.identifiers import configured, described, function_dictionary

# A layer may be an activation too; layers stand right of activations, and are loaded where a configuration names one.
LAYERS = "flintglass.layers:LAYERS"

Activation = Callable[[Any], Any]


def get(identifier: Any) -> Activation:
    """The activation that a name, a function or a configuration stands for; None stands for linear."""
    if identifier is None:
        return _named("linear")
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return _named(identifier)
    if callable(identifier):
        return identifier
    raise ValueError(
        f"an activation is a name, a function or a configuration, not {identifier!r} of type "
        f"{type(identifier).__name__}"
    )


def _named(name: str, more: Mapping[str, Any] | None = None) -> Activation:
    own = custom(name, more)
    if own is not None:
        return own
    if not isinstance(name, str):
        raise ValueError(f"the name of an activation is a text, not {name!r:.60}")
    if name not in activations.FUNCTIONS:
        raise ValueError(f"unknown activation {name!r}. {nearest(name, activations.FUNCTIONS)}")
    return getattr(activations, name)


def serialize(activation: Activation) -> Any:
    """The name of an activation; the dictionary of a function of the user's own, or of a layer."""
    name = getattr(activation, "__name__", None)
    if name in activations.FUNCTIONS and _same(getattr(activations, name), activation):
        return name
    if hasattr(activation, "get_config"):
        return described(activation, "layers")
    return function_dictionary(activation)


def _same(known: Any, given: Any) -> bool:
    """True for a function of the table, and for the operation that it is made of."""
    return known is given or getattr(given, "__module__", "").startswith("flintglass.")


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Activation:
    """The activation that ``serialize`` described; ``custom_objects`` holds functions of the user's own."""
    if isinstance(config, dict):
        if config.get("class_name") == "function":
            return _named(config["config"], custom_objects)
        name: Any = config.get("class_name")
        own = custom(config.get("registered_name"), custom_objects) or custom(name, custom_objects)
        known = load_named(LAYERS).get(name) if isinstance(name, str) else None
        if own is None and known is not None:
            own = load_named(f"{known}:{name}")
        return configured(_named(name, custom_objects) if own is None else own, config.get("config") or {})
    if isinstance(config, str):
        return _named(config, custom_objects)
    return get(config)

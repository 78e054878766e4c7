"""Activations by identifier: names, functions, and the dictionaries of configurations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flintglass import activations
from flintglass.errors import nearest
from flintglass.identifiers import function_dictionary

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
    if more and name in more:
        return more[name]
    if name not in activations.FUNCTIONS:
        raise ValueError(f"unknown activation {name!r}. {nearest(name, activations.FUNCTIONS)}")
    return getattr(activations, name)


def serialize(activation: Activation) -> Any:
    """The name of an activation; the dictionary of a function of the user's own, or of a layer."""
    name = getattr(activation, "__name__", None)
    if name in activations.FUNCTIONS and _same(getattr(activations, name), activation):
        return name
    if hasattr(activation, "get_config"):
        kind = type(activation)
        return {
            "module": kind.__module__,
            "class_name": kind.__name__,
            "config": activation.get_config(),
            "registered_name": kind.__name__,
        }
    return function_dictionary(activation)


def _same(known: Any, given: Any) -> bool:
    """True for a function of the table, and for the operation that it is made of."""
    return known is given or getattr(given, "__module__", "").startswith("flintglass.")


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Activation:
    """The activation that ``serialize`` described; ``custom_objects`` holds functions of the user's own."""
    if isinstance(config, dict):
        if config.get("class_name") == "function":
            return _named(config["config"], custom_objects)
        found: Any = _named(config["class_name"], custom_objects)
        return found.from_config(config.get("config") or {}) if hasattr(found, "from_config") else found
    if isinstance(config, str):
        return _named(config, custom_objects)
    return get(config)

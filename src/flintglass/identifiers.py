"""Identifiers: the object that a name, a class, a configuration or the object itself stands for."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flintglass.errors import nearest


@dataclass(frozen=True)
class Registry:
    """What a package of losses, metrics, optimizers, ... answers to its ``get``.

    kind: the word for one of them in messages. package: its face. names: identifier -> public name of
    the face. folded: whether upper and lower case are the same.
    """

    kind: str
    package: str
    names: Mapping[str, str]
    folded: bool = False

    def get(self, identifier: Any) -> Any:
        """The function or instance; None for None; ValueError, with the nearest name, for what is unknown."""
        found: Any = identifier
        if isinstance(identifier, str):
            found = self.named(identifier)
        elif isinstance(identifier, dict):
            found = self.from_dictionary(identifier)
        if found is None or inspect.isclass(found):
            return found and found()
        if not callable(found) and not hasattr(found, "get_config"):
            raise ValueError(
                f"{identifier!r} is no {self.kind}: expected a name, a class, an instance, a function or a "
                f"dictionary with 'class_name' and 'config', not {type(identifier).__name__}"
            )
        return found

    def named(self, name: str) -> Any:
        """The class or function of this name."""
        key = name.lower() if self.folded else name
        if key not in self.names:
            raise ValueError(f"there is no {self.kind} {name!r}. {nearest(name, self.names)}")
        return getattr(importlib.import_module(self.package), self.names[key])

    def from_dictionary(self, dictionary: Mapping[str, Any]) -> Any:
        """The object that ``{"class_name": ..., "config": ...}`` describes."""
        if "class_name" not in dictionary:
            raise ValueError(
                f"the dictionary of a {self.kind} has the keys 'class_name' and 'config', "
                f"not {sorted(map(str, dictionary))}"
            )
        settings: Any = dictionary.get("config") or {}
        if dictionary["class_name"] == "function":
            return self.named(settings)
        found: Any = self.named(dictionary["class_name"])
        return found.from_config(dict(settings)) if hasattr(found, "from_config") else found


def function_dictionary(function: Callable[..., Any]) -> dict[str, Any]:
    """The dictionary by which a configuration names a function."""
    name = getattr(function, "__name__", type(function).__name__)
    return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}


def described(thing: Any, room: str) -> Any:
    """The dictionary that a configuration holds for an object of ours (``room`` is its package) or the
    user's own; None for None."""
    if thing is None or isinstance(thing, (str, dict)):
        return thing
    if not hasattr(thing, "get_config"):
        return function_dictionary(thing)
    kind = type(thing)
    ours = kind.__module__.startswith("flintglass.")
    return {
        "module": f"keras.{room}" if ours else kind.__module__,
        "class_name": kind.__name__,
        "config": thing.get_config(),
        "registered_name": None if ours else kind.__name__,
    }


def made(registry: Registry, description: Any, more: Mapping[str, Any] | None = None) -> Any:
    """The object that ``described`` described; ``more`` holds classes and functions of the user's own."""
    if more and isinstance(description, Mapping):
        name: Any = description.get("class_name")
        if name == "function" and description.get("config") in more:
            return more[description["config"]]
        if name in more:
            return more[name].from_config(dict(description.get("config") or {}))
    return registry.get(description)

"""Identifiers: the object that a name, a class, a configuration or the object itself stands for."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flintglass.customs import custom, registered_name
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

    def named(self, name: str, plain: bool = True) -> Any:
        """The class or function of this name; the user's own come first. plain: see ``custom``."""
        own = custom(name, plain=plain)
        if own is not None:
            return own
        if not isinstance(name, str):
            raise ValueError(f"the name of a {self.kind} is a text, not {name!r:.60}")
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
        own = custom(dictionary.get("registered_name"))
        found = self.named(dictionary["class_name"], not self.is_ours(dictionary)) if own is None else own
        return configured(found, settings)

    def is_ours(self, dictionary: Mapping[str, Any]) -> bool:
        """True where a dictionary says that it means a class of Keras's: one that is registered by the same plain name
        is not meant."""
        name, module = dictionary.get("class_name"), dictionary.get("module")
        return (
            isinstance(name, str)
            and name in self.names
            and isinstance(module, str)
            and module.startswith("keras.")
            and dictionary.get("registered_name") is None
        )


def function_dictionary(function: Callable[..., Any]) -> dict[str, Any]:
    """The dictionary by which a configuration names a function."""
    name = registered_name(function) or getattr(function, "__name__", type(function).__name__)
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
    own = registered_name(kind)
    elsewhere = None if own or kind.__module__ == "__main__" else kind.__module__
    return {
        "module": f"keras.{room}" if ours else elsewhere,
        "class_name": kind.__name__,
        "config": thing.get_config(),
        "registered_name": None if ours else own or kind.__name__,
    }


def configured(found: Any, settings: Any) -> Any:
    """The object of a class with these settings; what is no class stands for itself."""
    if not hasattr(found, "from_config"):
        return found
    if not isinstance(settings, Mapping):
        raise ValueError(f"the config of a {found.__name__} is a dictionary, not {settings!r:.60}")
    if inspect.isclass(found) and found.__module__.startswith("flintglass."):
        _require_kinds(found, settings)
    return found.from_config(dict(settings))


def _require_kinds(kind: Any, settings: Mapping[str, Any]) -> None:
    """ValueError for a text in the place of a number, and for what is neither true nor false where one is expected."""
    for name, default in _defaults(kind).items():
        given = settings.get(name, default)
        if isinstance(default, bool) and not (isinstance(given, (bool, int)) and given in (0, 1)):
            raise ValueError(f"{kind.__name__}: {name} is true or false, not {given!r:.60}")
        if isinstance(given, str):
            raise ValueError(f"{kind.__name__}: {name} is a number, not {given!r:.60}")


@lru_cache(maxsize=512)
def _defaults(kind: Any) -> dict[str, Any]:
    """The settings of a class that are numbers, or true or false, unless they are given."""
    found = {name: parameter.default for name, parameter in inspect.signature(kind.__init__).parameters.items()}
    plain = {name: value for name, value in found.items() if isinstance(value, (bool, int, float))}
    return {"trainable": True, **plain}


def made(registry: Registry, description: Any, more: Mapping[str, Any] | None = None) -> Any:
    """The object that ``described`` described; ``more`` holds classes and functions of the user's own."""
    if isinstance(description, Mapping):
        name: Any = description.get("class_name")
        if name == "function":
            own = custom(description.get("config"), more)
            return registry.get(description) if own is None else own
        plain = not registry.is_ours(description)
        for own in (custom(description.get("registered_name"), more), custom(name, more, plain)):
            if own is not None:
                return configured(own, description.get("config") or {})
    if isinstance(description, str):
        own = custom(description, more)
        if own is not None:
            return own
    return registry.get(description)

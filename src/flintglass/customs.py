"""Objects of the user's own that configurations may name: registered ones, and those of a scope."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from typing import Any

_everywhere: dict[str, Any] = {}
_scopes: ContextVar[tuple[Mapping[str, Any], ...]] = ContextVar("custom_object_scopes", default=())
_REGISTERED = "_flintglass_registered_name"


def get_custom_objects() -> dict[str, Any]:
    """The dictionary, name -> class or function, that holds everywhere; what is put in is found from then on."""
    return _everywhere


class CustomObjectScope:
    """``with custom_object_scope({"Mine": Mine}):`` configurations read inside may name these objects."""

    def __init__(self, *args: Mapping[str, Any] | None) -> None:
        self.objects: dict[str, Any] = {}
        for given in args:
            if given is not None and not isinstance(given, Mapping):
                raise TypeError(
                    f"custom_object_scope takes dictionaries, name -> class or function, not {type(given).__name__}"
                )
            self.objects.update(given or {})
        self._tokens: list[Token[tuple[Mapping[str, Any], ...]]] = []

    def __enter__(self) -> CustomObjectScope:
        self._tokens.append(_scopes.set((self.objects, *_scopes.get())))
        return self

    def __exit__(self, *_: Any) -> None:
        _scopes.reset(self._tokens.pop())


custom_object_scope = CustomObjectScope


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[Any], Any]:
    """A decorator by which configurations may name a class or a function, as ``package>name``.

    A class must have ``get_config``. Only what is registered, or passed by the caller, is ever found by a file.
    """

    def register(thing: Any) -> Any:
        if inspect.isclass(thing) and not hasattr(thing, "get_config"):
            raise ValueError(
                f"{thing.__name__} cannot be registered: it has no get_config(), a dictionary of its constructor's "
                "arguments"
            )
        full = f"{package}>{name or thing.__name__}"
        _everywhere[full] = thing
        setattr(thing, _REGISTERED, full)
        return thing

    return register


def get_registered_name(obj: Any) -> str:
    """``package>name`` of a registered class or function; the plain name of another."""
    return registered_name(obj) or str(getattr(obj, "__name__", obj))


def registered_name(thing: Any) -> str | None:
    """``package>name`` of what is registered itself; None for all else, subclasses of registered classes too."""
    found = getattr(thing, _REGISTERED, None)
    return found if found is not None and _everywhere.get(found) is thing else None


def get_registered_object(
    name: str, custom_objects: Mapping[str, Any] | None = None, module_objects: Mapping[str, Any] | None = None
) -> Any:
    """The class or function of this name: of a scope, of those registered, of the given ones; None where none is."""
    found = custom(name, custom_objects)
    return found if found is not None or not module_objects else module_objects.get(name)


def custom(name: Any, more: Mapping[str, Any] | None = None, plain: bool = True) -> Any:
    """The user's own object of this name, ``more`` first, then the innermost scope; None where there is none.

    plain: whether an object that is registered in the package ``Custom`` is found by its plain name too.
    """
    if not isinstance(name, str):
        return None
    for known in (more or {}, *_scopes.get(), _everywhere):
        if name in known:
            return known[name]
    return _everywhere.get(f"Custom>{name}") if plain else None

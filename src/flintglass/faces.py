"""Package faces that load on first use (PEP 562), from one declared table that is also the registry."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

from flintglass.errors import NoSuchName


def lazy_face(package: str, table: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` for a package whose public names live in the modules of ``table``.

    table: public name -> module; the object has the same name there, unless ``module:name`` says another.
    """

    def load(name: str) -> Any:
        if name not in table:
            if name.startswith("__"):
                raise AttributeError(name)
            raise NoSuchName(package, name, table)
        module, _, inner = table[name].partition(":")
        value = load_named(f"{module}:{inner or name}")
        setattr(sys.modules[package], name, value)
        return value

    return load, lambda: sorted(table)


def load_named(place: str) -> Any:
    """The object at ``module:name``; the module itself for ``module:*``."""
    module, _, name = place.partition(":")
    found = importlib.import_module(module)
    return found if name == "*" else getattr(found, name)

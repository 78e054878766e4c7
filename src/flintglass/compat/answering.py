"""A module that answers for one of TensorFlow's or Keras's: its names are places in flintglass."""

from __future__ import annotations

import dis
import importlib
import re
import sys
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any, NoReturn

from flintglass.errors import closest
from flintglass.faces import load_named

# However Keras was reached, it is the same Keras.
KERAS = re.compile(r"^(tensorflow(\.python|\._api\.v2)?\.keras|tf_keras|keras\.(api|src))\b")
IMPORT_FROM = dis.opmap["IMPORT_FROM"]


class Answer(ModuleType):
    """A module whose names come from a table, and from a package of flintglass after that.

    table: name -> a place as ``module:object``, or the value itself. inner: the modules below this one. prepare: a
    function that is given what a script gets.
    """

    def __init__(
        self, name: str, table: Mapping[str, Any], package: str | None, inner: frozenset[str], prepare: Any = None
    ) -> None:
        super().__init__(name)
        self.__path__: list[str] = []  # what Python asks of a package
        self._table, self._package, self._inner = table, package, inner
        self._prepare = prepare or (lambda value: None)

    def __getattr__(self, name: str) -> Any:
        table, package = self._table, self._package
        if name in table:
            value = table[name]
            value = load_named(value) if isinstance(value, str) and ":" in value else value
        elif name in self._inner:
            value = importlib.import_module(f"{self.__name__}.{name}")
        elif package is not None and _offers(package, name):
            value = getattr(sys.modules[package], name)
        else:
            self._refuse(name)
        self._prepare(value)
        setattr(self, name, value)
        return value

    def __call__(self, *arguments: Any, **keywords: Any) -> NoReturn:
        hint = note_about(plain(self.__name__))
        raise TypeError(f"{self.__name__} is a module here, not a function. {hint or ''}".strip())

    def __dir__(self) -> list[str]:
        package = importlib.import_module(self._package) if self._package else None
        return sorted({*self._table, *self._inner, *(dir(package) if package else ())})

    @property
    def __all__(self) -> list[str]:
        return [name for name in dir(self) if not name.startswith("_")]

    def _refuse(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        message = not_offered(f"{self.__name__}.{name}", dir(self))
        # In `from tensorflow.keras.layers import Conv2D` Python would hide what an AttributeError says.
        frame = sys._getframe(2)
        if frame.f_lasti >= 0 and frame.f_code.co_code[frame.f_lasti] == IMPORT_FROM:
            raise ImportError(message, name=self.__name__)
        raise AttributeError(message, name=name, obj=None)  # without the object, Python adds no guess of its own


def _offers(package: str, name: str) -> bool:
    return not name.startswith("_") and name in dir(importlib.import_module(package))


def plain(name: str) -> str:
    """A module's name, of any era and package, as that of ``keras`` or of ``tensorflow``."""
    return KERAS.sub("keras", name)


def not_offered(full_name: str, known: Iterable[str]) -> str:
    """The one sentence about a name that is not there: the way out, or the nearest name."""
    room, _, name = full_name.rpartition(".")
    close = closest(name, known, cutoff=0.75)
    hint = note_about(plain(full_name)) or (f"Did you mean {close!r}?" if close else None)
    sentence = f"flintglass answers for {room} here, and offers no {name!r} in it"
    return f"{sentence}. {hint}" if hint else f"{sentence} yet; {_elsewhere(name)}."


def _elsewhere(name: str) -> str:
    near = closest(name, dir(load_named("flintglass.ops:*")), cutoff=0.7)
    return f"the nearest in keras.ops is {near!r}" if near else "what there is to compute with is in keras.ops"


def note_about(name: str) -> str | None:
    """The note about a name, or about the nearest room above it that has one."""
    from flintglass.compat.notes import NOTES

    room, last = name.partition("layers.")[1], name.rpartition(".")[2]
    if room and (note := NOTES.get(f"keras.{room}{last}")):
        return note  # in whatever module of that era it lay
    while "." in name:
        if name in NOTES:
            return NOTES[name]
        name = name.rpartition(".")[0]
    return None

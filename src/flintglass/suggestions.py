"""Calls that cannot be made: which argument there is not, or is needed, and which name was meant."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from flintglass.errors import closest

_OPEN = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
# Accepted for the sake of Keras's signatures, or of scripts of earlier days: nobody needs to read of them in a message.
UNTOLD = frozenset({"self", "loss_scale_factor", "lora_alpha", "lora_rank", "quantization_config"})
Function = TypeVar("Function", bound=Callable[..., Any])


def taken(function: Callable[..., Any]) -> list[str]:
    """The names of a function's arguments, in its order."""
    found = inspect.signature(function).parameters.values()
    return [item.name for item in found if item.kind not in _OPEN and not item.name.startswith("_")]


def unknown_argument(place: str, given: str, known: Sequence[str], rarely: Sequence[str] = ()) -> str:
    """The sentence about an argument that there is not: the nearest one, or all but those that are ``rarely`` meant."""
    close = closest(given, {*known, *rarely} - UNTOLD)
    if close is not None:
        return f"{place} has no argument {given!r}. Did you mean {close!r}?"
    every = [name for name in known if name not in UNTOLD]
    return f"{place} has no argument {given!r}. Its arguments are " + ", ".join(dict.fromkeys(every)) + "."


def wrong_call(function: Callable[..., Any], place: str, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> str:
    """What hinders this call, in a sentence; nothing where the arguments fit the function's."""
    parameters = list(inspect.signature(function).parameters.values())
    names = taken(function)
    in_order = [item.name for item in parameters if item.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    given = {*in_order[: len(arguments)], *keywords}
    unknown = [name for name in keywords if name not in names]
    needed = [item.name for item in parameters if item.default is item.empty and item.kind not in _OPEN]
    missing = [name for name in needed if name not in given]
    for name in missing:
        meant = closest(name, unknown)
        if meant is not None:
            return f"{place} has no argument {meant!r}. Did you mean {name!r}?"
    if unknown and not any(item.kind is inspect.Parameter.VAR_KEYWORD for item in parameters):
        return unknown_argument(place, unknown[0], [name for name in names if name != "self"])
    if missing:
        return f"{place} needs the argument {missing[0]!r}, which was not given"
    return ""


def telling(function: Function) -> Function:
    """A function or method whose calls with wrong names of arguments raise a TypeError that names the right ones."""
    place = function.__name__

    @functools.wraps(function)
    def told(*arguments: Any, **keywords: Any) -> Any:
        try:
            return function(*arguments, **keywords)
        except TypeError:
            wrong = wrong_call(function, f"{place}()", arguments, keywords)
            if not wrong:
                raise
            sentence = wrong
        raise TypeError(sentence)

    return told  # type: ignore[return-value]

"""Functions that a file cannot name, of layers and of compile(): told when the model is saved, not when it is late."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flintglass.customs import registered_name
from flintglass.errors import warn
from flintglass.identifiers import function_dictionary
from flintglass.layers.lambda_layer import Lambda, is_nameless, name_of_mask
from flintglass.models.compile_config import loss_from, metric_from
from flintglass.saving.places import places

_ITEMS: dict[str, Callable[[Any], Any]] = {
    "loss": loss_from,
    "given_metrics": metric_from,
    "given_weighted_metrics": metric_from,
}


def tell_of_functions(model: Any) -> None:
    """Warn of lambdas, and of functions whose name stands for another one, in what compile() was given.

    A function with a name of its own is found again by custom_objects, which loading asks for.
    """
    named: dict[str, Any] = {}
    for place in places(model):
        for word, function, read in _functions(getattr(place.thing, "_compiled", None)):
            reason = _reason(function, named, read)
            if reason:
                warn(
                    f"model {place.thing.name!r} is compiled with a {word} that its file cannot name: {reason}. Load "
                    "the file with compile=False and compile() the model yourself, or use a function with a name of "
                    "its own (def), and pass it as custom_objects={name: function} when you load"
                )


def tell_of_lambdas(model: Any) -> None:
    """Warn of Lambda layers whose functions have no name, and say how the file is loaded all the same.

    ValueError where two of them have one name, by which a loader could not give each its own function.
    """
    found: dict[str, Any] = {}
    for place in places(model):
        layer = place.thing
        if not isinstance(layer, Lambda):
            continue
        for name, function in ((layer.name, layer.function), (name_of_mask(layer.name), layer.mask)):
            if not callable(function) or not is_nameless(function):
                continue
            if found.setdefault(name, function) is not function:
                raise ValueError(
                    f"two Lambda layers of model {model.name!r} are called {layer.name!r} and have lambdas of their "
                    "own, which would be told apart by these names when the file is loaded: rename one of them"
                )
    if found:
        told = ", ".join(f"{name!r}: function" for name in found)
        one = len(found) == 1
        warn(
            f"the {'function of the Lambda layer' if one else 'functions of the Lambda layers'} "
            f"{', '.join(map(repr, found))} {'is not' if one else 'are not'} written, since no file holds code: "
            f"loading needs custom_objects={{{told}}}"
        )


def _functions(compiled: Any) -> Iterator[tuple[str, Any, Callable[[Any], Any]]]:
    """What compile() was given that is a function of the user's own, with the word for it."""
    for item, read in _ITEMS.items() if compiled is not None else ():
        for value in _leaves(getattr(compiled, item)):
            function = getattr(value, "fn", value)  # of a Loss or Metric that wraps one
            plain = callable(function) and not isinstance(function, type) and not hasattr(function, "get_config")
            module = getattr(function, "__module__", None) or ""
            if plain and not module.startswith("flintglass.") and registered_name(function) is None:
                yield ("loss" if item == "loss" else "metric"), function, read


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple, Mapping)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _leaves(item)
    else:
        yield value


def _reason(function: Any, named: dict[str, Any], read: Callable[[Any], Any]) -> str:
    description = function_dictionary(function)
    name = description["config"]
    if name == "<lambda>":
        return "it is a lambda"
    if named.setdefault(name, function) is not function:
        return f"another function that it is compiled with is called {name} too"
    try:
        other = read(description)
    except ValueError:
        return ""
    return "" if other is function else f"{name} is the name of one of flintglass's own, which would be loaded instead"

"""Places: where in a file each part of a model keeps its variables, by the names that Keras gives to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flintglass.layers.stored import Stored, variables_of
from flintglass.names import snake_case
from flintglass.optimizers.base import Optimizer
from flintglass.random import SeedGenerator
from flintglass.tracing.variable import Variable

CONTAINER = "container"


@dataclass(frozen=True)
class Place:
    """A layer, a model, an optimizer or a generator, and its path: ``layers/dense``, empty for the model itself."""

    path: str
    thing: Any

    @property
    def variables(self) -> list[Variable]:
        """Its own variables, without those of what is inside it."""
        return variables_of(self.thing)

    @property
    def names(self) -> list[str]:
        """A readable name for each variable, unique in the place: ``kernel``, ``bias``."""
        found: dict[str, int] = {}
        names = []
        for variable in self.variables:
            name = variable.name.split("/")[-1].partition(":")[0] or "variable"
            found[name] = found.get(name, 0) + 1
            names.append(name if found[name] == 1 else f"{name}_{found[name] - 1}")
        return names

    @property
    def said(self) -> str:
        """The place in a message."""
        return self.path or "the model itself"


def places(model: Any) -> list[Place]:
    """Every part of the model, each once, at the first path that leads to it.

    The parts are public attributes in alphabetical order, then the items of lists, tuples and dicts among them, by
    the names of their classes: ``layers/dense``, ``layers/dense_1``. A model's layers are ``layers``.
    """
    seen: set[int] = set()
    return list(_visit(model, "", seen))


def _visit(thing: Any, path: str, seen: set[int]) -> Iterator[Place]:
    if id(thing) in seen:
        return
    seen.add(id(thing))
    yield Place(path, thing)
    if isinstance(thing, SeedGenerator):
        return
    for name, value in sorted(_parts(thing).items()):
        inner = f"{path}/{name}" if path else name
        if _is_part(value):
            yield from _visit(value, inner, seen)
        elif isinstance(value, (list, tuple, set, dict)):
            yield from _items(value, inner, seen)


def _parts(thing: Any) -> dict[str, Any]:
    found = {name: value for name, value in vars(thing).items() if not name.startswith("_")}
    if hasattr(thing, "get_layer"):
        found["layers"] = thing.layers
        found["optimizer"] = thing.optimizer
    return found


def _items(items: Iterable[Any], path: str, seen: set[int]) -> Iterator[Place]:
    counts: dict[str, int] = {}
    for item in items.values() if isinstance(items, Mapping) else items:
        nested = isinstance(item, (list, tuple, set, dict))
        if not nested and not _is_part(item):
            continue
        name = CONTAINER if nested else kind_of(item)
        counts[name] = counts.get(name, 0) + 1
        inner = f"{path}/{name}" if counts[name] == 1 else f"{path}/{name}_{counts[name] - 1}"
        yield from _items(item, inner, seen) if nested else _visit(item, inner, seen)


def _is_part(value: Any) -> bool:
    return isinstance(value, (Stored, Optimizer, SeedGenerator))


def kind_of(thing: Any) -> str:
    """The name that a part has in a list: its class's, a graph of layers being ``functional``."""
    name = type(thing).__name__
    return "functional" if name == "Model" and getattr(thing, "_graph", None) is not None else snake_case(name)

"""Ready: a traced function's program bound to one kind of arguments, so that a call costs little more than its run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import CodeType
from typing import Any

import numpy as np

from flintglass.engines.engine import engine, sizes_of
from flintglass.tracing.tensor import Tensor
from flintglass.tracing.trace import Traced

holding = Tensor.holding


def read(items: Sequence[Any], arrays: list[np.ndarray], nesting: list[Any]) -> bool:
    """Collect the arrays of nested arguments, and how they are nested.

    False where something else than lists, tuples, arrays and tensors with numbers is among them.
    """
    for item in items:
        kind = type(item)
        if kind is np.ndarray:
            arrays.append(item)
        elif kind is list or kind is tuple:
            nesting += (len(arrays), kind, len(item))
            if not read(item, arrays, nesting):
                return False
        elif kind is Tensor and item._array is not None:
            arrays.append(item._array)
        else:
            return False
    return True


def surroundings(function: Callable[..., Any]) -> list[Any]:
    """A function's code, and what it reads from outside as far as Python tells: closure, named globals, defaults."""
    inner = getattr(function, "function", function)
    code: CodeType | None = getattr(inner, "__code__", None)
    if code is None:
        return []
    cells = [cell.cell_contents for cell in inner.__closure__ or () if _filled(cell)]
    known = inner.__globals__
    return [*cells, *[known.get(name) for name in code.co_names], *(inner.__defaults__ or ()), code]


def _filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018  (reading an empty cell raises)
    except ValueError:
        return False
    return True


class Ready:
    """What a call needs where nothing has changed since the trace."""

    def __init__(self, function: Callable[..., Any], seen: list[Any], traced: Traced, arrays: list[np.ndarray]) -> None:
        self._inner: Any = getattr(function, "function", function)
        self._code = getattr(self._inner, "__code__", None)
        self._defaults = getattr(self._inner, "__defaults__", None)
        self._globals: dict[str, Any] = getattr(self._inner, "__globals__", {})
        cells = [cell for cell in getattr(self._inner, "__closure__", None) or () if _filled(cell)]
        self._cells = list(zip(cells, seen, strict=False))
        names = self._code.co_names if self._code is not None else ()
        self._named = list(zip(names, seen[len(cells) :], strict=False))
        self._traced = traced
        places = traced.numbered()
        # True where the results are tensors in lists, tuples and dicts, and nothing else.
        self.is_plain = _is_plain(places)
        self._places = _neighbours(places) if self.is_plain else None
        everything = [*arrays, *(tensor.array for tensor in traced.captures)]
        self._sizes = sizes_of(traced.program, everything)
        self._kinds = [(array.shape, array.dtype) for array in everything]
        self._engine: Any = None

    def holds(self) -> bool:
        """True where what the function reads from outside is what it was."""
        inner, known = self._inner, self._globals
        if self._code is not None and (inner.__code__ is not self._code or inner.__defaults__ is not self._defaults):
            return False
        for name, value in self._named:
            if known.get(name) is not value:
                return False
        return not self._cells or all(_filled(cell) and cell.cell_contents is value for cell, value in self._cells)

    def run(self, arrays: list[np.ndarray]) -> Any:
        """The results for these arrays; None where they are of other shapes or dtypes."""
        running, traced = engine(), self._traced
        if running is not self._engine:
            self._engine, self._loaded = running, running.load(traced.program, self._sizes)
        if traced.captures:
            arrays = [*arrays, *(tensor.array for tensor in traced.captures)]
        outputs = running.attempt(self._loaded, traced.state, arrays, self._kinds)
        return None if outputs is None else _placed(self._places, [holding(output) for output in outputs])


def _is_plain(places: Any) -> bool:
    if type(places) in (list, tuple):
        return all(map(_is_plain, places))
    return all(map(_is_plain, places.values())) if type(places) is dict else type(places) is int


def _neighbours(places: Any) -> Any:
    """The places with lists of neighbouring ones as slices, which are taken at once."""
    kind = type(places)
    if kind is int:
        return places
    if kind is dict:
        return {name: _neighbours(place) for name, place in places.items()}
    if kind is list and places and all(type(place) is int for place in places):
        whole = slice(places[0], places[0] + len(places))
        if places == list(range(whole.start, whole.stop)):
            return whole
    return kind(_neighbours(place) for place in places)


def _placed(places: Any, tensors: list[Tensor]) -> Any:
    kind = type(places)
    if kind is int or kind is slice:
        return tensors[places]
    if kind is dict:
        return {name: _placed(place, tensors) for name, place in places.items()}
    found = [_placed(place, tensors) for place in places]
    return found if kind is list else tuple(found)

"""Ready: a traced function's program bound to one kind of arguments, so that a call costs little more than its run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import CodeType
from typing import Any

import numpy as np

from flintglass.engines.engine import engine, sizes_of
from flintglass.tracing.tensor import Tensor
from flintglass.tracing.trace import Traced


def read(items: Sequence[Any], arrays: list[np.ndarray], kinds: list[Any]) -> bool:
    """Collect the arrays of nested arguments, and what tells this kind of arguments from others.

    False where something else than lists, tuples, arrays and tensors with numbers is among them.
    """
    for item in items:
        kind = type(item)
        if kind is np.ndarray:
            array = item
        elif kind is list or kind is tuple:
            kinds += (kind, len(item))
            if not read(item, arrays, kinds):
                return False
            continue
        elif kind is Tensor and item._array is not None:
            array = item._array
        else:
            return False
        arrays.append(array)
        kinds += (array.dtype, array.shape)
    return True


def surroundings(function: Callable[..., Any]) -> list[Any]:
    """What a function reads from outside, as far as Python tells: cells of its closure, named globals, defaults."""
    inner = getattr(function, "function", function)
    code: CodeType | None = getattr(inner, "__code__", None)
    if code is None:
        return []
    cells = [cell.cell_contents for cell in inner.__closure__ or () if _filled(cell)]
    known = inner.__globals__
    return [*cells, *[known.get(name) for name in code.co_names], *(inner.__defaults__ or ())]


def _filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018  (reading an empty cell raises)
    except ValueError:
        return False
    return True


class Ready:
    """What a call needs where nothing has changed since the trace."""

    def __init__(self, function: Callable[..., Any], seen: list[Any], traced: Traced, arrays: list[np.ndarray]) -> None:
        self._function, self._seen, self._traced = function, seen, traced
        self._places = traced.numbered()
        self._sizes = sizes_of(traced.program, [*arrays, *(tensor.array for tensor in traced.captures)])
        self._engine: Any = None

    @property
    def is_plain(self) -> bool:
        """True where the results are tensors in lists, tuples and dicts, and nothing else."""
        return _is_plain(self._places)

    def holds(self) -> bool:
        """True where what the function reads from outside is what it was."""
        now = surroundings(self._function)
        return len(now) == len(self._seen) and all(a is b for a, b in zip(now, self._seen, strict=True))

    def run(self, arrays: list[np.ndarray]) -> Any:
        """The results for these arrays."""
        running, traced = engine(), self._traced
        if running is not self._engine:
            self._engine, self._loaded = running, running.load(traced.program, self._sizes)
        if traced.captures:
            arrays = [*arrays, *(tensor.array for tensor in traced.captures)]
        return _placed(self._places, running.run(self._loaded, traced.state, arrays))


def _is_plain(places: Any) -> bool:
    if type(places) in (list, tuple):
        return all(map(_is_plain, places))
    return all(map(_is_plain, places.values())) if type(places) is dict else type(places) is int


def _placed(places: Any, outputs: Sequence[np.ndarray]) -> Any:
    kind = type(places)
    if kind is int:
        return Tensor(outputs[places])
    if kind is dict:
        return {name: _placed(place, outputs) for name, place in places.items()}
    found = [_placed(place, outputs) for place in places]
    return found if kind is list else tuple(found)

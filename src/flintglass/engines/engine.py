"""What an engine is: it loads a program, binds its sizes, runs it, and trains with it."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from flintglass import config
from flintglass.errors import ShapeError, nearest
from flintglass.program import Program, Size

Array = np.ndarray
ENGINES = {"numpy": "flintglass.engines.numpy_engine.engine:NumpyEngine"}
CACHED_BINDINGS = 64
_running: dict[str, Engine] = {}


class Feeding(Protocol):
    """A batch as an engine sees it."""

    shapes: tuple[tuple[int, ...], ...]

    def arrays(self) -> list[Array]:
        """The rows, in dtypes of the source's own."""

    def fill(self, targets: Sequence[Array]) -> None:
        """Write the rows into these arrays, cast to their dtypes."""


@dataclass
class Pass:
    """One pass over a source: a program to run on each batch, and the arrays that it updates in place.

    source: yields batches, whose arrays are the program's inputs, in order.
    on_step: called after each step with (step index, outputs) where somebody listens, else None.
    stop: asked between steps; true ends the pass after a finished step.
    """

    program: Program
    state: Sequence[Array]
    source: Iterable[Feeding]
    on_step: Callable[[int, Sequence[Array]], None] | None = None
    before_step: Callable[[int], None] | None = None
    stop: Callable[[], bool] = field(default=lambda: False)


class Engine(ABC):
    """Runs programs. State arrays are updated in place, after every read of them."""

    name = ""

    def __init__(self) -> None:
        self._bindings: OrderedDict[tuple[Program, tuple[tuple[str, int], ...]], Any] = OrderedDict()

    def load(self, program: Program, sizes: Mapping[str, int]) -> Any:
        """The program bound to these sizes, ready to run; recent bindings are kept."""
        key = (program, tuple(sorted(sizes.items())))
        found = self._bindings.get(key)
        if found is None:
            found = self._bindings[key] = self.bind(program, sizes)
            while len(self._bindings) > CACHED_BINDINGS:
                self._bindings.popitem(last=False)
        else:
            with suppress(KeyError):  # another thread may have dropped it meanwhile
                self._bindings.move_to_end(key)
        return found

    @abstractmethod
    def bind(self, program: Program, sizes: Mapping[str, int]) -> Any:
        """Plan the program for these sizes."""

    @abstractmethod
    def run(self, loaded: Any, state: Sequence[Array], inputs: Sequence[Array]) -> list[Array]:
        """Run once; returns new arrays for the outputs and updates ``state`` in place."""

    @abstractmethod
    def apply(self, primitive: str, arrays: Sequence[Array], attributes: Mapping[str, Any]) -> list[Array]:
        """Run a single primitive on arrays."""

    @abstractmethod
    def fit(self, work: Pass) -> int:
        """Run the program over a source of batches; returns how many steps were finished."""

    def execute(self, program: Program, state: Sequence[Array], inputs: Sequence[Array]) -> list[Array]:
        """Load for the sizes that the inputs have, and run."""
        return self.run(self.load(program, sizes_of(program, inputs)), state, inputs)


def engine(name: str | None = None) -> Engine:
    """The engine of this name, or the one that ``config.set_engine`` chose."""
    wanted = name or config.engine()
    if wanted not in _running:
        if wanted not in ENGINES:
            raise ValueError(f"there is no engine {wanted!r}. {nearest(wanted, ENGINES)}")
        module, _, face = ENGINES[wanted].partition(":")
        _running[wanted] = getattr(importlib.import_module(module), face)()
    return _running[wanted]


def sizes_of(program: Program, inputs: Sequence[Array]) -> dict[str, int]:
    """The numbers of the program's named sizes, read off the arrays; a contradiction raises ShapeError."""
    sizes: dict[str, int] = {}
    for value, array in zip(program.inputs, inputs, strict=True):
        shape = value.spec.shape
        if len(shape) != array.ndim:
            raise ShapeError(
                f"{program.name}: the input {value.name!r} should have the shape {list(shape)}, not {list(array.shape)}"
            )
        for extent, number in zip(shape, array.shape, strict=True):
            if (
                isinstance(extent, Size)
                and len(extent.terms) == 1
                and extent.terms[0][1] == 1
                and len(extent.terms[0][0]) == 1
            ):
                extent = sizes.setdefault(extent.terms[0][0][0], number)
            if not isinstance(extent, Size) and extent != number:
                raise ShapeError(
                    f"{program.name}: the input {value.name!r} should have the shape {list(shape)}, "
                    f"not {list(array.shape)}"
                )
    return sizes

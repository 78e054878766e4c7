"""What an engine is: it loads a program, binds its sizes, runs it, and trains with it."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple, Protocol

import numpy as np

from flintglass import config
from flintglass.errors import ShapeError, nearest, warn
from flintglass.primitives import primitive
from flintglass.program import Instruction, Program, Size, Spec, Value

Array = np.ndarray
ENGINES = {
    "native": "flintglass.engines.native_engine.engine:NativeEngine",
    "numpy": "flintglass.engines.numpy_engine.engine:NumpyEngine",
}
CACHED_BINDINGS = 64
_running: dict[str, Engine] = {}
missing: dict[str, str] = {}  # engines that "auto" would have taken, and why they are not there


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


@dataclass
class Course:
    """A program that makes a step on each batch of some rows.

    columns: the arrays of the program's inputs, with a row for each example, packed. steps: how many batches
    are taken at most; 0 for all. seed: of the order of the rows in each epoch; None for the order in which they lie.
    """

    program: Program
    state: Sequence[Array]
    columns: Sequence[Array]
    batch_size: int
    steps: int = 0
    seed: int | None = None


@dataclass
class Epochs:
    """Epochs that need nobody in between: steps, validation and the metrics' results.

    results: a program of state alone, and its state; its outputs are read after training and after validation.
    validated: which epochs, from the first on, are followed by a validation. resets: arrays of the state, and what
    they hold when an epoch or its validation begins. kept: arrays that receive a copy of the state when an epoch
    begins, and the state. watched: weights that are looked at, after each epoch, for numbers that are not finite.
    """

    training: Course
    validation: Course | None
    results: tuple[Program, Sequence[Array]]
    first: int
    validated: Sequence[bool]
    resets: Sequence[tuple[Array, Array]]
    kept: Sequence[tuple[Array, Array]]
    watched: Sequence[Array]


class Paused(Enum):
    """Why an engine came back from its epochs."""

    EPOCHS_DONE = 0
    TIME_UP = 1
    STEPS_DONE = 2
    NOT_FINITE = 3


class Finished(NamedTuple):
    """What an epoch gave: its number, how many seconds it took, the results after training and after validation."""

    epoch: int
    seconds: float
    training: list[Any]
    validation: list[Any] | None


class Fitting(Protocol):
    """Epochs on their way."""

    @property
    def epoch(self) -> int:
        """The epoch that is run, or that is about to begin."""

    @property
    def step(self) -> int:
        """How many steps of it were made."""

    @property
    def bad_step(self) -> int:
        """The first of its steps with a loss that is not finite; -1 where there is none."""

    def run(self, until_epoch: int, seconds: float, steps: int, watch: bool, at_once: bool) -> Paused:
        """Go on until this epoch is about to begin, or so much time, or so many steps, have passed.

        watch: come back at the end of an epoch in which a loss or a weight became nan or infinite; at_once: at
        the step itself.
        """

    def take_finished(self) -> list[Finished]:
        """The epochs that ended since the last call."""

    def outputs(self) -> list[Array]:
        """What the last step returned."""


class Predictor(Protocol):
    """Outputs for rows, in a new array each time; many threads may call at once."""

    def __call__(self, x: Array) -> Array:
        """The output for these rows."""

    def checked(self, x: Array) -> Array | None:
        """The output for these rows; None where a number among them is nan or infinite."""


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

    def attempt(
        self, loaded: Any, state: Sequence[Array], inputs: Sequence[Array], kinds: Sequence[tuple[Any, Any]]
    ) -> list[Array] | None:
        """``run`` where the inputs have exactly the shapes and dtypes that it was loaded for, ``kinds``; else None."""
        if any((array.shape, array.dtype) != kind for array, kind in zip(inputs, kinds, strict=True)):
            return None
        return self.run(loaded, state, inputs)

    @abstractmethod
    def apply(self, primitive: str, arrays: Sequence[Array], attributes: Mapping[str, Any]) -> list[Array]:
        """Run a single primitive on arrays."""

    @abstractmethod
    def fit(self, work: Pass) -> int:
        """Run the program over a source of batches; returns how many steps were finished."""

    def fitting(self, work: Epochs) -> Fitting | None:
        """The epochs, ready to run; None where this engine has no loop of its own, only passes."""
        return None

    def predictor(self, program: Program, state: Sequence[Array]) -> Predictor | None:
        """A program of one input and one output over fixed state arrays, as fast to call as this engine can.

        None where the engine has no such shortcut.
        """
        return None

    def execute(self, program: Program, state: Sequence[Array], inputs: Sequence[Array]) -> list[Array]:
        """Load for the sizes that the inputs have, and run."""
        return self.run(self.load(program, sizes_of(program, inputs)), state, inputs)


def engine(name: str | None = None) -> Engine:
    """The engine of this name, or the one that ``config.set_engine`` chose."""
    wanted = name or config.engine()
    found = _running.get(wanted)
    if found is None:
        found = _running[wanted] = _best() if wanted == "auto" else _started(wanted)
    return found


def _started(name: str) -> Engine:
    if name not in ENGINES:
        raise ValueError(f"there is no engine {name!r}. {nearest(name, [*ENGINES, 'auto'])}")
    if name not in _running:
        module, _, face = ENGINES[name].partition(":")
        _running[name] = getattr(importlib.import_module(module), face)()
    return _running[name]


def _best() -> Engine:
    """The native engine where it is installed, and NumPy's elsewhere."""
    try:
        return _started("native")
    except ImportError as error:
        missing["native"] = str(error)
        return _started("numpy")


def tell_if_missing() -> None:
    """Say once, where "auto" had to take the NumPy engine, that a faster one is not installed, and what to do."""
    engine()
    if config.engine() == "auto" and "native" in missing and "told" not in missing:
        missing["told"] = "yes"
        warn(
            "NumPy runs this fit, since flintglass was installed without its native engine, which is several times "
            "faster: `flintglass doctor` says why, and `pip install --verbose --force-reinstall --no-deps flintglass` "
            "shows what its build prints",
            RuntimeWarning,
        )


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


def one_line(name: str, specs: Sequence[Spec], attributes: Mapping[str, Any]) -> Program:
    """A program that consists of this one line."""
    inputs = tuple(Value(f"x{i}", spec) for i, spec in enumerate(specs))
    outputs = tuple(Value(f"y{i}", spec) for i, spec in enumerate(primitive(name).specs(specs, attributes)))
    return Program(name, inputs, (Instruction(outputs, name, inputs, dict(attributes)),), outputs)

"""A trace: Python runs once with tensors that write lines; what comes out is a program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from flintglass.engines.engine import engine
from flintglass.errors import NeedsConcrete
from flintglass.primitives import Builder
from flintglass.program import Literal, Operand, Program, Spec, Value
from flintglass.tracing import allowance, context
from flintglass.tracing.block_names import with_unique_blocks
from flintglass.tracing.finished import finished
from flintglass.tracing.naming import named
from flintglass.tracing.simplify import simplify
from flintglass.tracing.structure import flatten, pack
from flintglass.tracing.tensor import Tensor, convert


@dataclass
class Traced:
    """A program with what it was traced from: the variables that are its state, and captured tensors.

    The program's inputs are the given ones followed by one for each capture.
    """

    program: Program
    variables: list[Any]
    captures: list[Tensor]
    result: Any  # the nesting of the outputs, with Python values where a leaf was no tensor

    @property
    def state(self) -> list[np.ndarray]:
        """The arrays of the variables, which a run updates."""
        return [variable.storage for variable in self.variables]

    def entering(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """All inputs of the program: the given ones, then the captures, in the dtypes that it takes."""
        arrays = [*inputs, *(tensor.array for tensor in self.captures)]
        return [
            array.astype(value.spec.dtype, copy=False) for array, value in zip(arrays, self.program.inputs, strict=True)
        ]

    def run(self, inputs: Sequence[np.ndarray]) -> Any:
        """Run with these inputs; the variables are updated, the outputs come back in their nesting."""
        arrays = [*inputs, *(tensor.array for tensor in self.captures)]
        outputs = iter(engine().execute(self.program, self.state, arrays))
        leaves = [Tensor(next(outputs)) if leaf is _OUTPUT else leaf for leaf in flatten(self.result)]
        return pack(self.result, leaves)

    def numbered(self) -> Any:
        """The nesting of the outputs with their positions in the place of tensors."""
        numbers = iter(range(len(self.program.outputs)))
        return pack(self.result, [next(numbers) if leaf is _OUTPUT else None for leaf in flatten(self.result)])


_OUTPUT = object()


class Trace:
    """The program being written: answers operations by appending lines."""

    is_recording = False

    def __init__(self, name: str, parent: Any = None) -> None:
        self.builder = Builder(name)
        self.parent = parent
        self.names: dict[str, str] = {}  # what a value should be called in the listing
        self._variables: dict[int, tuple[Any, Value]] = {}
        self._current: dict[int, Operand] = {}
        self._captures: dict[int, tuple[Tensor, Value]] = {}

    # -- answering operations

    def apply(self, name: str, operands: Sequence[Any], attributes: Mapping[str, Any]) -> list[Tensor]:
        values = [self.operand(item) for item in operands]
        outputs = self.builder.emit_all(name, values, attributes)
        granted = allowance.current.get()
        if granted is not None:
            for value in outputs:
                granted.trace(value.spec.shape)
        return [self.wrap(value) for value in outputs]

    def wrap(self, operand: Operand) -> Tensor:
        """A traced tensor for an operand of this program."""
        return Tensor(operand=operand, trace=self)

    def input(self, name: str, spec: Spec) -> Tensor:
        """A new input of the program."""
        return self.wrap(self.builder.input(name, spec))

    def operand(self, item: Any) -> Operand:
        """The operand that a tensor, literal or number is in this program."""
        if isinstance(item, (Literal, Value)):
            return item
        if isinstance(item, (bool, int, float)):
            item = convert(item)
        if item.trace is self:
            return item.operand
        if hasattr(item, "storage"):
            return self.read(item)
        if item.is_placeholder:
            raise NeedsConcrete(
                f"a placeholder ({item!r}) was used while a program is traced; call the model or layer on it "
                f"instead ({context.user_line()})"
            )
        if item.is_concrete and item.spec.shape == () and not (self.parent and item.trace):
            return Literal(item.array.item(), item.dtype)
        return self._capture(item)

    def _capture(self, tensor: Tensor) -> Value:
        if not tensor.is_concrete and self.parent is None:
            raise NeedsConcrete(f"a tensor of another program was used in this one ({context.user_line()})")
        key = id(tensor if tensor._array is None else tensor._array)
        if key not in self._captures:
            name = f"captured{len(self._captures) + 1}"
            self._captures[key] = (tensor, self.builder.input(name, tensor.spec))
        return self._captures[key][1]

    # -- variables

    def read(self, variable: Any) -> Operand:
        """The value of a variable at this point of the program."""
        key = id(variable)
        if key not in self._current:
            if self.parent is not None:
                self._current[key] = self._capture(self.parent.wrap(self.parent.operand(variable)))
                return self._current[key]
            value = self.builder.state_value(variable.identifier, variable.spec)
            self._variables[key] = (variable, value)
            self._current[key] = value
        return self._current[key]

    def assign(self, variable: Any, item: Any) -> None:
        """From here on the variable has this value; written back when the program ends."""
        if self.parent is not None:
            raise NeedsConcrete(
                f"{variable.path} is assigned inside the body of a cond, while_loop or scan; return the new "
                f"value from the body and assign it outside ({context.user_line()})"
            )
        self.read(variable)
        operand = self.operand(item)
        self._current[id(variable)] = operand
        if isinstance(operand, Value):
            self.names.setdefault(operand.name, f"{variable.identifier}'")

    def name(self, tensor: Any, wanted: str) -> None:
        """Call a value ``wanted`` in the listing, where it has no better name yet."""
        if isinstance(tensor, Tensor) and tensor.trace is self and isinstance(tensor.operand, Value):
            self.names.setdefault(tensor.operand.name, wanted)

    # -- the program

    def finish(self, result: Any, names: Sequence[str] = ()) -> Traced:
        """The simplified program that returns the tensors of ``result``."""
        leaves = flatten(result)
        tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        outputs = [self.operand(tensor) for tensor in tensors]
        updates = [
            (value, self._current[key]) for key, (_, value) in self._variables.items() if self._current[key] != value
        ]
        program = self.builder.finish(outputs, names, updates)
        program = simplify(program) if self.parent is not None else finished(program)
        program = with_unique_blocks(named(program, self.names))
        kept = {value.name for value in program.state}
        return Traced(
            program,
            [variable for variable, value in self._variables.values() if value.name in kept],
            [tensor for tensor, _ in self._captures.values()],
            pack(result, [_OUTPUT if isinstance(leaf, Tensor) else leaf for leaf in leaves]),
        )


def trace(
    function: Callable[..., Any], specs: Sequence[Spec], name: str = "program", names: Sequence[str] = ()
) -> Traced:
    """The program of ``function`` for inputs of these specs; ``names`` are the inputs' names."""
    writing = Trace(name)
    labels = names or [f"x{i or ''}" for i in range(len(specs))]
    inputs = [writing.input(label, spec) for label, spec in zip(labels, specs, strict=True)]
    with context.answering(writing):
        result = function(*inputs)
    return writing.finish(result)


def trace_body(
    function: Callable[..., Any], specs: Sequence[Spec], name: str, names: Sequence[str] = ()
) -> tuple[Program, list[Tensor], Any]:
    """The block of ``function``, what it captured from outside (extra inputs), and its result's nesting.

    names: the inputs' names in the listing.
    """
    parent = context.active()
    writing = Trace(name, parent=parent if isinstance(parent, Trace) else Outside())
    labels = names or [f"x{i or ''}" for i in range(len(specs))]
    inputs = [writing.input(label, spec) for label, spec in zip(labels, specs, strict=True)]
    with context.answering(writing):
        result = function(*inputs)
    traced = writing.finish(result)
    return traced.program, traced.captures, result


class Outside:
    """The parent of a body that is traced outside every program: variables are captured themselves.

    So a GradientTape, when the block is applied, sees that they were read.
    """

    def wrap(self, tensor: Tensor) -> Tensor:
        return tensor

    def operand(self, variable: Any) -> Tensor:
        return variable

"""The builder: appends typed lines to a program under construction; rules and tracing both write with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from flintglass.errors import ProgramError
from flintglass.primitives.base import kind, primitive
from flintglass.program import Dimension, Instruction, Literal, Operand, Program, Shape, Spec, Value
from flintglass.program.instruction import canonical
from flintglass.program.notation import RESERVED


class Builder:
    """A program under construction.

    ``b.multiply(x, 2.0)`` appends a line and returns its output (a tuple where there are several);
    Python numbers become literals of the dtype of the first named operand.
    """

    # The program-to-program transforms that the rules of control flow need; tracing fills them in.
    reverse_block: Callable[[Program], Program]
    batch_block: Callable[[Program, Sequence[bool], Dimension], Program]

    def __init__(self, name: str = "program") -> None:
        self.name = name
        self.origin = ""
        self.root = ""  # the origin of a whole model's own lines, which is left out of its layers' origins
        self.state: list[Value] = []
        self.inputs: list[Value] = []
        self.instructions: list[Instruction] = []
        self._names: set[str] = set(RESERVED)
        self._count = 0

    # -- values

    def input(self, name: str, spec: Spec) -> Value:
        """A new input."""
        self.inputs.append(Value(self.unused_name(name), spec))
        return self.inputs[-1]

    def state_value(self, name: str, spec: Spec) -> Value:
        """A new value of state."""
        self.state.append(Value(self.unused_name(name), spec))
        return self.state[-1]

    def unused_name(self, wanted: str) -> str:
        """``wanted``, or ``wanted_2``, ... where it is taken."""
        name, number = wanted, 2
        while name in self._names:
            name, number = f"{wanted}_{number}", number + 1
        self._names.add(name)
        return name

    def reserve(self, names: Iterable[str]) -> None:
        """Names that are in use already."""
        self._names.update(names)

    def _fresh(self) -> str:
        while True:
            self._count += 1
            name = f"v{self._count}"
            if name not in self._names:
                self._names.add(name)
                return name

    def operand(self, item: Any, dtype: str) -> Operand:
        """An operand from a value, a literal, or a Python number of the given dtype."""
        if isinstance(item, (Value, Literal)):
            return item
        return Literal(item, dtype)

    def literal(self, number: float, like: Operand) -> Literal:
        """A number with the dtype of ``like``."""
        return Literal(number, like.spec.dtype)

    # -- lines

    def emit_all(
        self, name: str, operands: Sequence[Any], attributes: Mapping[str, Any] | None = None
    ) -> tuple[Value, ...]:
        """Append ``name(operands, attributes)`` and return its outputs."""
        dtype = next((o.spec.dtype for o in operands if isinstance(o, Value)), None)
        if dtype is None:
            dtype = next((o.spec.dtype for o in operands if isinstance(o, Literal)), "float32")
        inputs = tuple(self.operand(item, dtype) for item in operands)
        kept = canonical(attributes or {})
        specs = primitive(name).specs([item.spec for item in inputs], kept)
        outputs = tuple(Value(self._fresh(), spec) for spec in specs)
        self.instructions.append(Instruction(outputs, name, inputs, kept, self.origin))
        return outputs

    def emit(self, name: str, *operands: Any, **attributes: Any) -> Any:
        """Append a line and return its output, or the tuple of them where there are several."""
        outputs = self.emit_all(name, operands, attributes)
        return outputs[0] if len(outputs) == 1 else outputs

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *operands, **attributes: self.emit(name, *operands, **attributes)

    @contextmanager
    def belonging_to(self, origin: str) -> Any:
        """Lines appended inside carry this origin."""
        before, self.origin = self.origin, origin
        try:
            yield
        finally:
            self.origin = before

    # -- what many rules need

    def full(self, shape: Shape, number: float, dtype: str) -> Operand:
        """A literal of this shape: ``broadcast`` where the shape is not a scalar's."""
        literal = Literal(number, dtype)
        return self.emit("broadcast", literal, shape=shape) if shape else literal

    def zeros(self, spec: Spec) -> Operand:
        """Zeros (False for booleans) of this type."""
        return self.full(spec.shape, False if kind(spec.dtype) == "b" else 0, spec.dtype)

    def extent(self, size: Dimension, dtype: str) -> Operand:
        """A dimension as a number of this dtype: a literal where it is known, a line where it is named."""
        return Literal(size, dtype) if isinstance(size, int) else self.emit("extent", size=size, dtype=dtype)

    def reshape(self, x: Operand, shape: Iterable[Dimension]) -> Operand:
        """``x`` with this shape; no line where it has it already."""
        shape = tuple(shape)
        return x if x.spec.shape == shape else self.emit("reshape", x, shape=shape)

    def unbroadcast(self, x: Operand, target: Spec) -> Operand:
        """``x`` summed over the axes along which a value of type ``target`` had been broadcast to it."""
        if x.spec.shape == target.shape:
            return x
        if x.spec.rank < target.rank or any(
            a != b and b != 1 for a, b in zip(x.spec.shape[x.spec.rank - target.rank :], target.shape, strict=True)
        ):
            # The cotangent was smaller than its operand: a scalar literal, for instance.
            return self.emit("broadcast", x, shape=target.shape)
        extra = x.spec.rank - target.rank
        axes = tuple(
            axis
            for axis in range(x.spec.rank)
            if axis < extra or (target.shape[axis - extra] == 1 and x.spec.shape[axis] != 1)
        )
        return self.reshape(self.emit("sum", x, axis=axes), target.shape)

    def finish(
        self,
        outputs: Sequence[Operand],
        names: Sequence[str] = (),
        updates: Sequence[tuple[Value, Operand]] = (),
    ) -> Program:
        """The program built so far, returning ``outputs``."""
        for operand in outputs:
            if not isinstance(operand, (Value, Literal)):
                raise ProgramError(f"{self.name}: an output must be a value of the program, not {operand!r}")
        return Program(
            self.name,
            tuple(self.inputs),
            tuple(self.instructions),
            tuple(outputs),
            tuple(names),
            tuple(self.state),
            tuple(updates),
        )

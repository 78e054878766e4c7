"""A Variable: a tensor that owns its array and can be assigned; the state of programs."""

from __future__ import annotations

import re
import weakref
from typing import Any

import numpy as np

from flintglass.errors import NeedsConcrete, ShapeError
from flintglass.program import Spec
from flintglass.tracing import allowance, context
from flintglass.tracing.promotion import standard_dtype
from flintglass.tracing.returned import require_numbers
from flintglass.tracing.tensor import Tensor, cast, convert


def identifier(path: str) -> str:
    """A path as a name of a program: ``dense/kernel`` as ``dense.kernel``."""
    text = re.sub(r"[^\w.]+", "_", path.replace("/", "."), flags=re.ASCII)
    return text if re.match(r"[A-Za-z_]", text) else f"_{text}"


class Variable(Tensor):
    """A value that lives from step to step: a weight, a slot of an optimizer, a sum, a counter.

    initializer: an array, a number, or a callable ``(shape, dtype) -> tensor``; with a callable ``shape``
    is required. path: the name with the names of its owners in front, ``sequential/dense/kernel``.
    label: the path as listings show it, ``dense/kernel``: without the model, if that says nothing there.
    """

    __slots__ = ("constraint", "label", "name", "owner", "path", "readers", "regularizer", "trainable")

    def __init__(
        self,
        initializer: Any,
        shape: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        name: str | None = None,
        path: str | None = None,
        label: str | None = None,
    ) -> None:
        if callable(initializer) and not isinstance(initializer, Tensor):
            if shape is None:
                raise ShapeError("a Variable with a callable initializer needs a shape")
            granted = allowance.current.get()
            if granted is not None:
                granted.take(path or name or "variable", shape)
            first = initializer(tuple(shape), dtype=standard_dtype(dtype))
            place = f"the initializer of {path or name or 'a variable'}"
            initializer = require_numbers(initializer, first, place, f"a tensor of the shape {tuple(shape)}")
        array = convert(initializer, dtype).array
        if shape is not None and tuple(shape) != array.shape:
            raise ShapeError(f"the initial value of a variable has shape {array.shape}, not {tuple(shape)}")
        super().__init__(np.array(array, order="C"))
        self.name = name or "variable"
        self.path = path or self.name
        self.label = label or self.path
        self.trainable = trainable
        self.regularizer: Any = None
        self.constraint: Any = None
        self.owner: Any = None  # the slab that its array lies in
        # Recordings that hold this array, not a copy of it: they copy it before it is overwritten.
        self.readers: weakref.WeakSet[Any] = weakref.WeakSet()
        self._spec = Spec(array.shape, array.dtype.name)

    def __getstate__(self) -> Any:
        """What a copy takes over: all but the slab, which the copy does not lie in, and who is reading."""
        slots = {slot for kind in type(self).__mro__ for slot in getattr(kind, "__slots__", ())}
        kept = slots - {"__weakref__", "owner", "readers", "_array"}
        return None, {"_array": self.storage.copy(), **{name: getattr(self, name) for name in sorted(kept)}}

    def __setstate__(self, state: Any) -> None:
        for name, value in state[1].items():
            setattr(self, name, value)
        self.owner, self.readers = None, weakref.WeakSet()

    @property
    def storage(self) -> np.ndarray:
        """The array itself, for engines and owners; everybody else reads ``array`` or ``numpy()``."""
        assert self._array is not None
        return self._array

    def move(self, array: np.ndarray, owner: Any) -> None:
        """Live in another array, which holds the same numbers."""
        self._array = array
        self.owner = owner

    @property
    def identifier(self) -> str:
        """The label as a name of a program: ``dense.kernel``."""
        return identifier(self.label)

    @property
    def array(self) -> np.ndarray:
        trace = context.active()
        if trace is not None and not trace.is_recording:
            raise NeedsConcrete(
                f"{self.path} was read as a number while a program is traced; its value would be frozen in. "
                f"Use it as a tensor, or pass run_eagerly=True to compile(). The line: {context.user_line()}"
            )
        return self.storage

    @property
    def value(self) -> Any:
        """The variable as a tensor (its value at this point of a program)."""
        return self if context.active() is None else context.active().wrap(context.active().operand(self))

    def assign(self, value: Any) -> Variable:
        """Replace the value; the shape must stay. Returns the variable."""
        tensor = value if isinstance(value, Tensor) else convert(value, self.dtype)
        if tensor.spec.shape != self.spec.shape:
            raise ShapeError(
                f"{self.path} has the shape {list(self.spec.shape)} and cannot be assigned a value of shape "
                f"{list(tensor.spec.shape)}"
            )
        trace = context.active()
        if trace is not None:
            trace.assign(self, cast(tensor, self.dtype))
        else:
            self.overwrite(cast(tensor, self.dtype).array)
        return self

    def overwrite(self, array: np.ndarray) -> None:
        """Write the numbers in place; tensors that were recorded from the old ones keep theirs."""
        for recording in list(self.readers):
            recording.keep_old(self)
        self.readers.clear()
        np.copyto(self.storage, array)

    def assign_add(self, value: Any) -> Variable:
        """Add to the value."""
        return self.assign(self + value)

    def assign_sub(self, value: Any) -> Variable:
        """Subtract from the value."""
        return self.assign(self - value)

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}, value={self._array!r}>"

"""The Tensor: an array, a line of a program, a placeholder, or a line that is run when it is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from flintglass import config
from flintglass.errors import DataError, NeedsConcrete
from flintglass.program import Dimension, Literal, Operand, Shape, Size, Spec
from flintglass.program.size import dimension
from flintglass.program.spec import dtype_name
from flintglass.tracing import allowance, context
from flintglass.tracing.promotion import result_dtype, standard_dtype, weak_dtype


class TracedSize(Size):
    """A named size as user code sees it while tracing: what needs its number raises, with the user's line."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (int, np.integer)) and not isinstance(other, bool):
            raise NeedsConcrete(
                f"the size {self} is compared with {other} while the program is traced for every size "
                f"({context.user_line()})"
            )
        return super().__eq__(other)

    __hash__ = Size.__hash__

    def _ordered(self, other: object) -> bool:
        raise NeedsConcrete(
            f"the size {self} is compared with {other} while the program is traced ({context.user_line()})"
        )

    __lt__ = __le__ = __gt__ = __ge__ = _ordered

    def __index__(self) -> int:
        raise NeedsConcrete(
            f"the size {self} has no number while the program is traced: it is bound when the program runs "
            f"({context.user_line()})"
        )

    __int__ = __index__

    def _quotient(self, dividend: Dimension, divisor: Dimension) -> Dimension:
        try:
            return super()._quotient(dividend, divisor)
        except NeedsConcrete as error:
            raise NeedsConcrete(f"{error} ({context.user_line()})") from None

    def _computed(self, other: Any, *modulo: Any) -> Any:
        return NotImplemented if isinstance(other, (Tensor, np.ndarray)) else self.__index__()

    # What is no polynomial of the size.
    __mod__ = __rmod__ = __divmod__ = __rdivmod__ = __pow__ = __rpow__ = _computed

    # In a quotient, and with a float, the size becomes a tensor.
    def __truediv__(self, other: Any) -> Any:
        return divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return divide(other, self)

    def __add__(self, other: Any) -> Any:
        return binary("add", self, other) if isinstance(other, float) else super().__add__(other)

    def __mul__(self, other: Any) -> Any:
        return binary("multiply", self, other) if isinstance(other, float) else super().__mul__(other)

    def __sub__(self, other: Any) -> Any:
        return binary("subtract", self, other) if isinstance(other, float) else super().__sub__(other)

    def __rsub__(self, other: Any) -> Any:
        return binary("subtract", other, self) if isinstance(other, float) else super().__rsub__(other)

    __radd__ = __add__
    __rmul__ = __mul__


_new = object.__new__


class Tensor:
    """A value with a shape and a dtype, in one of four states.

    concrete: holds an array. traced: a line of the program being written. placeholder: a spec, and the
    call that made it (the graph of a functional model). pending: recorded under a GradientTape, and run
    when it is read.
    """

    __array_priority__ = 100
    __slots__ = ("__weakref__", "_array", "_spec", "call", "mask", "operand", "trace")

    def __init__(
        self,
        array: np.ndarray | None = None,
        *,
        operand: Operand | None = None,
        trace: Any = None,
        spec: Spec | None = None,
        call: Any = None,
    ) -> None:
        self._array = array
        self.operand = operand
        self.trace = trace
        self.call = call
        self.mask: Any = None
        self._spec = spec if spec is not None else operand.spec if operand is not None else None

    @classmethod
    def holding(cls, array: np.ndarray) -> Tensor:
        """``Tensor(array)`` in half the time, for results of calls that take microseconds."""
        made = _new(cls)
        made._array = array
        made.operand = made.trace = made.call = made.mask = made._spec = None
        return made

    # -- what it is

    @property
    def spec(self) -> Spec:
        """Shape and dtype, as a program knows them."""
        if self._spec is None:
            array = self._array
            assert array is not None
            self._spec = Spec(array.shape, dtype_name(array.dtype))
        return self._spec

    @property
    def is_placeholder(self) -> bool:
        return self.call is not None

    @property
    def is_concrete(self) -> bool:
        """True where the numbers are there, or can be had by running what is pending."""
        return self._array is not None or (self.trace is not None and self.trace.is_recording)

    @property
    def array(self) -> np.ndarray:
        """The numbers, not copied; raises NeedsConcrete where there are none yet."""
        if self._array is None:
            if self.trace is None or not self.trace.is_recording:
                raise NeedsConcrete(
                    f"{self!r} has no numbers while a program is traced. Python code that depends on a value "
                    f"cannot become part of a program; use ops.where, ops.cond or ops.while_loop, or pass "
                    f"run_eagerly=True to compile(). The line: {context.user_line()}"
                )
            self.trace.materialize(self)
        assert self._array is not None
        return self._array

    def numpy(self) -> np.ndarray:
        """A copy of the numbers as a NumPy array."""
        return self.array.copy()

    @property
    def shape(self) -> tuple[Any, ...]:
        """The shape; ``None`` stands for a size that is known only when the program runs."""
        shape = self.spec.shape
        if self.is_placeholder:
            return tuple(None if isinstance(extent, Size) else extent for extent in shape)
        return tuple(_seen(extent) for extent in shape)

    @property
    def dtype(self) -> str:
        return self.spec.dtype

    @property
    def ndim(self) -> int:
        return self.spec.rank

    @property
    def size(self) -> Any:
        return _seen(self.spec.size)

    def __repr__(self) -> str:
        if self.is_concrete:
            text = repr(self.array).replace("\n", "\n    ")
            return f"<Tensor shape={self.shape}, dtype={self.dtype}, numpy={text}>"
        return f"<Tensor {'placeholder' if self.is_placeholder else 'traced'} {self.spec}>"

    # -- as Python and NumPy see it

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.array if dtype is None else self.array.astype(dtype)
        return array.copy() if copy is not False and array is self._array else array

    def __len__(self) -> int:
        if not self.spec.shape:
            raise TypeError("a scalar tensor has no length")
        return int(_seen(self.spec.shape[0]))

    def __iter__(self) -> Iterator[Tensor]:
        allowance.work(len(self))
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return bool(self.array)

    def __int__(self) -> int:
        return int(self.array)

    def __index__(self) -> int:
        return self.array.__index__()

    def __float__(self) -> float:
        return float(self.array)

    def __format__(self, form: str) -> str:
        return format(self.array.item() if self.spec.shape == () else self, form) if form else repr(self)

    def __hash__(self) -> int:
        return id(self)

    def item(self) -> Any:
        """The number of a tensor with one element, as Python's."""
        return self.array.item()

    def __getitem__(self, key: Any) -> Tensor:
        from flintglass.tracing.indexing import index

        return index(self, key)

    # -- operators

    def __add__(self, other: Any) -> Tensor:
        return binary("add", self, other)

    def __radd__(self, other: Any) -> Tensor:
        return binary("add", other, self)

    def __sub__(self, other: Any) -> Tensor:
        return binary("subtract", self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return binary("subtract", other, self)

    def __mul__(self, other: Any) -> Tensor:
        return binary("multiply", self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return binary("multiply", other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return divide(self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return divide(other, self)

    def __floordiv__(self, other: Any) -> Tensor:
        return binary("floor_divide", self, other)

    def __rfloordiv__(self, other: Any) -> Tensor:
        return binary("floor_divide", other, self)

    def __mod__(self, other: Any) -> Tensor:
        return binary("remainder", self, other)

    def __rmod__(self, other: Any) -> Tensor:
        return binary("remainder", other, self)

    def __pow__(self, other: Any) -> Tensor:
        return binary("power", self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return binary("power", other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return matmul(self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return matmul(other, self)

    def __neg__(self) -> Tensor:
        return apply("negative", self)

    def __abs__(self) -> Tensor:
        return apply("absolute", self)

    def __eq__(self, other: object) -> Any:
        return binary("equal", self, other) if _numeric(other) else NotImplemented

    def __ne__(self, other: object) -> Any:
        return binary("not_equal", self, other) if _numeric(other) else NotImplemented

    def __lt__(self, other: Any) -> Tensor:
        return binary("less", self, other)

    def __le__(self, other: Any) -> Tensor:
        return binary("less_equal", self, other)

    def __gt__(self, other: Any) -> Tensor:
        return binary("greater", self, other)

    def __ge__(self, other: Any) -> Tensor:
        return binary("greater_equal", self, other)

    def __and__(self, other: Any) -> Tensor:
        return binary("logical_and" if self.dtype == "bool" else "bitwise_and", self, other)

    def __or__(self, other: Any) -> Tensor:
        return binary("logical_or" if self.dtype == "bool" else "bitwise_or", self, other)

    def __xor__(self, other: Any) -> Tensor:
        return binary("logical_xor" if self.dtype == "bool" else "bitwise_xor", self, other)

    def __invert__(self) -> Tensor:
        return apply("logical_not" if self.dtype == "bool" else "bitwise_not", self)


def _seen(extent: Dimension) -> Any:
    """A dimension as user code sees it."""
    return TracedSize(terms=dict(extent.terms)) if isinstance(extent, Size) else extent


def _numeric(value: object) -> bool:
    return isinstance(value, (Tensor, np.ndarray, np.generic, int, float, list, tuple))


def convert(value: Any, dtype: Any = None) -> Tensor:
    """A tensor from an array, a number, a nested list, or a tensor; Python floats become the default float."""
    if isinstance(value, Tensor):
        return value if dtype is None or value.dtype == standard_dtype(dtype) else cast(value, dtype)
    if isinstance(value, Size):
        return apply("extent", size=dimension(value), dtype="int32" if dtype is None else standard_dtype(dtype))
    array = value if isinstance(value, np.ndarray) else np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise DataError(f"numbers are expected, or arrays, lists and tensors of them, not {_short(value)}")
    if dtype is not None:
        array = array.astype(standard_dtype(dtype), copy=False)
    elif not isinstance(value, (np.ndarray, np.generic)) and not hasattr(value, "dtype"):
        # Python's own numbers: floats take the default float, whole numbers int32, as in Keras.
        kind = array.dtype.kind
        array = array.astype(config.floatx()) if kind == "f" else _narrow(array) if kind == "i" else array
    return Tensor(np.asarray(array, dtype=standard_dtype(array.dtype)))


def _narrow(array: np.ndarray) -> np.ndarray:
    """Whole numbers as int32; as they are, where one of them is too large for it."""
    narrow = array.astype("int32")
    return narrow if np.array_equal(narrow, array) else array


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def apply(name: str, *operands: Any, **attributes: Any) -> Any:
    """Apply a primitive to tensors and literals; one tensor, or a tuple where there are several."""
    outputs = context.current().apply(name, operands, attributes)
    return outputs[0] if len(outputs) == 1 else tuple(outputs)


def cast(value: Any, dtype: Any) -> Tensor:
    """The tensor in another dtype; itself where it has it already."""
    wanted = standard_dtype(dtype)
    tensor = convert(value)
    return tensor if tensor.dtype == wanted else apply("cast", tensor, dtype=wanted)


def together(*values: Any, floating: bool = False) -> tuple[Any, ...]:
    """Operands of one dtype by the promotion table: tensors cast, Python numbers as literals of it."""
    dtypes = [weak_dtype(value) if isinstance(value, (bool, int, float)) else convert(value).dtype for value in values]
    if floating:
        dtypes.append("float")
    dtype = result_dtype(*dtypes)
    return tuple(
        Literal(value, dtype) if isinstance(value, (bool, int, float)) else cast(value, dtype) for value in values
    )


def binary(name: str, x: Any, y: Any) -> Tensor:
    """An elementwise primitive of two operands, after promotion."""
    return apply(name, *together(x, y))


def divide(x: Any, y: Any) -> Tensor:
    """The true quotient: whole numbers meet in the default float."""
    return apply("divide", *together(x, y, floating=True))


def matmul(x: Any, y: Any) -> Tensor:
    """The matrix product; vectors count as a row on the left and a column on the right, as in NumPy."""
    x, y = together(convert(x), convert(y))
    left, right = x.ndim == 1, y.ndim == 1
    if left:
        x = apply("reshape", x, shape=(1, *x.spec.shape))
    if right:
        y = apply("reshape", y, shape=(*y.spec.shape, 1))
    product = apply("matmul", x, y)
    shape: Shape = product.spec.shape
    if left or right:
        kept = shape[:-2] + (() if left else shape[-2:-1]) + (() if right else shape[-1:])
        product = apply("reshape", product, shape=kept)
    return product

"""Operations on placeholders: each joins the graph of a functional model as a node, by Keras's class and settings.

A table says which class of Keras an operation is. What stands in it can be written to a configuration and read
from one; a name that does not stand in it is never looked up.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from flintglass import ops
from flintglass.faces import load_named
from flintglass.names import automatic_name, snake_case
from flintglass.tracing import context
from flintglass.tracing.binding import bound_attributes
from flintglass.tracing.placeholder import Placeholder, extend
from flintglass.tracing.promotion import standard_dtype
from flintglass.tracing.structure import map_leaves
from flintglass.tracing.tensor import Tensor
from flintglass.tracing.trace import Trace

# By Keras's module; an operation's class is its name in camel case, unless another is written behind it.
_TABLE = {
    "numpy": """abs:Absolute absolute add all amax amin any append arccos arccosh arcsin arcsinh arctan arctan2
        arctanh argmax argmin argsort array average bitwise_and bitwise_left_shift bitwise_not bitwise_or
        bitwise_right_shift bitwise_xor broadcast_to ceil clip concatenate copy cos cosh count_nonzero cumprod cumsum
        diag diagonal divide divide_no_nan dot einsum equal exp exp2 expand_dims expm1 flip floor floor_divide
        full_like get_item greater greater_equal hstack hypot inner isclose isfinite isinf isnan left_shift less
        less_equal log log10 log1p log2 logaddexp logical_and logical_not logical_or logical_xor matmul max maximum
        mean min minimum mod moveaxis multiply nan_to_num negative not_equal ones_like outer pad power prod ravel
        reciprocal repeat reshape right_shift roll round searchsorted:SearchSorted sign sin sinh slogdet sort split sqrt
        square squeeze stack std subtract sum swapaxes take take_along_axis tan tanh tensordot tile trace transpose
        tril triu true_divide trunc var vdot vstack where zeros_like""",
    "nn": """binary_crossentropy categorical_crossentropy celu elu gelu glu hard_shrink hard_sigmoid hard_silu
        hard_swish:HardSilu hard_tanh leaky_relu log_sigmoid log_softmax moments multi_hot normalize one_hot relu
        relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_categorical_crossentropy sparse_plus
        sparse_sigmoid sparsemax squareplus swish:Silu tanh_shrink threshold""",
    "core": "cast convert_to_tensor saturate_cast stop_gradient unstack",
    "math": "erf erfinv in_top_k:InTopK logsumexp rsqrt segment_sum top_k:TopK",
    "linalg": """cholesky cholesky_inverse det eigh inv lstsq norm qr solve solve_triangular svd:SVD""",
}
# The parameters that take tensors; all others of an operation are settings.
_TENSORS = (
    *("a", "b", "atol", "condition", "data", "fill_value", "indices", "inputs", "key", "operands", "output"),
    *("predictions", "rtol", "segment_ids", "sorted_sequence", "target", "targets", "values", "variable", "x"),
    *("x1", "x2", "xs", "y"),
)
# What Keras hands to a node by its name.
_BY_NAME = frozenset({"constant_values", "weights"})
# Where a dtype that is left out is the default float already when the node is made.
_OF_DEFAULT_FLOAT = frozenset({"multi_hot", "one_hot"})
_FIRST = {"multi_hot": ("inputs",), "full_like": ("x", "fill_value"), "squareplus": ("x",)}


@dataclass(frozen=True)
class Kind:
    """What Keras calls an operation: its module there, and its class."""

    operation: str
    module: str
    class_name: str
    room: str = "flintglass.ops"  # where the function stands


def _kinds() -> dict[str, Kind]:
    found = {}
    for module, text in _TABLE.items():
        for word in text.split():
            name, _, other = word.partition(":")
            camel = "".join(part.capitalize() for part in name.split("_"))
            found[name] = Kind(name, f"keras.src.ops.{module}", other or camel)
    return found


# The one activation that is a node with settings of its own, and no operation.
BENT_RELU = Kind("relu", "keras.src.activations.activations", "ReLU", "flintglass.activations")


KINDS: Mapping[str, Kind] = _kinds()
# The first of several operations of one class stands for it.
BY_CLASS: Mapping[str, Kind] = {kind.class_name: kind for kind in (*reversed(list(KINDS.values())), BENT_RELU)}
MODULES = frozenset(kind.module for kind in BY_CLASS.values())


class Operation:
    """A node of a graph: an operation with its settings, called on tensors alone."""

    def __init__(self, kind: Kind, settings: dict[str, Any], name: str | None = None) -> None:
        self.kind = kind
        self.settings = settings
        self.name = name or automatic_name(snake_case(kind.class_name))

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        if holds_placeholders([*arguments, *keywords.values()]):
            return extend(self, arguments, keywords, self._specs(arguments, keywords))
        return self._run(*arguments, **keywords)

    def _run(self, *arguments: Any, **keywords: Any) -> Any:
        settings = dict(bound_attributes({name: _as_tuple(value) for name, value in self.settings.items()}))
        arguments = tuple(bound_attributes({"arguments": tuple(arguments)})["arguments"])
        if self.kind.operation == "get_item" and isinstance(arguments[1], list):
            arguments = (arguments[0], tuple(arguments[1]))
        function = _function(self.kind)
        names, variadic = _parameters(function)
        if variadic:
            return function(*settings.values(), *arguments)
        return function(**dict(zip(names, arguments, strict=False)), **keywords, **settings)

    def _specs(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        writing = Trace(self.name)

        def enter(leaf: Any) -> Any:
            return writing.input("x", leaf.spec) if isinstance(leaf, Tensor) and leaf.is_placeholder else leaf

        with context.answering(writing):
            found = self._run(*map_leaves(enter, list(arguments)), **map_leaves(enter, keywords))
        return map_leaves(lambda leaf: leaf.spec, found)


def _as_tuple(value: Any) -> Any:
    return tuple(_as_tuple(item) for item in value) if isinstance(value, (list, tuple)) else value


def holds_placeholders(arguments: Any) -> bool:
    """True where a placeholder is among the arguments, or in a list or tuple of them."""
    for item in arguments:
        if isinstance(item, Tensor):
            if item.call is not None:
                return True
        elif isinstance(item, (list, tuple)) and holds_placeholders(item):
            return True
    return False


def _called(kind: Kind) -> str:
    return f"{kind.room.rpartition('.')[2]}.{kind.operation}"


def _function(kind: Kind) -> Any:
    return inspect.unwrap(load_named(f"{kind.room}:{kind.operation}"))


@functools.cache
def _parameters(function: Callable[..., Any]) -> tuple[tuple[str, ...], bool]:
    """The parameters that take tensors, in order; and whether there are any number of them."""
    parameters = inspect.signature(function).parameters
    names = _FIRST.get(function.__name__) or tuple(name for name in parameters if name in _TENSORS)
    return names, any(item.kind is item.VAR_POSITIONAL for item in parameters.values())


def joining(name: str, function: Any, kind: Kind | None = None) -> Any:
    """The function; called on placeholders, it joins their graph as one node, of the kind of its name if none is said.

    A function that is no kind of node stays as it is.
    """
    kind = kind or KINDS.get(name)
    if kind is None:
        return function

    @functools.wraps(function)
    def operation(*arguments: Any, **keywords: Any) -> Any:
        if not (holds_placeholders(arguments) or (keywords and holds_placeholders(keywords.values()))):
            return function(*arguments, **keywords)
        try:
            given, named, settings = _sorted(function, arguments, keywords)
        except TypeError as error:
            raise TypeError(f"{_called(kind)}: {error}") from None
        # What is computed can be no setting: then the primitives join the graph one by one.
        if holds_placeholders(settings.values()):
            return function(*arguments, **keywords)
        if kind.operation in _OF_DEFAULT_FLOAT:
            settings["dtype"] = standard_dtype(settings["dtype"])
        return Operation(kind, settings)(*given, **named)

    operation.__module__ = kind.room  # where pickle and readers find it
    operation.__name__ = operation.__qualname__ = name
    return operation


Sorted = tuple[list[Any], dict[str, Any], dict[str, Any]]


def _sorted(function: Callable[..., Any], arguments: Any, keywords: Any) -> Sorted:
    """The tensors that a call is given, by place and by name, and the settings, those that it left out among them."""
    signature = inspect.signature(function)
    bound = signature.bind(*arguments, **keywords)
    bound.apply_defaults()
    names, variadic = _parameters(function)
    given: list[Any] = []
    settings: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            given += value
        elif kind is inspect.Parameter.VAR_KEYWORD:
            settings.update({} if variadic else value)
        elif name in names:
            # A list of indices and a tuple of keys look alike in a configuration; an array does not.
            given.append(np.asarray(value) if name == "key" and isinstance(value, list) else value)
        else:
            settings[name] = value
    return given, {name: settings.pop(name) for name in _BY_NAME & set(settings)}, settings


def operation_from(class_name: str, settings: Mapping[str, Any], name: str) -> Operation:
    """The node that a configuration describes; ValueError where its class or a setting of it is unknown."""
    kind = BY_CLASS[class_name]
    known = inspect.signature(_function(kind)).parameters
    for setting, value in settings.items():
        if setting not in known and value not in (None, False):
            raise ValueError(f"operation {name!r} ({class_name}): {_called(kind)} takes no {setting}={value!r}")
    return Operation(kind, {key: value for key, value in settings.items() if key in known}, name)


_OPERATORS = {
    "__neg__": "negative",
    "__abs__": "absolute",
    "__getitem__": "get_item",
    "__ne__": "not_equal",
    "__lt__": "less",
    "__le__": "less_equal",
    "__gt__": "greater",
    "__ge__": "greater_equal",
    "__invert__": "logical_not",
}
_OF_TWO = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "true_divide",
    "floordiv": "floor_divide",
    "mod": "mod",
    "pow": "power",
    "matmul": "matmul",
    "and": "logical_and",
    "or": "logical_or",
    "xor": "logical_xor",
}


def enter_operators() -> None:
    """Python's operators on placeholders are operations of the table, as those of Keras's tensors are."""

    def operator(name: str, turned: bool) -> Any:
        def method(self: Any, *others: Any) -> Any:
            return getattr(ops, name)(*((*others, self) if turned else (self, *others)))

        return method

    for method, name in _OPERATORS.items():
        setattr(Placeholder, method, operator(name, False))
    for stem, name in _OF_TWO.items():
        setattr(Placeholder, f"__{stem}__", operator(name, False))
        setattr(Placeholder, f"__r{stem}__", operator(name, True))

"""The contract of a layer: it owns variables, is built for an input's shape, and is called on tensors."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import numpy as np

from flintglass import config, regularizers
from flintglass.errors import DataError, FlintglassError
from flintglass.layers.arguments import layer_dtype, layer_name
from flintglass.layers.input_spec import InputSpec
from flintglass.layers.masks import hand_on, masks_of
from flintglass.layers.origin import LinesBelongTo
from flintglass.layers.weights import HoldsWeights
from flintglass.names import depth, scope, scoped
from flintglass.program import Size, Spec
from flintglass.suggestions import taken, unknown_argument
from flintglass.tracing import context
from flintglass.tracing.placeholder import extend
from flintglass.tracing.structure import flatten, map_leaves
from flintglass.tracing.tensor import Tensor, apply, cast, convert
from flintglass.tracing.trace import Trace
from flintglass.tracing.variable import identifier

# Whether the calls made now are part of training; None where nobody has said.
training_now: ContextVar[bool | None] = ContextVar("training", default=None)


_MADE_BY_INIT = frozenset(
    {"name", "built", "autocast", "input_spec", "activity_regularizer", "supports_masking"}
    | {"_calls", "_compiled", "_dtype", "_graph", "_label", "_lock", "_losses", "_path"}
    | {"_programs", "_stack", "_trainable"}
)
_FLOAT = np.dtype("float32")


class Layer(HoldsWeights):
    """A function of tensors with weights.

    Subclasses define ``__init__``, ``build(input_shape)`` (make the weights with ``add_weight``) and
    ``call(inputs)``; layers set as attributes are found and count as part of this one.
    """

    untracked = frozenset({"_calls"})

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        input_shape: Any = None,
        input_dim: int | None = None,
        batch_size: int | None = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            known = [*taken(type(self).__init__), "name", "dtype", "trainable"]
            raise ValueError(unknown_argument(type(self).__name__, min(unknown), known, taken(Layer.__init__)))
        self.name = layer_name(name, type(self).__name__)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.autocast = autocast
        self.built = False
        self.input_spec: Any = None
        self.supports_masking = False
        self._trainable = bool(trainable)
        self._dtype = layer_dtype(dtype, type(self).__name__) if dtype is not None else config.floatx()
        self._losses: list[Any] = []
        self._calls: list[Any] = []
        self._path: str | None = None
        self._label: str | None = None
        self._given_shape = given_shape(input_shape, input_dim, batch_size)

    def __getattr__(self, name: str) -> Any:
        # Asked for only where an attribute is missing: those below are, where Layer.__init__ did not run.
        if name in _MADE_BY_INIT and "_calls" not in vars(self):
            raise RuntimeError(
                f"{type(self).__name__}.__init__ did not call super().__init__(), which makes {name!r}; call it "
                "first, before attributes are set"
            )
        return object.__getattribute__(self, name)

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for inputs of this shape; layers without weights need not define it."""
        self.built = True

    # -- dtypes

    @property
    def dtype(self) -> str:
        return self._dtype

    variable_dtype = compute_dtype = dtype

    # -- calling

    def call(self, *arguments: Any, **keywords: Any) -> Any:
        """The outputs for the inputs; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} defines no call()")

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        if not arguments and not keywords:
            raise TypeError(f"{self._place} was called without an input")
        arguments = tuple(map_leaves(self._enter, [_as_one(item) for item in arguments]))
        keywords = {key: map_leaves(self._enter_keyword, value) for key, value in keywords.items()}
        self._check_inputs(arguments)
        self._build_for(arguments, keywords)
        leaves = flatten([list(arguments), keywords])
        if any(isinstance(leaf, Tensor) and leaf.is_placeholder for leaf in leaves):
            return self._call_on_placeholders(arguments, keywords)
        if not depth():
            self.forget_losses()  # those of the call before: a call leaves its own
        return self._call_now(arguments, keywords)

    def _enter(self, leaf: Any) -> Any:
        """Arrays and numbers become tensors; floats of another width are cast to the layer's dtype."""
        if isinstance(leaf, (np.ndarray, np.generic, int, float)) and not isinstance(leaf, bool):
            dtype = getattr(leaf, "dtype", _FLOAT)
            if dtype.kind not in "fiub":
                raise DataError(f"{self._place} was called on an array of dtype {dtype}; it takes numbers")
            leaf = convert(leaf)
        if isinstance(leaf, Tensor) and self.autocast and leaf.spec.is_float and leaf.dtype != self._dtype:
            entered = cast(leaf, self._dtype)
            entered.mask = leaf.mask
            return entered
        return leaf

    def _enter_keyword(self, leaf: Any) -> Any:
        return self._enter(leaf) if isinstance(leaf, (Tensor, np.ndarray)) else leaf

    def _check_inputs(self, arguments: tuple[Any, ...]) -> None:
        if self.input_spec is None or not arguments:
            return
        specs = self.input_spec if isinstance(self.input_spec, (list, tuple)) else [self.input_spec]
        tensors = [leaf for leaf in flatten(arguments[0]) if isinstance(leaf, Tensor)]
        for spec, tensor in zip(specs, tensors, strict=False):
            if isinstance(spec, InputSpec):
                spec.check(self._place, tensor.spec.shape)

    def _build_for(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        if self.built:
            return
        self._path, self._label = scoped(self.name), scoped(self.name, hidden=False)
        given = arguments[0] if arguments else next(iter(keywords.values()), None)
        if not any(isinstance(leaf, Tensor) for leaf in flatten(given)):
            raise DataError(f"{self._place} was called on {given!r}; it takes arrays and tensors")
        shapes = map_leaves(_public_shape, given)
        self._built_for = shapes
        with context.answering(None), scope(self.name, not self.is_root()):
            if _takes_arguments(self.build):
                self.build(shapes)
            else:
                self.build()
        self.built = True
        self._check_inputs(arguments)

    def _call_on_placeholders(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """The layer joins the graph: its call is traced once for its output's specs, and recorded."""
        own = type(self).compute_output_spec is not Layer.compute_output_spec
        traced = None if own else self._traced(arguments, keywords)
        specs = self.compute_output_spec(*arguments, **keywords) if own else _specs_of(traced)
        outputs = extend(self, arguments, keywords, specs)
        for placeholder, leaf in zip(flatten(outputs), flatten(traced), strict=False):
            mask = getattr(leaf, "mask", None)
            # What a mask will be, for layers that are given one; there are numbers when the graph runs.
            placeholder.mask = None if mask is None else Tensor(spec=mask.spec, call=_NO_CALL)
        first = flatten(outputs)[0]
        self._calls.append(first.call)
        return outputs

    def compute_output_spec(self, *arguments: Any, **keywords: Any) -> Any:
        """The specs of the outputs for these inputs; found by tracing ``call`` without running it."""
        return _specs_of(self._traced(arguments, keywords))

    def _traced(self, arguments: Any, keywords: dict[str, Any]) -> Any:
        """The outputs of a call whose inputs stand for those of any run."""
        writing = Trace(self.name)

        def enter(leaf: Any) -> Any:
            if not isinstance(leaf, Tensor) or hasattr(leaf, "storage"):
                return leaf
            found = writing.input("x", leaf.spec)
            found.mask = None if leaf.mask is None else writing.input("mask", leaf.mask.spec)
            return found

        with context.answering(writing):
            outputs = self._call_now(
                tuple(map_leaves(enter, list(arguments))),
                {key: map_leaves(enter, value) for key, value in keywords.items()},
            )
        self.forget_losses()
        return outputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for an input of this shape, or for inputs of these; None is an unknown extent."""
        several = isinstance(input_shape, (list, tuple)) and any(
            isinstance(item, (list, tuple)) for item in input_shape
        )
        given: Any = [self._symbol(shape) for shape in input_shape] if several else self._symbol(input_shape)
        self._build_for((given,), {})
        return map_leaves(_public_shape_of, self.compute_output_spec(given))

    def _symbol(self, shape: Any) -> Tensor:
        from flintglass.layers.input import symbolic_spec

        return Tensor(spec=symbolic_spec(shape, self._dtype), call=_NO_CALL)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the output; that of the input, unless a subclass says otherwise."""
        return previous_mask

    def _call_now(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        keywords, training = self._with_training(keywords)
        inputs = arguments[0] if arguments else None
        masks = masks_of(inputs)
        takes_mask = "mask" in _parameters(type(self).call) and len(arguments) == 1
        if masks is not None and takes_mask and keywords.get("mask") is None:
            keywords = {**keywords, "mask": masks}
        token = training_now.set(training)
        try:
            with LinesBelongTo(self), scope(self.name, not self.is_root()):
                outputs = self.call(*arguments, **keywords)
                if self.activity_regularizer is not None:
                    self._regularize_activity(outputs)
        except FlintglassError as error:
            self._explain(error, arguments)
            raise
        finally:
            training_now.reset(token)
        if outputs is None:
            raise TypeError(f"{self._place}: call() returned None; does it end without `return`?")
        hand_on(self, inputs, masks, outputs, type(self).compute_mask is not Layer.compute_mask)
        trace = context.active()
        if trace is not None:
            for leaf in flatten(outputs):
                trace.name(leaf, identifier(self.name))
        return outputs

    def _with_training(self, keywords: dict[str, Any]) -> tuple[dict[str, Any], bool | None]:
        """Pass ``training`` on where the layer's call takes it; an outer call's answer is inherited."""
        training = keywords.get("training")
        if training is None:
            training = training_now.get()
        takes = self._call_takes("training")
        if takes:
            keywords = {**keywords, "training": bool(training) if training is not None else False}
        elif "training" in keywords:
            keywords = {key: value for key, value in keywords.items() if key != "training"}
        return keywords, training

    def _call_takes(self, name: str) -> bool:
        parameters = _parameters(type(self).call)
        return name in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())

    def _regularize_activity(self, outputs: Any) -> None:
        """Penalise the outputs, averaged over the batch, as Keras does."""
        for leaf in flatten(outputs):
            if isinstance(leaf, Tensor):
                penalty = self._penalty(leaf)
                rows = leaf.spec.shape[0] if leaf.spec.shape else 1
                self.add_loss(penalty / _extent(rows, leaf.dtype))

    def _explain(self, error: FlintglassError, arguments: tuple[Any, ...]) -> None:
        """Say which layer an error arose in, once, with the shapes that it was given."""
        if getattr(error, "in_layer", None) is None:
            shapes = ", ".join(str(leaf.spec) for leaf in flatten(list(arguments)) if isinstance(leaf, Tensor))
            error.args = (
                f"{self._place}, called on {shapes}: {error.args[0] if error.args else error}",
                *error.args[1:],
            )
            error.in_layer = self.name  # type: ignore[attr-defined]

    def is_root(self) -> bool:
        """True for a model that is called by itself: its name is left out of paths and listings."""
        return False

    # -- the graph

    @property
    def input(self) -> Any:
        """The placeholder(s) that the layer was first called on."""
        inputs = self._first_call().inputs
        return inputs[0] if len(inputs) == 1 else inputs

    @property
    def output(self) -> Any:
        """The placeholder(s) that its first call returned."""
        outputs = self._first_call().outputs
        return outputs[0] if len(outputs) == 1 else outputs

    @property
    def input_shape(self) -> Any:
        """The shape of the input of its first call, None standing for the batch."""
        found = self.input
        return [item.shape for item in found] if isinstance(found, list) else found.shape

    @property
    def output_shape(self) -> Any:
        """The shape of the output of its first call."""
        found = self.output
        return [item.shape for item in found] if isinstance(found, list) else found.shape

    def _first_call(self) -> Any:
        if not self._calls:
            raise AttributeError(f"{self._place} has never been called on an Input, so it has no input or output")
        return self._calls[0]

    # -- configuration

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer again, without its weights."""
        found: dict[str, Any] = {"name": self.name, "trainable": self._trainable, "dtype": _policy(self._dtype)}
        if self.activity_regularizer is not None:
            found["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return found

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A new layer from ``get_config()``'s result."""
        given = dict(config)
        if isinstance(given.get("dtype"), dict):
            given["dtype"] = given["dtype"]["config"]["name"]
        return cls(**given)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _policy(dtype: str) -> dict[str, Any]:
    return {
        "module": "keras",
        "class_name": "DTypePolicy",
        "config": {"name": dtype},
        "registered_name": None,
    }


def given_shape(input_shape: Any, input_dim: int | None, batch_size: int | None) -> tuple[Any, ...] | None:
    """The batch shape that ``input_shape=`` or ``input_dim=`` on a layer asks for, or None."""
    if input_dim is not None:
        input_shape = (input_dim,)
    if input_shape is None:
        return None
    shape = (input_shape,) if isinstance(input_shape, (int, np.integer)) else tuple(input_shape)
    return (batch_size, *shape)


_PARAMETERS: dict[Callable[..., Any], dict[str, inspect.Parameter]] = {}


def _parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    if function not in _PARAMETERS:
        _PARAMETERS[function] = dict(inspect.signature(function).parameters)
    return _PARAMETERS[function]


def _takes_arguments(method: Any) -> bool:
    return bool(_parameters(method.__func__).keys() - {"self"})


def _as_one(item: Any) -> Any:
    """A list of Python's numbers as one array; other lists hold several inputs."""
    if isinstance(item, (list, tuple, range)) and len(item):
        leaves = list(item) if isinstance(item, range) else flatten(item)
        if all(isinstance(leaf, (int, float, np.generic)) for leaf in leaves):
            try:
                return convert(list(item) if isinstance(item, range) else item)
            except ValueError:
                return item
    return item


def _specs_of(outputs: Any) -> Any:
    return map_leaves(lambda leaf: convert(leaf).spec if not isinstance(leaf, Tensor) else leaf.spec, outputs)


def _public_shape(leaf: Any) -> Any:
    return _public_shape_of(leaf.spec) if isinstance(leaf, Tensor) else None


def _public_shape_of(spec: Spec) -> tuple[Any, ...]:
    return tuple(None if isinstance(extent, Size) else extent for extent in spec.shape)


def _extent(size: Any, dtype: str) -> Any:
    return apply("extent", size=size, dtype=dtype) if isinstance(size, Size) else float(size)


_NO_CALL: Any = object()

"""What a layer holds: weights of its own and of the layers inside it, and the losses that they add."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from flintglass import constraints, initializers, regularizers
from flintglass.errors import DataError, ShapeError
from flintglass.layers.stored import Stored
from flintglass.names import name_first, scoped
from flintglass.random import SeedGenerator
from flintglass.regularizers.base import penalty
from flintglass.tracing import allowance, context
from flintglass.tracing.promotion import standard_dtype
from flintglass.tracing.structure import flatten
from flintglass.tracing.tracking import walked_once
from flintglass.tracing.variable import Variable


def _numbers(value: Any, path: str) -> np.ndarray:
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise DataError(f"set_weights: what was given for {path} is no array: its rows differ in length") from error
    if array.dtype.kind not in "fiub":
        raise DataError(f"set_weights: {path} takes an array of numbers, not of dtype {array.dtype}")
    return array


class HoldsWeights(Stored):
    """The part of a layer that owns variables; attributes that hold layers count as inside."""

    name: str
    built: bool
    _trainable: bool
    _dtype: str
    _path: str | None
    _label: str | None
    _losses: list[Any]
    activity_regularizer: Any

    @property
    def _place(self) -> str:
        return f"layer {self.name!r} ({type(self).__name__})"

    # -- weights

    @name_first("shape", "dtype", "initializer", "regularizer", "trainable", "constraint")
    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Make a weight: ``shape`` filled by ``initializer`` (glorot_uniform unless said otherwise).

        A text as the first argument is the name, as in scripts for TensorFlow 2.
        """
        shape = () if shape is None else (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
        dtype = standard_dtype(dtype) if dtype is not None else self._dtype
        if any(not isinstance(extent, (int, np.integer)) or extent < 0 for extent in shape):
            raise ShapeError(f"{self._place}: a weight has whole numbers as its shape, not {shape}")
        if initializer is None:
            initializer = "glorot_uniform" if dtype.startswith("float") else "zeros"
        granted = allowance.current.get()
        if granted is not None and granted.replaced and type(self).load_own_variables is Stored.load_own_variables:
            initializer = "zeros"  # a file's numbers take its place
        initializer = initializers.get(initializer)
        if granted is not None and not granted.replaced and hasattr(initializer, "price"):
            granted.draw(f"{self._path or scoped(self.name)}/{name or 'variable'}", shape, initializer.price(shape))
        with context.answering(None):
            variable = Variable(
                initializer,
                shape=tuple(int(extent) for extent in shape),
                dtype=dtype,
                trainable=trainable,
                name=name or "variable",
                path=f"{self._path or scoped(self.name)}/{name or 'variable'}",
                label=f"{self._label or scoped(self.name, hidden=False)}/{name or 'variable'}",
            )
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints.get(constraint)
        self._weights().append(variable)
        return variable

    def _weights(self) -> list[Variable]:
        if "_added_weights" not in vars(self):
            object.__setattr__(self, "_added_weights", [])
        weights: list[Variable] = vars(self)["_added_weights"]
        return weights

    @property
    @walked_once(list)
    def weights(self) -> list[Variable]:
        """All weights, the layer's own first, then those of the layers inside it."""
        found = {id(variable): variable for variable in (*self._weights(), *self.own_variables())}
        for child in self._inner_layers():
            found.update((id(variable), variable) for variable in child.weights)
        return list(found.values())

    @property
    @walked_once(list)
    def variables(self) -> list[Variable]:
        """The weights, and the states of the random generators that layers such as Dropout own."""
        own = [*self._weights(), *self.own_variables(), *self._states_of_generators()]
        found = {id(variable): variable for variable in own}
        for child in self._inner_layers():
            found.update((id(variable), variable) for variable in child.variables)
        return list(found.values())

    def _states_of_generators(self) -> list[Variable]:
        return [item.state for item in self._attributes() if isinstance(item, SeedGenerator)]

    def _inner_layers(self) -> list[Any]:
        return [child for child in self.children() if isinstance(child, HoldsWeights)]

    @property
    @walked_once(list)
    def trainable_weights(self) -> list[Variable]:
        """The weights that training changes; none where the layer is not trainable."""
        if not self._trainable:
            return []
        own = [v for v in (*self._weights(), *self.own_variables()) if v.trainable]
        found = {id(variable): variable for variable in own}
        for child in self._inner_layers():
            found.update((id(variable), variable) for variable in child.trainable_weights)
        return list(found.values())

    trainable_variables = trainable_weights

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that training leaves as they are."""
        trained = {id(variable) for variable in self.trainable_weights}
        return [variable for variable in self.weights if id(variable) not in trained]

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that training leaves to the layers themselves: averages, states of random generators."""
        trained = {id(variable) for variable in self.trainable_weights}
        return [variable for variable in self.variables if id(variable) not in trained]

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights; setting it sets it for the layers inside too."""
        return self._trainable

    @trainable.setter
    @walked_once(lambda: None)
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for child in self._inner_layers():
            child.trainable = value

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the weights as NumPy arrays."""
        return [variable.numpy() for variable in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace the weights; number and shapes must be those of ``weights``."""
        own = self.weights
        if not isinstance(weights, (list, tuple, np.ndarray)):
            raise TypeError(f"set_weights of {self._place} takes a list of arrays, not {type(weights).__name__}")
        if len(own) != len(weights):
            unbuilt = "" if self.built else " (it is not built yet: call it on data first)"
            raise ShapeError(
                f"set_weights of {self._place}: it has {len(own)} weights{unbuilt}, but a list of "
                f"{len(weights)} was given; get_weights() shows what it takes"
            )
        arrays = [_numbers(value, variable.path) for variable, value in zip(own, weights, strict=True)]
        for variable, array in zip(own, arrays, strict=True):
            if variable.storage.shape != array.shape:
                raise ShapeError(
                    f"set_weights of {self._place}: {variable.path} has the shape {variable.storage.shape}, but "
                    f"the array given for it has {array.shape}"
                )
        for variable, array in zip(own, arrays, strict=True):
            variable.overwrite(array)

    def count_params(self) -> int:
        """How many numbers the weights hold."""
        if not self.built:
            raise ValueError(f"{self._place} has no weights yet: call it on data, or build it, first")
        return sum(variable.storage.size for variable in self.weights)

    # -- losses

    def add_loss(self, loss: Any) -> None:
        """Add a scalar to what training minimises (inside ``call``)."""
        self._losses.extend(flatten(loss))

    @property
    def losses(self) -> list[Any]:
        """Scalars added by ``add_loss``, by activity regularizers, and by the weights' regularizers."""
        weights = [v for v in self.trainable_weights if v.regularizer is not None]
        return self.added_losses() + [penalty(v.regularizer, v, f"the regularizer of {v.path}") for v in weights]

    def _penalty(self, outputs: Any) -> Any:
        return penalty(self.activity_regularizer, outputs, f"the activity_regularizer of {self._place}")

    @walked_once(list)
    def added_losses(self) -> list[Any]:
        """Scalars added in ``call`` here and in the layers inside."""
        return [*self._losses, *(loss for child in self._inner_layers() for loss in child.added_losses())]

    @walked_once(lambda: None)
    def forget_losses(self) -> None:
        """Drop what ``add_loss`` collected, here and in the layers inside."""
        self._losses.clear()
        for child in self._inner_layers():
            child.forget_losses()

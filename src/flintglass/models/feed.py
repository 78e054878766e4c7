"""Feeding: what users hand to a model becomes checked arrays and the signature of a program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from flintglass.data import ArrayBatches, as_arrays, check_rows
from flintglass.data.arrays import entering_dtype
from flintglass.errors import DataError, ShapeError, warn
from flintglass.models.programs import Signature, batched
from flintglass.program import Size, Spec
from flintglass.program.spec import dtype_name


class Feed:
    """The arrays of a call of fit, evaluate or predict, in the order of the program's inputs."""

    def __init__(self, model: Any, x: Any, y: Any, weights: Any, place: str) -> None:
        self.x = as_arrays(x, "x", input_names(model))
        if isinstance(x, dict) and not model.inputs:
            model.nested_as(dict.fromkeys(x))
        self.x = [_fitted(model, i, array, place) for i, array in enumerate(self.x)]
        _require_inputs(model, self.x, place, x)
        self._inputs = list(model.input_names) if len(self.x) == len(model.input_names) else []
        self.y = [] if y is None else as_arrays(y, "y", output_names(model))
        self.weights = [] if weights is None else as_arrays(weights, "sample_weight", _weighted(model, weights))
        _require_outputs(self.y, y, len(self.x[0]), place)
        if isinstance(weights, (list, tuple)):
            _require_weights(self.weights, self.y, place)
        self.rows = check_rows(self.named(), place)

    def named(self) -> list[tuple[str, np.ndarray]]:
        """The arrays with the names that messages give them."""
        groups = (("x", self.x, self._inputs), ("y", self.y, ()), ("sample_weight", self.weights, ()))
        return [
            (f"{name}[{i}]" + (f" ({inputs[i]})" if inputs else "") if len(arrays) > 1 else name, array)
            for name, arrays, inputs in groups
            for i, array in enumerate(arrays)
        ]

    @property
    def arrays(self) -> list[np.ndarray]:
        return [*self.x, *self.y, *self.weights]

    def source(self, batch_size: int, seed: int | None = None) -> Any:
        """The batches of the rows; in an order of each epoch's own where a seed is given."""
        return ArrayBatches(self.arrays, batch_size, seed)

    repeats = True  # an epoch can be gone through again

    def ran_out(self, made: int, wanted: int) -> bool:
        """True where an epoch had fewer batches than it was to have: never, of arrays."""
        return False

    def part(self, rows: slice) -> Feed:
        """Some of the rows."""
        other = object.__new__(Feed)
        other.x, other.y, other.weights = ([a[rows] for a in group] for group in (self.x, self.y, self.weights))
        other.rows, other._inputs = len(other.x[0]), self._inputs
        return other


def input_names(model: Any) -> list[str] | None:
    """The names of the inputs; a Sequential has one, others are not known before they are called."""
    if model.inputs and isinstance(model.input, dict):
        return sorted(model.input)
    return model.input_names or (["x"] if model.has_one_input else None)


def _weighted(model: Any, weights: Any) -> list[str] | None:
    """The outputs that a list or a dict of weights is for; one array of weights is for all of them."""
    return output_names(model) if isinstance(weights, (list, tuple, dict)) else None


def _require_weights(weights: Sequence[np.ndarray], y: Sequence[np.ndarray], place: str) -> None:
    """Raise where a list of weights is not one for each output. Of one output, a list may be its rows."""
    if len(weights) != len(y) and y:
        told = "1 array" if len(weights) == 1 else f"{len(weights)} arrays"
        raise DataError(
            f"{place}: sample_weight holds {told}, and y {len(y)}: give one array of weights for each output, or a "
            "single array, in no list, for all of them"
        )


def output_names(model: Any) -> list[str] | None:
    """The names of the outputs, where they are known before the model is called."""
    return model.names_of_outputs(model._graph.outputs) if model._graph is not None else None


def _fitted(model: Any, position: int, array: np.ndarray, place: str) -> np.ndarray:
    """Undo the column that rank-1 data became, where the input really has one axis."""
    if position < len(model.inputs) and model.inputs[position].ndim == 1 and array.shape[1:] == (1,):
        return array[:, 0]
    return array


def _require_outputs(arrays: Sequence[np.ndarray], given: Any, rows: int, place: str) -> None:
    """Raise for a list of arrays that was read as the rows of the one output, and is longer or shorter than x."""
    if not isinstance(given, (list, tuple)) or len(arrays) != 1 or len(arrays[0]) in (1, rows):
        return
    if all(getattr(item, "ndim", 0) and len(item) == rows for item in given):
        raise DataError(
            f"{place}: y is a list of {len(given)} arrays, but the model has 1 output: give a single array, in no list"
        )


def _require_inputs(model: Any, arrays: Sequence[np.ndarray], place: str, given: Any) -> None:
    """Raise where the data, ``given`` as it is, does not fit the model's inputs."""
    inputs, names = model.inputs, model.input_names
    if not inputs:
        return
    if len(arrays) != len(inputs):
        raise DataError(
            f"{place}: model {model.name!r} has {_counted(len(inputs), 'input')}, {_and(names)}, but x holds "
            f"{_counted(len(arrays), 'array')}. Give one for each, as the list [{', '.join(names)}] or as the dict "
            f"{{{', '.join(f'{name!r}: ...' for name in names)}}}"
        )
    for i, (tensor, array) in enumerate(zip(inputs, arrays, strict=True)):
        wanted = tensor.spec.shape
        fits = len(wanted) == array.ndim and all(
            isinstance(extent, Size) or extent == found
            for extent, found in zip(wanted[1:], array.shape[1:], strict=True)
        )
        if not fits:
            name = "x" if len(inputs) == 1 else f"x[{i}] ({model.input_names[i]})"
            raise ShapeError(
                f"{place}: {name} has the shape {array.shape}, but model {model.name!r} takes "
                f"{tuple(None if isinstance(e, Size) else e for e in wanted)} (None counts the rows)."
                + _way_out(wanted, array, given)
            )


def _and(names: Sequence[str]) -> str:
    """Names as in a sentence: 'a', 'b' and 'c'."""
    *others, last = [repr(name) for name in names]
    return f"{', '.join(others)} and {last}" if others else last


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")


def _way_out(wanted: tuple[Any, ...], array: np.ndarray, given: Any) -> str:
    inner = wanted[1:]
    if isinstance(given, (list, tuple)) and array.ndim == len(wanted) + 1:
        return (
            f" x is a list of {_counted(len(given), 'array')}, and the model has 1 input: give one array; "
            "np.concatenate joins the rows, or with axis=1 the columns, of several"
        )
    if array.shape == inner:
        return " This looks like a single example: give it as x[None], with a first axis for the rows"
    if len(array.shape) == 2 and array.shape[1] == 1 and inner == (array.shape[0],):
        return " This looks like a single example: reshape it to (1, -1)"
    known = [extent for extent in inner if isinstance(extent, int)]
    if len(known) == len(inner) and int(np.prod(array.shape[1:])) == int(np.prod(known)):
        return f" The numbers fit: x.reshape({(-1, *known)}) gives that shape"
    return " Give each row the shape that the Input declares, or change the Input"


def signature_of(model: Any, arrays: Sequence[np.ndarray]) -> Signature:
    """The signature of a prediction from these arrays."""
    return Signature(_x_specs(model, arrays))


def _x_specs(model: Any, arrays: Sequence[np.ndarray]) -> list[Spec]:
    inputs = model.inputs
    if inputs:
        return [
            Spec((Size("n"), *array.shape[1:]), tensor.dtype if array.dtype.kind in "fiub" else dtype_name(array.dtype))
            for tensor, array in zip(inputs, arrays, strict=True)
        ]
    return [batched(array.shape[1:], _own_dtype(model, array)) for array in arrays]


def _own_dtype(model: Any, array: np.ndarray) -> str:
    return str(model.dtype) if array.dtype.kind == "f" else entering_dtype(array)


def full_signature(model: Any, feed: Feed) -> Signature:
    """The signature of a step on this feed: floats enter as the model's float, whole numbers as they are."""
    return Signature(
        _x_specs(model, feed.x),
        [batched(array.shape[1:], _own_dtype(model, array)) for array in feed.y],
        [batched(array.shape[1:], str(model.dtype)) for array in feed.weights],
    )


def with_class_weight(model: Any, feed: Feed, class_weight: Mapping[Any, float] | None, told: bool = True) -> None:
    """Turn weights of classes into weights of rows; ``told``: with a warning where no row is of these classes."""
    if class_weight is None:
        return
    if not isinstance(class_weight, Mapping):
        raise DataError(
            f"class_weight is a dict from each class to its weight, such as {{0: 1.0, 1: 5.0}}, not {class_weight!r}"
        )
    if len(feed.y) != 1:
        raise DataError(f"class_weight needs targets of one output, but there are {len(feed.y)}; give sample_weight")
    for label, weight in class_weight.items():
        for what, item in (("class", label), ("weight", weight)):
            number = isinstance(item, (int, float, np.number)) and not isinstance(item, bool)
            if not number or not np.isfinite(item):
                raise DataError(f"class_weight: a {what} is a finite number, not {item!r} (in {label!r}: {weight!r})")
    y = feed.y[0]
    labels = y.argmax(-1) if y.ndim > 1 and y.shape[-1] > 1 else y.reshape(len(y))
    if told and not np.isin(labels, list(class_weight)).any():
        warn(
            f"class_weight names the classes {', '.join(map(str, class_weight))}, and none of them is among the "
            f"targets, which begin with {', '.join(map(str, labels.flat[:5]))}: all rows keep the weight 1"
        )
    weights = np.ones(len(y))
    for label, weight in class_weight.items():
        weights[labels == label] = float(weight)
    feed.weights = [weights.reshape(-1, 1) * (feed.weights[0] if feed.weights else 1.0)]

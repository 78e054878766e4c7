"""Operations on placeholders: for each of the table, Keras's entry in a configuration, and the node from it."""

from __future__ import annotations

import inspect
import json
from typing import Any

import numpy as np
import pytest
from tests.keras.sides import SIDES, fresh, one_in

import flintglass
from flintglass.ops.graph import KINDS

pytestmark = pytest.mark.keras

# Arguments by name: by the operation where one needs its own, else by the parameter.
OWN: dict[str, dict[str, Any]] = {
    "all": {"x": "bool"},
    "any": {"x": "bool"},
    "bincount": {"x": "int"},
    "broadcast_to": {"x": "thin", "shape": (4, 4, 4)},
    "diag": {"x": "table", "k": 1},
    "einsum": {"operands": ["x", "x"], "subscripts": "bij,bjk->bk"},
    "expand_dims": {"axis": 1},
    "lstsq": {"a": "table", "b": "vector"},
    "get_item": {"key": (slice(0, 2), None, ..., 1)},
    "glu": {"axis": 1},
    "in_top_k": {"targets": "row", "predictions": "table", "k": 2},
    "moments": {"axes": (1,)},
    "moveaxis": {"source": 0, "destination": 1},
    "multi_hot": {"inputs": "indices", "num_classes": 4},
    "one_hot": {"x": "indices", "num_classes": 4},
    "pad": {"pad_width": ((0, 0), (1, 1), (2, 0)), "constant_values": 3},
    "reshape": {"newshape": (-1, 8)},
    "searchsorted": {"sorted_sequence": "vector", "values": "vector"},
    "segment_sum": {"data": "table", "segment_ids": "row", "num_segments": 4},
    "sparse_categorical_crossentropy": {"target": "row", "output": "table"},
    "split": {"indices_or_sections": 2, "axis": 1},
    "squeeze": {"x": "thin", "axis": 1},
    "take": {"indices": "indices", "axis": 1},
    "take_along_axis": {"indices": "whole", "axis": 1},
    "stack": {"x": ["x", "x"], "axis": 1},
    "tensordot": {"axes": [[2], [1]]},
    "tile": {"repeats": (1, 2, 1)},
    "top_k": {"k": 2},
    "transpose": {"axes": (0, 2, 1)},
    "where": {"condition": "bool", "x1": "x", "x2": "x"},
    "unstack": {"axis": 1, "num": 4},
}
BITS = ("bitwise", "left_shift", "right_shift")
SHARED = {
    **dict.fromkeys(("x", "x1", "x2", "condition", "variable", "target", "output", "a", "b"), "x"),
    "xs": ["x", "x"],
    **{"dtype": "int32", "shift": 1, "repeats": 2, "axis1": 0, "axis2": 1, "x_min": -1, "x_max": 1, "fill_value": 2},
    **{"threshold": 0.5, "default_value": 0.0},
}
SHAPES = {
    "x": ((4, 4, 4), "float32"),
    "bool": ((4, 4, 4), "bool"),
    "int": ((4, 4, 4), "int32"),
    "whole": ((4, 4, 4), "int32"),
    "thin": ((4, 1, 4), "float32"),
    "table": ((4, 4), "float32"),
    "row": ((4,), "int32"),
    "indices": ((4, 3), "int32"),
    "vector": ((4,), "float32"),
}


def arguments_of(name: str) -> dict[str, Any]:
    own = OWN.get(name, {})
    function = inspect.unwrap(getattr(flintglass.ops, name))
    found = dict(own)
    for word, parameter in inspect.signature(function).parameters.items():
        if word not in own and parameter.default is parameter.empty and word in SHARED:
            found[word] = SHARED[word]
        if name.startswith(BITS) and word in ("x", "y"):
            found[word] = "int"
        if word == "dtype" and word not in own and name in ("prod", "zeros_like", "cast"):
            found[word] = "int32"
    return found


def model_of(side: Any, name: str) -> Any:
    inputs: dict[str, Any] = {}

    def entered(value: Any) -> Any:
        if isinstance(value, list):
            return [entered(item) for item in value]
        if isinstance(value, str) and value in SHAPES:
            shape, dtype = SHAPES[value]
            if value not in inputs:
                inputs[value] = side.Input(batch_shape=shape, dtype=dtype, name=value)
            return inputs[value]
        return value

    given = {word: entered(value) for word, value in arguments_of(name).items()}
    operands = given.pop("operands", [])
    subscripts = [given.pop("subscripts")] if operands else []
    found = getattr(side.ops, name)(*subscripts, *operands, **given)
    return side.Model(list(inputs.values()), list(found) if isinstance(found, tuple) else found, name="one")


def plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("name", one_in(4, sorted(KINDS)))
def test_an_operation_is_the_entry_of_keras_and_comes_back_from_it(name: str) -> None:
    with fresh():
        kept, made = (plain(model_of(side, name).get_config()) for side in SIDES)
        assert made == kept
        again = flintglass.Model.from_config(kept)
        assert plain(again.get_config()) == kept
        if name == "broadcast_to":  # one program serves every batch, and so does not fit a shape with a batch of 4
            return
        values = [np.ones(tensor.shape, tensor.dtype) for tensor in again.inputs]
        direct = model_of(flintglass, name)
        given = values[0] if len(values) == 1 else values
        for mine, theirs in zip(flat(again(given)), flat(direct(given)), strict=True):
            np.testing.assert_array_equal(mine, theirs)


def flat(value: Any) -> list[Any]:
    return [np.asarray(item) for item in value] if isinstance(value, (list, tuple)) else [np.asarray(value)]

"""Every operation that a file may name is made or refused soon, with little memory, whatever shapes it is given."""

from __future__ import annotations

import inspect
import itertools
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.files.fuzzing import BYTES, SECONDS, peak_memory
from tests.files.hostile import symbol

import flintglass as fg
from flintglass import names
from flintglass.errors import ModelFileError
from flintglass.ops import graph

SHAPES = [(10**6, 10**6), (2**31,), (4, 10**9), (1,) * 64, (None,) * 40]
GIANTS = [2**31, [10**9], [10**9, 1, 1], [[10**9, 10**9]], [1] * 20_000]
SUBSCRIPTS = ["ab->ba", "ab,ab->a", "ab,ac->abc", "a,b->ab", "a->", "a,a->a"]
# What a setting is while others are looked at, where it is not 2 or its default.
USUAL: dict[str, Any] = {
    **{"axis": 0, "source": 0, "destination": 0, "axes": 0, "newshape": [-1], "shape": [4, 10**9], "dtype": "int32"},
    **{"num_segments": 10**9},
}


def described(kind: graph.Kind, shape: Any, dtype: str, settings: dict[str, Any], arguments: list[Any]) -> str:
    """A model of one operation, as JSON."""
    start = {"batch_shape": list(shape), "name": "x", "dtype": dtype}
    node = {"args": arguments, "kwargs": {}}
    entries = [
        {"module": "keras.layers", "class_name": "InputLayer", "config": start, "name": "x", "inbound_nodes": []},
        {
            "module": kind.module,
            "class_name": kind.class_name,
            "config": {"name": "a", **settings},
            "name": "a",
            "inbound_nodes": [node],
        },
    ]
    config = {"name": "g", "layers": entries, "input_layers": ["x", 0, 0], "output_layers": ["a", 0, 0]}
    return json.dumps({"module": "keras.src.models.functional", "class_name": "Functional", "config": config})


def usual_and_giant(kind: graph.Kind) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The usual settings, and those with one that is giant."""
    tensors, _ = graph._parameters(graph._function(kind))
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    own = [
        parameter
        for parameter in inspect.signature(graph._function(kind)).parameters.values()
        if parameter.name not in tensors and parameter.kind not in kinds
    ]
    usual = {
        item.name: USUAL.get(item.name, 2) for item in own if item.default is item.empty or item.name == "num_segments"
    }
    if "subscripts" in usual:
        return [{"subscripts": text} for text in SUBSCRIPTS], []
    return [usual], [{**usual, item.name: giant} for item in own for giant in GIANTS]


def models_of(kind: graph.Kind) -> Iterator[str]:
    count = max(1, len(graph._parameters(graph._function(kind))[0]))
    given = ([symbol("x")] * count, [[symbol("x"), symbol("x")]])
    usual, giant = usual_and_giant(kind)
    for settings, shapes, dtypes in ((usual, SHAPES, ("float32", "int32")), (giant, SHAPES[:1], ("float32",))):
        for setting, shape, dtype, arguments in itertools.product(settings, shapes, dtypes, given):
            yield described(kind, shape, dtype, setting, arguments)


@pytest.mark.parametrize("name", sorted(graph.BY_CLASS))
def test_an_operation_on_giant_shapes_with_giant_settings_takes_little(name: str) -> None:
    loaded, before = 0, peak_memory()
    for text in models_of(graph.BY_CLASS[name]):
        names.forget_names()
        begin = time.process_time()
        try:
            fg.models.model_from_json(text)
            loaded += 1
        except ModelFileError:
            pass
        assert time.process_time() - begin < SECONDS, text[:1000]
        assert peak_memory() - before < BYTES, text[:1000]
    assert loaded, "none of the shapes and settings reached the operation"

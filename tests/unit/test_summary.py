"""The table of ``model.summary``: a row for each layer and operation, and what it is called on where graphs branch."""

from __future__ import annotations

from typing import Any

from flintglass import Input, Model, Sequential, layers, ops


def cells(model: Any, **options: Any) -> list[list[str]]:
    """The cells of the table, its heads first."""
    said: list[str] = []
    model.summary(print_fn=said.append, **options)
    rows = [line for line in said[0].splitlines() if line[:1] in "┃│"]
    return [[cell.strip() for cell in row[1:-1].split(row[0])] for row in rows]


def test_a_graph_that_branches_tells_what_each_layer_is_called_on() -> None:
    a, b = Input((3,), name="a"), Input((2,), name="b")
    shared = layers.Dense(4, name="shared")
    joined = layers.Concatenate(name="joined")([shared(a), layers.Dense(4, name="own")(b), shared(a)])
    table = cells(Model([a, b], layers.Dense(1, name="last")(joined)), show_trainable=True)
    assert table[0] == ["Layer (type)", "Output Shape", "Param #", "Connected to", "Trainable"]
    assert {row[0].split()[0]: row[3] for row in table[1:]} == {
        "a": "-",
        "b": "-",
        "shared": "a, a",
        "own": "b",
        "joined": "shared, own, shared",
        "last": "joined",
    }


def test_a_way_around_a_layer_is_a_branch() -> None:
    a = Input((3,), name="a")
    hidden = layers.Dense(3, name="hidden")(a)
    table = cells(Model(a, layers.Add(name="sum")([a, hidden])))
    assert [row[3] for row in table[1:]] == ["-", "a", "a, hidden"]


def test_a_chain_has_no_column_of_connections() -> None:
    a = Input((3,), name="a")
    heads = ["Layer (type)", "Output Shape", "Param #"]
    assert cells(Model(a, layers.Dense(1)(layers.Dense(2)(a))))[0] == heads
    chain = cells(Sequential([Input((3,)), layers.Dense(2, name="first"), layers.Dense(1, name="second")]))
    assert chain == [heads, ["first (Dense)", "(None, 2)", "8"], ["second (Dense)", "(None, 1)", "3"]]


def test_operations_have_rows_of_their_own() -> None:
    a = Input((3,), name="a")
    hidden = layers.Dense(2, name="hidden")(a)
    model = Model(a, ops.relu(hidden))
    name = next(item.name for item in model._graph.operations if item.name != "hidden" and item.name != "a")
    assert cells(model)[-1] == [f"{name} (Relu)", "(None, 2)", "0"]


def test_rows_inside_a_nested_model_have_no_connections() -> None:
    inner = Sequential([Input((3,)), layers.Dense(3, name="within")], name="inner")
    a = Input((3,), name="a")
    table = cells(Model(a, layers.Add(name="sum")([a, inner(a)])), expand_nested=True)
    assert [row[3] for row in table[1:]] == ["-", "a", "-", "a, inner"]

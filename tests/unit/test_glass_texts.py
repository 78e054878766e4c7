"""How explanations are written: brackets, digits, long sums, and what is left out."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np
import pytest
from tests.unit.explained import check, compiled, dense, sequential

from flintglass import glass, layers, models, utils
from flintglass.glass.formula import (
    Binary,
    Choice,
    Constant,
    Formula,
    Function,
    Negative,
    Power,
    Style,
    Sum,
    Words,
)
from flintglass.primitives import Builder
from flintglass.program import Spec


def text_of(formula: Formula, **style: Any) -> str:
    return formula.text(Style(**style))[0]


def number(value: float) -> Formula:
    return Formula(value)


def test_a_unit_of_a_dense_layer_reads_as_in_a_textbook() -> None:
    model = sequential(layers.Input((2,)), dense(1, "relu", name="unit"), name="net")
    model.set_weights([np.array([[0.52], [-0.34]]), np.array([0.0])])
    x = np.array([[73.0, 84.0]])
    assert "unit[0, 0] = relu(0.52*73 - 0.34*84 + 0) = 9.4" in str(model.explain(x))
    model.set_weights([np.array([[0.34], [-0.52]]), np.array([0.0])])
    assert "unit[0, 0] = relu(0.34*73 - 0.52*84 + 0) = 0" in str(model.explain(x))


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (Binary(-6, "*", number(2), number(-3)), "2*(-3)"),
        (Binary(-6, "*", number(-2), number(3)), "-2*3"),
        (Binary(5, "-", number(2), number(-3), 2), "2 - (-3)"),
        (Sum(-1, [number(2), number(-3)]), "2 - 3"),
        (Sum(-1, [number(-3), number(2)]), "-3 + 2"),
        (Power(9, number(-3), number(2)), "(-3)**2"),
        (Power(0.25, number(2), number(-2)), "2**(-2)"),
        (Negative(-3, number(3)), "-3"),
        (Negative(3, number(-3)), "-(-3)"),
        (Negative(-6, Binary(6, "*", number(2), number(3))), "-(2*3)"),
        (Binary(2, "/", number(6), Binary(3, "*", number(1), number(3))), "6/(1*3)"),
        (Binary(9, "*", Sum(3, [number(1), number(2)]), number(3)), "(1 + 2)*3"),
        (Binary(9, "*", number(3), Sum(3, [number(1), number(2)])), "3*(1 + 2)"),
        (Binary(1, "-", number(6), Sum(5, [number(2), number(3)]), 2), "6 - (2 + 3)"),
        (Binary(True, "==", Binary(True, ">", number(2), number(1), 1), number(True), 1), "(2 > 1) == True"),
        (Sum(3, [Binary(True, ">", number(2), number(1), 1), number(2)]), "(2 > 1) + 2"),
        (Sum(3, [Words(1, "argmax of x"), number(2)]), "(argmax of x) + 2"),
        (Choice(5, Binary(True, ">", number(2), number(1), 1), number(5), number(0)), "(5 if 2 > 1 else 0)"),
        (Function(0, "relu", [Binary(-6, "*", number(-2), number(3))]), "relu(-2*3)"),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_brackets_stand_where_they_are_needed(formula: Formula, text: str) -> None:
    assert text_of(formula) == text
    if "argmax" not in text:
        assert eval(text, {"relu": lambda x: max(x, 0)}) == formula.value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (2000.0, "2000"),
        (4_000_000.0, "4000000"),
        (0.000012345, "1.234e-05"),
        (1234.5678, "1234.57"),
        (0.123456, "0.1235"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (True, "True"),
    ],
)
def test_numbers_are_written_with_the_digits_that_count(value: float, text: str) -> None:
    assert Style().number(value) == text


def test_numbers_of_the_program_itself_are_not_rounded_to_others() -> None:
    assert text_of(Constant(0.9999999)) == "0.9999999"
    assert text_of(Constant(1e-7)) == "1e-07"
    assert text_of(Constant(-0.5)) == "-0.5"


def test_long_sums_fold_with_the_largest_terms_first() -> None:
    terms = [number(float(v)) for v in (1, -9, 3, 0, 7, 2, 5, -4, 6, 8)]
    assert text_of(Sum(19, terms, [number(0.5)]), terms=3) == "-9 [1] + 8 [9] + 7 [4] + (7 more terms: 13) + 0.5"
    assert text_of(Sum(0, [number(0.0)] * 9), terms=3) == "(9 terms: 0)"
    assert text_of(Sum(5, [*[number(0.0)] * 9, number(5)]), terms=3) == "5 [9] + (9 more terms: 0)"
    assert text_of(Sum(10, terms[:4]), terms=3) == "1 - 9 + 3 + 0", "one term more is not folded"


def test_long_sums_of_a_layer_fold() -> None:
    utils.set_random_seed(0)
    model = sequential(layers.Input((50,)), dense(1, name="one"), name="wide")
    model.build()
    explanation = model.explain(np.random.RandomState(0).standard_normal((1, 50)), terms=4)
    (entry,) = explanation["one"]
    assert isinstance(entry.formula, Sum)
    (kernel, _), x = model.get_weights(), np.random.RandomState(0).standard_normal((1, 50)).astype("float32")
    named = re.findall(r"(-?[\d.]+)\*\(?(-?[\d.]+)\)? \[(\d+)\]", entry.text(explanation.style))
    order = np.argsort(-np.abs(kernel[:, 0] * x[0]))[:4]
    assert [int(k) for _, _, k in named] == list(order)
    for weight, value, k in named:
        assert abs(float(weight)) == pytest.approx(abs(kernel[int(k), 0]), abs=1e-3)
        assert float(value) == pytest.approx(x[0, int(k)], abs=1e-3)
    assert str(explanation).endswith("number k of its sum, from 0.")
    assert "(46 more terms: " in entry.text(explanation.style)
    largest = sorted((abs(term.value) for term in entry.formula.terms), reverse=True)
    shown = entry.text(explanation.style).partition(" + (46")[0]
    assert shown.count("*") == 4
    assert text_of(Formula(largest[0])) in text_of(Sum(0, [Formula(v) for v in largest]), terms=1)
    check(explanation)


def test_folded_sums_of_two_axes_and_of_sums_say_where_each_term_stands() -> None:
    b = Builder("table")
    x = b.input("x", Spec((3, 1, 4), "float64"))
    total = b.sum(x, axis=(0, 1, 2))
    array = np.zeros((3, 1, 4))
    array[1, 0, 2], array[2, 0, 0] = 5.0, -3.0
    explanation = glass.explain_program(b.finish([total]), [], [array], terms=2)
    assert "= 5 [1, 2] - 3 [2, 0] + (10 more terms: 0) = 2" in str(explanation)
    nested = [Sum(5, [number(2), number(3)]), *[number(0.0)] * 9]
    assert text_of(Sum(5, nested), terms=3) == "(2 + 3) [0] + (9 more terms: 0)"


def test_sums_in_order_have_no_places_and_no_note() -> None:
    model = sequential(layers.Input((4,)), dense(1, name="one"))
    text = str(model.explain(np.ones((1, 4))))
    assert text.count("[") == 2, "the title's row and the name"
    assert "number k" not in text


def test_added_rows_say_which_they_are() -> None:
    b = Builder("added")
    x, picks, rows = (
        b.input("x", Spec((2,), "float64")),
        b.input("picks", Spec((9,), "int32")),
        b.input("rows", Spec((9,), "float64")),
    )
    program = b.finish([b.scatter_add(x, picks, rows, axis=0)])
    inputs = [np.array([50.0, 0.0]), np.array([0, 0, 1, 0, 0, 0, 0, 0, 0]), np.arange(9.0)]
    text = str(glass.explain_program(program, [], inputs, terms=3))
    assert "= 50 + 8 [8] + 7 [7] + (6 more terms: 19) = 84" in text


def test_integers_are_written_in_full() -> None:
    assert Style().number(2**63 + 1) == "9223372036854775809"
    assert Style().number(611178003) == "611178003"
    assert Style().number(-12345678) == "-12345678"


def test_the_columns_of_the_weights_stand_below_each_other_with_long_names() -> None:
    model = compiled(
        sequential(layers.Input((2,)), layers.LayerNormalization(), dense(6, name="a_layer_with_a_very_long_name")),
        "mse",
        "sgd",
    )
    text = str(model.explain_step(np.ones((4, 2)), np.full((4, 6), 1e6)))
    lines = [line for line in text.partition("Weights before and after\n")[2].splitlines() if "->" in line]
    assert max(len(line.split()[0]) for line in lines) > 30
    assert len({line.index("->") for line in lines}) == 1
    assert len({line.index("(", line.index("->")) for line in lines}) == 1


def test_functions_of_glass_are_not_hidden_by_modules_of_the_same_name() -> None:
    model = sequential(layers.Input((2,)), dense(1))
    model.explain(np.ones((1, 2)))  # loads the module that explains
    for name in glass.__all__:
        assert not inspect.ismodule(getattr(glass, name)), name
    assert "computes for" in str(glass.explain(model, np.ones((1, 2))))


@pytest.mark.parametrize("name", ["explain", "explain_step"])
def test_help_names_every_option_of_an_explanation(name: str) -> None:
    method, function = inspect.signature(getattr(models.Model, name)), inspect.signature(getattr(glass, name))
    shown = {k: v.default for k, v in list(method.parameters.items())[1:]}
    assert shown == {k: v.default for k, v in list(function.parameters.items())[1:]}
    words = getattr(models.Model, name).__doc__
    assert all(option in words for option in ("rows", "units", "terms", "digits"))
    model = compiled(sequential(layers.Input((2,)), dense(5, name="five")), "mse")
    given = (np.ones((3, 2)), np.ones((3, 5)))[: 1 if name == "explain" else 2]
    explained = getattr(model, name)(*given, rows=3, units=2, terms=3, digits=2)
    assert [entry.index for entry in explained["five"]] == [(i, j) for i in range(3) for j in range(2)]
    assert (explained.style.terms, explained.style.digits) == (3, 2)


def test_the_largest_of_many_is_shown_with_its_neighbours() -> None:
    b = Builder("largest")
    x = b.input("x", Spec((12,), "float64"))
    explanation = glass.explain_program(b.finish([b.max(x, axis=(0,))]), [], [np.arange(12.0)], terms=3)
    assert "max(11, 10, 9, 9 smaller ones) = 11" in str(explanation)


def test_entries_that_say_nothing_are_left_out() -> None:
    model = compiled(
        sequential(layers.Input((2,)), dense(3, "softmax")), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    text = str(model.explain_step(np.ones((2, 2)), np.array([0, 2])))
    for line in text.splitlines():
        name, _, formula = line.strip().partition(" = ")
        if name.startswith("v") and name[1:2].isdigit() and formula:
            assert " = " in formula, line


def test_rows_and_units_that_are_not_shown_are_counted() -> None:
    model = compiled(sequential(layers.Input((2,)), dense(5, name="five"), name="net"), "mse")
    text = str(model.explain_step(np.ones((4, 2)), np.ones((4, 5)), rows=2, units=3))
    assert "... and 14 more elements of five" in text
    assert "... and 7 more weights of five.kernel" in text


def test_a_model_without_trainable_weights_is_told() -> None:
    model = sequential(layers.Input((2,)), dense(1))
    model.trainable = False
    model.compile(optimizer="sgd", loss="mse")
    with pytest.raises(ValueError, match="trainable"):
        model.explain_step(np.ones((2, 2)), np.ones(2))


def test_an_explanation_is_walked_entry_by_entry_and_knows_its_names() -> None:
    model = sequential(dense(1))
    explained = model.explain(np.ones((1, 2), "float32"))
    assert [entry.value for entry in explained] == [entry.value for entry in explained.entries]
    assert len(explained) == len(explained.entries)
    with pytest.raises(KeyError, match="nothing is explained by the name 'typo'"):
        explained["typo"]

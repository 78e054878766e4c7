"""Explanations show the engine's numbers, their formulas give those numbers, and nothing is changed by looking."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.unit.explained import NETWORKS, check, compiled, data, dense, parts, sequential

from flintglass import glass, layers, optimizers, utils
from flintglass.engines.engine import engine
from flintglass.glass.formula import Sum
from flintglass.primitives import Builder
from flintglass.program import Program, Spec
from flintglass.program.spec import spec


@pytest.fixture(params=list(NETWORKS))
def network(request: pytest.FixtureRequest) -> tuple[Any, Any, Any]:
    utils.set_random_seed(1)
    make, kind = NETWORKS[request.param]
    model, (x, y) = make(), data(kind)
    model.fit(x, y, epochs=2, batch_size=3, verbose=0)  # momenta and counters are not 0
    return model, x, y


def test_explained_numbers_of_a_prediction_are_the_engines(network: tuple[Any, Any, Any]) -> None:
    model, x, _ = network
    explanation = model.explain(x, rows=3)
    check(explanation)
    wanted = model.predict([part[:3] for part in x] if isinstance(x, list) else x[:3], verbose=0)
    last = explanation.entries[-1].value
    entries = explanation[last]
    assert len(entries) == wanted.size
    for entry in entries:
        assert entry.number == wanted[entry.index]


def test_the_formulas_of_a_step_give_its_numbers(network: tuple[Any, Any, Any]) -> None:
    model, x, y = network
    explanation = model.explain_step(x, y, rows=3, units=6)
    check(explanation)
    assert explanation["loss"][0].number == pytest.approx(model.evaluate(x, y, verbose=0, return_dict=True)["loss"])
    assert str(explanation).startswith("One training step of")


def test_an_explained_step_changes_no_bit_and_comes_true(network: tuple[Any, Any, Any]) -> None:
    model, x, y = network
    everything = [*model.weights, *model.optimizer.variables]
    before = [variable.numpy().tobytes() for variable in everything]
    explanation = model.explain_step(x, y, rows=1, units=100)
    assert [variable.numpy().tobytes() for variable in everything] == before
    model.train_on_batch(x, y)
    after = {variable.identifier: variable.numpy() for variable in model.trainable_variables}
    for name, array in after.items():
        named = {entry.value for entry in explanation}
        name_after = f"{name}''" if f"{name}''" in named else f"{name}'"  # with weight decay in two steps
        entries = explanation[name_after]
        assert len(entries) == array.size, name
        for entry in entries:
            assert entry.number == array[entry.index], entry.text(explanation.style)


# -- programs written by hand


def by_hand() -> tuple[Program, list[np.ndarray]]:
    b = Builder("by_hand")
    x, picks = b.input("x", spec(("n", 4), "float64")), b.input("picks", spec((3,), "int32"))
    left = b.slice(x, start=(0, 0), stop=(None, 3), step=(1, 2))
    turned = b.reverse(b.transpose(left, axes=(1, 0)), axis=(1,))
    padded = b.pad(left, low=(0, 1), high=(0, 0), value=7.0)
    joined = b.concatenate(padded, x, axis=1)
    gathered = b.gather(joined, picks, axis=1)
    added = b.scatter_add(joined, picks, gathered, axis=1)
    top = b.max(added, axis=(1,), keepdims=True)
    chosen = b.argmax(added, axis=1)
    branch = Builder("bigger")
    inner = branch.input("v", top.spec)
    true = branch.finish([branch.multiply(inner, 2.0)])
    branch = Builder("smaller")
    inner = branch.input("v", top.spec)
    false = branch.finish([branch.negative(inner)])
    condition = b.greater(b.max(top, axis=(0, 1)), 0.0)
    (either,) = b.emit_all("cond", [condition, top], {"true": true, "false": false})
    result = b.subtract(b.divide(added, either), b.remainder(top, 3.0))
    shape = b.matmul(turned, x)
    draw = np.random.RandomState(0)
    inputs = [draw.standard_normal((5, 4)), np.array([6, 0, 6], "int32")]
    return b.finish([result, turned, chosen, shape]), inputs


def test_a_program_of_slices_gathers_and_branches_is_explained() -> None:
    program, inputs = by_hand()
    explanation = glass.explain_program(program, [], inputs, rows=5, units=30)
    check(explanation)
    results = engine("numpy").execute(program, [], inputs)
    for operand, array in zip(program.outputs, results, strict=True):
        entries = explanation[operand.name]
        assert len(entries) == array.size, operand.name
        for entry in entries:
            assert entry.number == array[entry.index]
    text = str(explanation)
    assert "argmax of" in text
    assert "cond of" in text
    # Element 6 is picked twice: what was there, and the two that are added.
    added = [part for entry in explanation.entries for part in parts(entry.formula) if isinstance(part, Sum)]
    assert any(len(part.terms) == 3 for part in added)


def test_blocks_are_named_as_in_the_listing() -> None:
    utils.set_random_seed(0)
    model = compiled(sequential(layers.Input((3,)), dense(3, "softmax", name="classes")), "categorical_crossentropy")
    listing, text = str(model.program("predict")), str(model.explain(np.ones((1, 3))))
    assert "v3 = exp(v2)" in listing
    assert "softmax.v3[0, 0] = exp(" in text


def test_deep_programs_end_in_numbers() -> None:
    b = Builder("deep")
    value = x = b.input("x", Spec((2,), "float64"))
    for _ in range(2000):
        value = b.add(b.multiply(value, 0.999), 0.01)
    explanation = glass.explain_program(b.finish([value]), [], [np.ones(2)])
    check(explanation)
    assert x.name == "x"


# -- the house prices of the tutorials


def house_prices() -> tuple[Any, np.ndarray, np.ndarray]:
    model = sequential(layers.Input((1,)), dense(1, name="price"), name="houses")
    model.compile(optimizer=optimizers.SGD(learning_rate=0.01), loss="mse")
    model.set_weights([np.array([[3000.0]]), np.array([1000.0])])
    x = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    return model, x, 2000.0 * x + 4000.0


def test_the_house_prices_by_hand() -> None:
    model, x, y = house_prices()
    predicted = 3000 * x + 1000
    error = y - predicted  # 2000, 1000, 0, ... -4000
    explanation = model.explain_step(x, y, rows=7)
    assert error[0] == 2000
    assert [entry.number for entry in explanation["price"]] == list(predicted)
    assert explanation["loss"][0].number == np.mean(error**2)
    assert [entry.number for entry in explanation["d_price"]] == pytest.approx(list(-2 / 7 * error))
    slope, height = explanation["d_price.kernel"][0], explanation["d_price.bias"][0]
    assert slope.number == pytest.approx(np.sum(-2 / 7 * error * x))
    assert height.number == pytest.approx(np.sum(-2 / 7 * error))
    assert explanation["price.kernel'"][0].number == pytest.approx(3000 - 0.01 * slope.number)
    assert explanation["price.bias'"][0].number == pytest.approx(1000 - 0.01 * height.number)


def test_the_house_prices_show_the_factor_and_the_squares() -> None:
    model, x, y = house_prices()
    text = str(model.explain_step(x, y, rows=7))
    assert "2/7*" in text
    assert "2000**2 + 1000**2 + 0**2 + (-1000)**2 + (-2000)**2" in text
    one = str(model.explain_step(x[:1], y[:1]))
    assert "loss = 2000**2 = 4000000" in one

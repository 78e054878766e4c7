"""Random numbers in explanations: each is drawn on a line of its own, and how bits make it is not shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.unit.explained import check, compiled, dense, sequential

from flintglass import glass, layers, models, random, utils
from flintglass.engines.engine import engine
from flintglass.primitives import Builder
from flintglass.program import Spec

BITS = ("bitwise", "bitcast", "random_bits", "remainder", "shift", "stream_of_seed", "e+0")


def explained(layer: Any, dtype: str = "float32", width: int = 3) -> glass.Explanation:
    utils.set_random_seed(3)
    model = compiled(sequential(layers.Input((width,), dtype=dtype), layer, dense(1, name="last")), "mse", "sgd")
    x = np.linspace(-1, 2, 4 * width).reshape(4, width)
    found: glass.Explanation = model.explain_step(x, np.ones((4, 1)), rows=4, units=width)
    check(found)
    return found


def drawn(found: glass.Explanation) -> list[Any]:
    return [entry for entry in found if entry.text(found.style).partition(" = ")[2].startswith("drawn")]


DROPPING = [
    lambda dtype: layers.Dropout(0.4, name="random", dtype=dtype),
    lambda dtype: layers.GaussianNoise(0.5, name="random", dtype=dtype),
    lambda dtype: layers.GaussianDropout(0.4, name="random", dtype=dtype),
    lambda dtype: layers.AlphaDropout(0.4, name="random", dtype=dtype),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("make", DROPPING)
def test_layers_that_draw_show_the_numbers_they_drew_and_no_bits(make: Any, dtype: str) -> None:
    found = explained(make(dtype), dtype)
    text = str(found)
    assert [word for word in BITS if word in text.partition("Weights before")[0]] == []
    entries = drawn(found)
    assert len(entries) == 12
    assert len({entry.number for entry in entries}) == 12
    assert {entry.text(found.style).split(" = ")[1] for entry in entries} == {"drawn from random.seed"}


def test_dropout_keeps_what_was_drawn_above_its_rate() -> None:
    found = explained(layers.Dropout(0.4, name="drop"))
    numbers = {entry.index: entry.number for entry in drawn(found)}
    assert all(0 <= number < 1 for number in numbers.values())
    style = found.style
    for entry in found["drop"]:
        assert f" if {style.number(numbers[entry.index])} >= 0.4 else 0)" in entry.text(style)
    outputs = {entry.index: entry.number for entry in found["drop"]}
    assert {number >= np.float32(0.4) for number in numbers.values()} == {True, False}
    assert all((outputs[index] != 0) == (numbers[index] >= np.float32(0.4)) for index in numbers)


def test_noise_is_shown_as_a_drawn_number_times_its_deviation() -> None:
    found = explained(layers.GaussianNoise(0.5, name="noise"))
    numbers = {entry.index: entry.number for entry in drawn(found)}
    for entry in found["noise"]:
        assert f"{found.style.number(abs(numbers[entry.index]))}*0.5" in entry.text(found.style)


def test_seeds_are_whole_numbers() -> None:
    found = explained(layers.Dropout(0.4, name="drop"))
    before, after = found["drop.seed'"]
    assert isinstance(before.number, int)
    assert before.number > 1e7
    assert before.text(found.style) == f"drop.seed'[0] = {before.number} + 0 = {before.number}"
    assert after.text(found.style) == "drop.seed'[1] = 0 + 1 = 1"


class Noisy(layers.Layer):
    """A layer of a user's own: whole numbers and uniforms drawn, and used at once."""

    def __init__(self) -> None:
        super().__init__(name="noisy")
        self.seeds = random.SeedGenerator(7)

    def call(self, x: Any) -> Any:
        whole = random.randint((3,), 1, 5, seed=self.seeds)
        return x * whole + random.uniform((3,), 2.0, 6.0, seed=self.seeds)


def test_a_layer_of_the_users_own_shows_what_it_drew() -> None:
    found = explained(Noisy())
    assert [word for word in BITS if word in str(found).partition("Weights before")[0]] == []
    groups: dict[str, list[float]] = {entry.value: [] for entry in drawn(found)}
    for entry in drawn(found):
        groups[entry.value].append(entry.number)
    whole, uniforms = groups.values()
    assert [type(number) for number in whole] == [int] * 3
    assert all(0 <= number < 4 for number in whole)
    assert len(uniforms) == 3
    assert all(2 <= number < 6 for number in uniforms)
    first = found["noisy"][0].text(found.style)
    assert first.startswith(f"noisy[0, 0] = -1*({whole[0]} + 1) + {found.style.number(uniforms[0])} = ")


def test_a_program_of_bits_by_hand_shows_its_words_in_full_and_where_they_come_from() -> None:
    b = Builder("by_hand")
    seed, x = b.input("seed", Spec((6,), "uint32")), b.input("x", Spec((2,), "float32"))
    words, _ = b.emit_all("random_bits", [seed], {"shape": (2,)})
    mantissa = b.bitwise_or(b.bitwise_and(words, 0x7FFFFF), 0x3F800000)
    number = b.bitcast(mantissa, dtype="float32")
    program = b.finish([words, b.multiply(x, b.subtract(number, 1.0))])
    inputs = [np.arange(6, dtype="uint32"), np.array([2.0, 3.0], "float32")]
    found = glass.explain_program(program, [], inputs)
    raw, result = engine("numpy").execute(program, [], inputs)
    check(found)
    assert f"[0] = drawn from seed = {raw[0]}\n" in str(found)
    assert "bitwise" not in str(found)
    last = [entry for entry in found if entry.value == program.outputs[1].name]
    assert [entry.number for entry in last] == list(result)
    unit = found.style.number(((int(raw[1]) & 0x7FFFFF) | 0x3F800000) / 2**23 % 1 + 1)
    assert last[1].text(found.style).startswith(f"{last[1].value}[1] = 3*({unit} - 1)")


def test_bits_that_nothing_was_drawn_from_are_explained_as_before() -> None:
    b = Builder("bits")
    x = b.input("x", Spec((2,), "uint32"))
    text = str(glass.explain_program(b.finish([b.bitwise_and(x, 6)]), [], [np.array([5, 4_000_000_003], "uint32")]))
    assert "bitwise_and(4000000003, 6) = 2" in text


def test_predictions_draw_nothing() -> None:
    utils.set_random_seed(0)
    model = models.Sequential([layers.Input((2,)), layers.Dropout(0.5), layers.Dense(1)])
    assert "drawn" not in str(model.explain(np.ones((1, 2))))

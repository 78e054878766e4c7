"""Pictures draw what they say, and say what they need."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from tests.unit.explained import compiled, dense, sequential

from flintglass import glass, layers, utils
from flintglass.glass.plots import units_as_svg
from flintglass.glass.svg import HEIGHT


@pytest.fixture
def axes() -> Iterator[Any]:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield pyplot.subplots()[1]
    pyplot.close("all")


def curve() -> Any:
    utils.set_random_seed(2)
    model = sequential(layers.Input((1,)), dense(4, "relu", name="hidden"), dense(1, name="line"), name="curve")
    return compiled(model, "mse")


def test_plot_units_draws_the_data_each_unit_and_the_output(axes: Any) -> None:
    model, x = curve(), np.array([2.0, -1.0, 0.5])
    model.set_weights([np.array([[1.0, -1.0, 2.0, 0.5]]), np.array([0.0, 1, 0, -1]), np.ones((4, 1)), np.array([3.0])])
    assert glass.plot_units(model, x, x**2, ax=axes) is axes
    data_points, *units, fit = axes.lines
    np.testing.assert_allclose(data_points.get_xydata(), np.stack([x, x**2], 1))
    points = np.sort(x)
    assert len(units) == 4
    for line, weight, bias in zip(units, (1.0, -1.0, 2.0, 0.5), (0.0, 1, 0, -1), strict=True):
        np.testing.assert_allclose(line.get_xydata(), np.stack([points, np.maximum(points * weight + bias, 0)], 1))
    np.testing.assert_allclose(fit.get_ydata(), model.predict(points, verbose=0)[:, 0])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "data",
        *(f"hidden[{i}]" for i in range(4)),
        "curve",
    ]


def test_plot_units_draws_a_range_where_no_data_are_given(axes: Any) -> None:
    glass.plot_units(curve(), ax=axes)
    assert len(axes.lines) == 5
    assert axes.lines[0].get_xdata()[[0, -1]].tolist() == [-10, 10]


def test_plot_units_draws_the_layer_that_is_asked_for(axes: Any) -> None:
    glass.plot_units(curve(), layer="line", ax=axes)
    assert [line.get_label() for line in axes.lines] == ["line[0]", "curve"]


def wide(count: int) -> Any:
    utils.set_random_seed(2)
    return sequential(layers.Input((1,)), dense(count, "relu", name="hidden"), dense(1), name="wide")


@pytest.mark.parametrize("count", [3, 8, 9, 14, 70])
def test_every_unit_has_a_colour_of_its_own_and_the_legend_stays_short(axes: Any, count: int) -> None:
    glass.plot_units(wide(count), np.linspace(-3, 3, 20), np.linspace(-3, 3, 20) ** 2, ax=axes)
    assert len({line.get_color() for line in axes.lines[1:]}) == count + 1
    assert len(axes.get_legend().get_texts()) == (count + 2 if count <= 8 else 2)
    bars = [other for other in axes.figure.axes if other is not axes]
    assert [bar.get_ylabel() for bar in bars] == ([] if count <= 8 else ["unit of hidden"])
    if bars:
        from matplotlib.colors import to_hex

        shades = bars[0].collections[-1]
        for unit, line in enumerate(axes.lines[1:-1]):
            assert to_hex(shades.cmap(shades.norm(unit))) == line.get_color()


def test_the_axis_says_that_the_units_are_drawn_as_they_are(axes: Any) -> None:
    glass.plot_units(curve(), ax=axes)
    assert axes.get_ylabel() == "output of each unit (not weighed yet), and of the network"


@pytest.mark.parametrize("count", [4, 14, 70])
def test_the_picture_without_matplotlib_names_what_fits_beside_it(count: int) -> None:
    x = np.linspace(-3, 3, 7)
    text = units_as_svg(wide(count), x, x**2, low=-1, high=9)
    root = ElementTree.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    lines = root.findall(f".//{space}polyline")
    assert len({line.get("stroke") for line in lines}) == len(lines) == count + 1
    words = {item.text.strip(): float(item.get("y", 0)) for item in root.iter(f"{space}text")}
    assert {"data", "wide", "hidden[0]", "x"} <= words.keys()
    assert "output of each unit (not weighed yet), and of the network" in words
    assert sum(name.startswith("hidden[") for name in words) == (count if count < 20 else 18)
    assert max(words.values()) <= HEIGHT - 10
    assert "0" in words, "the middle of the axis, not 4e-16"


def test_plot_units_refuses_networks_with_several_inputs(axes: Any) -> None:
    model = sequential(layers.Input((2,)), dense(1))
    with pytest.raises(ValueError, match="one input"):
        glass.plot_units(model, ax=axes)


def test_plot_history_draws_every_metric_and_its_validation(axes: Any) -> None:
    history = {"loss": [3.0, 2.0, 1.0, 0.5], "mae": [1.0, 0.5, 0.25, 0.2], "val_loss": [4.0, 3.5]}
    figure = glass.plot_history(history)
    loss, mae = figure.axes
    assert [line.get_label() for line in loss.lines] == ["loss", "val_loss"]
    np.testing.assert_array_equal(loss.lines[0].get_xydata(), [[1, 3.0], [2, 2.0], [3, 1.0], [4, 0.5]])
    # validation_freq=2: after the second and the fourth epoch.
    np.testing.assert_array_equal(loss.lines[1].get_xydata(), [[2, 4.0], [4, 3.5]])
    assert loss.lines[1].get_linestyle() == "--"
    assert [line.get_label() for line in mae.lines] == ["mae"]


def test_plot_history_of_fit(axes: Any) -> None:
    model = curve()
    history = model.fit(np.arange(8.0), np.arange(8.0), epochs=3, validation_split=0.25, verbose=0)
    figure = glass.plot_history(history, ax=axes)
    assert figure is axes.figure
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), history.history["loss"])


def test_a_history_of_one_epoch_is_drawn_as_points(axes: Any) -> None:
    glass.plot_history({"loss": [1.0]}, ax=axes)
    assert axes.lines[0].get_marker() == "o"


def test_an_empty_history_is_told() -> None:
    with pytest.raises(ValueError, match="empty"):
        glass.plot_history({})


@pytest.mark.parametrize("draw", [lambda: glass.plot_units(curve()), lambda: glass.plot_history({"loss": [1.0]})])
def test_missing_matplotlib_is_told_with_the_command(draw: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'flintglass\[plot\]'"):
        draw()

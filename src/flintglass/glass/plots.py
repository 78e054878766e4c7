"""Pictures: each hidden unit's line, and the curves of a training run."""

from __future__ import annotations

from typing import Any

import numpy as np

from flintglass.errors import DataError, MissingExtra
from flintglass.glass.colours import FEW, several
from flintglass.glass.svg import Chart

TITLE = "{}: the output and the units of {}"
Y_LABEL = "output of each unit (not weighed yet), and of the network"


def pyplot() -> Any:
    """matplotlib.pyplot; where it is missing, MissingExtra with the command that installs it."""
    try:
        from matplotlib import pyplot as found
    except ImportError as error:
        raise MissingExtra(
            "pictures need matplotlib, which is not installed; install it with: pip install 'flintglass[plot]'"
        ) from error
    return found


def plot_units(model: Any, x: Any = None, y: Any = None, layer: Any = None, ax: Any = None) -> Any:
    """Draw what a network with one input computes: its output and the line of each unit of a hidden layer.

    A unit's line is what the unit itself puts out: the next layer weighs these before it adds them up. Up to
    eight units are named beside the picture's other lines, more by a bar of their colours.
    x: where to draw (a range of 201 points in -10..10 unless given); with y, the data are drawn too.
    layer: the name or index of the layer whose units are drawn; the first with several units unless
    given. Returns the matplotlib axes.
    """
    axes = ax if ax is not None else pyplot().subplots(figsize=(8, 5))[1]
    points, name, units, fit = unit_lines(model, x, layer)
    if y is not None:
        axes.plot(np.asarray(x).reshape(-1), np.asarray(y).reshape(-1), ".", color="0.6", label="data", zorder=1)
    count = units.shape[1]
    colours = several(count)
    for unit in range(count):
        # What begins with a low line is left out of a legend.
        label = f"{name}[{unit}]" if count <= len(FEW) else f"_{name}[{unit}]"
        axes.plot(points, units[:, unit], linewidth=1, alpha=0.8, color=colours[unit], label=label)
    axes.plot(points, fit, color="black", linewidth=2, label=f"{model.name}")
    axes.set_xlabel("x")
    axes.set_ylabel(Y_LABEL)
    axes.set_title(TITLE.format(model.name, name))
    axes.legend(loc="best", fontsize="small")
    if count > len(FEW):
        _name_by_colours(axes, name, colours)
    return axes


def _name_by_colours(axes: Any, name: str, colours: list[str]) -> None:
    """A bar beside the axes that says which colour is which unit's."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import BoundaryNorm, ListedColormap

    edges = np.arange(len(colours) + 1) - 0.5
    shades = ScalarMappable(BoundaryNorm(edges, len(colours)), ListedColormap(colours))
    every = -(-len(colours) // 20)
    axes.figure.colorbar(shades, ax=axes, label=f"unit of {name}", ticks=range(0, len(colours), every))


def units_as_svg(model: Any, x: Any = None, y: Any = None, layer: Any = None, low: float = 0, high: float = 1) -> str:
    """What ``plot_units`` draws, as the text of an SVG file; it needs no other package."""
    points, name, units, fit = unit_lines(model, x, layer)
    chart = Chart(TITLE.format(model.name, name), points, low, high, ("x", Y_LABEL))
    if y is not None:
        chart.points(np.asarray(x).reshape(-1), np.asarray(y).reshape(-1), "data")
    chart.lines(points, units, [f"{name}[{unit}]" for unit in range(units.shape[1])])
    chart.line(points, fit, model.name, "black", 2.5)
    return chart.text()


def unit_lines(model: Any, x: Any, layer: Any) -> tuple[np.ndarray, str, np.ndarray, np.ndarray]:
    """Where the lines are drawn, the layer's name, its units' outputs there, and the network's."""
    points = np.linspace(-10, 10, 201) if x is None else np.sort(np.asarray(x, dtype=float).reshape(-1))
    if model.inputs and tuple(model.inputs[0].shape[1:]) not in ((), (1,)):
        raise DataError(
            f"plot_units draws networks with one input; {model.name} takes rows of shape {model.inputs[0].shape[1:]}"
        )
    name, units = _units(model, points, layer)
    return points, name, units, model.predict(points, verbose=0).reshape(len(points), -1)[:, 0]


def _units(model: Any, points: np.ndarray, wanted: Any) -> tuple[str, np.ndarray]:
    """The outputs of one layer's units at these points."""
    from flintglass.glass.evidence import Evidence
    from flintglass.models.feed import Feed, signature_of

    feed = Feed(model, points, None, None, "plot_units")
    model.build_for(feed.x)
    layers = [la for la in model.layers if getattr(la, "units", 0) > 1 or la.name == wanted] or model.layers[:1]
    layer = (
        model.get_layer(index=wanted)
        if isinstance(wanted, int)
        else (model.get_layer(wanted) if wanted is not None else layers[0])
    )
    traced = model._programs.get("predict", signature_of(model, feed.x))
    evidence = Evidence(traced.program, traced.state, traced.entering(feed.x))
    results = evidence.results_of(layer.name)
    if not results:
        raise DataError(f"the layer {layer.name!r} computes nothing that could be drawn")
    return layer.name, evidence.arrays[results[-1]].reshape(len(points), -1)


def plot_history(history: Any, ax: Any = None) -> Any:
    """Draw the curves of a History (or of its ``history`` dict): the loss, and the other metrics below.

    Training is drawn solid, validation dashed. Returns the figure.
    """
    curves = getattr(history, "history", history)
    if not curves:
        raise DataError("the history is empty: call fit for at least one epoch first")
    names = [name for name in curves if not name.startswith("val_")]
    names.sort(key=lambda name: name != "loss")
    if ax is not None:
        panels = [ax] * len(names)
        figure = ax.figure
    else:
        figure, grid = pyplot().subplots(len(names), 1, figsize=(8, 3 * len(names) + 1), squeeze=False)
        panels = list(grid[:, 0])
    for panel, name in zip(panels, names, strict=True):
        _curve(panel, curves, name)
    figure.tight_layout()
    return figure


def _curve(panel: Any, curves: Any, name: str) -> None:
    epochs = np.arange(1, len(curves[name]) + 1)
    marker = "o" if len(epochs) == 1 else None
    panel.plot(epochs, curves[name], marker=marker, label=name)
    if f"val_{name}" in curves:
        every = len(epochs) // max(len(curves[f"val_{name}"]), 1) or 1
        panel.plot(epochs[every - 1 :: every], curves[f"val_{name}"], "--", marker=marker, label=f"val_{name}")
    values = np.asarray(curves[name], dtype=float)
    if name == "loss" and np.all(values > 0) and values.max() > 100 * values.min():
        panel.set_yscale("log")
    panel.set_xlabel("epoch")
    panel.set_ylabel(name)
    panel.grid(alpha=0.3)
    panel.legend()

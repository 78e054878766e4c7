"""The loss curves of both sides: as letters in the terminal, and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flintglass.comparing.sides import NotComparable, Outcome
from flintglass.glass.plots import pyplot
from flintglass.glass.svg import Chart

COLUMNS, ROWS = 64, 12
OURS, THEIRS, BOTH = "f", "K", "*"
MOST = 4  # models that are drawn
COLOURS = ("#1f77b4", "#d62728")
PICTURES = (".svg", ".png", ".pdf")


@dataclass(frozen=True)
class Curve:
    """What one model's fits logged, epoch by epoch."""

    name: str
    measure: str
    losses: np.ndarray


def curves_of(outcome: Outcome) -> list[Curve]:
    """A curve for each model that was fitted; the fits of one model make one curve.

    Models of the same name, such as those of a loop, are numbered in the order in which they were first fitted.
    """
    models: dict[int, list[dict]] = {}
    for fit in outcome.fits:
        models.setdefault(fit["model"], []).append(fit)
    names = [fits[0]["name"] for fits in models.values()]
    told = [f"{name}, model {number}" if names.count(name) > 1 else name for number, name in enumerate(names, start=1)]
    return [
        Curve(name, fits[0]["measure"], np.array([value for fit in fits for value in fit["losses"]]))
        for name, fits in zip(told, models.values(), strict=True)
    ]


def pairs_of(ours: Outcome, theirs: Outcome) -> list[tuple[Curve, Curve]]:
    """The curves of the models that both sides fitted, in the order in which they were fitted."""
    pairs = zip(curves_of(ours), curves_of(theirs), strict=False)
    return [pair for pair in pairs if all(len(curve.losses) for curve in pair)]


def drawn(pairs: Sequence[tuple[Curve, Curve]]) -> list[tuple[Curve, Curve]]:
    """Those that are drawn: the loss of a single epoch is no curve, and of many models the first are enough."""
    return [pair for pair in pairs if max(len(curve.losses) for curve in pair) > 1][:MOST]


def in_letters(ours: Curve, theirs: Curve, title: str) -> str:
    """Both curves over the epochs: f is flintglass, K is Keras, * is both; of a large range, by its logarithm."""
    low, high, by_logarithm = _limits([ours.losses, theirs.losses])
    epochs = max(len(ours.losses), len(theirs.losses))
    columns = min(COLUMNS, max(epochs, 2))
    grid = [[" "] * columns for _ in range(ROWS)]
    for curve, letter in ((ours, OURS), (theirs, THEIRS)):
        for epoch, value in enumerate(_scaled(curve.losses, by_logarithm)):
            if np.isfinite(value):
                column = round(epoch * (columns - 1) / max(epochs - 1, 1))
                row = round((high - value) / ((high - low) or 1) * (ROWS - 1))
                other = THEIRS if letter == OURS else OURS
                grid[row][column] = BOTH if grid[row][column] in (other, BOTH) else letter
    ends = [f"{_told(value, by_logarithm):.4g}" for value in (high, low)]
    width = max(map(len, ends))
    margins = [ends[0], *[""] * (ROWS - 2), ends[1]]
    scale = ", drawn by its logarithm" if by_logarithm else ""
    heading = f"{title}{scale}: {OURS} flintglass, {THEIRS} Keras, {BOTH} both"
    lines = [f"{margin:>{width}} |{''.join(row).rstrip()}" for margin, row in zip(margins, grid, strict=True)]
    last = f"epoch {epochs}"
    below = f"{'':{width}}  1{last:>{max(columns - 1, len(last) + 1)}}"
    return "\n".join([heading, *lines, f"{'':{width}} +{'-' * columns}", below])


def check_picture(path: str) -> None:
    """Raises NotComparable where no picture of this suffix is drawn, MissingExtra where it needs matplotlib."""
    suffix = Path(path).suffix.lower()
    if suffix not in PICTURES:
        raise NotComparable(f"--picture {path}: pictures are drawn as {', '.join(PICTURES)}; end the name in one")
    if suffix != ".svg":
        pyplot()


def draw(pairs: Sequence[tuple[Curve, Curve]], script: str, path: str) -> None:
    """Write the picture of these curves; an SVG needs no other package."""
    several = len(pairs) > 1
    named = [
        (side + (f", {curve.name}" if several else ""), curve.losses, place)
        for pair in pairs
        for place, (side, curve) in enumerate(zip(("flintglass", "Keras"), pair, strict=True))
    ]
    if Path(path).suffix.lower() == ".svg":
        Path(path).write_text(_as_svg(named, script, several), encoding="utf-8")
    else:
        _by_matplotlib(named, script, path)


def _as_svg(named: Sequence[tuple[str, np.ndarray, int]], script: str, several: bool) -> str:
    low, high, by_logarithm = _limits([losses for _, losses, _ in named])
    epochs = max(len(losses) for _, losses, _ in named)
    across = np.array([0, 8 * -(-epochs // 8)])  # the axis has eight parts: whole epochs at its marks
    what = "logarithm (base 10) of the loss" if by_logarithm else "loss"
    chart = Chart(f"{script}: {what} by epochs", across, *_round(low, high, parts=6))
    for name, losses, place in named:
        x, y = np.arange(1, len(losses) + 1), _scaled(losses, by_logarithm)
        chart.line(x[np.isfinite(y)], y[np.isfinite(y)], name, None if several else COLOURS[place], 2)
    return chart.text()


def _by_matplotlib(named: Sequence[tuple[str, np.ndarray, int]], script: str, path: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    marker = "o" if all(len(losses) == 1 for _, losses, _ in named) else None
    for position, (name, losses, place) in enumerate(named):
        colour = COLOURS[place] if len(named) == len(COLOURS) else f"C{position // 2}"
        style = "--" if place else "-"
        axes.plot(np.arange(1, len(losses) + 1), losses, style, color=colour, marker=marker, label=name)
    if _limits([losses for _, losses, _ in named])[2]:
        axes.set_yscale("log")
    axes.set(xlabel="epoch", ylabel="loss", title=script)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)


def _limits(curves: Sequence[np.ndarray]) -> tuple[float, float, bool]:
    """The lowest and the highest value drawn, and whether they are logarithms."""
    values = np.concatenate(curves)
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0, False
    by_logarithm = bool(np.all(values > 0) and values.max() > 100 * values.min())
    scaled = _scaled(values, by_logarithm)
    return float(scaled.min()), float(scaled.max()), by_logarithm


def _round(low: float, high: float, parts: int) -> tuple[float, float]:
    """Limits around these two of which every part begins at a short number."""
    unit = 10.0 ** np.floor(np.log10(((high - low) or abs(high) or 1.0) / parts))
    for step in (unit, 2 * unit, 2.5 * unit, 5 * unit, 10 * unit, 20 * unit):
        start = float(np.floor(low / step) * step)
        if start + parts * step >= high:
            break
    return start, float(start + parts * step)


def _scaled(losses: np.ndarray, by_logarithm: bool) -> np.ndarray:
    return np.log10(losses) if by_logarithm else losses


def _told(value: float, by_logarithm: bool) -> float:
    return float(10**value) if by_logarithm else value

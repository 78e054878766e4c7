"""A picture of lines and points as SVG text, for where matplotlib is not installed."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

WIDTH, HEIGHT = 960, 600
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 50, 50  # the margins; names stand on the right
COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#17becf")


class Chart:
    """Curves over one axis of x, within fixed limits of y."""

    def __init__(self, title: str, x: np.ndarray, low: float, high: float) -> None:
        self._title = title
        self._x_limits, self._y_limits = (float(np.min(x)), float(np.max(x))), (low, high)
        self._drawn: list[str] = []
        self._names: list[tuple[str, str]] = []

    def points(self, x: np.ndarray, y: np.ndarray, name: str) -> None:
        """A small grey disc for each pair."""
        self._names.append((name, "#999999"))
        for px, py in self._places(x, y):
            self._drawn.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="2.5" fill="#999999"/>')

    def line(self, x: np.ndarray, y: np.ndarray, name: str, colour: str | None = None, width: float = 1.5) -> None:
        """A line through the pairs, in their order."""
        colour = colour or COLOURS[len(self._names) % len(COLOURS)]
        self._names.append((name, colour))
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in self._places(x, y))
        self._drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>')

    def text(self) -> str:
        """The whole picture."""
        inner = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM)
        frame = f'x="{LEFT}" y="{TOP}" width="{inner[0]}" height="{inner[1]}"'
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
                f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
                f'<clipPath id="frame"><rect {frame}/></clipPath>',
                f'<text x="{LEFT + inner[0] / 2}" y="30" text-anchor="middle" font-size="18">',
                f"{escape(self._title)}</text>",
                '<g clip-path="url(#frame)">',
                *self._drawn,
                "</g>",
                f'<rect {frame} fill="none" stroke="black"/>',
                *self._ticks(),
                *self._legend(),
                "</svg>\n",
            ]
        )

    def _places(self, x: np.ndarray, y: np.ndarray) -> Sequence[tuple[float, float]]:
        (left, right), (low, high) = self._x_limits, self._y_limits
        across = LEFT + (np.asarray(x, float) - left) / ((right - left) or 1.0) * (WIDTH - LEFT - RIGHT)
        down = HEIGHT - BOTTOM - (np.asarray(y, float) - low) / ((high - low) or 1.0) * (HEIGHT - TOP - BOTTOM)
        return list(zip(across.tolist(), down.tolist(), strict=True))

    def _ticks(self) -> list[str]:
        drawn = []
        for value in np.linspace(*self._x_limits, 9):
            ((px, _),) = self._places(np.array([value]), np.array([self._y_limits[0]]))
            drawn.append(f'<text x="{px:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{value:g}</text>')
        for value in np.linspace(*self._y_limits, 7):
            ((_, py),) = self._places(np.array([self._x_limits[0]]), np.array([value]))
            drawn.append(f'<text x="{LEFT - 8}" y="{py + 5:.1f}" text-anchor="end">{value:.4g}</text>')
        return drawn

    def _legend(self) -> list[str]:
        drawn = []
        for row, (name, colour) in enumerate(self._names):
            x, y = WIDTH - RIGHT + 15, TOP + 15 + 22 * row
            drawn.append(f'<rect x="{x}" y="{y - 9}" width="18" height="4" fill="{colour}"/>')
            drawn.append(f'<text x="{x + 26}" y="{y - 2}" font-size="14">{escape(name)}</text>')
        return drawn

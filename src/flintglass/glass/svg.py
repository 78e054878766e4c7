"""A picture of lines and points as SVG text, for where matplotlib is not installed."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from flintglass.glass.colours import FEW, several

WIDTH, HEIGHT = 960, 600
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 50, 50  # the margins; names stand on the right
ROW = 22  # between two names
MOST_NAMED = (HEIGHT - TOP - BOTTOM) // ROW


class Chart:
    """Curves over one axis of x, within fixed limits of y; ``labels`` say what x and y are."""

    def __init__(self, title: str, x: np.ndarray, low: float, high: float, labels: tuple[str, str] = ("", "")) -> None:
        self._title = title
        self._labels = labels
        self._x_limits, self._y_limits = (float(np.min(x)), float(np.max(x))), (low, high)
        self._drawn: list[str] = []
        self._names: list[tuple[str, str]] = []

    def points(self, x: np.ndarray, y: np.ndarray, name: str) -> None:
        """A small grey disc for each pair."""
        self._names.append((name, "#999999"))
        for px, py in self._places(x, y):
            self._drawn.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="2.5" fill="#999999"/>')

    def lines(self, x: np.ndarray, columns: np.ndarray, names: Sequence[str]) -> None:
        """A line for each column, in colours of their own; of very many only some are named."""
        every = -(-len(names) // (MOST_NAMED - 2))  # two rows are left for others
        for k, colour in enumerate(several(len(names))):
            self.line(x, columns[:, k], names[k] if k % every == 0 else "", colour)

    def line(self, x: np.ndarray, y: np.ndarray, name: str, colour: str | None = None, width: float = 1.5) -> None:
        """A line through the pairs, in their order; without a name, none stands beside the picture."""
        colour = colour or FEW[len(self._names) % len(FEW)]
        if name:
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
                f'<text x="{LEFT + inner[0] / 2}" y="{HEIGHT - 10}" text-anchor="middle">',
                f"{escape(self._labels[0])}</text>",
                f'<text transform="translate(18 {TOP + inner[1] / 2}) rotate(-90)" text-anchor="middle">',
                f"{escape(self._labels[1])}</text>",
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
        for value in _marks(*self._x_limits, 9):
            ((px, _),) = self._places(np.array([value]), np.array([self._y_limits[0]]))
            drawn.append(f'<text x="{px:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{value:g}</text>')
        for value in _marks(*self._y_limits, 7):
            ((_, py),) = self._places(np.array([self._x_limits[0]]), np.array([value]))
            drawn.append(f'<text x="{LEFT - 8}" y="{py + 5:.1f}" text-anchor="end">{value:.4g}</text>')
        return drawn

    def _legend(self) -> list[str]:
        drawn = []
        for row, (name, colour) in enumerate(self._names):
            x, y = WIDTH - RIGHT + 15, TOP + 15 + ROW * row
            drawn.append(f'<rect x="{x}" y="{y - 9}" width="18" height="4" fill="{colour}"/>')
            drawn.append(f'<text x="{x + 26}" y="{y - 2}" font-size="14">{escape(name)}</text>')
        return drawn


def _marks(low: float, high: float, count: int) -> np.ndarray:
    """Evenly spaced numbers; what is 0 but for rounding is 0."""
    found = np.linspace(low, high, count)
    found[np.abs(found) < 1e-9 * abs(high - low)] = 0.0
    return found

"""Colours: as many as there are lines, no two alike."""

from __future__ import annotations

import colorsys

FEW = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#17becf")
WIDTH_OF_HUES = 0.85  # of the circle, from red to purple: its end is not taken for its beginning


def several(count: int) -> list[str]:
    """So many colours, as ``#rrggbb``: of a few each is far from the others, more go from red to purple."""
    if count <= len(FEW):
        return list(FEW[:count])
    found = []
    for k in range(count):
        # Neighbours differ in brightness too: of 16 hues two next to each other look the same.
        parts = colorsys.hsv_to_rgb(WIDTH_OF_HUES * k / (count - 1), 0.9, (0.9, 0.6)[k % 2])
        found.append("#" + "".join(f"{round(255 * part):02x}" for part in parts))
    return found

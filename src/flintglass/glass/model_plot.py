"""``utils.plot_model``: a picture of a model's layers and of what flows between them, without Graphviz."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any, NoReturn

from flintglass.glass.diagram import Box, Diagram, Shows, diagram_of
from flintglass.glass.drawing import Curve, Drawing, Heading, Panel, Words, by_matplotlib, svg
from flintglass.glass.layering import Layout, Node, laid_out
from flintglass.glass.plots import pyplot

SUFFIXES = (".svg", ".png", ".pdf")
DIRECTIONS = ("TB", "BT", "LR", "RL")
TITLE, LINE = 13.0, 11.0  # points
HEADER, ROW, MARGIN, FRAME = 26.0, 17.0, 14.0, 16.0
COLOURS = {"input": "#d9ead3", "weights": "#cfe2f3", "plain": "#eeeeee", "model": "#fff2cc"}
APART = 22.0  # between the ends of two arrows at one box


def plot_model(
    model: Any,
    to_file: Any = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> Any:
    """Draw the model into a file: .svg needs no other package, .png and .pdf need matplotlib.

    A layer that is called twice has two boxes, which say so. A model with a ``call`` of its own is drawn as the
    list of its layers. rankdir: where the arrows lead, TB (down), BT, LR (to the right) or RL. Returns the image
    where IPython runs, for a notebook to show. Raises ValueError for an unknown suffix or direction and for a
    model that is not built, MissingExtra where matplotlib is missing.
    """
    path = Path(to_file)
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(
            f"plot_model: pictures are written as {', '.join(SUFFIXES)}, and to_file={str(to_file)!r} ends in none of "
            "them; name the file model.svg, say"
        )
    if not path.parent.is_dir():
        raise FileNotFoundError(f"plot_model: there is no folder {str(path.parent)!r} to write {path.name!r} into")
    if rankdir not in DIRECTIONS:
        raise ValueError(f"plot_model: rankdir is one of {', '.join(DIRECTIONS)}, not {rankdir!r}")
    if path.suffix.lower() != ".svg":
        pyplot()
    shows = Shows(show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable, expand_nested)
    drawing = drawn(diagram_of(model, shows), rankdir)
    if path.suffix.lower() == ".svg":
        path.write_text(svg(drawing), encoding="utf-8")
    else:
        by_matplotlib(drawing, path, dpi)
    return _for_a_notebook(path)


def model_to_dot(*arguments: Any, **options: Any) -> NoReturn:
    """There is no Graphviz here: raises NotImplementedError, which names the way out."""
    raise NotImplementedError(
        "utils.model_to_dot makes an object of pydot for Graphviz, which flintglass does without; "
        "utils.plot_model(model, 'model.svg') writes the picture itself"
    )


def drawn(diagram: Diagram, rankdir: str = "TB") -> Drawing:
    """The picture of a diagram, its margins included."""
    picture = Drawing(0.0, 0.0)
    width, height = _draw(diagram, rankdir, picture, MARGIN, MARGIN)
    picture.width, picture.height = width + 2 * MARGIN, height + 2 * MARGIN
    return picture


def _draw(diagram: Diagram, rankdir: str, picture: Drawing, x: float, y: float) -> tuple[float, float]:
    """Draw a diagram with its upper left corner here; returns its width and height."""
    sideways = rankdir in ("LR", "RL")
    sizes = [_size(box, rankdir) for box in diagram.boxes]
    layout = laid_out([(h, w) if sideways else (w, h) for w, h in sizes], diagram.arrows)
    backwards = rankdir in ("BT", "RL")

    def at(across: float, along: float) -> tuple[float, float]:
        along = layout.length - along if backwards else along
        return (x + along, y + across) if sideways else (x + across, y + along)

    for box, node, size in zip(diagram.boxes, layout.nodes, sizes, strict=True):
        _draw_box(box, at(node.across, node.along), size, rankdir, picture)
    for route in layout.routes:
        points = [at(*point) for point in _way(route, layout)]
        picture.shapes.append(Curve(points, sideways))
    return (layout.length, layout.breadth) if sideways else (layout.breadth, layout.length)


def _way(route: list[Node], layout: Layout) -> list[tuple[float, float]]:
    """The points of an arrow: from one box's border, past the rows between, to the other's."""
    source, target = route[0], route[-1]
    begin = source.across + _port(source, source.after, route[1])
    end = target.across + _port(target, target.before, route[-2])
    between = [(node.across, node.along + side * node.length / 2) for node in route[1:-1] for side in (-1, 1)]
    return [(begin, source.along + source.length / 2), *between, (end, target.along - target.length / 2)]


def _port(node: Node, others: list[Node], other: Node) -> float:
    """Where an arrow meets the border, from its middle: several stand apart, in the order of where they lead."""
    ranked = sorted(others, key=lambda one: one.across)
    place = next(number for number, one in enumerate(ranked) if one is other)
    apart = min(APART, 0.8 * node.breadth / len(others))
    return (place - (len(others) - 1) / 2) * apart


def _size(box: Box, rankdir: str) -> tuple[float, float]:
    widest = max([_width(box.title, TITLE, 0.64), *(_width(line, LINE, 0.58) for line in box.lines)])
    width, height = max(widest + 24, 84.0), HEADER + (ROW * len(box.lines) + 8 if box.lines else 0)
    if box.inner is not None:
        inside = _draw(box.inner, rankdir, Drawing(0.0, 0.0), 0.0, 0.0)
        width, height = max(width, inside[0] + 2 * FRAME), height + inside[1] + 2 * FRAME
    return width, height


def _width(text: str, size: float, share: float) -> float:
    return len(text) * size * share


def _draw_box(box: Box, middle: tuple[float, float], size: tuple[float, float], rankdir: str, picture: Drawing) -> None:
    (cx, cy), (width, height) = middle, size
    left, top = cx - width / 2, cy - height / 2
    bare = not box.lines and box.inner is None
    picture.shapes.append(Panel(left, top, width, height, COLOURS[box.kind] if bare else "#ffffff"))
    if not bare:
        picture.shapes.append(Heading(left, top, width, HEADER, COLOURS[box.kind]))
    picture.shapes.append(Words(cx, top + HEADER / 2, box.title, TITLE, bold=True))
    for number, line in enumerate(box.lines):
        picture.shapes.append(Words(cx, top + HEADER + 4 + ROW * (number + 0.5), line, LINE))
    if box.inner is not None:
        inside = _draw(box.inner, rankdir, Drawing(0.0, 0.0), 0.0, 0.0)
        _draw(box.inner, rankdir, picture, cx - inside[0] / 2, top + height - FRAME - inside[1])


def _for_a_notebook(path: Path) -> Any:
    if "IPython" not in sys.modules or path.suffix.lower() == ".pdf":
        return None
    display = importlib.import_module("IPython.display")
    return (display.SVG if path.suffix.lower() == ".svg" else display.Image)(filename=str(path))

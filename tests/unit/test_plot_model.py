"""``utils.plot_model`` draws a box for each call of a layer and an arrow for each tensor between two."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from flintglass import Input, Model, Sequential, layers, utils
from flintglass.glass.diagram import Diagram, Shows, diagram_of
from flintglass.glass.layering import laid_out

NAMESPACE = "{http://www.w3.org/2000/svg}"
ALL = dict.fromkeys(("show_shapes", "show_dtype", "show_layer_names", "show_layer_activations", "show_trainable"), True)


def stack() -> Model:
    return Sequential(
        [Input((4,)), layers.Dense(8, activation="relu", name="hidden"), layers.Dense(2, name="line")], name="stack"
    )


def siamese() -> Model:
    left, right = Input((4,), name="left"), Input((4,), name="right")
    tower = layers.Dense(3, name="tower")
    joined = layers.Concatenate(name="concatenate")([tower(left), tower(right), right])
    return Model([left, right], [layers.Dense(1, name="price")(joined), layers.Dense(2, name="kind")(joined)])


def drawn(model: Any, folder: Path, **options: Any) -> ElementTree.Element:
    utils.plot_model(model, folder / "model.svg", **options)
    return ElementTree.fromstring((folder / "model.svg").read_text(encoding="utf-8"))


def words(picture: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in picture.iter(f"{NAMESPACE}text")]


def count(picture: ElementTree.Element, kind: str) -> int:
    return len(list(picture.iter(f"{NAMESPACE}{kind}")))


def named_arrows(diagram: Diagram) -> list[tuple[str, str]]:
    return [(diagram.boxes[a].lines[0], diagram.boxes[b].lines[0]) for a, b in diagram.arrows]


def test_a_stack_is_a_column_of_boxes(tmp_path: Path) -> None:
    picture = drawn(stack(), tmp_path)
    assert words(picture) == ["InputLayer", "Dense", "Dense"]
    assert count(picture, "polygon") == 2
    assert len({element.get("x") for element in picture.iter(f"{NAMESPACE}text")}) == 1


def test_what_is_asked_for_is_written_into_the_boxes(tmp_path: Path) -> None:
    model = stack()
    model.layers[1].trainable = False
    assert words(drawn(model, tmp_path, **ALL))[4:] == [
        *("Dense", "hidden", "activation relu", "in (None, 4)", "out (None, 8)", "float32", "trainable"),
        *("Dense", "line", "activation linear", "in (None, 8)", "out (None, 2)", "float32", "not trainable"),
    ]


def test_a_shared_layer_has_a_box_for_each_call() -> None:
    found = diagram_of(siamese(), Shows(names=True))
    assert [box.lines for box in found.boxes if box.lines[0] == "tower"] == [
        ["tower", "shared: call 1 of 2"],
        ["tower", "shared: call 2 of 2"],
    ]
    assert sorted(named_arrows(found)) == [
        ("concatenate", "kind"),
        ("concatenate", "price"),
        ("left", "tower"),
        ("right", "concatenate"),
        ("right", "tower"),
        ("tower", "concatenate"),
        ("tower", "concatenate"),
    ]
    assert [box.kind for box in found.boxes[:2]] == ["input", "input"]


def test_operations_on_placeholders_have_boxes_too() -> None:
    x = Input((4,), name="x")
    found = diagram_of(Model(x, layers.Dense(4, name="dense")(x) - x), Shows(names=True))
    assert found.boxes[-1].title == "subtract"
    assert sorted(found.arrows) == [(0, 1), (0, 2), (1, 2)]


def test_a_nested_model_is_one_box_or_a_frame_around_its_own(tmp_path: Path) -> None:
    x = Input((4,))
    model = Model(x, stack()(x))
    assert words(drawn(model, tmp_path)) == ["InputLayer", "Sequential"]
    assert words(drawn(model, tmp_path, expand_nested=True)) == [
        "InputLayer",
        "Sequential",
        "InputLayer",
        "Dense",
        "Dense",
    ]


def test_a_subclassed_model_is_a_list_of_its_layers(tmp_path: Path) -> None:
    class Own(Model):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = layers.Dense(4), layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.second(self.first(x))

    model = Own()
    with pytest.raises(ValueError, match=r"is not built yet.*call build\(input_shape\)"):
        drawn(model, tmp_path)
    model(np.ones((2, 3)))
    picture = drawn(model, tmp_path)
    assert words(picture) == ["Dense", "Dense"]
    assert count(picture, "polygon") == 0


@pytest.mark.parametrize(
    ("rankdir", "axis", "order"), [("TB", "y", 1), ("BT", "y", -1), ("LR", "x", 1), ("RL", "x", -1)]
)
def test_the_arrows_lead_where_rankdir_says(tmp_path: Path, rankdir: str, axis: str, order: int) -> None:
    picture = drawn(stack(), tmp_path, rankdir=rankdir)
    places = [float(element.get(axis) or 0) for element in picture.iter(f"{NAMESPACE}text")]
    assert places == sorted(places, reverse=order < 0)
    assert len(set(places)) == 3


@pytest.mark.parametrize("rankdir", ["TB", "LR"])
def test_no_two_boxes_of_a_row_meet_and_none_leaves_the_picture(tmp_path: Path, rankdir: str) -> None:
    picture = drawn(siamese(), tmp_path, rankdir=rankdir, **ALL)
    ground, *panels = [
        tuple(float(element.get(name) or 0) for name in ("x", "y", "width", "height"))
        for element in picture.iter(f"{NAMESPACE}rect")
    ]
    assert len(panels) == 7
    for place, (x, y, width, height) in enumerate(panels):
        assert x >= 0
        assert y >= 0
        assert x + width <= ground[2]
        assert y + height <= ground[3]
        for other in panels[place + 1 :]:
            beside = x + width <= other[0] or other[0] + other[2] <= x
            assert beside or y + height <= other[1] or other[1] + other[3] <= y


def test_an_arrow_that_passes_a_row_has_a_lane_beside_its_boxes() -> None:
    layout = laid_out([(80.0, 30.0)] * 3, [(0, 1), (1, 2), (0, 2)])
    _, lane, _ = layout.routes[2]
    assert abs(lane.across - layout.nodes[1].across) >= 80 / 2
    assert lane.length == 30


def test_names_are_escaped(tmp_path: Path) -> None:
    model = Sequential([Input((1,)), layers.Dense(1, name="a<b&c")])
    assert "a<b&c" in words(drawn(model, tmp_path, show_layer_names=True))


def test_a_png_has_the_resolution_asked_for(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    sizes = []
    for dpi in (50, 100):
        utils.plot_model(siamese(), str(tmp_path / "model.png"), show_shapes=True, expand_nested=True, dpi=dpi)
        data = (tmp_path / "model.png").read_bytes()
        assert data.startswith(b"\x89PNG")
        sizes.append(int.from_bytes(data[16:20], "big"))
    assert sizes[1] == pytest.approx(2 * sizes[0], abs=2)


def test_a_png_without_matplotlib_tells_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=re.escape("pip install 'flintglass[plot]'")):
        utils.plot_model(stack(), tmp_path / "model.png")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_drawn_is_told_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"written as \.svg, \.png, \.pdf.*'model.gif'.*model\.svg, say"):
        utils.plot_model(stack(), "model.gif")
    with pytest.raises(ValueError, match="rankdir is one of TB, BT, LR, RL, not 'down'"):
        drawn(stack(), tmp_path, rankdir="down")
    with pytest.raises(ValueError, match="model 'bare' is not built yet"):
        drawn(Sequential([layers.Dense(1)], name="bare"), tmp_path)
    with pytest.raises(TypeError, match="plot_model draws models"):
        drawn(layers.Dense(1), tmp_path)


def test_there_is_no_graphviz_and_the_error_says_what_to_call() -> None:
    with pytest.raises(NotImplementedError, match="plot_model"):
        utils.model_to_dot(stack())

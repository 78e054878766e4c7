"""The digits that come with the package, and the picture that needs no other package."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from flintglass import layers, models, samples
from flintglass.glass.plots import units_as_svg


def test_the_digits_are_those_of_scikit_learn() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    images, labels = samples.digits()
    expected = datasets.load_digits()
    np.testing.assert_array_equal(images, expected.data)
    np.testing.assert_array_equal(labels, expected.target)


def test_the_svg_picture_holds_the_data_each_unit_and_the_network() -> None:
    model = models.Sequential([layers.Input((1,)), layers.Dense(3, activation="relu", name="a<b"), layers.Dense(1)])
    x = np.linspace(-2, 2, 11)
    root = ElementTree.fromstring(units_as_svg(model, x, x**2, low=-1, high=4))
    space = "{http://www.w3.org/2000/svg}"
    lines = root.findall(f".//{space}polyline")
    assert len(lines) == 4
    assert len(root.findall(f".//{space}circle")) == 11
    places = [tuple(map(float, pair.split(","))) for pair in lines[-1].get("points", "").split()]
    predicted = model.predict(x, verbose=0)[:, 0]
    heights = np.array([height for _, height in places])
    # Higher numbers stand higher: y grows downwards in a picture.
    np.testing.assert_allclose(np.polyfit(predicted, heights, 1)[0], -500 / 5, rtol=0.01)
    names = [text.text for text in root.findall(f".//{space}text")]
    assert "a<b[2]" in names
    assert "data" in names

"""Where flintglass departs from Keras on purpose. Each test fails when Keras comes round, so that we hear of it."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from tests.keras.case import Data
from tests.keras.sides import fresh
from tests.keras.table.losses import net

import flintglass

ROW = np.asarray([[0.3, 0.9, 0.5, -0.2, 0.8]], "float32")


def test_sparsemax_sums_to_one_here_and_not_in_keras() -> None:
    """Keras subtracts a threshold made from the sum of all cumulated sums; Martins and Astudillo (2016), the
    paper it follows, take the last of them."""
    here, there = (np.asarray(side.activations.sparsemax(ROW)) for side in (flintglass, keras))
    assert here.sum() == pytest.approx(1, abs=1e-6)
    assert abs(there.sum() - 1) > 0.1


def test_the_configuration_of_huber_holds_its_delta_here_and_not_in_keras() -> None:
    """A Huber loss that Keras writes to a file comes back with delta 1."""
    here, there = (side.losses.Huber(delta=0.5).get_config() for side in (flintglass, keras))
    assert here == {**there, "delta": 0.5}
    assert "delta" not in there


def test_a_metric_may_be_called_crossentropy_here_and_not_in_keras() -> None:
    assert flintglass.metrics.resolve("crossentropy", (8, 1), (8, 1)).name == "crossentropy"
    with pytest.raises(ValueError):
        keras.metrics.get("crossentropy")


@pytest.mark.slow
def test_steps_per_epoch_gives_every_epoch_as_many_steps_here_and_not_in_keras() -> None:
    """Of 5 batches, epochs of 4 steps: Keras makes 4, then the 1 that is left, then 4 again."""
    with fresh():
        data = Data("rows", "numbers", "float32")
        made = {}
        for side in (flintglass, keras):
            model = net(2)(side)
            model.compile("sgd", "mse")
            model.fit(data.x, data.y, batch_size=15, steps_per_epoch=4, epochs=3, verbose=0)
            made[side] = int(np.asarray(model.optimizer.iterations))
        assert made == {flintglass: 12, keras: 9}


def test_means_and_tanh_are_float64_here_and_float32_in_keras() -> None:
    with fresh("float64"):
        row = np.asarray([1 / 3, 1.0])
        assert float(flintglass.ops.mean(row)) == row.mean()
        assert float(keras.ops.mean(row)) == float(np.float32(row.mean()))
        exact = np.tanh(row)
        assert np.abs(np.asarray(flintglass.ops.tanh(row)) - exact).max() < 1e-15
        assert np.abs(np.asarray(keras.ops.tanh(row), "float64") - exact).max() > 1e-9

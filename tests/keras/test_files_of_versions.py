"""Files of whichever Keras 3 is installed, in both directions: every version's models give the same predictions.

`make parity-older` runs this under several versions; `test_files.py` looks closer, at today's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from tests.files.networks import NETWORKS, predictions, trained

import flintglass

pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")]
SIDES = (keras, flintglass)
VERSION = tuple(int(part) for part in keras.__version__.split(".")[:2])
LISTS = "until 3.5 Keras expects a list of inputs where there is one, and refuses what Keras 3.15 writes too"


@pytest.mark.parametrize("ending", [".keras", ".weights.h5"])
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("reader", SIDES, ids=lambda side: f"read by {side.__name__}")
def test_a_file_gives_the_same_predictions_on_the_other_side(
    reader: Any, name: str, ending: str, tmp_path: Path
) -> None:
    writer = next(side for side in SIDES if side is not reader)
    for side in SIDES:
        side.utils.clear_session()
    kept = NETWORKS[name](writer)
    if reader is keras and ending == ".keras" and VERSION < (3, 5) and type(kept).__name__ == "Model":
        pytest.skip(LISTS)
    trained(name, kept)
    path = str(tmp_path / f"model{ending}")
    if ending == ".keras":
        kept.save(path)
        read = reader.models.load_model(path, compile=False)
    else:
        kept.save_weights(path)
        read = NETWORKS[name](reader)
        read.load_weights(path)
    for theirs, ours in zip(predictions(name, kept), predictions(name, read), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("frozen", ["a", "b"])
@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_a_model_of_keras_that_was_frozen_after_training_keeps_its_slots(
    optimizer: str, frozen: str, tmp_path: Path
) -> None:
    """Keras kept slots for all weights that it had trained; the layer's entry says that it is frozen now."""
    kept = keras.Sequential(
        [keras.layers.Input((3,)), keras.layers.Dense(3, name="a"), keras.layers.Dense(1, name="b")], name="net"
    )
    kept.compile(optimizer, "mse")
    trained("", kept)
    kept.get_layer(frozen).trainable = False
    path = str(tmp_path / "model.keras")
    kept.save(path)
    read = flintglass.models.load_model(path)
    theirs, ours = (
        {v.path.split("/")[-1]: np.asarray(v) for v in side.optimizer.variables if "learning" not in v.path}
        for side in (kept, read)
    )
    assert len(ours) == len(theirs) == (9 if optimizer == "adam" else 5)
    for name, array in theirs.items():
        np.testing.assert_array_equal(ours[name], array)

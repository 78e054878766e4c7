"""What the lane compares with: real Keras, on JAX, on the processor."""

from __future__ import annotations

import jax
import keras


def test_the_lane_compares_with_real_keras_on_jax() -> None:
    assert keras.backend.backend() == "jax"
    assert keras.Sequential.__module__.startswith("keras.")


def test_the_lane_computes_on_the_processor() -> None:
    assert {device.platform for device in jax.devices()} == {"cpu"}

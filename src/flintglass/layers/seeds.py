"""The random numbers of a layer: a generator of its own, whose state is state of the program."""

from __future__ import annotations

from typing import Any

from flintglass import random


def generator_of(layer: Any) -> random.SeedGenerator:
    """The layer's ``seed_generator``; made now, from its ``seed``, where it has none yet.

    A layer that draws nothing, since its rate is 0, has none, as in Keras; the rate may be set later.
    """
    if "seed_generator" not in vars(layer):
        generator = random.SeedGenerator(layer.seed)
        generator.state.label = f"{layer.name}/seed"  # as listings show it; its path is Keras's
        layer.seed_generator = generator
    found: random.SeedGenerator = layer.seed_generator
    return found

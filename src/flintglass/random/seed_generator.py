"""A SeedGenerator: a pair of numbers that is state, and another one after every use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from flintglass.names import automatic_name
from flintglass.random.streams import default_seed, following_pair, streams
from flintglass.tracing import context
from flintglass.tracing.tensor import Tensor, apply
from flintglass.tracing.variable import Variable


class SeedGenerator:
    """Seeds for random operations: a Variable ``state`` that holds (seed, 0), then (seed, 1), ...

    seed: a whole number; drawn from Python's ``random`` if not given. Inside a program the state is state
    of the program, so that every run draws new numbers and a resumed run goes on with them.
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        kwargs.pop("backend", None)
        if kwargs:
            raise ValueError(f"SeedGenerator does not know {', '.join(sorted(kwargs))}; it takes seed and name")
        self._initial_seed = seed
        seed = default_seed() if seed is None else seed
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise ValueError(f"SeedGenerator: seed is a whole number, not {seed!r}")
        self.name = name or automatic_name("seed_generator")
        # 64 bits, as in Keras on TensorFlow: the global generator's arithmetic needs more than 32.
        with context.answering(None):
            self.state = Variable(
                np.array([int(seed), 0], "int64"),
                trainable=False,
                name="seed_generator_state",
                path=f"{self.name}/seed_generator_state",
            )

    def next(self, ordered: bool = True) -> Tensor:
        """The pair (int64), after which the state is the one that follows; see ``following_pair``."""
        trace = context.active()
        if trace is None or trace.is_recording:
            pair = self.state.storage.copy()
            self.state.overwrite(np.array(following_pair((int(pair[0]), int(pair[1])), ordered), "int64"))
            return Tensor(pair)
        pair = self.state.value
        if ordered:
            place = apply("iota", shape=(2,), axis=0, dtype="int64")
            self.state.assign(pair + place)
        else:
            self.state.assign((pair + 1) * 5387 % 933199)
        return pair

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same generator again, at its start."""
        return {"seed": self._initial_seed, "name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> SeedGenerator:
        """A generator from the result of ``get_config``."""
        return cls(**config)


_global: list[tuple[int, SeedGenerator]] = []


def global_seed_generator() -> SeedGenerator:
    """The generator that operations without a seed use; ``set_random_seed`` starts it anew."""
    if not _global:
        _global[:] = [(streams.times_seeded, SeedGenerator(name="global_seed_generator"))]
    times, generator = _global[0]
    if times != streams.times_seeded:
        generator.state.overwrite(np.array([default_seed(), 0], "int64"))
        _global[:] = [(streams.times_seeded, generator)]
    return generator

"""The contracts of initializers: called with a shape they return a tensor; those with a seed repeat it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flintglass import random
from flintglass.constructors import CheckedNumbers
from flintglass.identifiers import described
from flintglass.ops.shapes import shape_of
from flintglass.random.draws import draw_normal, draw_truncated_normal, draw_uniform, state_of
from flintglass.random.streams import default_seed, next_operation_stream, streams
from flintglass.tracing.promotion import standard_dtype
from flintglass.tracing.tensor import Tensor

PRICE_OF_A_TRUNCATED_NORMAL = 3.0


class Initializer(CheckedNumbers):
    """The first values of a weight. Subclasses define ``__call__(shape, dtype=None)`` and ``get_config()``."""

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """A tensor of this shape; the default float where no dtype is given."""
        raise NotImplementedError(f"{type(self).__name__} defines no __call__(shape, dtype=None)")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same initializer again."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """An initializer from the result of ``get_config``."""
        return cls(**config)

    def clone(self) -> Any:
        """An initializer with the same arguments."""
        return self.from_config(self.get_config())


class RandomInitializer(Initializer):
    """An initializer that draws random numbers; docs/random.md has the rules of its seeds.

    seed: a whole number, which repeats its numbers at every call; a SeedGenerator, which goes on; or None:
    after ``tf.random.set_seed`` a new stream at every call, otherwise a whole number drawn now.
    """

    def __init__(self, seed: Any = None) -> None:
        if isinstance(seed, Mapping):
            seed = random.SeedGenerator.from_config(seed["config"])
        if seed is not None and not _is_seed(seed):
            raise ValueError(f"{type(self).__name__}: seed is a whole number, a SeedGenerator or None, not {seed!r}")
        self._given_seed = seed
        self.seed = default_seed() if seed is None and not streams.follow_operations else seed

    def price(self, shape: Any) -> float:
        """How long one number of this shape takes to draw; 1 is 150 ns, of a normal one."""
        return 1.0

    def _repeats(self) -> bool:
        """False where this call takes the next stream of the operations' own."""
        if self._given_seed is None and streams.follow_operations:
            return False
        if self.seed is None:
            self.seed = default_seed()
        return True

    def draw_uniform(self, shape: Any, low: float, high: float, dtype: Any) -> Tensor:
        """Uniform numbers in [low, high)."""
        if self._repeats():
            return random.uniform(shape, low, high, dtype, self.seed)
        return draw_uniform(self._operation(), shape_of(shape), low, high, standard_dtype(dtype))

    def draw_normal(self, shape: Any, mean: float, stddev: float, dtype: Any) -> Tensor:
        """Normal numbers."""
        if self._repeats():
            return random.normal(shape, mean, stddev, dtype, self.seed)
        return draw_normal(self._operation(), shape_of(shape), mean, stddev, standard_dtype(dtype))

    def draw_truncated_normal(self, shape: Any, mean: float, stddev: float, dtype: Any) -> Tensor:
        """Normal numbers, those beyond 2 standard deviations drawn again."""
        if self._repeats():
            return random.truncated_normal(shape, mean, stddev, dtype, self.seed)
        return draw_truncated_normal(self._operation(), shape_of(shape), mean, stddev, standard_dtype(dtype))

    def _operation(self) -> Tensor:
        return state_of(next_operation_stream())

    def get_config(self) -> dict[str, Any]:
        seed = self._given_seed
        return {"seed": described(seed, "random") if hasattr(seed, "get_config") else seed}


def _is_seed(seed: Any) -> bool:
    return hasattr(seed, "next") or (hasattr(seed, "__index__") and not isinstance(seed, bool))

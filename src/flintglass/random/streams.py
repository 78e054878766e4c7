"""Where random numbers start: from the user's seeds to the key and counter of a Philox stream.

Two eras of Keras turn seeds into streams by different rules; the user's last call says which one holds.

- **Rule 1**, tf.keras 2.0 to 2.9, after `tf.random.set_seed(s)`: the k-th random operation takes as its own
  seed the k-th `randint(0, 2**31 - 1)` of Python's `random.Random(s)`. Its key is `s`, and its counter starts
  at (0, 0, own seed low, own seed high). (tf.keras 2.10 moved initializers to rule 2.)
- **Rule 2**, Keras 3 on TensorFlow, and here until somebody calls `set_seed`: every initializer owns an
  integer, given by the user or drawn by `random.randint(1, 10**9)` from Python's `random`. The seed pair
  (integer, 0), scrambled by one Philox block, gives the key and the upper half of the counter.

An initializer with a seed of its own follows rule 2 in both eras: tf.keras up to 2.6 and from 2.10 on gives
the pair (seed, 0) to the same stateless operation, so equal seeds repeat their numbers and the global seed
does not matter. (2.7 to 2.9 gave it to the stateful operation instead, as in `next_operation_stream(seed)`,
with seed + 1, seed + 2, ... for the initializer's later calls. We follow the majority.)

`keras.random.*` (Keras 3): `seed=5` stands for the pair (5, 0). A `SeedGenerator(seed)` holds the pair
(seed, 0), seed drawn by `randint(1, 10**9)` if not given; every use takes the pair and adds one to its second
number. With `seed=None` one global generator is used, made at first use and again after `set_random_seed`;
it hops by another rule, see `following_pair`. On TensorFlow, both numbers of a pair are then reduced
modulo 2**31 - 2, see `keras3_stream`.
"""

from __future__ import annotations

import operator
import random
from typing import TypeAlias

import numpy as np

Key: TypeAlias = tuple[int, int]
Counter: TypeAlias = tuple[int, int, int, int]
Stream: TypeAlias = tuple[Key, Counter]

SCRAMBLE_KEY = (0x3EC8F720, 0x02461E29)  # of TensorFlow's stateless operations
LARGEST_SEED = 2**31 - 1
KERAS_SEED_PERIOD = 2**31 - 2  # Keras 3 reduces by int32.max - 1 for TensorFlow
DEFAULT_GLOBAL_SEED = 87654321  # TensorFlow's, where only an operation has a seed
BLOCKS_PER_OUTPUT = 256  # what TensorFlow's stateful operations reserve for each number they return
_WORD = 0xFFFFFFFF
_COUNTERS = 2**128


class Streams:
    """The seeds of one process, and the rule that now holds. `streams` is the one everybody uses."""

    def __init__(self) -> None:
        self._initializers_follow_operations = False  # rule 1
        self._global_seed: int | None = None
        self._operation_seeds = random.Random()
        self._reserved: dict[tuple[str, int, int], int] = {}
        self.times_seeded = 0  # how often set_random_seed was called; generators without a seed start anew

    @property
    def follow_operations(self) -> bool:
        """True under rule 1, where an initializer without a seed takes a new stream at every call."""
        return self._initializers_follow_operations

    def set_seed(self, seed: int | None) -> None:
        """`tf.random.set_seed`: rule 1 from here on, counting operations anew. None goes back to rule 2."""
        self._seed_operations(seed)
        self._initializers_follow_operations = seed is not None

    def set_random_seed(self, seed: int) -> None:
        """`keras.utils.set_random_seed`: seeds Python's `random` and NumPy's; rule 2 from here on.

        It seeds operations such as `tf.random.normal` too, which follow rule 1 in every era.
        """
        if not isinstance(seed, int):
            raise ValueError(f"Expected `seed` argument to be an integer. Received: seed={seed} (of type {type(seed)})")
        if not 0 <= seed < 2**32:
            raise ValueError(f"set_random_seed: a seed lies between 0 and 2**32 - 1, unlike {seed}")
        random.seed(seed)
        np.random.seed(seed)
        self._seed_operations(seed)
        self._initializers_follow_operations = False
        self.times_seeded += 1

    def next_stream(self, seed: int | tuple[int, int] | None = None) -> Stream:
        """Where the numbers of an initializer start, with `seed` or, without one, by the rule that holds."""
        if seed is not None:
            return keras3_stream(seed)
        if self._initializers_follow_operations:
            return self.next_operation_stream()
        return keras3_stream(default_seed())

    def next_operation_stream(self, seed: int | None = None, operation: str = "", outputs: int = 0) -> Stream:
        """Where the numbers of a stateful operation such as `tf.random.uniform(seed=seed)` start.

        An operation with a seed of its own goes on in its stream when it is called again, until the global
        seed is set again: so `operation` (name and dtype) and the count of its `outputs` matter then.
        With no seed at all, the stream is drawn from the system's entropy.
        """
        if self._global_seed is None and seed is None:
            key = self._operation_seeds.getrandbits(32), self._operation_seeds.getrandbits(32)
            return key, (0, 0, self._operation_seeds.getrandbits(32), self._operation_seeds.getrandbits(32))
        root = DEFAULT_GLOBAL_SEED if self._global_seed is None else self._global_seed % LARGEST_SEED
        own = self._operation_seeds.randint(0, LARGEST_SEED) if seed is None else operator.index(seed)
        own %= LARGEST_SEED
        if (root, own) == (0, 0):
            own = LARGEST_SEED  # TensorFlow reads (0, 0) as "no seed"
        start = own << 64
        if seed is not None:
            used = self._reserved.get((operation, root, own), 0)
            self._reserved[operation, root, own] = used + outputs * BLOCKS_PER_OUTPUT
            start = (start + used) % _COUNTERS
        return (root, 0), _words(start)

    def _seed_operations(self, seed: int | None) -> None:
        self._global_seed = None if seed is None else operator.index(seed)
        self._operation_seeds = random.Random(self._global_seed)
        self._reserved = {}


def default_seed() -> int:
    """The seed that Keras gives to whatever was made without one."""
    return random.randint(1, 10**9)


def keras3_stream(seed: int | tuple[int, int]) -> Stream:
    """The stream of an integer seed, or of a seed pair, in `keras.random` and in Keras 3's initializers."""
    first, second = seed if isinstance(seed, tuple) else (seed, 0)
    return stateless_stream(operator.index(first) % KERAS_SEED_PERIOD, operator.index(second) % KERAS_SEED_PERIOD)


def stateless_stream(first: int, second: int) -> Stream:
    """The stream of `tf.random.stateless_*(seed=(first, second))`, two integers of 64 bits."""
    block = _philox_block(SCRAMBLE_KEY, _words((first % 2**64) | (second % 2**64) << 64))
    return (block[0], block[1]), (0, 0, block[2], block[3])


def following_pair(pair: tuple[int, int], ordered: bool = True) -> tuple[int, int]:
    """The pair that a Keras 3 SeedGenerator holds after `pair` is used.

    `ordered` is False for the global generator, whose pair hops in 0 ... 933198.
    """
    if ordered:
        return pair[0], pair[1] + 1
    return (pair[0] + 1) * 5387 % 933199, (pair[1] + 1) * 5387 % 933199


def _philox_block(key: Key, counter: Counter) -> Counter:
    """One block of Philox 4x32-10 in Python integers; the NumPy engine's is the one for arrays."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        product0, product1 = c0 * 0xD2511F53, c2 * 0xCD9E8D57
        c0, c1 = (product1 >> 32) ^ c1 ^ k0, product1 & _WORD
        c2, c3 = (product0 >> 32) ^ c3 ^ k1, product0 & _WORD
        k0, k1 = (k0 + 0x9E3779B9) & _WORD, (k1 + 0xBB67AE85) & _WORD
    return c0, c1, c2, c3


def _words(value: int) -> Counter:
    """A 128-bit number as four 32-bit words, least significant first."""
    return value & _WORD, (value >> 32) & _WORD, (value >> 64) & _WORD, (value >> 96) & _WORD


streams = Streams()
set_seed = streams.set_seed
set_random_seed = streams.set_random_seed
next_stream = streams.next_stream
next_operation_stream = streams.next_operation_stream

"""Philox 4x32-10: random bits as a pure function of a key and a counter.

Source: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
The constants are those of its reference implementation, Random123.

A key is two and a counter four 32-bit words, least significant first. One counter value gives a block of
four outputs; the next block is that of the counter plus one, as a 128-bit number.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

WORDS_PER_BLOCK = 4
ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL_KEYS = (0x9E3779B9, 0xBB67AE85)  # the golden ratio and sqrt(3) - 1, as fractions of 2**32

_LOW = np.uint64(0xFFFFFFFF)
_WORD = np.uint64(32)


def philox_bits(key: Sequence[int], counter: Sequence[int], count: int) -> np.ndarray:
    """The first `count` outputs from `counter` on, in order: uint32, shape (count,)."""
    blocks = -(-count // WORDS_PER_BLOCK)
    return _blocks(key, counter, np.arange(blocks, dtype=np.uint64)).reshape(-1)[:count]


def philox_rows(key: Sequence[int], counter: Sequence[int], rows: int, stride: int, blocks: int) -> np.ndarray:
    """Outputs of regions that start `stride` counter values apart: uint32, shape (rows, 4 * blocks).

    Row i holds the first `blocks` blocks from `counter + i * stride` on. Samplers that reject use it,
    so that every group of results has a region of its own.
    """
    starts = np.arange(rows, dtype=np.uint64) * np.uint64(stride)
    offsets = starts[:, None] + np.arange(blocks, dtype=np.uint64)
    return _blocks(key, counter, offsets.reshape(-1)).reshape(rows, WORDS_PER_BLOCK * blocks)


def advance(counter: Sequence[int], count: int) -> tuple[int, int, int, int]:
    """The counter after `count` outputs are used; what is left of the last block of four is dropped."""
    value = sum(int(word) << (32 * place) for place, word in enumerate(counter))
    value += -(-count // WORDS_PER_BLOCK)
    words = [(value >> (32 * place)) & 0xFFFFFFFF for place in range(4)]
    return words[0], words[1], words[2], words[3]


def _blocks(key: Sequence[int], counter: Sequence[int], offsets: np.ndarray) -> np.ndarray:
    """The blocks of `counter + offsets`: uint32, shape (len(offsets), 4)."""
    c0, c1, c2, c3 = _counters(counter, offsets)
    k0, k1 = (int(word) for word in key)
    first, second = (np.uint64(multiplier) for multiplier in MULTIPLIERS)
    for _ in range(ROUNDS):
        product0, product1 = c0 * first, c2 * second
        c0, c2 = (product1 >> _WORD) ^ c1 ^ np.uint64(k0), (product0 >> _WORD) ^ c3 ^ np.uint64(k1)
        c1, c3 = product1 & _LOW, product0 & _LOW
        k0, k1 = (k0 + WEYL_KEYS[0]) & 0xFFFFFFFF, (k1 + WEYL_KEYS[1]) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], axis=-1).astype(np.uint32)


def _counters(counter: Sequence[int], offsets: np.ndarray) -> tuple[np.ndarray, ...]:
    """The four words, each in a uint64, of the 128-bit sums `counter + offsets`."""
    words = [int(word) for word in counter]
    start = np.uint64(words[0] | words[1] << 32)
    low = offsets + start
    high = np.uint64(words[2] | words[3] << 32) + (low < start).astype(np.uint64)  # wrapped around: carry
    return low & _LOW, low >> _WORD, high & _LOW, high >> _WORD

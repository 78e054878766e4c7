"""The kernel of random bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flintglass.engines.numpy_engine.kernels.table import Array, Thunk, kernel
from flintglass.engines.numpy_engine.philox import WORDS_PER_BLOCK, advance, philox_bits, philox_rows


@kernel
def random_bits(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Mapping[str, Any]) -> Thunk:
    """Philox from the state's key and counter; the next state may take the place of the state."""
    (state,), (bits, next_state) = inputs, outputs
    flat = bits.reshape(-1)
    stride = attributes.get("stride")
    used = stride * WORDS_PER_BLOCK * bits.shape[0] if stride else flat.size

    def run() -> None:
        words = state.tolist()
        key, counter = words[:2], words[2:]
        if stride:
            blocks = flat.size // max(bits.shape[0], 1) // WORDS_PER_BLOCK
            flat[...] = philox_rows(key, counter, bits.shape[0], stride, blocks).reshape(-1)
        else:
            flat[...] = philox_bits(key, counter, flat.size)
        next_state[:] = (*key, *advance(counter, used))

    return run

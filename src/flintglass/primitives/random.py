"""Random bits as a pure function of a state that is passed on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from flintglass.errors import ProgramError
from flintglass.primitives.base import Attributes, Primitive, Sample, Specs
from flintglass.primitives.builder import Builder
from flintglass.program import Dimension, Operand, Spec, Value
from flintglass.program.spec import spec

STATE = Spec((6,), "uint32")
WORDS_PER_BLOCK = 4


def _states(generator: Any, shapes: list[tuple[int, ...]]) -> list[Any]:
    return [generator.integers(0, 2**32, shape).astype("uint32") for shape in shapes]


class RandomBits(Primitive):
    """Random uint32 words of the attribute shape, and the state for the next draw.

    The state is six uint32 words: a key (low word first) and a 128-bit counter (low word first). The
    words are those of Philox 4x32-10 in row order; a draw uses whole blocks of four, and adds their
    number to the counter.
    stride: row i of the first axis begins ``stride`` counter values after row i - 1 and has at most so many
    blocks of its own, all whole; the counter goes on by ``stride`` for each row. (Samplers that reject
    give each result a region of the stream.)
    Source: J. Salmon and others, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
    """

    differentiable = False

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        if len(inputs) != 1 or inputs[0] != STATE:
            texts = ", ".join(str(item) for item in inputs)
            raise ProgramError(f"random_bits takes a state {STATE}, not {texts}")
        if not isinstance(attributes.get("shape"), tuple):
            raise ProgramError(f"random_bits takes shape=, a tuple, not {attributes.get('shape')!r}")
        _require_rows(attributes)
        return spec(attributes["shape"], "uint32"), STATE

    def batch(
        self, b: Builder, operands: Sequence[Operand], batched: Sequence[bool], attributes: Attributes
    ) -> tuple[Value, ...]:
        raise ProgramError(
            "random_bits takes one state for a whole batch, not one a row: leave the state out of the batch"
        )

    def draw_rows(self, b: Builder, state: Operand, rows: Dimension, attributes: Attributes) -> tuple[Value, ...]:
        """A draw of its own for each of ``rows`` rows, and one next state for all of them."""
        return b.emit_all(self.name, [state], {**attributes, "shape": (rows, *attributes["shape"])})

    def samples(self) -> Sequence[Sample]:
        whole = tuple({"shape": shape} for shape in ((5, 3), (), (8,)))
        in_rows = ({"shape": (3, 8), "stride": 256}, {"shape": (3, 2, 4), "stride": 2})
        return tuple(Sample(("uint32[6]",), attributes, values=_states) for attributes in whole + in_rows)


def _require_rows(attributes: Attributes) -> None:
    """Raise unless the rows of a draw with a stride are whole blocks that do not reach the next row."""
    stride, row = attributes.get("stride"), attributes["shape"][1:]
    if stride is None:
        return
    words = math.prod(row) if all(isinstance(extent, int) for extent in row) else 0
    if not attributes["shape"] or words % WORDS_PER_BLOCK or not 0 < words <= WORDS_PER_BLOCK * stride:
        raise ProgramError(
            f"random_bits: with stride={stride}, each row of {attributes['shape']} holds a multiple of "
            f"{WORDS_PER_BLOCK} words, at most {WORDS_PER_BLOCK * stride}"
        )

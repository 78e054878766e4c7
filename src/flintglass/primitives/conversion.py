"""The same elements seen otherwise: as another dtype, as bits, or without a gradient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flintglass.errors import ProgramError
from flintglass.primitives.base import Attributes, Elementwise, Sample, Specs
from flintglass.primitives.builder import Builder
from flintglass.program import Instruction, Operand, Spec
from flintglass.program.spec import DTYPES


class Conversion(Elementwise, abstract=True):
    """A value whose dtype becomes the attribute ``dtype``."""

    kinds = "fiub"

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        (spec,) = super().specs(inputs, attributes)
        dtype = attributes.get("dtype")
        if dtype not in DTYPES:
            raise ProgramError(f"{self.name} takes dtype=, one of {', '.join(DTYPES)}, not {dtype!r}")
        return (Spec(spec.shape, dtype),)


class Cast(Conversion):
    """x converted to the attribute dtype: floats to integers towards 0, everything but 0 to True.

    A number outside the range of an integer dtype, or nan, converts to no number in particular.
    """

    def derivative(self, b: Builder, line: Instruction, g: Operand) -> Sequence[Operand | None]:
        (x,), (y,) = line.operands, line.outputs
        return (b.cast(g, dtype=x.spec.dtype) if y.spec.is_float else None,)

    def samples(self) -> Sequence[Sample]:
        return (
            Sample(("float64[n, 3]",), {"dtype": "float64"}),
            Sample(("float64[n, 3]",), {"dtype": "int32"}, low=-9.0, high=9.0),
            Sample(("float64[n, 3]",), {"dtype": "float32"}),
            Sample(("int32[n, 3]",), {"dtype": "float32"}, low=-9, high=9),
            Sample(("int32[n, 3]",), {"dtype": "bool"}, low=-1, high=2),
            Sample(("bool[n, 3]",), {"dtype": "float32"}),
        )


class Bitcast(Conversion):
    """The bits of x read as the attribute dtype, which has the same number of bytes; no gradient."""

    kinds = "fiu"
    differentiable = False

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        specs = super().specs(inputs, attributes)
        before, after = inputs[0].dtype, specs[0].dtype
        if np.dtype(before).itemsize != np.dtype(after).itemsize or after == "bool":
            raise ProgramError(f"bitcast keeps the number of bytes: {before} cannot be read as {after}")
        return specs

    def samples(self) -> Sequence[Sample]:
        return (
            Sample(("uint32[n, 3]",), {"dtype": "float32"}, low=0, high=2**30),
            Sample(("float32[n, 3]",), {"dtype": "int32"}),
        )


class StopGradient(Elementwise):
    """x itself, through which no gradient flows."""

    kinds = "fiub"
    differentiable = False

    def samples(self) -> Sequence[Sample]:
        return Sample(("float64[n, 3]",)), Sample(("int32[n, 3]",), low=-9, high=9)

"""Values without operands: what a shape alone determines."""

from __future__ import annotations

from collections.abc import Sequence

from flintglass.errors import ProgramError, ShapeError
from flintglass.primitives.base import Attributes, Primitive, Sample, Specs, require_kind
from flintglass.program import Size, Spec
from flintglass.program.spec import spec

N = Size("n")


class Iota(Primitive):
    """The index of each element along one axis: 0, 1, 2, ...

    shape: the dimensions of the result. axis: along which to count. dtype: any but bool.
    It has no operands, hence nothing to differentiate and nothing to batch.
    """

    differentiable = False

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        require_none(self.name, inputs)
        result = spec(attributes["shape"], attributes["dtype"])
        require_kind(self.name, result.dtype, "fiu")
        if not 0 <= attributes["axis"] < result.rank:
            raise ShapeError(f"iota: {list(result.shape)} has no axis {attributes['axis']}; axes count from 0")
        return (result,)

    def samples(self) -> Sequence[Sample]:
        return (
            Sample((), {"shape": (3,), "axis": 0, "dtype": "int32"}),
            Sample((), {"shape": (N, 3), "axis": 0, "dtype": "float64"}),
            Sample((), {"shape": (N, 3), "axis": 1, "dtype": "int64"}),
        )


class Extent(Primitive):
    """A dimension as a scalar number.

    size: the dimension, such as ``n`` or ``3*n``. dtype: any but bool.
    It has no operands, hence nothing to differentiate and nothing to batch.
    """

    differentiable = False

    def specs(self, inputs: Specs, attributes: Attributes) -> tuple[Spec, ...]:
        require_none(self.name, inputs)
        result = spec((), attributes["dtype"])
        require_kind(self.name, result.dtype, "fiu")
        return (result,)

    def samples(self) -> Sequence[Sample]:
        return (
            Sample((), {"size": N, "dtype": "float32"}),
            Sample((), {"size": 3 * N + 1, "dtype": "int64"}),
        )


def require_none(place: str, inputs: Specs) -> None:
    """Raise where a primitive without operands is given some."""
    if inputs:
        raise ProgramError(f"{place} takes no operands, not {len(inputs)}")

"""The language: every primitive with its effect, shape rule, gradient, batch rule and samples."""

from flintglass.primitives import (  # noqa: F401  (importing a family registers its primitives)
    arithmetic,
    bits,
    comparison,
    constants,
    control,
    conversion,
    cumulative,
    decompositions,
    indexing,
    pieces,
    products,
    random,
    reductions,
    scan,
    shapes,
    sorting,
    systems,
    transcendental,
)
from flintglass.primitives.base import PRIMITIVES, Primitive, Sample, primitive, types_of
from flintglass.primitives.builder import Builder

__all__ = ["PRIMITIVES", "Builder", "Primitive", "Sample", "primitive", "types_of"]

"""The kernels of the NumPy engine: one short function a primitive, in one table."""

from flintglass.engines.numpy_engine.kernels import (  # noqa: F401  (importing a family registers its kernels)
    constants,
    cumulative,
    decompositions,
    elementwise,
    erf,
    indexing,
    products,
    random,
    reductions,
    shapes,
    sorting,
)
from flintglass.engines.numpy_engine.kernels.table import KERNELS, VIEWS

__all__ = ["KERNELS", "VIEWS"]

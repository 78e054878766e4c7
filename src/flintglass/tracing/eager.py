"""The eager interpreter: operations outside every trace run at once, or extend a placeholder's graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from flintglass.engines.engine import engine
from flintglass.primitives import primitive
from flintglass.program import Literal, Size, Spec
from flintglass.tracing import context
from flintglass.tracing.binding import bound_attributes
from flintglass.tracing.placeholder import extend
from flintglass.tracing.tensor import Tensor


class Eager:
    """Runs each operation on the engine, one primitive at a time."""

    is_recording = False

    def apply(self, name: str, operands: Sequence[Any], attributes: Mapping[str, Any]) -> list[Tensor]:
        kept = {key: value for key, value in attributes.items() if value is not None and value is not False}
        if any(isinstance(item, Tensor) and item.is_placeholder for item in operands) or _of_unknown_size(kept):
            specs = [item.spec for item in operands]
            outputs = primitive(name).specs(specs, kept)
            return extend(PrimitiveCall(name, kept), operands, {}, list(outputs))
        arrays = [
            np.asarray(item.value, item.spec.dtype) if isinstance(item, Literal) else item.array for item in operands
        ]
        return [Tensor(array) for array in engine().apply(name, arrays, kept)]


class PrimitiveCall:
    """An operation on placeholders that is one primitive; called again when the graph is traced."""

    def __init__(self, name: str, attributes: Mapping[str, Any]) -> None:
        self.name = name
        self.attributes = dict(attributes)

    def __call__(self, *operands: Any) -> Any:
        outputs = context.current().apply(self.name, operands, bound_attributes(self.attributes))
        return outputs[0] if len(outputs) == 1 else tuple(outputs)


def _of_unknown_size(attributes: Mapping[str, Any]) -> bool:
    """True for zeros, draws and the like in the shape of a placeholder: they join its graph."""
    leaves = [leaf for value in attributes.values() for leaf in (value if isinstance(value, tuple) else (value,))]
    return any(isinstance(leaf, Size) for leaf in leaves)


def scalar_spec(dtype: str) -> Spec:
    """The spec of one number."""
    return Spec((), dtype)


context.set_default(Eager())

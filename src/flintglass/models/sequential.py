"""Sequential: a stack of layers, each called on the output of the one before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flintglass.layers.base import Layer
from flintglass.layers.input import InputLayer
from flintglass.models.graph import Graph
from flintglass.models.model import Model
from flintglass.tracing.tensor import Tensor


class Sequential(Model):
    """A stack of layers. Without an Input in front it is built when it first sees data."""

    def __init__(self, layers: Sequence[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(name=name, trainable=trainable)
        self._stack: list[Layer] = []
        for layer in layers or []:
            self._append(layer)
        self._rebuild()

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer on top."""
        self._append(layer)
        if rebuild:
            self._rebuild()

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the top layer off, and return it."""
        if not self.layers:
            raise ValueError(f"model {self.name!r} has no layer to take off")
        layer = self._stack.pop()
        self.version += 1
        self._clear()
        if rebuild:
            self._rebuild()
        return layer

    def _append(self, layer: Any) -> None:
        if isinstance(layer, Tensor) and layer.is_placeholder and isinstance(layer.call.operation, InputLayer):
            layer = layer.call.operation
        if not isinstance(layer, Layer):
            hint = "; wrap a function in a Lambda or Activation layer" if callable(layer) else ""
            raise TypeError(f"model {self.name!r}: a Sequential holds layers, not {type(layer).__name__}{hint}")
        if isinstance(layer, InputLayer) and self._stack:
            raise ValueError(f"model {self.name!r}: the Input comes first; it already has {len(self._stack)} layers")
        if any(other.name == layer.name for other in self._stack):
            raise ValueError(
                f"model {self.name!r}: two layers are called {layer.name!r}; names must differ, so give one a name"
            )
        shape = getattr(layer, "_given_shape", None)
        if shape is not None and not self._stack:
            self._stack.append(InputLayer(batch_shape=shape, dtype=layer.dtype))
        self._stack.append(layer)
        self.version += 1

    def _clear(self) -> None:
        self._graph = None
        self.built = False

    def _rebuild(self) -> None:
        if self._stack and isinstance(self._stack[0], InputLayer) and len(self._stack) > 1:
            self._connect(self._stack[0].input)

    def _connect(self, start: Tensor) -> None:
        tensor: Any = start
        for layer in self._stack:
            if not isinstance(layer, InputLayer):
                tensor = layer(tensor)
        self._set_graph(Graph(start, tensor))

    @property
    def layers(self) -> list[Layer]:
        return [layer for layer in self._stack if not isinstance(layer, InputLayer)]

    def _inner_layers(self) -> list[Layer]:
        return list(self._stack)

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for inputs of this shape (with the batch in front)."""
        if self._graph is not None:
            return
        if input_shape is None:
            raise ValueError(f"model {self.name!r} needs the shape of its input to be built")
        if not self.layers:
            raise ValueError(f"model {self.name!r} has no layers yet: add some before it is built or called")
        shape = tuple(input_shape)
        first = InputLayer(batch_shape=(None, *shape[1:]), dtype=self.dtype)
        self._connect(first.input)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if self._graph is None:
            self.build(tuple(inputs.shape))
        return super().call(inputs)

    def __repr__(self) -> str:
        return f"<Sequential name={self.name}, layers={[layer.name for layer in self.layers]}>"

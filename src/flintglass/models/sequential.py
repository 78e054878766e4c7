"""Sequential: a stack of layers, each called on the output of the one before."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from flintglass.layers.base import Layer
from flintglass.layers.input import InputLayer
from flintglass.models.configuration import layer_from, of_stack
from flintglass.models.graph import Graph
from flintglass.models.model import Model
from flintglass.names import automatic_name, is_inside, scope
from flintglass.tracing.tensor import Tensor


def _instead(item: Any) -> str:
    """The way out for something that is no layer."""
    if isinstance(item, type):
        return f"; make one by calling the class: {item.__name__}(...)"
    if isinstance(item, (list, tuple)):
        return "; add them one by one"
    if isinstance(item, str) or callable(item):
        return "; a function becomes a layer in Activation(...)"
    return ""


class Sequential(Model):
    """A stack of layers. Without an Input in front it is built when it first sees data."""

    has_one_input = True

    def __init__(self, layers: Sequence[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(name=name, trainable=trainable)
        self._stack: list[Layer] = []
        if layers is not None and not isinstance(layers, (list, tuple)):
            raise TypeError(f"model {self.name!r}: a Sequential takes a list of layers, not {layers!r}; put it in [ ]")
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
            raise TypeError(f"model {self.name!r}: a Sequential holds layers, not {layer!r}{_instead(layer)}")
        if isinstance(layer, InputLayer) and self._stack:
            raise ValueError(
                f"model {self.name!r}: the Input comes first, but layer {self._stack[0].name!r} already stands there"
            )
        name = layer.name
        if any(other.name == name for other in self._stack):
            same = any(other is layer for other in self._stack)
            raise ValueError(
                f"model {self.name!r}: "
                + (f"layer {name!r} is added a second time; " if same else f"two layers are called {name!r}; ")
                + "the layers of a Sequential differ, so make another one with a name of its own"
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
        automatic_name("functional")  # Keras makes a functional model here, and so counts one
        with nullcontext() if is_inside(self.name) else scope(self.name, not self.is_root()):
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

    def get_config(self) -> dict[str, Any]:
        """Name, dtype and layers: what makes the same stack again, without its weights."""
        return of_stack(self, Layer.get_config(self))

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """A new stack from ``get_config()``'s result; ``custom_objects`` holds classes of the user's own by name."""
        if not isinstance(config.get("layers"), (list, tuple)):
            raise ValueError(
                "Sequential.from_config takes what get_config() of a Sequential returned, with a list of 'layers'; "
                f"this has the entries {sorted(map(str, config))}"
            )
        stack = cls([layer_from(entry, custom_objects) for entry in config["layers"]], name=config.get("name"))
        shape = config.get("build_input_shape")
        if shape is not None and not stack.built:
            stack.build(tuple(shape))
        if config.get("trainable") is False:
            stack.trainable = False
        return stack

    def __repr__(self) -> str:
        return f"<Sequential name={self.name}, layers={[layer.name for layer in self.layers]}>"

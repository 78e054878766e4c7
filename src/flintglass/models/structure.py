"""What a model is made of: a graph of layers between placeholders, or layers and a call of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from flintglass.errors import nearest
from flintglass.layers.base import Layer
from flintglass.models.graph import Graph
from flintglass.names import depth
from flintglass.tracing.structure import flatten, pack, paths
from flintglass.tracing.tensor import Tensor, apply, cast, convert


class Structured(Layer):
    """A layer whose call is a graph of layers, where it has one."""

    has_one_input = False
    _graph: Graph | None
    _nesting: Any = None

    # -- structure

    def _set_graph(self, graph: Graph) -> None:
        self._graph = graph
        self._graph_layers = graph.layers
        self.built = True

    @property
    def layers(self) -> list[Layer]:
        """The layers, in calling order."""
        if self._graph is not None:
            return self._graph.layers
        return self._inner_layers()

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of this name, or at this index."""
        layers = self.layers
        if (name is None) == (index is None):
            raise ValueError(f"model {self.name!r}: get_layer() takes a name or an index")
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"model {self.name!r} has {len(layers)} layers; there is no index {index}")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(
            f"model {self.name!r} has no layer called {name!r}. {nearest(str(name), (la.name for la in layers))}"
        )

    @property
    def inputs(self) -> list[Tensor]:
        """The placeholders that the model starts from."""
        return list(self._graph.input_tensors) if self._graph is not None else []

    @property
    def outputs(self) -> list[Tensor]:
        """The placeholders that the model ends in."""
        return list(self._graph.output_tensors) if self._graph is not None else []

    @property
    def input(self) -> Any:
        return self._graph.inputs if self._graph is not None else super().input

    @property
    def output(self) -> Any:
        return self._graph.outputs if self._graph is not None else super().output

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs."""
        return [tensor.call.operation.name for tensor in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that make the outputs, in the order of ``outputs``, where there is a graph.

        As in Keras, which does so for outputs in a dict too; ``names_of_outputs`` gives its keys, which losses go by.
        """
        return [getattr(t.call.operation, "name", f"output{i}") for i, t in enumerate(self.outputs)]

    def names_of_outputs(self, outputs: Any) -> list[str]:
        """A name for each output, in the order of ``flatten``: its key, or that of the layer that makes it."""
        if isinstance(outputs, dict):
            return ["_".join(map(str, keys)) for keys in paths(outputs)]
        if self._graph is not None and len(flatten(outputs)) == len(self.outputs):
            names = self.output_names
            return [f"{n}_{i}" if names.count(n) > 1 else n for i, n in enumerate(names)]
        count = len(flatten(outputs))
        return ["output"] if count == 1 else [f"output_{i + 1}" for i in range(count)]

    def has_named_outputs(self, outputs: Any) -> bool:
        """True where the outputs are called by keys or layers, False where they are only counted."""
        return isinstance(outputs, dict) or self._graph is not None

    def is_root(self) -> bool:
        return depth() == 0

    # -- calling

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The outputs for the inputs; a subclass defines its own."""
        if self._graph is None:
            raise NotImplementedError(f"{type(self).__name__} defines no call()")
        leaves = list(inputs.values()) if isinstance(inputs, dict) else flatten(inputs)
        if isinstance(inputs, dict):
            leaves = [inputs[name] for name in self._keys()]
        if len(leaves) != len(self.inputs):
            raise ValueError(
                f"model {self.name!r} has {len(self.inputs)} inputs ({self.input_names}), but was called on "
                f"{len(leaves)}"
            )
        return self._graph.run([self._fitted(i, leaf) for i, leaf in enumerate(leaves)])

    def _keys(self) -> list[str]:
        """The keys by which a dict gives the inputs: those of the model's own dict, else the names of the inputs."""
        given = self._graph.inputs if self._graph is not None else None
        return sorted(given) if isinstance(given, dict) else self.input_names

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """None: the layers inside have handed their masks on already."""
        return None

    def _enter(self, leaf: Any) -> Any:
        # A graph's inputs say of what dtype they are; the model's own dtype is for its new layers' sake.
        if self._graph is not None and isinstance(leaf, (Tensor, np.ndarray)):
            return convert(leaf)
        return super()._enter(leaf)

    def _fitted(self, position: int, tensor: Any) -> Any:
        """The input in its dtype; rank-1 data become a column where it has two axes, as in Keras."""
        if not isinstance(tensor, Tensor):
            return tensor
        wanted = self.inputs[position]
        if tensor.ndim == 1 and wanted.ndim == 2:
            tensor = apply("reshape", tensor, shape=(tensor.spec.shape[0], 1))
        found = cast(tensor, wanted.dtype)
        if found is not tensor:
            found.mask = tensor.mask
        return found

    def run_on(self, x: Sequence[Tensor]) -> Any:
        """Call the model on the inputs of a program."""
        return self(self.nested(x))

    def nested(self, x: Sequence[Tensor]) -> Any:
        """The inputs of a program in the nesting in which the model is called on them."""
        if self._nesting is not None:
            return pack(self._nesting, list(x))
        if self._graph is None or isinstance(self._graph.inputs, Tensor):
            return x[0] if len(x) == 1 else list(x)
        return pack(self._graph.inputs, list(x))

    @property
    def is_callable(self) -> bool:
        """False for a model that trains by steps of its own alone, and defines no call."""
        return self._graph is not None or type(self).call is not Structured.call

    def nested_as(self, nesting: Any) -> None:
        """From now on ``call`` gets the inputs in this nesting (a subclassed model that was given a dict)."""
        if self._nesting is None or set(self._nesting) != set(nesting):
            self._nesting = nesting
            self.version += 1

"""Lambda: a function of the user's as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from flintglass import activations, ops
from flintglass.customs import custom
from flintglass.identifiers import function_dictionary
from flintglass.layers.base import Layer
from flintglass.tracing import allowance


class Lambda(Layer):
    """Calls ``function(inputs, **arguments)``, and passes ``training`` and ``mask`` on where the function takes them.

    The function is written with ``flintglass.ops``, so that it becomes part of the program; variables that it
    reads are not trained: a layer of one's own holds them. output_shape: accepted, and not needed, since the
    shape is found by tracing the function.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(f"{self._place} takes a function of its inputs, not {function!r}")
        self.function = function
        self.arguments = dict(arguments or {})
        self.mask = mask
        self.supports_masking = mask is not None
        self._output_shape = output_shape
        self._passed = _names(function) & {"training", "mask"}
        self.built = True

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        known = {"training": training, "mask": mask}
        return self.function(inputs, **self.arguments, **{name: known[name] for name in sorted(self._passed)})

    def get_config(self) -> dict[str, Any]:
        """The name of the function and its arguments; ValueError for a function without a name."""
        if getattr(self.function, "__name__", "<lambda>") == "<lambda>":
            raise ValueError(
                f"{self._place} holds a function without a name, which no configuration can describe, since files "
                "never hold code here: give it a name with def and pass it to from_config, or write a Layer of "
                "your own with get_config"
            )
        found = {**super().get_config(), "function": function_dictionary(self.function)}
        if self._output_shape is not None:
            found["output_shape"] = self._output_shape
        return {**found, "arguments": self.arguments}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None, safe_mode: bool | None = None
    ) -> Lambda:
        """A layer from ``get_config()``'s result; ``custom_objects`` holds functions of the user's own by name."""
        found: Lambda = super().from_config({**config, "function": _named(config["function"], custom_objects or {})})
        return found


def _names(function: Callable[..., Any]) -> set[str]:
    try:
        return set(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # functions written in C may have no signature
        return set()


def _named(description: Any, custom_objects: Mapping[str, Any]) -> Callable[..., Any]:
    """The function that a configuration names: one of ``custom_objects``, an activation, or an operation."""
    if callable(description):
        found: Callable[..., Any] = description
        return found
    name: Any = description.get("config") if isinstance(description, Mapping) else description
    if isinstance(description, Mapping) and description.get("class_name") != "function":
        raise ValueError(
            "the configuration of a Lambda layer holds code, which is never run from files here; make the layer "
            "anew from its function"
        )
    own = custom(name, custom_objects)
    if own is not None:
        if not callable(own):
            raise TypeError(f"the function {name!r} of a Lambda layer is {own!r}, which cannot be called")
        return own
    if allowance.current.get() is not None:
        raise ValueError(
            f"a Lambda layer asks for the function {name!r}; files hold no functions here: pass it by "
            f"custom_objects={{{name!r}: ...}}"
        )
    for room, known in ((activations, activations.FUNCTIONS), (ops, ops.TABLE)):
        if name in known:
            return getattr(room, name)
    raise ValueError(
        f"the function {name!r} of a Lambda layer is not known; pass it by "
        f"from_config(config, custom_objects={{{name!r}: ...}})"
    )

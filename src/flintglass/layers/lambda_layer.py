"""Lambda: a function of the user's as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from flintglass import activations, ops
from flintglass.customs import custom
from flintglass.identifiers import function_dictionary
from flintglass.layers.base import Layer
from flintglass.layers.masks import tell_of_loss
from flintglass.tracing import allowance

_NAMELESS = "<lambda>"
# What Keras 2 says besides of how its functions are written.
_OF_KERAS_2 = ("function_type", "module", "output_shape_type", "output_shape_module")


class Lambda(Layer):
    """Calls ``function(inputs, **arguments)``, and passes ``training`` and ``mask`` on where the function takes them.

    The function is written with ``flintglass.ops``, so that it becomes part of the program; variables that it
    reads are not trained: a layer of one's own holds them. output_shape: accepted, and not needed, since the
    shape is found by tracing the function. mask: the mask of the output, or a function ``mask(inputs, mask_of_inputs)``
    that computes it.
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

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """What ``mask`` says; none where it was left out."""
        if self.mask is None:
            tell_of_loss(self, previous_mask)
            return None
        return self.mask(inputs, previous_mask) if callable(self.mask) else ops.convert_to_tensor(self.mask)

    def get_config(self) -> dict[str, Any]:
        """The name of the function and its arguments.

        A function without a name goes by that of the layer: in a file, its entry asks for a function that only who
        loads it can give. The dictionary itself still has the function, so that ``from_config`` needs no help.
        """
        found = {**super().get_config(), "function": Described(self.function, self.name)}
        if self._output_shape is not None:
            found["output_shape"] = self._output_shape
        if self.mask is not None:
            found["mask"] = Described(self.mask, name_of_mask(self.name)) if callable(self.mask) else self.mask
        return {**found, "arguments": self.arguments}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None, safe_mode: bool | None = None
    ) -> Lambda:
        """A layer from ``get_config()``'s result; ``custom_objects`` holds the function, by its name or the layer's.

        A function of masks goes by its name, or by the layer's with ``_mask`` behind it.
        Code that the dictionary may hold is neither run nor looked at.
        """
        settings = {key: value for key, value in config.items() if key not in _OF_KERAS_2}
        if "output_shape_type" in config or isinstance(config.get("output_shape"), Mapping):
            settings.pop("output_shape", None)  # a function, or the code of one; the shape is found by tracing
        name, known = config.get("name"), custom_objects or {}
        settings["function"] = _named(config["function"], name, known)
        mask = config.get("mask")
        if callable(mask) or (isinstance(mask, Mapping) and mask.get("class_name") != "__numpy__"):
            settings["mask"] = _named(mask, name_of_mask(name), known)
        found: Lambda = super().from_config(settings)
        return found


def name_of_mask(layer: Any) -> Any:
    """What a Lambda layer's function of masks goes by, where it has no name."""
    return f"{layer}_mask" if isinstance(layer, str) else layer


class Described(dict[str, Any]):
    """A function as a configuration names it, which knows the function as long as it is this dictionary.

    The name of a nameless one is none that Keras, or an activation, could have.
    """

    def __init__(self, function: Callable[..., Any], layer: str) -> None:
        super().__init__(function_dictionary(function))
        self.function = function
        if is_nameless(function):
            self["config"] = f"{_NAMELESS} of {layer}"

    def __deepcopy__(self, _: Any) -> Described:
        return self

    def __reduce__(self) -> Any:
        return dict, (dict(self),)  # elsewhere, it is what a file would hold


def is_nameless(function: Any) -> bool:
    """True for a lambda and for what has no name at all: no file can ask for it by its own name."""
    return getattr(function, "__name__", _NAMELESS) == _NAMELESS


def _names(function: Callable[..., Any]) -> set[str]:
    try:
        return set(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # functions written in C may have no signature
        return set()


def _named(description: Any, layer: Any, custom_objects: Mapping[str, Any]) -> Callable[..., Any]:
    """The function that a configuration names: one of ``custom_objects``, an activation, or an operation."""
    if isinstance(description, Described) and not {description["config"], layer} & set(custom_objects):
        return description.function
    if callable(description):
        found: Callable[..., Any] = description
        return found
    name = _name_in(description)
    for wanted in (name, layer):
        own = custom(wanted, custom_objects)
        if own is not None:
            if not callable(own) or inspect.isclass(own):
                raise TypeError(f"the function {wanted!r:.80} of a Lambda layer is {own!r:.80}, which is no function")
            return own
    _require_no_code(name, layer)
    if allowance.current.get() is not None:
        raise ValueError(
            f"a Lambda layer asks for the function {name!r:.80}; files hold no functions here: pass it by "
            f"custom_objects={{{name!r:.80}: ...}}"
        )
    for room, known in ((activations, activations.FUNCTIONS), (ops, ops.TABLE)):
        if name in known:
            return getattr(room, str(name))
    raise ValueError(
        f"the function {name!r:.80} of a Lambda layer is not known; pass it by "
        f"from_config(config, custom_objects={{{name!r:.80}: ...}})"
    )


def _name_in(description: Any) -> str | None:
    """The name that a configuration asks for; None where it holds code, or what else is no name."""
    if isinstance(description, Mapping):
        description = description.get("config") if description.get("class_name") == "function" else None
    return description if isinstance(description, str) else None


def _require_no_code(name: str | None, layer: Any) -> None:
    if name is not None and not name.startswith(_NAMELESS):
        return
    if not isinstance(layer, str):
        raise ValueError("a Lambda layer without a name holds code, which is never run here; make it anew")
    what = "holds code, which is never run here" if name is None else "was saved without its function, a lambda"
    raise ValueError(
        f"the Lambda layer {layer!r:.80} {what}: pass its function by the name of the layer, "
        f"custom_objects={{{layer!r:.80}: function}}"
    )

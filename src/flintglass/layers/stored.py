"""What a layer gives to a file and takes from one: its own variables, and the shapes that it was built for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

from flintglass.errors import ShapeError
from flintglass.tracing.tracking import Tracked
from flintglass.tracing.variable import Variable


class Stored(Tracked):
    """The part of a layer that files see; a subclass may keep other things than its variables in order."""

    built: bool
    name: str

    def stored_variables(self) -> list[Variable]:
        """The layer's own variables in the order of files: those that train, then the others."""
        own = {id(v): v for v in (*vars(self).get("_added_weights", ()), *self.own_variables())}
        return sorted(own.values(), key=lambda variable: not variable.trainable)

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Put arrays into ``store`` by names; those of inner layers have a store of their own."""
        for number, variable in enumerate(self.stored_variables()):
            store[str(number)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Take what ``save_own_variables`` put; ShapeError where it is not what the layer holds."""
        own = self.stored_variables()
        if len(store) != len(own):
            raise ShapeError(f"layer {self.name!r} has {len(own)} variables, but {len(store)} are stored")
        for number, variable in enumerate(own):
            variable.assign(store[str(number)])

    def save_assets(self, dir_path: str) -> None:
        """Files of a layer's own are not written here: a model whose layer defines this is refused."""

    def load_assets(self, dir_path: str) -> None:
        """Files of a layer's own are not read here."""

    def get_build_config(self) -> dict[str, Any] | None:
        """What ``build_from_config`` takes; None for a layer that needs nothing."""
        shape = vars(self).get("_built_for")
        return None if shape is None else {"input_shape": shape}

    def build_from_config(self, config: Mapping[str, Any]) -> None:
        """Make the weights for the shapes that ``get_build_config`` told."""
        shape = config.get("input_shape")
        if not self.built and shape is not None:
            self.compute_output_shape(shape)  # type: ignore[attr-defined]  # of every layer: it builds, then traces


def variables_of(thing: Any) -> list[Variable]:
    """What a file holds of a layer, an optimizer or a generator of random numbers itself, in its order."""
    if isinstance(thing, Stored):
        return thing.stored_variables()
    found: Iterable[Variable] = [thing.state] if hasattr(thing, "state") else thing.variables
    return list(found)

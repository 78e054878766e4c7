"""The variables of an optimizer: counters of its own, and slots, one for each weight."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flintglass import initializers
from flintglass.tracing import context
from flintglass.tracing.tracking import Tracked
from flintglass.tracing.variable import Variable


class Slots(Tracked):
    """What an optimizer remembers, in variables that programs read and write as state."""

    name: str

    def __init__(self) -> None:
        self.built = False
        self._added: list[Variable] = []
        self._slots: list[list[Variable]] = []
        self._trained: list[Variable] = []
        self._positions: dict[int, int] = {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A copy has variables of its own, which are looked up by their identity.
        vars(self).update(state)
        self._positions = {id(variable): position for position, variable in enumerate(self._trained)}

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "none",
        layout: Any = None,
        name: str | None = None,
        label: str | None = None,
    ) -> Variable:
        """A variable of the optimizer, ``<optimizer>/<name>``, filled by ``initializer``."""
        name = name or "variable"
        with context.answering(None):
            variable = Variable(
                initializers.get(initializer),
                shape=tuple(shape),
                dtype=dtype,
                trainable=False,
                name=name,
                path=f"{self.name}/{name}",
                label=f"{self.name}/{label or name}",
            )
        self._added.append(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """A variable of a weight's shape and dtype, ``<optimizer>/<weight>_<name>``."""
        name = name or "var"
        path, label = (text.replace("/", "_") for text in (reference_variable.path, reference_variable.label))
        return self.add_variable(
            reference_variable.spec.shape,  # type: ignore[arg-type]  # a variable's shape has no named sizes
            initializer,
            dtype=reference_variable.dtype,
            name=f"{path}_{name}",
            label=f"{label}_{name}",
        )

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Variable], name: Any, initializer: Any = "zeros"
    ) -> Any:
        """A variable for each weight; with several names, a tuple with a list for each of them."""
        names = [name] if isinstance(name, str) else list(name)
        initial = list(initializer) if isinstance(initializer, (list, tuple)) else [initializer] * len(names)
        slots: tuple[list[Variable], ...] = tuple([] for _ in names)
        self._slots.extend(slots)
        for weight in trainable_variables:
            for kept, label, start in zip(slots, names, initial, strict=True):
                kept.append(self.add_variable_from_reference(weight, label, start))
        return slots[0] if isinstance(name, str) else slots

    @property
    def variables(self) -> list[Variable]:
        """The counter of iterations, the learning rate where it is a number, and what ``build`` made."""
        return list(self._added)

    def slot_groups(self) -> list[list[Variable]]:
        """The slots by kind, in the order of the weights: an engine passes over each kind in one go."""
        return self._slots

    def take(self, variables: Iterable[Variable]) -> None:
        """Take these variables as the ones to train."""
        self._trained = list(variables)
        self._positions = {id(variable): position for position, variable in enumerate(self._trained)}

    def _position(self, variable: Variable) -> int:
        """The place of a weight, and of its slots, among those that the optimizer was built for."""
        found = self._positions.get(id(variable))
        if found is None:
            known = ", ".join(item.path for item in self._trained)
            raise ValueError(
                f"{self.name} was built for {known}, and is now given {variable.path}. Make a new optimizer "
                f"for other variables"
            )
        return found

    def _get_variable_index(self, variable: Variable) -> int:
        """The same, by the name that optimizers of users' own call."""
        return self._position(variable)

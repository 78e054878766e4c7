"""The Optimizer: variables of its own, and the step that changes weights by their gradients."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from flintglass import config, initializers
from flintglass.names import automatic_name, snake_case
from flintglass.optimizers.clipping import clip_each_norm, clip_norm_of_all, clip_values
from flintglass.optimizers.decay import decay_weights
from flintglass.tracing import context
from flintglass.tracing.tensor import Tensor, cast, convert
from flintglass.tracing.tracking import Tracked
from flintglass.tracing.variable import Variable

_LATER = {
    "use_ema": "averaging weights",
    "loss_scale_factor": "scaling the loss",
    "gradient_accumulation_steps": "accumulating gradients",
}


class Optimizer(Tracked):
    """The base of optimizers. A subclass makes its variables in ``build`` and writes ``update_step``.

    learning_rate: how far one step goes. weight_decay: the share of each weight, times the rate, that a
    step takes away first. clipnorm, global_clipnorm: the largest norm of one gradient, or of all
    together; clipvalue: the largest size of an element of a gradient; one of the three at most.
    use_ema, loss_scale_factor and gradient_accumulation_steps raise NotImplementedError for now.
    """

    def __init__(
        self,
        learning_rate: float,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        _refuse(type(self).__name__, unknown)
        self.name = name or automatic_name(snake_case(type(self).__name__))
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self._require_settings()
        self.built = False
        self._added: list[Variable] = []
        self._slots: list[list[Variable]] = []
        self._trained: list[Variable] = []
        self._positions: dict[int, int] = {}
        self._iterations = self.add_variable((), dtype="int32", name="iteration")
        self._learning_rate = self.add_variable((), dtype=config.floatx(), name="learning_rate")
        self.learning_rate = learning_rate

    def _require_settings(self) -> None:
        clips = {name: getattr(self, name) for name in ("clipnorm", "clipvalue", "global_clipnorm")}
        given = [f"{name}={value}" for name, value in clips.items() if value is not None]
        if len(given) > 1:
            raise ValueError(f"{self.name}: gradients are clipped in one way, not by {' and '.join(given)}")
        for setting, meaning in _LATER.items():
            if getattr(self, setting):
                raise NotImplementedError(
                    f"{self.name}: {meaning} ({setting}={getattr(self, setting)!r}) comes later; leave {setting} out"
                )

    def __setattr__(self, name: str, value: Any) -> None:
        # The rate is a variable: programs read it anew at every step, so a new rate makes none of them stale.
        if name == "learning_rate":
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A copy has variables of its own, which are looked up by their identity.
        vars(self).update(state)
        self._positions = {id(variable): position for position, variable in enumerate(self._trained)}

    # -- variables

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
        self, reference_variable: Variable, name: str = "var", initializer: Any = "zeros"
    ) -> Variable:
        """A variable of a weight's shape and dtype, ``<optimizer>/<weight>_<name>``."""
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
        """The counter of iterations, the learning rate, and what ``build`` made."""
        return list(self._added)

    def slot_groups(self) -> list[list[Variable]]:
        """The slots by kind, in the order of the weights: an engine passes over each kind in one go."""
        return self._slots

    @property
    def iterations(self) -> Variable:
        """How many steps have been made."""
        return self._iterations

    @property
    def learning_rate(self) -> Variable:
        """How far one step goes; assigning a number changes it from the next step on."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
        if not is_number and not (isinstance(value, (Tensor, np.ndarray)) and value.ndim == 0):
            raise ValueError(
                f"{self.name}: learning_rate is a number, not {value!r}. Schedules and functions of the "
                f"iteration come later"
            )
        if not isinstance(value, Tensor) and not 0 <= float(value) < float("inf"):
            raise ValueError(
                f"{self.name}: learning_rate is a finite number from 0 up, not {value!r}. To go uphill, change the "
                f"sign of the loss"
            )
        self._learning_rate.assign(value if isinstance(value, Tensor) else float(value))

    def build(self, variables: Iterable[Variable]) -> None:
        """Take these variables as the ones to train; subclasses make their slots, after calling this."""
        self._trained = list(variables)
        self._positions = {id(variable): position for position, variable in enumerate(self._trained)}
        self.built = True

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

    # -- steps

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """One step for pairs (gradient, variable); returns the counter of iterations."""
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])
        return self._iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        """One step: change each variable by its gradient. A gradient of None leaves its variable alone.

        Inside a trace this writes the lines of the step, one block a variable; outside it runs them.
        """
        if trainable_variables is None:
            if not self.built:
                raise ValueError(f"{self.name} does not know its variables: pass them, or call build()")
            trainable_variables = self._trained
        if not self.built:
            self.build(trainable_variables)
        if len(grads) != len(trainable_variables):
            raise ValueError(f"{self.name} was given {len(grads)} gradients for {len(trainable_variables)} variables")
        gradients, variables = self._with_gradients(grads, trainable_variables)
        if variables:
            self._step(gradients, variables)
        self._iterations.assign_add(1)

    def _with_gradients(
        self, grads: Sequence[Any], variables: Sequence[Variable]
    ) -> tuple[list[Tensor], list[Variable]]:
        """The gradients that there are, in the dtype of their variables, and these variables."""
        for variable in variables:
            self._position(variable)
        missing = [v.path for g, v in zip(grads, variables, strict=True) if g is None]
        if missing and len(missing) == len(variables):
            raise ValueError(f"{self.name}: the loss depends on none of {', '.join(missing)}: no gradients came")
        if missing:
            warnings.warn(
                f"{self.name}: the loss does not depend on {', '.join(missing)}, which will not be trained",
                stacklevel=4,
            )
        present = [(g, v) for g, v in zip(grads, variables, strict=True) if g is not None]
        return [cast(convert(g), v.dtype) for g, v in present], [v for _, v in present]

    def _step(self, gradients: list[Tensor], variables: list[Variable]) -> None:
        gradients = self._clipped(gradients)
        if self.weight_decay is not None:
            decay_weights(variables, self.weight_decay, self._learning_rate)
        for gradient, variable in zip(gradients, variables, strict=True):
            self.update_step(gradient, variable, self._learning_rate)
        for variable in variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable.value))

    def _clipped(self, gradients: list[Tensor]) -> list[Tensor]:
        if self.clipnorm:
            return clip_each_norm(gradients, self.clipnorm)
        if self.global_clipnorm:
            return clip_norm_of_all(gradients, self.global_clipnorm)
        return clip_values(gradients, self.clipvalue) if self.clipvalue else gradients

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Variable) -> None:
        """Assign the variable, and its slots, their new values; written by subclasses."""
        raise NotImplementedError(f"{type(self).__name__} must define update_step(...)")

    def assign(self, variable: Variable, value: Any) -> None:
        """Replace the variable's value."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Add to the variable's value."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtract from the variable's value."""
        variable.assign_sub(value)

    # -- configuration

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; the learning rate as it is now."""
        return {
            "name": self.name,
            "learning_rate": float(self._learning_rate.numpy()),
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "loss_scale_factor": self.loss_scale_factor,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Optimizer:
        """The optimizer with these constructor arguments."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _refuse(place: str, unknown: dict[str, Any]) -> None:
    """Raise for arguments that there are not; those of earlier Keras are told their new names."""
    if "lr" in unknown:
        raise ValueError(f"{place}: `lr` is called learning_rate now: write learning_rate={unknown['lr']!r}")
    if "decay" in unknown:
        raise ValueError(
            f"{place}: `decay` is no longer an argument. Lower learning_rate while training instead, by a "
            f"callback that assigns optimizer.learning_rate; to shrink weights, use weight_decay"
        )
    if unknown:
        raise ValueError(f"{place} was given arguments that it does not know: {', '.join(sorted(unknown))}")

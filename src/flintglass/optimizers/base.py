"""The Optimizer: variables of its own, and the step that changes weights by their gradients."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flintglass import config, ops
from flintglass.names import automatic_name, snake_case
from flintglass.optimizers.accumulation import may_change, step_when_due
from flintglass.optimizers.arguments import refuse, require_settings, require_shares
from flintglass.optimizers.average import overwrite_every, update_averages
from flintglass.optimizers.blocks import called
from flintglass.optimizers.clipping import clip_each_norm, clip_norm_of_all, clip_values
from flintglass.optimizers.decay import Exclusions, decay_weights
from flintglass.optimizers.rate import is_schedule, rate_at, rate_config, rate_from_config, refuse_number, require_rate
from flintglass.optimizers.slots import Slots
from flintglass.tracing.returned import require_numbers
from flintglass.tracing.tensor import Tensor, cast, convert
from flintglass.tracing.variable import Variable


class Optimizer(Slots):
    """The base of optimizers. A subclass makes its variables in ``build`` and writes ``update_step``.

    learning_rate: how far one step goes: a number, a schedule, or a function that returns the rate.
    weight_decay: the share of each weight, times the rate, that a step takes away first.
    clipnorm, global_clipnorm: the largest norm of one gradient, or of all together; clipvalue: the largest
    size of an element of a gradient; one of the three at most.
    use_ema: keep a running mean of every weight, of which ema_momentum stays at each step; every
    ema_overwrite_frequency steps, and when ``fit`` ends, the weights become their means.
    loss_scale_factor: the loss is multiplied by it and the gradients divided, against gradients too small
    for their dtype. gradient_accumulation_steps: so many steps add up their gradients before one is applied.
    """

    def __init__(
        self,
        learning_rate: Any,
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
        refuse(type(self).__name__, unknown, type(self).__init__)
        super().__init__()
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
        require_settings(self)
        self._undecayed = Exclusions()
        self._averages: list[Variable] = []
        self._sums: list[Variable] = []
        self._iterations = self.add_variable((), dtype="int32", name="iteration")
        self._learning_rate: Any = learning_rate
        if not is_schedule(learning_rate):
            require_rate(self.name, learning_rate)
            self._learning_rate = self.add_variable((), dtype=config.floatx(), name="learning_rate")
            self.learning_rate = learning_rate

    def __setattr__(self, name: str, value: Any) -> None:
        # A number goes into a variable: programs read it anew at every step, so a new one makes none of them
        # stale. A schedule is a part of the program.
        if name == "learning_rate" and not is_schedule(value):
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    # -- what counts and what is set

    @property
    def iterations(self) -> Any:
        """How many steps have been made; with accumulation, how many times gradients were applied."""
        if self.gradient_accumulation_steps:
            return ops.floor_divide(self._iterations, self.gradient_accumulation_steps)
        return self._iterations

    def next_iteration(self, dtype: str) -> Tensor:
        """The number of the step that is being made, from 1 up, as a float."""
        step = self.iterations + 1
        if not self.gradient_accumulation_steps:
            step = called(step, f"{self._iterations.identifier}'")
        return cast(step, dtype)

    @property
    def learning_rate(self) -> Any:
        """How far one step goes now; assigning a number, or a schedule, changes it from the next step on."""
        given = self._learning_rate
        return given if isinstance(given, Variable) else rate_at(given, self._iterations)

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if is_schedule(value):
            self._added = [variable for variable in self._added if variable is not self._learning_rate]
            self._learning_rate = value
            return
        require_rate(self.name, value)
        if not isinstance(self._learning_rate, Variable):
            refuse_number(self.name, self._learning_rate, value)
        self._learning_rate.assign(value if isinstance(value, Tensor) else float(value))

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Leave these variables out of weight decay, and those whose name holds one of ``var_names``."""
        if self.built:
            raise ValueError(
                f"{self.name} has been built, so its program is settled: call exclude_from_weight_decay before "
                "training begins"
            )
        self._undecayed = Exclusions(var_list, var_names)

    def build(self, variables: Iterable[Variable]) -> None:
        """Take these variables as the ones to train; subclasses make their slots, after calling this."""
        require_shares(self)
        self.take(variables)
        if self.use_ema:
            self._averages = self.add_optimizer_variables(self._trained, "average")
        if self.gradient_accumulation_steps:
            self._sums = self.add_optimizer_variables(self._trained, "gradient_accumulator")
        self.built = True

    # -- steps

    def scale_loss(self, loss: Any) -> Any:
        """The loss times ``loss_scale_factor``, where there is one: ``apply`` expects the gradients of it."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """One step for pairs (gradient, variable); returns the counter of steps."""
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
            self._accumulate_or_step(gradients, variables)
            self._average()
        for variable in variables:
            if variable.constraint is not None:
                kept = variable.constraint(variable.value)
                place = f"the constraint of {variable.path}"
                variable.assign(require_numbers(variable.constraint, kept, place, "the weight that keeps it"))
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
        present = [(cast(convert(g), v.dtype), v) for g, v in zip(grads, variables, strict=True) if g is not None]
        scale = self.loss_scale_factor
        return [g if scale is None else g / scale for g, _ in present], [v for _, v in present]

    def _accumulate_or_step(self, gradients: list[Tensor], variables: list[Variable]) -> None:
        every = self.gradient_accumulation_steps
        if not every:
            self._step(gradients, variables)
            return
        sums = [self._sums[self._position(variable)] for variable in variables]
        changed = may_change(self, variables, [*self._sums, *self._averages, self._iterations, self._learning_rate])
        step_when_due(every, self._iterations, sums, gradients, changed, lambda means: self._step(means, variables))

    def _step(self, gradients: list[Tensor], variables: list[Variable]) -> None:
        gradients, rate = self._clipped(gradients), self.learning_rate
        if self.weight_decay is not None:
            decay_weights([v for v in variables if not self._undecayed.holds(v)], self.weight_decay, rate)
        self.begin_step()
        for gradient, variable in zip(gradients, variables, strict=True):
            self.update_step(gradient, variable, rate)

    def _clipped(self, gradients: list[Tensor]) -> list[Tensor]:
        if self.clipnorm:
            return clip_each_norm(gradients, self.clipnorm)
        if self.global_clipnorm:
            return clip_norm_of_all(gradients, self.global_clipnorm)
        return clip_values(gradients, self.clipvalue) if self.clipvalue else gradients

    def begin_step(self) -> None:
        """Change what all weights share, before ``update_step`` is called for each; nothing by default."""

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Assign the variable, and its slots, their new values; written by subclasses."""
        raise NotImplementedError(f"{type(self).__name__} must define update_step(...)")

    def _average(self) -> None:
        if self.use_ema:
            update_averages(self._averages, self._trained, self.ema_momentum, self.iterations)
            if self.ema_overwrite_frequency:
                overwrite_every(self.ema_overwrite_frequency, self._averages, self._trained, self.iterations)

    def averaged(self) -> list[tuple[Variable, Variable]]:
        """The weights with their running means, once a step was made; empty where none are kept."""
        made = self.use_ema and self.built and int(self._iterations.numpy())
        return list(zip(self._trained, self._averages, strict=True)) if made else []

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Replace these weights by their running means, where there are any; ``fit`` does so at its end."""
        wanted = {id(variable) for variable in var_list}
        for variable, mean in self.averaged():
            if id(variable) in wanted:
                variable.assign(mean)

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
        """The constructor's arguments; the learning rate as it is now, or the dictionary of its schedule."""
        return {
            "name": self.name,
            "learning_rate": rate_config(self._learning_rate),
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
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Optimizer:
        """The optimizer with these constructor arguments."""
        if "learning_rate" in config:
            config = {**config, "learning_rate": rate_from_config(config["learning_rate"], custom_objects)}
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"

"""A model's own train_step, test_step, predict_step and compute_loss: traced into the programs, with what they report.

What a step returns, numbers by name, is kept in variables; so the logs of an epoch are what its last step returned, and
the engine runs epochs of such a model as it runs those of any other.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from flintglass.data.streams import parts_of
from flintglass.layers.origin import lines_of
from flintglass.tracing import context
from flintglass.tracing.structure import flatten
from flintglass.tracing.tape import GradientTape
from flintglass.tracing.tensor import Tensor, convert
from flintglass.tracing.tracking import Tracked
from flintglass.tracing.variable import Variable

KINDS = ("train", "test")


class OwnSteps(Tracked):
    """The steps that a model may define itself, as a subclass sees them."""

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of training on ``data`` (x, (x, y) or (x, y, sample_weight)); what is logged, by name.

        A subclass may define its own; this is the one that fit makes. Inside, everything is a tensor of a program.
        """
        model: Any = self
        x, y, weights = unpack_x_y_sample_weight(data)
        with GradientTape() as tape:
            predictions = model(x, training=True)
            loss = model.compute_loss(x=x, y=y, y_pred=predictions, sample_weight=weights)
        variables = model.trainable_variables
        model.optimizer.apply(tape.gradient(loss, variables), variables)
        return _logged(model, loss, x, y, predictions, weights)

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation; what is logged, by name."""
        model: Any = self
        x, y, weights = unpack_x_y_sample_weight(data)
        predictions = model(x, training=False)
        loss = model.compute_loss(x=x, y=y, y_pred=predictions, sample_weight=weights, training=False)
        return _logged(model, loss, x, y, predictions, weights)

    def predict_step(self, data: Any) -> Any:
        """The outputs for ``data``, which is x or (x,)."""
        model: Any = self
        return model(unpack_x_y_sample_weight(data)[0], training=False)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Tensor:
        """The scalar that training minimises: the losses of compile(), and those that layers added."""
        programs: Any = vars(self)["_programs"]
        found: Tensor = programs.compiled_loss(y_pred, _listed(y), _listed(sample_weight))
        return found

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Add a batch to the metrics of compile(); the results of all metrics, by name."""
        programs: Any = vars(self)["_programs"]
        programs.update_compiled_metrics(_listed(y), flatten(y_pred), _listed(sample_weight))
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """The results of the model's metrics, by name."""
        named: dict[str, Any] = {}
        for metric in self.metrics:  # type: ignore[attr-defined]
            named.update(results_of(metric))
        return named


def results_of(metric: Any) -> dict[str, Any]:
    """What a metric gives, by name: most give one number."""
    result = metric.result()
    return result if isinstance(result, dict) else {metric.name: result}


def _logged(model: Any, loss: Tensor, x: Any, y: Any, predictions: Any, weights: Any) -> dict[str, Any]:
    first = flatten(predictions)[0]
    rows = first.shape[0] if first.shape else 1
    model.require_compiled("a step").loss_tracker.update_state(loss, sample_weight=rows)
    found: dict[str, Any] = model.compute_metrics(x, y, predictions, sample_weight=weights)
    return found


def _listed(nested: Any) -> list[Tensor]:
    return [] if nested is None else [convert(leaf) for leaf in flatten(nested)]


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """x, y and sample_weight of what a step is given; None for what is missing."""
    return parts_of(data, "a step") if isinstance(data, tuple) else (data, None, None)


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """What a step is given: x alone, (x, y) or (x, y, sample_weight)."""
    if y is None:
        return x if not isinstance(x, (list, tuple)) else (x,)
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def own(model: Any, name: str) -> bool:
    """True where the model's class defines this method itself."""
    return getattr(type(model), name) is not getattr(OwnSteps, name)


def own_step(model: Any, kind: str) -> bool:
    """True where the model's class defines this kind of step itself."""
    return own(model, f"{kind}_step")


def require_data_alone(model: Any, kind: str) -> None:
    """TypeError where the model's own step takes more than data."""
    parameters = list(inspect.signature(getattr(model, f"{kind}_step")).parameters)
    if len(parameters) != 1:
        raise TypeError(
            f"{type(model).__name__}.{kind}_step({', '.join(parameters)}) takes the state as an argument, as Keras on "
            f"JAX has it; write {kind}_step(self, data), which reads and assigns the model's variables"
        )


def data_of(x: Any, y: Sequence[Tensor], weights: Sequence[Tensor]) -> Any:
    """What a step is given, from the inputs of a program."""
    return pack_x_y_sample_weight(x, one_or_all(y), one_or_all(weights))


def one_or_all(tensors: Sequence[Tensor]) -> Any:
    """The one tensor, the list of several, None for none: as a model's methods are given them."""
    return None if not tensors else tensors[0] if len(tensors) == 1 else list(tensors)


class Reports:
    """The variables that hold what own steps returned last."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Variable]] = {}

    @property
    def names(self) -> tuple[Any, ...]:
        """What there is to read, as a key."""
        return tuple((kind, *sorted(kept)) for kind, kept in sorted(self.kept.items()))

    def note(self, kind: str, returned: Any, place: str) -> Tensor:
        """Assign what a step returned; the loss among it, or the first number."""
        if not isinstance(returned, Mapping) or not returned:
            raise TypeError(
                f"{place} returned {type(returned).__name__}; it returns what is logged, numbers by name, such as "
                "{'loss': loss}"
            )
        kept = self.kept.setdefault(kind, {})
        values = {str(name): convert(value) for name, value in returned.items()}
        with lines_of("logs"):
            for name, value in values.items():
                if name not in kept or kept[name].spec != value.spec:
                    with context.answering(None):
                        kept[name] = Variable(np.zeros(value.shape, value.dtype), name=name, path=f"logs/{name}")
                kept[name].assign(value)
        return values.get("loss", next(iter(values.values())))

    def read(self) -> dict[str, Any]:
        """The values of all of them, by kind and name."""
        return {f"{kind} {name}": v.value for kind, kept in self.kept.items() for name, v in kept.items()}

"""The Metric: variables that every batch adds to, and a result that is read from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flintglass import initializers, ops
from flintglass.errors import warn
from flintglass.names import automatic_name, name_first, snake_case
from flintglass.tracing import context
from flintglass.tracing.promotion import standard_dtype
from flintglass.tracing.tensor import Tensor
from flintglass.tracing.tracking import Tracked, walked_once
from flintglass.tracing.variable import Variable


class Metric(Tracked):
    """The base of metrics. A subclass makes its variables in ``__init__`` and writes ``update_state`` and
    ``result`` with tensors, so that both can become lines of a program.

    name: how the metric is called in logs; the class's name in snake_case unless given.
    dtype: what it is summed in; the default float unless given.
    ``direction`` is "up" where larger is better, "down" where smaller is, None where nobody can say.
    """

    direction: str | None = None

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        own = vars(cls)
        if "reset_states" in own and "reset_state" not in own:
            cls.reset_state = own["reset_states"]  # type: ignore[method-assign]  # a class written for Keras 2

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or automatic_name(snake_case(type(self).__name__))
        self._dtype = standard_dtype(getattr(dtype, "compute_dtype", dtype))
        self._added: list[Variable] = []

    @property
    def dtype(self) -> str:
        """The dtype of the sums and of the result."""
        return self._dtype

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """A variable of the metric, ``<metric>/<name>``, filled by ``initializer``."""
        if "_added" not in vars(self):
            raise RuntimeError(f"{type(self).__name__}.__init__ must call super().__init__() before add_variable()")
        name = name or "variable"
        with context.answering(None):
            variable = Variable(
                initializers.get(initializer),
                shape=tuple(shape),
                dtype=self._dtype if dtype is None else dtype,
                trainable=False,
                name=name,
                path=f"{self.name.replace('/', '>')}/{name}",
            )
        self._added.append(variable)
        return variable

    @name_first("shape")
    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        name: str | None = None,
    ) -> Variable:
        """The same as ``add_variable``, a scalar unless a shape is given."""
        return self.add_variable(shape=shape, initializer=initializer, dtype=dtype, name=name)

    @property
    @walked_once(list)
    def variables(self) -> list[Variable]:
        """The variables, followed by those of metrics among the attributes."""
        inner = [child for child in self.children() if isinstance(child, Metric)]
        return [*self.own_variables(), *(variable for metric in inner for variable in metric.variables)]

    def update_state(self, *arguments: Any, **keywords: Any) -> None:
        """Add a batch, as ``update_state(y_true, y_pred, sample_weight=None)``; written by subclasses."""
        raise NotImplementedError(f"{type(self).__name__} must define update_state(...)")

    def result(self) -> Any:
        """The value for all batches since the last reset; written by subclasses."""
        raise NotImplementedError(f"{type(self).__name__} must define result()")

    def reset_state(self) -> None:
        """Forget all batches: every variable becomes 0."""
        for variable in self.variables:
            variable.assign(ops.zeros(variable.spec.shape, variable.dtype) if variable.spec.shape else 0)

    def reset_states(self) -> None:
        """The spelling of Keras 2."""
        warn("reset_states() of a metric is called reset_state() now")
        # The class that a user wrote for Keras 2 may have come here from its own reset_states().
        owners = (vars(kind) for kind in type(self).__mro__ if "reset_state" in vars(kind))
        next(own["reset_state"] for own in owners if own["reset_state"] is not own.get("reset_states"))(self)

    def __call__(self, *arguments: Any, **keywords: Any) -> Tensor:
        """Add a batch and return the value so far."""
        self.update_state(*arguments, **keywords)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """The metric with these constructor arguments."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"

"""A Loss made from a function of targets and predictions, with settings that it is called with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from flintglass.identifiers import function_dictionary
from flintglass.losses.base import Loss

Check = Callable[..., None]


def checked(check: Check | None = None, labels: bool = False) -> Callable[[Any], Any]:
    """Enter what a loss function says of its targets.

    check: ``(y_true, output_shape, **settings)``, called before training, raises where they cannot be
    meant. labels: whether the targets are whole numbers, which no float could stand for.
    """

    def enter(function: Any) -> Any:
        function.check, function.labels = check, labels
        return function

    return enter


class LossFunctionWrapper(Loss):
    """The loss ``fn(y_true, y_pred, **settings)``, which returns one number a row."""

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **settings: Any,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self._settings = settings

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One loss for each row."""
        found = self.fn(y_true, y_pred, **self._settings)
        if found is None or isinstance(found, str):
            raise TypeError(
                f"loss {self.name!r}: the function returned {found!r} where a tensor of losses is expected, one for "
                "each row; does it end without `return`?"
            )
        return found

    def check(self, y_true: np.ndarray, output_shape: Sequence[Any]) -> None:
        """Raise DataError or ShapeError where the targets cannot be meant for this function."""
        check = getattr(self.fn, "check", None)
        if check is not None:
            check(self.name, np.asarray(y_true), tuple(output_shape), **self._settings)

    def _targets(self, y_true: Any) -> Any:
        # Labels stay whole numbers: through a float they would need two more lines and lose digits.
        return y_true if getattr(self.fn, "labels", False) else super()._targets(y_true)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; the function by its name."""
        return {**super().get_config(), "fn": function_dictionary(self.fn), **self._settings}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """The loss with these constructor arguments."""
        from flintglass.losses.registry import LOSSES

        if isinstance(config.get("fn"), dict):
            config = {**config, "fn": LOSSES.from_dictionary(config["fn"])}
        return cls(**config)


class NamedLoss(LossFunctionWrapper):
    """A loss class of its own: its configuration holds its settings and no function.

    ``kept`` names the settings that the configuration holds, each an attribute of the loss too.
    """

    kept: tuple[str, ...] = ()

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**Loss.get_config(self), **{name: getattr(self, name) for name in self.kept}}

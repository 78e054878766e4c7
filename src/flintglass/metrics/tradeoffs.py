"""The best of one rate that can be had, by choice of the threshold, while another is at least so much."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.metrics.confusion import CELLS, Confusion, evenly
from flintglass.tracing.tensor import Tensor

# A rate: the cell of the right ones, and the cell of those that were missed.
SENSITIVITY = RECALL = ("true_positives", "false_negatives")
SPECIFICITY = ("true_negatives", "false_positives")
PRECISION = ("true_positives", "false_positives")


class Tradeoff(Confusion):
    """The largest ``wanted`` rate over the thresholds at which the ``held`` one is at least the value given."""

    setting: str
    held: tuple[str, str]
    wanted: tuple[str, str]

    def __init__(self, value: float, num_thresholds: int, class_id: int | None, name: str | None, dtype: Any) -> None:
        if not 0 <= value <= 1:
            raise ValueError(
                f"{type(self).__name__}: {self.setting} is a share between 0 and 1, not {value!r}; percents are "
                f"divided by 100"
            )
        if num_thresholds <= 0:
            raise ValueError(
                f"{type(self).__name__}: num_thresholds is at least 1, not {num_thresholds!r}; 200 is usual"
            )
        super().__init__(tuple(CELLS), evenly(num_thresholds), name, dtype, class_id=class_id)
        self.value = value
        self.num_thresholds = num_thresholds
        setattr(self, self.setting, value)
        self.add_cells()

    def result(self) -> Tensor:
        """The best rate so far; 0 where no threshold fulfils the condition."""
        fulfilled = ops.greater_equal(self._rate(self.held), self.value)
        return ops.max(ops.where(fulfilled, self._rate(self.wanted), 0.0))

    def _rate(self, cells: tuple[str, str]) -> Tensor:
        right, missed = (getattr(self, cell) for cell in cells)
        return ops.divide_no_nan(right, right + missed)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        settings = {"num_thresholds": self.num_thresholds, self.setting: self.value, "class_id": self.class_id}
        return {**super().get_config(), **settings}


class SensitivityAtSpecificity(Tradeoff):
    """The best share of the true ones that is found while at least this share of the others is left alone."""

    setting, held, wanted = "specificity", SPECIFICITY, SENSITIVITY

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name, dtype)


class SpecificityAtSensitivity(Tradeoff):
    """The best share of the others that is left alone while at least this share of the true ones is found."""

    setting, held, wanted = "sensitivity", SENSITIVITY, SPECIFICITY

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)


class PrecisionAtRecall(Tradeoff):
    """The best precision at a recall of at least this much."""

    setting, held, wanted = "recall", RECALL, PRECISION

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name, dtype)


class RecallAtPrecision(Tradeoff):
    """The best recall at a precision of at least this much."""

    setting, held, wanted = "precision", PRECISION, RECALL

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name, dtype)

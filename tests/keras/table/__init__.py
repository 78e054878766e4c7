"""The table of cases, in the order in which docs/parity.md prints them."""

from __future__ import annotations

from tests.keras.case import Case
from tests.keras.table import fitting, layers, losses, models, optimizers

GROUPS: dict[str, list[Case]] = {
    "Layers": layers.CASES,
    "Models": models.CASES,
    "Losses and metrics": losses.CASES,
    "Optimizers": optimizers.CASES,
    "Ways to fit": fitting.CASES,
}
CASES = [case for cases in GROUPS.values() for case in cases]

"""Cases of optimizers: every argument that changes a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.keras.case import DOUBLE, Case
from tests.keras.table.losses import net


def optimizer(name: str, **settings: Any) -> Callable[[Any], Any]:
    """The optimizer class of this name."""
    return lambda side: getattr(side.optimizers, name)(**settings)


def _cases(table: dict[str, Callable[[Any], Any] | str], **more: Any) -> list[Case]:
    return [Case(name, net(2), optimizer=given, **more) for name, given in table.items()]


CASES = [
    *_cases({"sgd by name": "sgd", "adam by name": "adam"}),
    *_cases({"Adam(0.01)": optimizer("Adam", learning_rate=0.01)}, quick=DOUBLE),
    *_cases({"SGD, Nesterov": optimizer("SGD", learning_rate=0.05, momentum=0.9, nesterov=True)}),
    *_cases(
        {
            "SGD(0.1)": optimizer("SGD", learning_rate=0.1),
            "SGD, momentum": optimizer("SGD", learning_rate=0.05, momentum=0.9),
            "SGD, weight_decay": optimizer("SGD", learning_rate=0.1, weight_decay=0.05),
            "SGD, momentum and weight_decay": optimizer("SGD", learning_rate=0.05, momentum=0.8, weight_decay=0.05),
            "SGD, clipnorm": optimizer("SGD", learning_rate=0.1, clipnorm=0.05),
            "SGD, clipvalue": optimizer("SGD", learning_rate=0.1, clipvalue=0.02),
            "SGD, global_clipnorm": optimizer("SGD", learning_rate=0.1, global_clipnorm=0.1),
            "Adam, other betas and epsilon": optimizer(
                "Adam", learning_rate=0.02, beta_1=0.8, beta_2=0.99, epsilon=1e-4
            ),
            "Adam, AMSGrad": optimizer("Adam", learning_rate=0.02, amsgrad=True),
            "Adam, weight_decay": optimizer("Adam", learning_rate=0.02, weight_decay=0.1),
            "Adam, clipnorm": optimizer("Adam", learning_rate=0.02, clipnorm=0.05),
            "Adam, clipvalue": optimizer("Adam", learning_rate=0.02, clipvalue=0.02),
            "Adam, global_clipnorm": optimizer("Adam", learning_rate=0.02, global_clipnorm=0.1),
        }
    ),
]

"""Cases of optimizers: every argument that changes a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.keras.case import DOUBLE, LIMITS, Case
from tests.keras.table.losses import net


def optimizer(name: str, **settings: Any) -> Callable[[Any], Any]:
    """The optimizer class of this name."""
    return lambda side: getattr(side.optimizers, name)(**settings)


def scheduled(name: str, *arguments: Any, **settings: Any) -> Callable[[Any], Any]:
    """Gradient descent by the schedule of this name."""
    return lambda side: side.optimizers.SGD(getattr(side.optimizers.schedules, name)(*arguments, **settings))


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
    *_cases(
        {
            "AdamW": optimizer("AdamW", learning_rate=0.02),
            "Nadam": optimizer("Nadam", learning_rate=0.02),
            "Adamax": optimizer("Adamax", learning_rate=0.02),
            "Adagrad": optimizer("Adagrad", learning_rate=0.1),
            "Adadelta": optimizer("Adadelta", learning_rate=1.0),
            "Lion": optimizer("Lion", learning_rate=0.005),
            "Ftrl": optimizer("Ftrl", learning_rate=0.1),
            "Lamb": optimizer("Lamb", learning_rate=0.02),
            "RMSprop, centered, momentum": optimizer("RMSprop", learning_rate=0.01, momentum=0.5, centered=True),
        }
    ),
    *_cases({name.lower() + " by name": name.lower() for name in ("RMSprop", "Nadam", "AdamW", "Lion", "Ftrl")}),
    *_cases(
        {
            "AdamW, all of its own": optimizer(
                "AdamW", learning_rate=0.02, weight_decay=0.1, beta_1=0.8, beta_2=0.99, epsilon=1e-4, amsgrad=True
            ),
            "Nadam, other betas": optimizer("Nadam", learning_rate=0.02, beta_1=0.8, beta_2=0.99, epsilon=1e-4),
            "Adamax, other betas": optimizer("Adamax", learning_rate=0.02, beta_1=0.8, beta_2=0.9, epsilon=1e-4),
            "Adagrad, begun at 0.5": optimizer("Adagrad", learning_rate=0.1, initial_accumulator_value=0.5),
            "Adadelta, rho": optimizer("Adadelta", learning_rate=1.0, rho=0.8, epsilon=1e-4),
            "Lion, other betas": optimizer("Lion", learning_rate=0.005, beta_1=0.7, beta_2=0.9, weight_decay=0.1),
            "Ftrl, l1": optimizer("Ftrl", learning_rate=0.1, l1_regularization_strength=0.05, beta=0.1),
            "Ftrl, l2 and shrinkage": optimizer(
                "Ftrl",
                learning_rate=0.1,
                learning_rate_power=-0.7,
                l2_regularization_strength=0.1,
                l2_shrinkage_regularization_strength=0.05,
            ),
        }
    ),
    *_cases(
        {
            "average": optimizer("SGD", learning_rate=0.1, use_ema=True, ema_momentum=0.9),
            "average that takes over": optimizer(
                "Adam", learning_rate=0.02, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=7
            ),
            "accumulation": optimizer("SGD", learning_rate=0.1, momentum=0.9, gradient_accumulation_steps=3),
            "accumulation, Adam, decay and clipping": optimizer(
                "Adam", learning_rate=0.02, gradient_accumulation_steps=4, weight_decay=0.1, clipnorm=0.05
            ),
            "accumulation, Nadam and average": optimizer(
                "Nadam",
                learning_rate=0.02,
                gradient_accumulation_steps=2,
                use_ema=True,
                ema_momentum=0.8,
                ema_overwrite_frequency=3,
            ),
            "scaled loss": optimizer("Adam", learning_rate=0.02, loss_scale_factor=1024.0),
        }
    ),
    *_cases(
        {
            "ExponentialDecay": scheduled("ExponentialDecay", 0.1, 10, 0.5),
            "ExponentialDecay, staircase": scheduled("ExponentialDecay", 0.1, 10, 0.5, staircase=True),
            "InverseTimeDecay": scheduled("InverseTimeDecay", 0.1, 10, 0.5),
            "PiecewiseConstantDecay": scheduled("PiecewiseConstantDecay", [10, 25], [0.1, 0.05, 0.01]),
            "PolynomialDecay": scheduled("PolynomialDecay", 0.1, 30, 0.01, power=2.0),
            "PolynomialDecay, cycle": scheduled("PolynomialDecay", 0.1, 20, 0.01, cycle=True),
        }
    ),
    *_cases(
        {
            "a schedule with accumulation": lambda side: side.optimizers.Adam(
                side.optimizers.schedules.ExponentialDecay(0.05, 20, 0.5), gradient_accumulation_steps=3
            ),
        }
    ),
    *_cases(
        {
            "Adafactor": optimizer("Adafactor", learning_rate=0.05),
            "Adafactor, all of its own": optimizer(
                "Adafactor", learning_rate=0.5, beta_2_decay=-0.5, epsilon_2=0.05, clip_threshold=0.8
            ),
        },
        limits={**LIMITS, "float64": 1e-6},
        note="Keras takes the means of rows, of columns and of whole weights in float32",
    ),
    *_cases(
        {
            "CosineDecay": scheduled("CosineDecay", 0.1, 40, alpha=0.1),
            "CosineDecay, warm-up": scheduled("CosineDecay", 0.01, 30, warmup_target=0.1, warmup_steps=10),
            "CosineDecayRestarts": scheduled("CosineDecayRestarts", 0.1, 7, m_mul=0.9, alpha=0.01),
            "CosineDecayRestarts, waves of one length": scheduled("CosineDecayRestarts", 0.1, 12, t_mul=1.0),
        },
        limits={**LIMITS, "float64": 1e-7},
        note="Keras computes waves of the cosine in float32",
    ),
]

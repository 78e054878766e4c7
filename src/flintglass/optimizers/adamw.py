"""AdamW: Adam with weight decay."""

from __future__ import annotations

from typing import Any

from flintglass.optimizers.adam import Adam
from flintglass.optimizers.arguments import common


class AdamW(Adam):
    """Adam, before each of whose steps every weight loses ``weight_decay * learning_rate`` of itself.

    Source: Loshchilov and Hutter, "Decoupled weight decay regularization" (ICLR 2019).
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float | None = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
        super().__init__(beta_1=beta_1, beta_2=beta_2, epsilon=epsilon, amsgrad=amsgrad, **common(locals()))
        if self.weight_decay is None:
            raise ValueError(f"{self.name}: weight_decay is a number, not None; without weight decay this is Adam")

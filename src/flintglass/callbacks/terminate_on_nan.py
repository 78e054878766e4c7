"""TerminateOnNaN: training ends at the first loss that is not finite."""

from __future__ import annotations

import math
from typing import Any

from flintglass.callbacks.base import Callback


class TerminateOnNaN(Callback):
    """Ends training after the batch whose loss became nan or infinite; raise_error: by a RuntimeError.

    An engine that runs epochs by itself looks for such a loss anyway, and calls ``found``, so that no Python
    runs between the steps.
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            self.found(batch)

    def found(self, batch: int) -> None:
        """The loss ceased to be finite in this batch of the epoch, counted from 0."""
        if self.raise_error:
            raise RuntimeError(
                f"the loss became nan or infinite in batch {batch} (counted from 0), and TerminateOnNaN was asked "
                "to raise. A smaller learning rate, scaled inputs, or clipnorm= in the optimizer usually help"
            )
        print(f"Batch {batch}: the loss is not finite, training ends")
        self.model.stop_training = True

"""RemoteMonitor: not here, and what to write instead."""

from __future__ import annotations

from typing import Any

from flintglass.callbacks.base import Callback


class RemoteMonitor(Callback):
    """Raises NotImplementedError: flintglass opens no connections while training."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        raise NotImplementedError(
            "RemoteMonitor is not part of flintglass, which opens no connections. Send the logs yourself: "
            "LambdaCallback(on_epoch_end=lambda epoch, logs: requests.post(address, json=logs))"
        )

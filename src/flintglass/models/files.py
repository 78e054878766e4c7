"""What a model writes and reads: its whole self, its weights, and programs for other machines."""

from __future__ import annotations

from typing import Any

from flintglass.tracing.tracking import Tracked


class Files(Tracked):
    """The part of a model that meets files."""

    def save(self, *_: Any, **__: Any) -> None:
        """Not offered yet; raises NotImplementedError with the way out."""
        raise NotImplementedError(
            "flintglass writes no model files yet; np.savez(path, *model.get_weights()) keeps the weights, and "
            "model.get_config() the layers"
        )

    save_weights = load_weights = export = save

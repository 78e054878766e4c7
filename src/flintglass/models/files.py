"""What a model writes and reads: its whole self, its weights, and programs for other machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flintglass.errors import warn
from flintglass.faces import load_named
from flintglass.tracing.tracking import Tracked


class Files(Tracked):
    """The part of a model that meets files."""

    def save(self, filepath: Any, overwrite: bool = True, **options: Any) -> None:
        """Write the whole model: ``.keras``, or ``.h5`` as Keras 2 did; nothing of it is pickled.

        The file holds the layers, the weights, what compile() was given and the state of the optimizer;
        ``include_optimizer=False`` leaves the last two out. Where writing fails, the old file stays as it was.
        """
        load_named("flintglass.models.writing:save_model")(self, filepath, overwrite, **options)

    def save_weights(self, filepath: Any, overwrite: bool = True, **options: Any) -> None:
        """Write the weights: ``.weights.h5`` (with the optimizer's state), ``.h5``, ``.safetensors`` or ``.npz``."""
        load_named("flintglass.models.writing:save_weights")(self, filepath, overwrite, **options)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, by_name: bool = False, **options: Any) -> None:
        """Replace the weights by those of a file; ModelFileError, and no change, where they do not fit.

        skip_mismatch: layers that do not fit are left as they are, with a warning. by_name: of an ``.h5`` file of Keras
        2, the layers whose names the model has too.
        """
        load_named("flintglass.models.reading_weights:load_weights")(self, filepath, skip_mismatch, by_name, **options)

    def to_json(self, **options: Any) -> str:
        """The layers and their settings as JSON, without weights; ``options`` go to ``json.dumps``."""
        document = load_named("flintglass.models.documents:document_of")(self)
        load_named("flintglass.models.unnamed:tell_of_lambdas")(self)
        return str(load_named("flintglass.models.documents:as_json")(document, **options))

    def get_compile_config(self) -> dict[str, Any]:
        """What compile() was given, as a dictionary; empty where it was not called."""
        found: dict[str, Any] = load_named("flintglass.models.compile_config:compile_config")(self)
        return found

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compile as ``get_compile_config`` told; a model with a compile() of its own defines this too."""
        if type(self).compile is not load_named("flintglass.models.model:Model").compile:  # type: ignore[attr-defined]
            warn(
                f"{type(self).__name__} has a compile() of its own, so it is loaded without being compiled; define "
                "compile_from_config(config) beside it, or call compile() yourself"
            )
            return
        arguments = load_named("flintglass.models.compile_config:compile_arguments")(config)
        self.compile(**arguments)  # type: ignore[attr-defined]

    def export(self, filepath: Any, format: str | None = None, verbose: Any = None, *, x: Any = None) -> None:
        """Write ``predict`` as a program that does without flintglass: ``.py`` (NumPy alone) or ``.h`` (C99).

        The suffix of ``filepath`` says which. x: rows whose first ones become the test vectors inside; where it is
        left out, they are drawn. Raises ExportError where the network cannot be said in that language.
        """
        load_named("flintglass.models.exporting:export")(self, filepath, format, x)

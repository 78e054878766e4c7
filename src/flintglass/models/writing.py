"""Writing: a model, or its weights, into a file of the kind that the name's ending says."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from datetime import datetime
from typing import Any, BinaryIO

from flintglass import __version__
from flintglass.errors import warn
from flintglass.layers.base import Layer
from flintglass.models.documents import as_json, document_of, portable
from flintglass.models.unnamed import tell_of_functions, tell_of_lambdas
from flintglass.saving.archive import write_archive
from flintglass.saving.hdf5.tree import Group
from flintglass.saving.hdf5.write import write_hdf5
from flintglass.saving.layout import tree_of
from flintglass.saving.legacy import legacy_tree, put_weights
from flintglass.saving.named import arrays_by_name
from flintglass.saving.npz import write_npz
from flintglass.saving.places import places
from flintglass.saving.replacing import replacing
from flintglass.saving.safetensors import write_safetensors

# The version of Keras whose files these are.
KERAS_VERSION = "3.15.0"
_FOLDER = (
    "SavedModel folders hold TensorFlow's own programs, which are not written here. Save the model as a .keras file "
    "(model.save('model.keras')), its weights as .weights.h5, or use model.export('model.py')"
)
_ENDING = (
    "a model is saved as .keras (model.save('model.keras')) or as .h5; model.export writes predict as .py or .h, and "
    "nothing writes ONNX yet"
)
WEIGHTS_ENDINGS = ".weights.h5, .h5 (of Keras 2), .safetensors or .npz"


def save_model(model: Any, filepath: Any, overwrite: bool = True, **options: Any) -> None:
    """Write the whole model: layers, weights, compile settings and the optimizer's state.

    filepath: ends in ``.keras``, or in ``.h5`` for the file that older versions of Keras read. The old file stays as it
    was until the new one is whole. include_optimizer=False leaves the compile settings and the state out.
    """
    path = os.fspath(filepath)
    unknown = set(options) - {"include_optimizer", "zipped", "save_format", "save_traces", "signatures", "options"}
    if unknown:
        raise TypeError(f"save() does not know {', '.join(sorted(unknown))}")
    compiled = bool(options.get("include_optimizer", True))
    ending = os.path.splitext(path)[1]
    if not ending and options.get("save_format") in ("h5", "hdf5"):
        ending = ".h5"  # as Keras 2 did; what a file holds is read from its first bytes
    if ending not in (".keras", ".h5", ".hdf5") or options.get("zipped") is False or options.get("save_format") == "tf":
        raise NotImplementedError(f"model.save({path!r}): {_FOLDER if ending in ('', '.tf') else _ENDING}")
    require_free(path, overwrite)
    _tell_of_lost_arguments(model)
    tell_of_lambdas(model)
    if compiled:
        tell_of_functions(model)
    if ending == ".keras":
        _save_archive(model, path, compiled)
    else:
        _save_hdf5(model, path, compiled)


def _tell_of_lost_arguments(model: Any) -> None:
    """Warn of layers of the user's own with constructors whose arguments no get_config() tells."""
    told: set[type] = set()
    for place in places(model):
        kind = type(place.thing)
        if kind.__module__.startswith("flintglass.") or kind in told or not isinstance(place.thing, Layer):
            continue
        own = kind.__init__.__module__, kind.get_config.__module__
        silent = not own[0].startswith("flintglass.") and own[1].startswith("flintglass.")
        parameters = inspect.signature(kind.__init__).parameters.values()
        needed = [
            parameter.name
            for parameter in list(parameters)[1:]
            if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        ]
        if silent and needed:
            told.add(kind)
            warn(
                f"{kind.__name__} has a constructor with {', '.join(needed)}, and no get_config() that tells them: the "
                "file cannot be loaded as a whole. Define get_config(), or keep to save_weights and load_weights"
            )


def _save_archive(model: Any, path: str, compiled: bool) -> None:
    metadata = {"keras_version": KERAS_VERSION, "date_saved": f"{datetime.now():%Y-%m-%d@%H:%M:%S}"}
    with model.at_rest():
        document, root = portable(document_of(model)), tree_of(model)
    if not compiled:
        document.pop("compile_config", None)
        root.members.pop("optimizer", None)
    text = as_json(document)
    with replacing(path) as stream:
        write_archive(
            stream,
            as_json({**metadata, "flintglass_version": __version__}),
            text,
            lambda member: write_hdf5(member, root),
        )


def _save_hdf5(model: Any, path: str, compiled: bool) -> None:
    with model.at_rest():
        document, weights = portable(document_of(model)), legacy_tree(model)
        state = Group()
        if compiled and model.optimizer is not None:
            put_weights(state, model.optimizer.variables, "weight_names")
    about = {"keras_version": KERAS_VERSION, "backend": "flintglass"}
    weights.attributes.update(about)
    root = Group({"model_weights": weights}, dict(about))
    described = {"class_name": document["class_name"], "config": document["config"]}
    if getattr(model, "_graph", None) is None:
        _tell_of_own_call(model, path, document.get("build_config"))
        described["build_config"] = document.get("build_config")  # which Keras never writes here, and never reads
    if document.get("registered_name") and document["registered_name"] != "Functional":
        described["registered_name"] = document["registered_name"]
    root.attributes["model_config"] = as_json(described)
    settings = document.get("compile_config")
    if compiled and settings:
        kept = {key: value for key, value in settings.items() if key != "optimizer"}
        root.attributes["training_config"] = as_json({**kept, "optimizer_config": settings["optimizer"]})
    if state.members:
        root.members["optimizer_weights"] = state
    with replacing(path) as stream:
        write_hdf5(stream, root)


def _tell_of_own_call(model: Any, path: str, built_for: Any) -> None:
    """Warn of an .h5 file of a model with a call of its own: Keras cannot load it, nor we one of unknown shapes."""
    known = bool(built_for and built_for.get("input_shape"))
    ours = "flintglass only with its class by custom_objects" if known else "nor can flintglass"
    warn(
        f"{path}: model {model.name!r} ({type(model).__name__}) has a call of its own, and Keras can load no such "
        f"model from an .h5 file, {ours}: "
        "save it as .keras, or its weights by save_weights and load them into a model of the same class"
    )


def save_weights(model: Any, filepath: Any, overwrite: bool = True, **options: Any) -> None:
    """Write the weights alone; the ending of ``filepath`` chooses the format.

    ``.weights.h5``: Keras 3's, with the state of the optimizer. ``.h5``: that of Keras 2. ``.safetensors`` and
    ``.npz``: arrays by names such as ``dense/kernel``.
    """
    path = os.fspath(filepath)
    if not _has_weights(model):
        warn(f"model {model.name!r} has no weights yet, so {path} will hold none; call it on data first")
    write = next((write for ending, write in _WRITERS.items() if path.endswith(ending)), None)
    if write is None:
        raise ValueError(f"save_weights({path!r}): the name of a file of weights ends in {WEIGHTS_ENDINGS}")
    require_free(path, overwrite)
    with model.at_rest():
        writing = write(model)
    with replacing(path) as stream:
        writing(stream)


def _has_weights(model: Any) -> bool:
    return bool(model.built or model.weights)


Writing = Callable[[BinaryIO], None]


def _keras(model: Any) -> Writing:
    root = tree_of(model)
    return lambda stream: write_hdf5(stream, root)


def _legacy(model: Any) -> Writing:
    root = legacy_tree(model)
    root.attributes.update(keras_version=KERAS_VERSION, backend="flintglass")
    return lambda stream: write_hdf5(stream, root)


def _safetensors(model: Any) -> Writing:
    arrays = arrays_by_name(model)
    return lambda stream: write_safetensors(stream, arrays, {"format": "np"})


def _npz(model: Any) -> Writing:
    arrays = arrays_by_name(model)
    return lambda stream: write_npz(stream, arrays)


_WRITERS: dict[str, Callable[[Any], Writing]] = {
    ".weights.h5": _keras,
    ".h5": _legacy,
    ".hdf5": _legacy,
    ".safetensors": _safetensors,
    ".npz": _npz,
}


def require_free(path: str, overwrite: bool) -> None:
    """FileExistsError where a file would be replaced that must not be."""
    if not overwrite and os.path.exists(path):
        raise FileExistsError(f"{path} exists, and overwrite is False; choose another name")

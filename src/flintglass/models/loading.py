"""Loading: a model from a file that somebody else may have written; nothing of the file is run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

from flintglass.customs import CustomObjectScope
from flintglass.errors import FlintglassError, ModelFileError, warn
from flintglass.models.documents import compile_from, model_from, names_in
from flintglass.models.inside import Waiting, holding
from flintglass.saving.archive import CONFIGURATION, METADATA, WEIGHTS, Archive, opened
from flintglass.saving.assigning import Assignment
from flintglass.saving.documents import read_document
from flintglass.saving.hdf5.read import read_hdf5
from flintglass.saving.hdf5.tree import Dataset, Group
from flintglass.saving.layout import assignment_of, elements
from flintglass.saving.legacy import is_legacy, legacy_assignment, text_attribute, texts_of
from flintglass.saving.older import is_older
from flintglass.saving.optimizer_state import pairs_of
from flintglass.tracing.allowance import Allowance, granting

ZIP, HDF5 = b"PK", b"\x89HDF\r\n\x1a\n"
# Calls of layers and lines that a configuration may lead to. A dense layer takes 4; each costs about 50 us.
OPERATIONS = 12_000
COST_OF_COMPILING = 30  # of those
NUMBERS_OF_METRICS = 4_000_000
# A description without weights has no file that bounds it: 40 MB in float32, and 140 MB more while they are drawn.
NUMBERS_OF_A_DESCRIPTION = 10_000_000
NOT_CODE = (
    "safe_mode=False changes nothing: no code that a file holds is ever run here. Pass the functions and classes that "
    "the model needs by custom_objects, that of a Lambda layer by the layer's name"
)
_LONGEST_REASON = 2000
_UNKNOWN = re.compile(r"(?:there is no|unknown) \w+ '(?P<name>[^']{1,80})'")


def load_model(
    filepath: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """The model that a ``.keras`` file, or a whole-model ``.h5`` file of any era, holds.

    custom_objects: the classes and functions of the user's own that it names. compile: whether it is compiled too, and
    the optimizer goes on where it was; so do models inside it (not those of an ``.h5`` file, which has no state for
    them). safe_mode: accepted; a file's code is never run. Raises ModelFileError, with the place in the file, for
    everything that cannot be used.
    """
    file = os.fspath(filepath)
    if not safe_mode:
        warn(NOT_CODE)
    if os.path.isdir(file):
        raise ModelFileError(
            file,
            "",
            "it is a folder; SavedModel folders hold TensorFlow's own programs, which are not read here. Save the "
            "model as a .keras or an .h5 file",
        )
    if file.endswith((".npz", ".safetensors")):
        raise ModelFileError(file, "", "it holds weights alone: make the model, and call its load_weights")
    with opened(file, file) as stream, CustomObjectScope(custom_objects):
        start = stream.read(8)
        if start[:2] == ZIP:
            return _from_archive(stream, file, compile)
        if start == HDF5:
            return _from_hdf5(stream, file, compile)
    raise ModelFileError(file, "", "it is neither a .keras file (a zip archive) nor an HDF5 file")


@contextmanager
def reading(file: str, item: str) -> Iterator[None]:
    """Whatever goes wrong inside becomes a ModelFileError with the layer's place; a lack of memory stays one."""
    try:
        yield
    except (ModelFileError, MemoryError):
        raise
    except RecursionError as error:
        raise ModelFileError(file, item, "it is nested too deeply") from error
    except Exception as error:
        place = "/".join(getattr(error, "places", []))
        plain = isinstance(error, (FlintglassError, ValueError, NotImplementedError)) and str(error)
        reason = _with_way_out(str(error)[:_LONGEST_REASON], item) if plain else f"{type(error).__name__}: {error}"
        if isinstance(error, TypeError) and ".__init__() " in reason:
            reason += ". Let get_config() return what the constructor takes, which takes name, trainable and dtype too"
        where = f"{item}: {place}" if item and place else item or place
        raise ModelFileError(file, where, reason[:_LONGEST_REASON]) from error


def _with_way_out(reason: str, item: str) -> str:
    """The reason; for a name that is not known, with what to do where it is one of the user's own."""
    found = _UNKNOWN.match(reason)
    if found is None:
        return reason
    name = found["name"] if found["name"].isidentifier() else "its name"
    without = ", or leave it out by compile=False" if "compile_config" in item or "training_config" in item else ""
    hint = f" (where it is your own: pass it by custom_objects={{{found['name']!r}: {name}}}{without})"
    return f"{found[0]}{hint}{reason[found.end() :]}"


def _from_archive(stream: BinaryIO, file: str, compile: bool) -> Any:
    archive = Archive(stream, file)
    older = is_older(read_document(archive.text(METADATA), file, METADATA).get("keras_version"))
    document = read_document(archive.text(CONFIGURATION), file, CONFIGURATION)
    root = read_hdf5(archive.stream(WEIGHTS), file, WEIGHTS)
    model, inside = _described_model(document, root, file, CONFIGURATION, older)
    if compile:
        _compile([*inside, (model, document.get("compile_config"))], file, CONFIGURATION, older)
    plan = Assignment(file, WEIGHTS)
    with reading(file, WEIGHTS), granting(Allowance(elements(root) + 8, OPERATIONS, _holds(root))):
        assignment_of(model, root, plan, strict=True, older=older, named=names_in(document)).apply()
    return model


def _holds(root: Group) -> str:
    return f"the file holds {elements(root)} in all"


def _described_model(
    document: Mapping[str, Any], root: Group, file: str, item: str, older: bool
) -> tuple[Any, Waiting]:
    """The model, which may hold no more numbers than the file does; its weights are zeros.

    With it come the models inside that were compiled, and how.
    """
    numbers = elements(root, leave_out=("optimizer", "metrics", "optimizer_weights"))
    allowance = Allowance(numbers, OPERATIONS, f"the file holds {numbers} in all", replaced=True)
    with reading(file, item), granting(allowance), holding() as inside:
        return model_from(document, older), inside


def _compile(models: Waiting, file: str, item: str, older: bool) -> None:
    """Compile the models as the file tells of each; the last one is the whole."""
    allowance = Allowance(NUMBERS_OF_METRICS, OPERATIONS, "its metrics may hold no more")
    for model, settings in models:
        place = item if model is models[-1][0] else f"{item}: {model.name}"
        with reading(file, f"{place}: compile_config"), granting(allowance):
            allowance.work(COST_OF_COMPILING)
            compile_from(model, settings, older)


def _from_hdf5(stream: BinaryIO, file: str, compile: bool) -> Any:
    """Keras's older file: the configuration in an attribute, the weights by layers."""
    root = read_hdf5(stream, file)
    text = text_attribute(root, "model_config", file)
    weights = root.members.get("model_weights")
    if text is None or not isinstance(weights, Group):
        alone = is_legacy(root) or {"layers", "vars"} & set(root.members)
        hint = "it holds weights alone: make the model, and call its load_weights" if alone else ""
        raise ModelFileError(file, "model_config", hint or "the file holds no model (there is no such attribute)")
    version = text_attribute(weights, "keras_version", file) or text_attribute(root, "keras_version", file)
    older = is_older(version or "2")
    document = read_document(text, file, "model_config")
    # Those inside stay uncompiled: the file keeps no state of their optimizers, with which they could go on.
    model, _ = _described_model(document, weights, file, "model_config", older)
    training = text_attribute(root, "training_config", file)
    if compile and training is not None:
        settings = read_document(training, file, "training_config")
        _compile([(model, settings)], file, "training_config", older=True)
    plan = Assignment(file, "model_weights")
    with reading(file, "model_weights"), granting(Allowance(elements(root) + 8, OPERATIONS, _holds(root))):
        legacy_assignment(model, weights, plan, named=names_in(document))
        if model.optimizer is not None:
            _enter_optimizer(model, root, plan, older)
        plan.apply()
    return model


def _enter_optimizer(model: Any, root: Group, plan: Assignment, older: bool) -> None:
    group = root.members.get("optimizer_weights")
    if not isinstance(group, Group):
        return
    place = "optimizer_weights"
    names = texts_of(group, "weight_names", plan, place)
    stored: list[Dataset] = []
    for name in names:
        item: Any = group
        for part in name.split("/"):
            item = item.members.get(part) if isinstance(item, Group) else None
        if not isinstance(item, Dataset):
            raise plan.refuse(f"{place}/{name}", "it is listed, but not there")
        stored.append(item)
    pairs = pairs_of(model.optimizer, stored, model, older, names)
    if not isinstance(pairs, str):
        plan.pairs += [(f"{place}/{name}", *pair) for name, pair in zip(names, pairs, strict=True)]
    elif older:
        warn(f"{plan.file}: {place}: the state of {model.optimizer.name} is not loaded, it starts anew: {pairs}")
    else:
        raise plan.refuse(place, pairs)


def model_from_json(json_string: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The model that ``to_json`` of any era described, with weights drawn anew, not compiled."""
    if not isinstance(json_string, (str, bytes)):
        raise TypeError(f"model_from_json takes the text that to_json() returned, not {type(json_string).__name__}")
    document = read_document(json_string, "JSON", "")
    older = is_older(document.get("keras_version"))
    allowance = Allowance(
        NUMBERS_OF_A_DESCRIPTION,
        OPERATIONS,
        f"a description may ask for {NUMBERS_OF_A_DESCRIPTION} in all; where you trust it, make the model by "
        "from_config(json.loads(text)['config'])",
    )
    with reading("JSON", ""), granting(allowance), CustomObjectScope(custom_objects), holding():
        return model_from(document, older)

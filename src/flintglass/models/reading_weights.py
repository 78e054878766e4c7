"""Reading weights into a model that is there: a file of any kind, all of it checked before anything changes."""

from __future__ import annotations

import os
from typing import Any, BinaryIO

from flintglass.errors import ModelFileError, warn
from flintglass.models.loading import HDF5, OPERATIONS, ZIP, reading
from flintglass.models.writing import WEIGHTS_ENDINGS
from flintglass.saving.archive import METADATA, WEIGHTS, Archive, opened
from flintglass.saving.assigning import Assignment
from flintglass.saving.documents import read_document
from flintglass.saving.hdf5.read import read_hdf5
from flintglass.saving.hdf5.tree import Group
from flintglass.saving.layout import assignment_of, elements
from flintglass.saving.legacy import is_legacy, legacy_assignment
from flintglass.saving.named import assignment_by_name
from flintglass.saving.npz import read_npz
from flintglass.saving.older import is_older
from flintglass.saving.safetensors import read_safetensors
from flintglass.tracing.allowance import Allowance, granting


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False, by_name: bool = False, **unknown: Any) -> None:
    """Replace the model's weights by those of a file: .weights.h5, .h5, .keras, .safetensors or .npz.

    skip_mismatch: layers whose weights do not fit are left as they are, with a warning. by_name: of an .h5 file in the
    layout of Keras 2, the layers that the model has too. Raises ModelFileError, and leaves the model as it was, where
    the weights do not fit.
    """
    path = os.fspath(filepath)
    if unknown:
        raise TypeError(f"load_weights() does not know {', '.join(sorted(unknown))}")
    if os.path.isdir(path) or os.path.exists(f"{path}.index"):
        raise ModelFileError(path, "", f"checkpoints of TensorFlow are not read here; weights end in {WEIGHTS_ENDINGS}")
    plan = Assignment(path, skip_mismatch=skip_mismatch)
    with opened(path, path) as stream:
        with reading(path, ""):
            _enter(model, stream, plan, by_name)
        with model.at_rest():
            plan.apply()


def _enter(model: Any, stream: BinaryIO, plan: Assignment, by_name: bool) -> None:
    path = plan.file
    start = stream.read(8)
    if by_name and start != HDF5:
        raise ValueError("by_name=True is for .h5 files in the layout of Keras 2")
    if path.endswith(".safetensors"):
        assignment_by_name(model, read_safetensors(stream, path), plan)
    elif path.endswith(".npz"):
        assignment_by_name(model, read_npz(stream, path), plan)
    elif start == HDF5:
        _enter_hdf5(model, read_hdf5(stream, path), plan, by_name)
    elif start[:2] == ZIP:
        archive = Archive(stream, path)
        version = read_document(archive.text(METADATA), path, METADATA).get("keras_version")
        plan.item = WEIGHTS
        _enter_layout(model, read_hdf5(archive.stream(WEIGHTS), path, WEIGHTS), plan, is_older(version))
    else:
        raise ModelFileError(path, "", f"it is no file of weights that is read here; these end in {WEIGHTS_ENDINGS}")


def _enter_hdf5(model: Any, root: Group, plan: Assignment, by_name: bool) -> None:
    inner = root.members.get("model_weights")
    weights = inner if isinstance(inner, Group) and not is_legacy(root) else root
    if is_legacy(weights):
        legacy_assignment(model, weights, plan, by_name)
        if by_name and not plan.pairs:
            warn(f"{plan.file}: no layer of the file has the name of one of the model's; nothing is loaded")
        return
    if by_name:
        raise ValueError("by_name=True is for .h5 files in the layout of Keras 2; this one has Keras 3's")
    _enter_layout(model, root, plan, older=False)


def _enter_layout(model: Any, root: Group, plan: Assignment, older: bool) -> None:
    numbers = elements(root) + 8
    with granting(Allowance(numbers, OPERATIONS, f"the file holds {numbers} in all")):
        assignment_of(model, root, plan, strict=False, older=older)

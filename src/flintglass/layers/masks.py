"""Masks: which rows of an input count; a mask is an attribute of a tensor, handed from layer to layer."""

from __future__ import annotations

from typing import Any

from flintglass.errors import warn
from flintglass.tracing.structure import flatten, map_leaves
from flintglass.tracing.tensor import Tensor


def mask_of(leaf: Any) -> Any:
    """The mask of a tensor; None where all of it counts."""
    return leaf.mask if isinstance(leaf, Tensor) else None


def masks_of(nested: Any) -> Any:
    """The masks of nested inputs, in their nesting; None where there is none."""
    if all(mask_of(leaf) is None for leaf in flatten(nested)):
        return None
    return map_leaves(mask_of, nested)


def tell_of_loss(layer: Any, masks: Any) -> None:
    """Warn where an input has a mask, and the layer's outputs have none."""
    if masks is not None:
        warn(
            f"{layer._place} was called on an input with a mask, and does not hand masks on: what follows it sees all "
            "rows. A layer of your own says supports_masking = True, or defines compute_mask(inputs, mask); a Lambda "
            "is given mask=function"
        )


def hand_on(layer: Any, inputs: Any, masks: Any, outputs: Any, computes: bool) -> None:
    """Give the outputs of a layer their masks; those that they have already stay. computes: it makes its own."""
    if not computes and (masks is None or not layer.supports_masking):
        tell_of_loss(layer, masks)
        return
    found = layer.compute_mask(inputs, masks)
    leaves = flatten(outputs)
    for leaf, mask in zip(leaves, flatten(found) if len(leaves) > 1 else [found], strict=False):
        if isinstance(leaf, Tensor) and leaf.mask is None and mask is not None:
            leaf.mask = mask

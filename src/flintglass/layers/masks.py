"""Masks: which rows of an input count; a mask is an attribute of a tensor, handed from layer to layer."""

from __future__ import annotations

from typing import Any

from flintglass.errors import warn
from flintglass.tracing.structure import flatten, map_leaves
from flintglass.tracing.tensor import Tensor


def mask_of(leaf: Any) -> Any:
    """The mask of a tensor; None where all of it counts."""
    return leaf.mask if isinstance(leaf, Tensor) else None


def masks_of(nested: Any) -> tuple[Any, bool]:
    """The masks of nested inputs, in their nesting, and whether there is one."""
    masks = map_leaves(mask_of, nested)
    return masks, any(mask_of(leaf) is not None for leaf in flatten(nested))


def hand_on(layer: Any, inputs: Any, masks: Any, some: bool, outputs: Any) -> None:
    """Give the outputs of a layer the masks that it computes; those that they have already stay."""
    computes = type(layer).compute_mask is not _base(layer).compute_mask
    if not computes and not (some and layer.supports_masking):
        if some:
            warn(
                f"{layer._place} was called on an input with a mask, and does not hand masks on: what follows it sees "
                "all rows. A layer of your own says supports_masking = True, or defines compute_mask(inputs, mask)"
            )
        return
    found = layer.compute_mask(inputs, masks if some else None)
    leaves = flatten(outputs)
    for leaf, mask in zip(leaves, flatten(found) if len(leaves) > 1 else [found], strict=False):
        if isinstance(leaf, Tensor) and leaf.mask is None and mask is not None:
            leaf.mask = mask


def _base(layer: Any) -> Any:
    from flintglass.layers.base import Layer

    return Layer

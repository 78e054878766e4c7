"""Data: what users hand to fit becomes checked arrays, and those become batches."""

from flintglass.data.arrays import as_arrays, check_rows
from flintglass.data.batches import ArrayBatches, Batch

__all__ = ["ArrayBatches", "Batch", "as_arrays", "check_rows"]

"""Tracing: Python becomes programs; tensors, variables, gradients, batches, simplification."""

from flintglass.tracing import eager  # noqa: F401  (enters the interpreter that answers outside every trace)

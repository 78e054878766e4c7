"""TensorFlow's functions and classes whose meaning is not just that of one of our operations."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np

from flintglass import ops
from flintglass import random as draws
from flintglass.errors import warn
from flintglass.tracing import variable as variables
from flintglass.tracing.structure import flatten
from flintglass.tracing.tensor import Tensor, convert

DTYPES = (
    "bool",
    *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)),
    "float16",
    "float32",
    "float64",
)
GPU = (
    "flintglass computes on the processor, so what a script says about graphics cards changes nothing; an extra "
    "that runs its programs on them through JAX is planned"
)


class _Answers(type):
    """isinstance(x, tf.Variable) holds for every variable of ours."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, variables.Variable)


class Variable(variables.Variable, metaclass=_Answers):
    """tf.Variable: a variable from its first value."""

    __slots__ = ()

    def __init__(
        self,
        initial_value: Any,
        trainable: Any = None,
        name: Any = None,
        dtype: Any = None,
        shape: Any = None,
        **_: Any,
    ) -> None:
        value = initial_value() if callable(initial_value) and not isinstance(initial_value, Tensor) else initial_value
        super().__init__(value, shape, dtype, trainable is None or bool(trainable), name or "Variable")


def constant(value: Any, dtype: Any = None, shape: Any = None, name: Any = None) -> Tensor:
    """tf.constant: a tensor of these numbers, repeated where ``shape`` asks for more."""
    found = convert(value, dtype)
    if shape is None or found.shape == builtins.tuple(shape):
        return found
    return ops.broadcast_to(found, shape) if not found.shape else ops.reshape(found, shape)


def convert_to_tensor(value: Any, dtype: Any = None, dtype_hint: Any = None, name: Any = None) -> Tensor:
    """tf.convert_to_tensor."""
    return convert(value, dtype)


def fill(dims: Any, value: Any, name: Any = None) -> Tensor:
    """tf.fill."""
    return ops.full(dims, value)


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: Any = None) -> Tensor:
    """tf.range."""
    return ops.arange(start, limit, delta, dtype)


def shape(input: Any, out_type: Any = "int32", name: Any = None) -> Any:
    """tf.shape: the extents; those that are not known yet count as sizes of a program."""
    return ops.shape(convert(input))


def rank(input: Any, name: Any = None) -> int:
    """tf.rank."""
    return convert(input).ndim


def size(input: Any, out_type: Any = "int32", name: Any = None) -> Any:
    """tf.size."""
    return ops.size(convert(input))


def identity(input: Any, name: Any = None) -> Tensor:
    """tf.identity."""
    return ops.copy(input)


def add_n(inputs: Any, name: Any = None) -> Tensor:
    """tf.add_n: the sum of a list of tensors."""
    first, *others = inputs
    total = convert(first)
    for other in others:
        total = total + other
    return total


def matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, name: Any = None, **unknown: Any
) -> Tensor:
    """tf.matmul."""
    if unknown:
        raise TypeError(f"tf.matmul takes a, b, transpose_a and transpose_b here, not {sorted(unknown)[0]!r}")
    left = ops.swapaxes(a, -1, -2) if transpose_a else a
    return ops.matmul(left, ops.swapaxes(b, -1, -2) if transpose_b else b)


def einsum(equation: str, *inputs: Any, **_: Any) -> Tensor:
    """tf.einsum."""
    return ops.einsum(equation, *inputs)


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any], name: Any = None) -> Any:
    """tf.cond."""
    return ops.cond(pred, true_fn, false_fn)


def gelu(features: Any, approximate: bool = False) -> Tensor:
    """tf.nn.gelu, which is exact where nothing is said; ours is approximate there."""
    return ops.gelu(features, approximate)


def l2_loss(t: Any, name: Any = None) -> Tensor:
    """tf.nn.l2_loss: half the sum of the squares."""
    return ops.sum(ops.square(t)) / 2


def dropout(x: Any, rate: float, noise_shape: Any = None, seed: Any = None, name: Any = None) -> Tensor:
    """tf.nn.dropout."""
    return draws.dropout(x, rate, noise_shape, seed)


def sigmoid_cross_entropy_with_logits(labels: Any, logits: Any, name: Any = None) -> Tensor:
    """One value for each logit."""
    return ops.maximum(logits, 0.0) - logits * labels + ops.log1p(ops.exp(-ops.abs(logits)))


def softmax_cross_entropy_with_logits(labels: Any, logits: Any, axis: int = -1, name: Any = None) -> Tensor:
    """One value for each row."""
    return -ops.sum(labels * ops.log_softmax(logits, axis), axis)


def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any, name: Any = None) -> Tensor:
    """One value for each row."""
    return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)


def normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None, name: Any = None
) -> Tensor:
    """tf.random.normal."""
    return draws.normal(shape, mean, stddev, dtype, seed)


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None, name: Any = None
) -> Tensor:
    """tf.random.truncated_normal."""
    return draws.truncated_normal(shape, mean, stddev, dtype, seed)


def uniform(
    shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = None, seed: Any = None, name: Any = None
) -> Tensor:
    """tf.random.uniform; whole numbers where ``dtype`` is a whole number's."""
    if dtype is not None and str(dtype).startswith("int"):
        return draws.randint(shape, minval, maxval, dtype, seed)
    return draws.uniform(shape, minval, 1 if maxval is None else maxval, dtype, seed)


def shuffle(value: Any, seed: Any = None, name: Any = None) -> Tensor:
    """tf.random.shuffle: the rows in another order."""
    return draws.shuffle(value, 0, seed)


def function(func: Any = None, **_: Any) -> Any:
    """tf.function: the function as it is; what it computes becomes a program in fit and predict anyway."""
    return (lambda wrapped: wrapped) if func is None else func


def print(*items: Any, output_stream: Any = None, end: str = "\n", sep: str = " ", **_: Any) -> None:
    """tf.print."""
    builtins.print(
        *(item.numpy() if isinstance(item, Tensor) and item.is_concrete else item for item in items), end=end, sep=sep
    )


def global_norm(t_list: Any, name: Any = None) -> Tensor:
    """tf.linalg.global_norm: the norm of all the numbers of a list of tensors."""
    return ops.sqrt(add_n([ops.sum(ops.square(item)) for item in flatten(t_list)]))


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: Any = None) -> Tensor:
    """tf.clip_by_norm: the tensor, shortened to the norm where it is longer."""
    length = ops.norm(t, axis=axes, keepdims=axes is not None)
    return t * (clip_norm / ops.maximum(length, clip_norm))


def clip_by_global_norm(t_list: Any, clip_norm: Any, use_norm: Any = None, name: Any = None) -> tuple[list[Any], Any]:
    """tf.clip_by_global_norm."""
    norm = global_norm(t_list) if use_norm is None else use_norm
    return [item * (clip_norm / ops.maximum(norm, clip_norm)) for item in t_list], norm


def squared_difference(x: Any, y: Any) -> Tensor:
    """tf.math.squared_difference."""
    return ops.square(ops.subtract(x, y))


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True) -> Any:
    """tf.linalg.svd: the singular values first, and v with the singular vectors as columns."""
    if not compute_uv:
        return ops.svd(tensor, compute_uv=False)
    u, s, vh = ops.svd(tensor, full_matrices)
    return s, u, ops.swapaxes(vh, -1, -2)


def split(value: Any, num_or_size_splits: Any, axis: int = 0) -> list[Tensor]:
    """tf.split: a number of parts, or the size of each, where ours takes the borders; one size may be -1."""
    value, parts = convert(value), num_or_size_splits
    if np.ndim(parts):
        rest = value.shape[axis] - sum(parts) - 1 if -1 in parts else -1
        parts = [int(border) for border in np.cumsum([rest if part == -1 else part for part in parts])[:-1]]
    return list(ops.split(value, parts, axis))


def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0) -> Tensor:
    """tf.pad, whose modes are written in capitals."""
    constant = mode.lower() == "constant"
    return ops.pad(tensor, paddings, mode.lower(), constant_values if constant else None)


def norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool = False) -> Tensor:
    """tf.norm: without an axis, that of all the numbers as one vector."""
    tensor = ops.ravel(tensor) if axis is None and not keepdims else tensor
    return ops.norm(tensor, None if ord == "euclidean" else ord, axis, keepdims)


def diag(diagonal: Any) -> Tensor:
    """tf.linalg.diag: a matrix for each vector of the last axis."""
    diagonal = convert(diagonal)
    return ops.where(ops.eye(diagonal.shape[-1], dtype="bool"), ops.expand_dims(diagonal, -1), 0)


def confusion_matrix(
    labels: Any, predictions: Any, num_classes: Any = None, weights: Any = None, dtype: Any = "int32", name: Any = None
) -> Tensor:
    """tf.math.confusion_matrix: how many rows of each class (down) were taken for each class (across)."""
    true, taken = (np.asarray(item).astype("int64").reshape(-1) for item in (labels, predictions))
    classes = int(num_classes) if num_classes is not None else int(max(true.max(), taken.max())) + 1
    found = np.zeros((classes, classes))
    np.add.at(found, (true, taken), 1 if weights is None else np.asarray(weights).reshape(-1))
    return convert(found, dtype)


class TensorShape(builtins.tuple[Any, ...]):
    """tf.TensorShape: a tuple, as every shape here."""

    def as_list(self) -> list[Any]:
        """The extents."""
        return [*self]


# -- what a script says about machines


def device(device_name: Any) -> Any:
    """tf.device: computing goes on where it would have gone on."""
    if "gpu" in str(device_name).lower() or "tpu" in str(device_name).lower():
        warn(f"tf.device({device_name!r}): {GPU}")
    return nullcontext()


class MirroredStrategy:
    """tf.distribute.MirroredStrategy: one replica, this process."""

    num_replicas_in_sync = 1

    def __init__(self, devices: Any = None, **_: Any) -> None:
        warn(f"tf.distribute.{type(self).__name__}: one replica runs, on all cores of this machine; {GPU}")

    @contextmanager
    def scope(self) -> Iterator[MirroredStrategy]:
        """What is made inside belongs to the one replica."""
        yield self


class OneDeviceStrategy(MirroredStrategy):
    """tf.distribute.OneDeviceStrategy."""


def get_strategy() -> Any:
    """tf.distribute.get_strategy: there is one replica."""
    return SimpleNamespace(num_replicas_in_sync=1)


def list_physical_devices(device_type: str | None = None) -> list[Any]:
    """tf.config.list_physical_devices: the processor, and no graphics card."""
    processor = SimpleNamespace(name="/physical_device:CPU:0", device_type="CPU")
    return [processor] if device_type in (None, "CPU") else []


def nothing(*_: Any, **__: Any) -> None:
    """A setting that has no meaning here and does no harm: memory growth, eager execution, logging."""


def yes(*_: Any, **__: Any) -> bool:
    """tf.executing_eagerly."""
    return True


def no(*_: Any, **__: Any) -> bool:
    """tf.test.is_gpu_available, and the like."""
    return False


class TFLiteConverter:
    """tf.lite: not written here."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise NotImplementedError(
            "flintglass writes no TensorFlow Lite files; save the weights (model.get_weights()) and load them in "
            "Keras, which does"
        )

    from_keras_model = from_saved_model = from_concrete_functions = classmethod(lambda cls, *_, **__: cls())


def saved_model(*_: Any, **__: Any) -> None:
    """tf.saved_model.save and load."""
    raise NotImplementedError("flintglass reads and writes no SavedModel folders, which hold TensorFlow's own programs")


def get_logger() -> Any:
    """tf.get_logger: Python's logger of that name."""
    import logging

    return logging.getLogger("tensorflow")


def numpy_function(func: Callable[..., Any], inp: Any, Tout: Any = None, **_: Any) -> Tensor:
    """tf.numpy_function, outside of programs: the function is given arrays."""
    return convert(func(*(np.asarray(item) for item in inp)), Tout)

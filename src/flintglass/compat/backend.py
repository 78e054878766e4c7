"""keras.backend, the ``K`` of older scripts: its functions, in our operations."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.faces import load_named
from flintglass.tracing.tensor import Tensor, convert
from flintglass.tracing.variable import Variable

TEXT = """
    abs cos exp hard_sigmoid log relu round sigmoid sign sin softplus softsign sqrt square tanh transpose: = x
    all any logsumexp max mean min prod std sum var: = x axis keepdims
    argmax argmin cumprod cumsum expand_dims softmax squeeze stack: = x axis
    cast: cast x dtype
    clip: clip x min_value=x_min max_value=x_max
    concatenate: concatenate tensors=xs axis
    dot equal greater greater_equal less less_equal maximum minimum not_equal: = x=x1 y=x2
    elu: elu x alpha
    eye: eye size=N dtype
    flatten: ravel x
    gather: take reference=x indices axis
    one_hot: one_hot indices=x num_classes
    ones zeros: = shape dtype
    ones_like: ones_like x dtype
    permute_dimensions: transpose x pattern=axes
    pow: power x=x1 a=x2
    repeat_elements: repeat x rep=repeats axis
    reshape: reshape x shape=newshape
    reverse: flip x axes=axis
    stop_gradient: stop_gradient variables=variable
    switch: where condition then_expression=x1 else_expression=x2
    tile: tile x n=repeats
    zeros_like: zeros_like x dtype
    binary_crossentropy: binary_crossentropy target output from_logits
    categorical_crossentropy: categorical_crossentropy target output from_logits axis
    sparse_categorical_crossentropy: sparse_categorical_crossentropy target output from_logits axis
    random_normal: flintglass.random:normal shape mean stddev dtype seed
    random_uniform: flintglass.random:uniform shape minval maxval dtype seed
    truncated_normal: flintglass.random:truncated_normal shape mean stddev dtype seed
    batch_set_value: flintglass.compat.backend:set_values tuples
"""


def backend() -> str:
    """What computes."""
    return "flintglass"


def variable(value: Any, dtype: Any = None, name: Any = None, constraint: Any = None) -> Variable:
    """A variable with this value."""
    return Variable(value, dtype=dtype, name=name)


def constant(value: Any, dtype: Any = None, shape: Any = None, name: Any = None) -> Tensor:
    """A tensor of these numbers."""
    found = convert(value, dtype)
    return found if shape is None else ops.broadcast_to(found, shape)


def get_value(x: Any) -> Any:
    """The numbers of a variable."""
    return convert(x).numpy()


def set_value(x: Variable, value: Any) -> None:
    """Assign to a variable."""
    if not hasattr(x, "assign"):
        raise TypeError(
            f"set_value changes a variable, not a {type(x).__name__}; the rate of an optimizer with a schedule (decay "
            "is one now) follows the schedule: give the optimizer a number as its learning_rate"
        )
    x.assign(value)


def set_values(tuples: Any) -> None:
    """Assign to many variables."""
    for target, value in tuples:
        target.assign(value)


def int_shape(x: Any) -> tuple[Any, ...]:
    """The shape, with None for the batch."""
    return tuple(x.shape)


def shape(x: Any) -> Any:
    """The extents, as sizes of a program where they are not known yet."""
    return ops.shape(x)


def ndim(x: Any) -> int:
    """How many axes there are."""
    return convert(x).ndim


def dtype(x: Any) -> str:
    """The dtype's name."""
    return convert(x).dtype


def image_data_format() -> str:
    """Where the channels of an image stand."""
    return "channels_last"


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: Any = None) -> Tensor:
    """The tensor at length one."""
    return x / ops.sqrt(ops.maximum(ops.sum(ops.square(x), axis, keepdims=True), epsilon))


def batch_dot(x: Any, y: Any, axes: Any = None) -> Tensor:
    """Row by row the sum of products over an axis of each: the last one, and of y the last but one where it has it."""
    x, y = convert(x), convert(y)
    axes = axes if axes is not None else (x.ndim - 1, y.ndim - (1 if y.ndim == 2 else 2))
    return load_named("flintglass.layers:Dot")(axes, name="batch_dot")([x, y])

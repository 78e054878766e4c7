"""keras.backend, the ``K`` of older scripts: its functions, in our operations."""

from __future__ import annotations

from typing import Any

from flintglass import ops
from flintglass.tracing.tensor import Tensor, convert
from flintglass.tracing.variable import Variable

TEXT = """
    abs: abs x
    all: all x axis keepdims
    any: any x axis keepdims
    argmax: argmax x axis
    argmin: argmin x axis
    cast: cast x dtype
    clip: clip x min_value=x_min max_value=x_max
    concatenate: concatenate tensors=xs axis
    cos: cos x
    cumprod: cumprod x axis
    cumsum: cumsum x axis
    dot: dot x=x1 y=x2
    elu: elu x alpha
    equal: equal x=x1 y=x2
    exp: exp x
    expand_dims: expand_dims x axis
    eye: eye size=N dtype
    flatten: ravel x
    gather: take reference=x indices axis
    greater: greater x=x1 y=x2
    greater_equal: greater_equal x=x1 y=x2
    hard_sigmoid: hard_sigmoid x
    less: less x=x1 y=x2
    less_equal: less_equal x=x1 y=x2
    log: log x
    logsumexp: logsumexp x axis keepdims
    max: max x axis keepdims
    maximum: maximum x=x1 y=x2
    mean: mean x axis keepdims
    min: min x axis keepdims
    minimum: minimum x=x1 y=x2
    not_equal: not_equal x=x1 y=x2
    one_hot: one_hot indices=x num_classes
    ones: ones shape dtype
    ones_like: ones_like x dtype
    permute_dimensions: transpose x pattern=axes
    pow: power x=x1 a=x2
    prod: prod x axis keepdims
    relu: relu x
    repeat_elements: repeat x rep=repeats axis
    reshape: reshape x shape=newshape
    reverse: flip x axes=axis
    round: round x
    sigmoid: sigmoid x
    sign: sign x
    sin: sin x
    softmax: softmax x axis
    softplus: softplus x
    softsign: softsign x
    sqrt: sqrt x
    square: square x
    squeeze: squeeze x axis
    stack: stack x axis
    std: std x axis keepdims
    stop_gradient: stop_gradient variables=variable
    sum: sum x axis keepdims
    switch: where condition then_expression=x1 else_expression=x2
    tanh: tanh x
    tile: tile x n=repeats
    transpose: transpose x
    var: var x axis keepdims
    zeros: zeros shape dtype
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


def l2_normalize(x: Any, axis: Any = None) -> Tensor:
    """The tensor at length one."""
    return x / ops.sqrt(ops.maximum(ops.sum(ops.square(x), axis, keepdims=True), 1e-12))

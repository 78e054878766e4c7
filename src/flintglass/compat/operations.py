"""TensorFlow's operations as ours: for each, its name there, our operation, and its parameters in TensorFlow's order.

``values=xs`` says that TensorFlow's parameter ``values`` is ours named ``xs``. Every one of them also takes ``name=``,
which says nothing here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flintglass.faces import load_named

ROOT = """
    abs: abs x
    accumulate_n: flintglass.compat.tensorflow:add_n inputs
    acos: arccos x
    add: add x=x1 y=x2
    argmax: argmax input=x axis output_type=dtype
    argmin: argmin input=x axis output_type=dtype
    argsort: argsort values=x axis
    asin: arcsin x
    atan: arctan x
    atan2: arctan2 y=x1 x=x2
    broadcast_to: broadcast_to input=x shape
    cast: cast x dtype
    clip_by_value: clip t=x clip_value_min=x_min clip_value_max=x_max
    concat: concatenate values=xs axis
    cos: cos x
    cosh: cosh x
    cumsum: cumsum x axis
    divide: divide x=x1 y=x2
    equal: equal x=x1 y=x2
    exp: exp x
    expand_dims: expand_dims input=x axis
    eye: eye num_rows=N num_columns=M
    floor: floor x
    gather: take params=x indices axis
    greater: greater x=x1 y=x2
    greater_equal: greater_equal x=x1 y=x2
    less: less x=x1 y=x2
    less_equal: less_equal x=x1 y=x2
    linspace: linspace start stop num
    logical_and: logical_and x=x1 y=x2
    logical_not: logical_not x
    logical_or: logical_or x=x1 y=x2
    maximum: maximum x=x1 y=x2
    minimum: minimum x=x1 y=x2
    multiply: multiply x=x1 y=x2
    negative: negative x
    norm: norm tensor=x ord axis keepdims
    not_equal: not_equal x=x1 y=x2
    one_hot: one_hot indices=x depth=num_classes
    ones: ones shape dtype
    ones_like: ones_like input=x dtype
    pad: pad tensor=x paddings=pad_width mode constant_values
    pow: power x=x1 y=x2
    reduce_all: all input_tensor=x axis keepdims
    reduce_any: any input_tensor=x axis keepdims
    reduce_logsumexp: logsumexp input_tensor=x axis keepdims
    reduce_max: max input_tensor=x axis keepdims
    reduce_mean: mean input_tensor=x axis keepdims
    reduce_min: min input_tensor=x axis keepdims
    reduce_prod: prod input_tensor=x axis keepdims
    reduce_sum: sum input_tensor=x axis keepdims
    repeat: repeat input=x repeats axis
    reshape: reshape tensor=x shape=newshape
    reverse: flip tensor=x axis
    roll: roll input=x shift axis
    round: round x
    sigmoid: sigmoid x
    sign: sign x
    sin: sin x
    sinh: sinh x
    sort: sort values=x axis
    split: split value=x num_or_size_splits=indices_or_sections axis
    sqrt: sqrt x
    square: square x
    squeeze: squeeze input=x axis
    stack: stack values=x axis
    stop_gradient: stop_gradient input=variable
    subtract: subtract x=x1 y=x2
    tan: tan x
    tanh: tanh x
    tensordot: tensordot a=x1 b=x2 axes
    tile: tile input=x multiples=repeats
    transpose: transpose a=x perm=axes
    unstack: unstack value=x num axis
    where: where condition x=x1 y=x2
    zeros: zeros shape dtype
    zeros_like: zeros_like input=x dtype
"""

MATH = """
    bincount: bincount arr=x weights minlength
    ceil: ceil x
    count_nonzero: count_nonzero input=x axis
    cumprod: cumprod x axis
    divide_no_nan: divide_no_nan x=x1 y=x2
    erf: erf x
    expm1: expm1 x
    floordiv: floor_divide x=x1 y=x2
    floormod: mod x=x1 y=x2
    in_top_k: in_top_k targets predictions k
    is_finite: isfinite x
    is_inf: isinf x
    is_nan: isnan x
    log: log x
    log1p: log1p x
    log_sigmoid: log_sigmoid x
    log_softmax: log_softmax logits=x axis
    mod: mod x=x1 y=x2
    reciprocal: reciprocal x
    reduce_euclidean_norm: norm input_tensor=x ord axis keepdims
    reduce_std: std input_tensor=x axis keepdims
    reduce_variance: var input_tensor=x axis keepdims
    rsqrt: rsqrt x
    softmax: softmax logits=x axis
    softplus: softplus features=x
    softsign: softsign features=x
    top_k: top_k input=x k sorted
"""

NN = """
    elu: elu features=x
    gelu: flintglass.compat.tensorflow:gelu features approximate
    leaky_relu: leaky_relu features=x alpha=negative_slope
    log_softmax: log_softmax logits=x axis
    moments: moments x axes
    relu: relu features=x
    relu6: relu6 features=x
    selu: selu features=x
    sigmoid: sigmoid x
    silu: silu features=x
    softmax: softmax logits=x axis
    softplus: softplus features=x
    softsign: softsign features=x
    swish: silu features=x
    tanh: tanh x
    top_k: top_k input=x k sorted
"""


def translated(line: str) -> tuple[str, Callable[..., Any]]:
    """TensorFlow's name of a line, and a function with TensorFlow's parameters."""
    name, _, rest = line.strip().partition(": ")
    target, *pairs = rest.split()
    place = target if ":" in target else f"flintglass.ops:{target}"
    names = {theirs: ours or theirs for theirs, _, ours in (pair.partition("=") for pair in pairs)}
    order = list(names)

    def operation(*arguments: Any, **keywords: Any) -> Any:
        keywords.pop("name", None)
        if len(arguments) > len(order):
            raise TypeError(f"tf.{name} takes {', '.join(order)}; {len(arguments)} arguments were given")
        given = dict(zip(order, arguments, strict=False)) | keywords
        unknown = sorted(set(given) - set(order))
        if unknown:
            raise TypeError(f"tf.{name} takes {', '.join(order)} here, not {unknown[0]!r}")
        wanted = given.pop("output_type", None)
        found = load_named(place)(**{names[key]: value for key, value in given.items()})
        return found if wanted is None else load_named("flintglass.ops:cast")(found, wanted)

    operation.__name__ = operation.__qualname__ = name
    operation.__doc__ = f"tf.{name}({', '.join(order)}): flintglass.ops.{target}."
    return name, operation


def table(text: str) -> dict[str, Any]:
    """The functions of a text above, by TensorFlow's names."""
    return dict(translated(line) for line in text.strip().splitlines())

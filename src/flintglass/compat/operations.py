"""TensorFlow's operations as ours: for each, its name there, our operation, and its parameters in TensorFlow's order.

``values=xs`` says that TensorFlow's parameter ``values`` is ours named ``xs``. Every one of them also takes ``name=``,
which says nothing here. ``sin cos: = x`` are operations that are called here as they are there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flintglass.faces import load_named

ROOT = """
    abs cos cosh exp floor logical_not negative round sigmoid sign sin sinh sqrt square tan tanh: = x
    accumulate_n: flintglass.compat.tensorflow:add_n inputs
    acos: arccos x
    add divide equal greater greater_equal less less_equal logical_and logical_or maximum minimum multiply: = x=x1 y=x2
    not_equal subtract: = x=x1 y=x2
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
    cumsum: cumsum x axis
    expand_dims: expand_dims input=x axis
    eye: eye num_rows=N num_columns=M
    gather: take params=x indices axis
    linspace: linspace start stop num
    norm: flintglass.compat.tensorflow:norm tensor ord axis keepdims
    one_hot: one_hot indices=x depth=num_classes
    ones zeros: = shape dtype
    ones_like: ones_like input=x dtype
    pad: flintglass.compat.tensorflow:pad tensor paddings mode constant_values
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
    sort: sort values=x axis
    split: flintglass.compat.tensorflow:split value num_or_size_splits axis
    squared_difference: flintglass.compat.tensorflow:squared_difference x y
    squeeze: squeeze input=x axis
    stack: stack values=x axis
    stop_gradient: stop_gradient input=variable
    tensordot: tensordot a=x1 b=x2 axes
    tile: tile input=x multiples=repeats
    transpose: transpose a=x perm=axes
    unstack: unstack value=x num axis
    where: where condition x=x1 y=x2
    zeros_like: zeros_like input=x dtype
"""

MATH = """
    bincount: bincount arr=x weights minlength
    ceil erf expm1 log log1p log_sigmoid reciprocal rsqrt: = x
    count_nonzero: count_nonzero input=x axis
    cumprod: cumprod x axis
    divide_no_nan mod: = x=x1 y=x2
    floordiv: floor_divide x=x1 y=x2
    floormod: mod x=x1 y=x2
    in_top_k: in_top_k targets predictions k
    is_finite: isfinite x
    l2_normalize: flintglass.compat.backend:l2_normalize x axis epsilon
    is_inf: isinf x
    is_nan: isnan x
    log_softmax: log_softmax logits=x axis
    reduce_euclidean_norm: norm input_tensor=x axis keepdims
    reduce_std: std input_tensor=x axis keepdims
    reduce_variance: var input_tensor=x axis keepdims
    softmax: softmax logits=x axis
    softplus softsign: = features=x
    top_k: top_k input=x k sorted
"""

LINALG = """
    cholesky det inv qr slogdet: = input=x
    cross: cross a=x1 b=x2
    l2_normalize: flintglass.compat.backend:l2_normalize x axis epsilon
    eigh: eigh tensor=x
    lstsq: lstsq matrix=a rhs=b
    svd: flintglass.compat.tensorflow:svd tensor full_matrices compute_uv
    diag: flintglass.compat.tensorflow:diag diagonal
    solve: solve matrix=a rhs=b
"""

NN = """
    elu relu relu6 selu silu softplus softsign: = features=x
    gelu: flintglass.compat.tensorflow:gelu features approximate
    l2_normalize: flintglass.compat.backend:l2_normalize x axis epsilon
    leaky_relu: leaky_relu features=x alpha=negative_slope
    log_softmax: log_softmax logits=x axis
    moments: moments x axes
    sigmoid tanh: = x
    softmax: softmax logits=x axis
    swish: silu features=x
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
    rows = (line.strip().partition(": ") for line in text.strip().splitlines())
    return dict(translated(f"{name}: {re.sub('^=', name, rest)}") for names, _, rest in rows for name in names.split())

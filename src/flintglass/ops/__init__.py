"""The operations of keras.ops, each a thin layer over primitives; loaded on first use."""

from __future__ import annotations

from typing import Any

from flintglass.faces import lazy_face, load_named

_MODULES = {
    "elementwise": """abs absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh bitwise_and
        bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor ceil clip cos cosh divide
        divide_no_nan erf erfinv exp exp2 expm1 floor floor_divide hypot left_shift log log10 log1p log2
        logaddexp maximum minimum mod multiply nan_to_num negative power reciprocal right_shift round rsqrt
        sign sin sinh sqrt square subtract tan tanh true_divide trunc""",
    "comparison": """allclose equal greater greater_equal isclose isfinite isinf isnan less less_equal
        logical_and logical_not logical_or logical_xor nonzero not_equal select where""",
    "reductions": """all amax amin any argmax argmin average count_nonzero cumprod cumsum logsumexp max mean
        min moments norm prod std sum var""",
    "shapes": """append broadcast_to concatenate expand_dims flip hstack moveaxis ndim ravel repeat reshape
        roll shape size split squeeze stack swapaxes tile transpose unstack vstack""",
    "creation": """arange array cast convert_to_numpy convert_to_tensor copy diag diagonal dtype empty eye
        full full_like identity is_tensor linspace meshgrid ones ones_like saturate_cast trace tri tril triu
        zeros zeros_like""",
    "indexing": """bincount get_item isin pad scatter scatter_update segment_sum slice slice_update take
        take_along_axis""",
    "statistics": "median nanmax nanmean nanmin nanprod nanstd nansum nanvar ptp quantile",
    "further": """array_split cbrt cross deg2rad diagflat diff dstack empty_like erfc fliplr flipud fmax fmin heaviside
        hsplit isneginf isposinf kron layer_normalization logaddexp2 logspace rad2deg rms_normalization rot90 sinc
        trapezoid vsplit""",
    "sorting": "argsort digitize in_top_k searchsorted sort top_k unique",
    "decompositions": """cholesky cholesky_inverse det eigh inv lstsq qr slogdet solve solve_triangular
        svd""",
    "linear": "dot einsum inner matmul normalize outer tensordot vdot",
    "activation": """celu elu gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu
        log_sigmoid mish relu relu6 selu sigmoid silu soft_shrink softplus softsign sparse_plus
        sparse_sigmoid squareplus swish tanh_shrink threshold""",
    "neural": """binary_crossentropy categorical_crossentropy log_softmax multi_hot one_hot softmax
        sparse_categorical_crossentropy sparsemax""",
    "control": "cond custom_gradient fori_loop map scan stop_gradient switch while_loop",
}
TABLE = {name: f"flintglass.ops.{module}" for module, names in _MODULES.items() for name in names.split()} | {
    "vectorized_map": "flintglass.tracing.transforms:vectorized_map"
}

__all__ = sorted(TABLE)
_load, __dir__ = lazy_face(__name__, TABLE)


def __getattr__(name: str) -> Any:
    if name == "linalg":
        return load_named("flintglass.ops.linalg:*")
    found = _load(name)
    from flintglass.ops.graph import joining

    globals()[name] = found = joining(name, found)
    return found

"""Which modules and names of TensorFlow and Keras are answered, and by what of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flintglass import PACKAGES, __version__
from flintglass.compat import backend, older, operations, tensorflow

# What a script of that era expects to read, and who answers. set_seed follows that TensorFlow: random/streams.py.
TENSORFLOW_VERSION = f"2.9.3+flintglass.{__version__}"
KERAS_VERSION = f"3.15.0+flintglass.{__version__}"

HERE = "flintglass.compat.tensorflow"


def words(text: str) -> list[str]:
    return text.split()


def _ours(*names: str) -> dict[str, str]:
    return {name: f"{HERE}:{name}" for name in names}


def _seen(module: Any) -> dict[str, Any]:
    """The functions that a module of ours defines, by their names."""
    return {
        name: value
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", "") == module.__name__ and not name.startswith("_")
    }


ROOT = operations.table(operations.ROOT)
MATH = operations.table(operations.MATH)
DTYPES = {name: name for name in tensorflow.DTYPES}
LOSSES_OF_LOGITS = _ours(
    "sigmoid_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits",
    "sparse_softmax_cross_entropy_with_logits",
)
SHARED = _ours("add_n", "matmul", "einsum", "l2_loss")
LINEAR = {name: ROOT[name] for name in ("norm", "eye", "tensordot")} | operations.table(operations.LINALG)
LINEAR |= _ours("matmul", "einsum", "global_norm")
TYPES = {"Tensor": "flintglass.tracing.tensor:Tensor", **_ours("Variable")}
RANDOM = {"set_seed": "flintglass.random.streams:set_seed", **_ours("normal", "truncated_normal", "uniform", "shuffle")}
BASES = {
    name: f"flintglass.{room}:{name}"
    for room, name in (
        ("initializers", "Initializer"),
        ("losses", "Loss"),
        ("metrics", "Metric"),
        ("optimizers", "Optimizer"),
        ("regularizers", "Regularizer"),
    )
}
NEVER = _ours("nothing")["nothing"]
CONFIG = {
    **_ours("list_physical_devices"),
    "list_logical_devices": f"{HERE}:list_physical_devices",
    "get_visible_devices": f"{HERE}:list_physical_devices",
    **dict.fromkeys(("set_visible_devices", "run_functions_eagerly", "set_soft_device_placement"), NEVER),
}


LOGGING = {"set_verbosity": NEVER, **{level: level for level in ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")}}

SPEAKING = [f"{how}_{what}" for how in ("enable", "disable") for what in ("traceback_filtering", "interactive_logging")]

# Names that losses had before Keras 3.
SHORT = {
    name: f"flintglass.losses:{full}"
    for short, full in (
        ("mse", "mean_squared_error"),
        ("mae", "mean_absolute_error"),
        ("mape", "mean_absolute_percentage_error"),
        ("msle", "mean_squared_logarithmic_error"),
        ("kld", "kl_divergence"),
    )
    for name in (short, short.upper())
}

# module -> (its names, the package of ours whose names it has too); a text with a colon is a place, another a value
MODULES: dict[str, tuple[Mapping[str, Any], str | None]] = {
    "tensorflow": (
        {
            **ROOT,
            **TYPES,
            **SHARED,
            **DTYPES,
            "__version__": TENSORFLOW_VERSION,
            **_ours(
                *words(
                    """clip_by_global_norm clip_by_norm cond constant convert_to_tensor device fill function
                    get_logger identity numpy_function print range rank shape size TensorShape"""
                )
            ),
            "GradientTape": "flintglass.tracing.tape:GradientTape",
            "executing_eagerly": f"{HERE}:yes",
            "is_tensor": "flintglass.ops:is_tensor",
            "while_loop": "flintglass.ops:while_loop",
            "map_fn": "flintglass.ops:map",
            "vectorized_map": "flintglass:vectorized_map",
            "no_op": NEVER,
            "newaxis": None,
            "name_scope": "contextlib:nullcontext",
            **{
                f"{name}_initializer": f"flintglass.initializers:{name.title().replace('_', '')}"
                for name in words("zeros ones constant random_normal random_uniform")
            },
            "set_random_seed": RANDOM["set_seed"],
        },
        None,
    ),
    "tensorflow.math": ({**ROOT, **MATH, **_ours("add_n", "l2_loss", "confusion_matrix")}, None),
    "tensorflow.nn": ({**operations.table(operations.NN), **LOSSES_OF_LOGITS, **_ours("dropout", "l2_loss")}, None),
    "tensorflow.linalg": (LINEAR, None),
    "tensorflow.random": (RANDOM, None),
    "tensorflow.errors": ({"InvalidArgumentError": "flintglass.errors:ShapeError"}, None),
    "tensorflow.config": (CONFIG, None),
    "tensorflow.config.experimental": ({**CONFIG, "set_memory_growth": NEVER, "enable_op_determinism": NEVER}, None),
    "tensorflow.config.threading": (
        dict.fromkeys(("set_intra_op_parallelism_threads", "set_inter_op_parallelism_threads"), NEVER),
        None,
    ),
    "tensorflow.distribute": (_ours("MirroredStrategy", "OneDeviceStrategy", "get_strategy"), None),
    "tensorflow.test": (dict.fromkeys(("is_gpu_available", "is_built_with_cuda"), f"{HERE}:no"), None),
    "tensorflow.lite": (_ours("TFLiteConverter"), None),
    "tensorflow.saved_model": (dict.fromkeys(("save", "load"), f"{HERE}:saved_model"), None),
    "tensorflow.logging": (LOGGING, None),
    "tensorflow.compat": ({}, None),
    "tensorflow.compat.v1": ({"set_random_seed": RANDOM["set_seed"], "enable_eager_execution": NEVER}, None),
    "tensorflow.compat.v1.logging": (LOGGING, None),
    "tensorflow.version": ({"VERSION": TENSORFLOW_VERSION}, None),
    **{f"tensorflow.{room}": ({}, None) for room in ("train", "python", "_api", "_api.v2", "autograph")},
    "tensorflow.autograph.experimental": ({"do_not_convert": f"{HERE}:function"}, None),
    **{f"tensorflow.{name}": (SHORT, f"flintglass.{name}") for name in ("losses", "metrics")},
    **{f"tensorflow.{name}": ({}, f"flintglass.{name}") for name in ("initializers", "optimizers")},
    "keras": ({**TYPES, **BASES, "KerasTensor": TYPES["Tensor"], "__version__": KERAS_VERSION}, "flintglass"),
    **{f"keras.{name}": ({}, f"flintglass.{name}") for name in PACKAGES if name not in ("compat", "glass", "program")},
    "keras.config": (dict.fromkeys(SPEAKING, NEVER), "flintglass.config"),
    "keras.losses": (SHORT, "flintglass.losses"),
    "keras.metrics": (SHORT, "flintglass.metrics"),
    "keras.backend": (
        {
            **operations.table(backend.TEXT),
            **_seen(backend),
            "clear_session": "flintglass.utils:clear_session",
        },
        "flintglass.config",
    ),
    **{room: (names, room.replace("keras", "flintglass")) for room, names in older.NAMES.items()},
    "keras.objectives": (SHORT, "flintglass.losses"),
    "keras.initializations": ({}, "flintglass.initializers"),
    "keras.optimizers.experimental": ({}, "flintglass.optimizers"),
    "keras.callbacks.experimental": ({"BackupAndRestore": "flintglass.callbacks:BackupAndRestore"}, None),
    "keras.layers.core": ({}, "flintglass.layers"),
    "keras.layers.experimental": ({}, "flintglass.layers"),
    "keras.layers.experimental.preprocessing": ({}, "flintglass.layers"),
    "keras.ops.linalg": ({}, "flintglass.ops.linalg"),
    "keras.engine": ({}, None),
    "keras.experimental": (
        {name: f"flintglass.optimizers.schedules:{name}" for name in ("CosineDecay", "CosineDecayRestarts")},
        None,
    ),
    "keras.optimizers.legacy": ({}, "flintglass.optimizers"),
    "keras.optimizers.schedules": ({}, "flintglass.optimizers.schedules"),
    "keras.utils.np_utils": ({}, "flintglass.utils"),
    "keras.utils.generic_utils": ({}, "flintglass.utils"),
    "keras.utils.vis_utils": ({}, "flintglass.utils"),
    **{
        f"keras.{older}": ({}, f"flintglass.{older.partition('.')[0].replace('engine', 'layers')}")
        for older in words(
            """layers.normalization layers.merge layers.advanced_activations layers.embeddings layers.noise
engine.base_layer engine.input_layer"""
        )
    },
    "keras.engine.training": ({}, "flintglass.models"),
}

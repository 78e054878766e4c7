"""flintglass: dense networks as short, readable programs that train, explain themselves, and run anywhere."""

from flintglass.faces import lazy_face

__version__ = "0.1.0.dev0"

PACKAGES = (
    "activations",
    "callbacks",
    "compat",
    "config",
    "constraints",
    "glass",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "program",
    "random",
    "regularizers",
    "saving",
    "utils",
)
TABLE = {
    **{name: f"flintglass.{name}:*" for name in PACKAGES},
    "GradientTape": "flintglass.tracing.tape",
    "Input": "flintglass.layers.input",
    "Layer": "flintglass.layers.base",
    "Model": "flintglass.models.model",
    "Sequential": "flintglass.models.sequential",
    "Tensor": "flintglass.tracing.tensor",
    "Variable": "flintglass.tracing.variable",
    "convert_to_tensor": "flintglass.tracing.tensor:convert",
    "load_ipython_extension": "flintglass.compat",
    "grad": "flintglass.tracing.transforms",
    "hessian": "flintglass.tracing.transforms",
    "jacobian": "flintglass.tracing.transforms",
    "value_and_grad": "flintglass.tracing.transforms",
    "vectorized_map": "flintglass.tracing.transforms",
}
__all__ = sorted([*TABLE, "__version__"])
__getattr__, __dir__ = lazy_face(__name__, TABLE)

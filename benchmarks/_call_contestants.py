"""One contestant of calls.py, in its own interpreter: predictions of one row, and a value with its gradient.

A line of standard input names a task; the answer is a line of JSON: the best microseconds of a call in some windows.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from _fit_contestants import BACKENDS, CONTESTANTS, versions

WINDOWS, SECONDS = 5, 0.1
PREDICT, GRADIENT = "predict, one row of 784-128-10", "value and gradient, 24-8-2 tanh, 200 rows, float64"
Call = Callable[[], Any]


def row() -> np.ndarray:
    return np.random.RandomState(3).uniform(0, 1, (1, 784)).astype("float32")


def parameters() -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """float64: kernels and biases of 24-8-2, rows, targets."""
    draw = np.random.RandomState(5)
    shapes = [(24, 8), (8,), (8, 2), (2,)]
    return (
        [draw.uniform(-0.4, 0.4, shape) for shape in shapes],
        draw.standard_normal((200, 24)),
        draw.standard_normal((200, 2)),
    )


def keras_predictions(package: Any) -> dict[str, Call]:
    layers = package.layers
    model = package.Sequential(
        [layers.Input((784,)), layers.Dense(128, activation="relu"), layers.Dense(10, activation="softmax")]
    )
    x = row()
    calls = {"model.predict": lambda: model.predict(x, verbose=0), "model(x)": lambda: np.asarray(model(x))}
    if hasattr(model, "compiled_predict"):
        compiled = model.compiled_predict(x)
        calls["compiled_predict"] = lambda: compiled(x)
    else:
        calls["model.predict_on_batch"] = lambda: model.predict_on_batch(x)
    return calls


def flintglass_calls(task: str) -> dict[str, Call]:
    import flintglass
    from flintglass import config, ops

    config.set_engine("numpy" if "NumPy" in sys.argv[1] else "native")
    if task == PREDICT:
        return keras_predictions(flintglass)
    weights, x, y = parameters()

    def loss(weights: Any, x: Any, y: Any) -> Any:
        hidden = ops.tanh(ops.matmul(x, weights[0]) + weights[1])
        return ops.mean(ops.square(ops.matmul(hidden, weights[2]) + weights[3] - y))

    both = flintglass.value_and_grad(loss)
    return {"value_and_grad": lambda: both(weights, x, y)}


def keras_calls(task: str) -> dict[str, Call]:
    import keras

    return keras_predictions(keras) if task == PREDICT else {}


def jax_calls(task: str) -> dict[str, Call]:
    import jax
    from jax import numpy as jnp

    if task == PREDICT:
        draw = np.random.RandomState(1)
        sizes = [(784, 128), (128,), (128, 10), (10,)]
        flat = [jnp.asarray(draw.uniform(-0.1, 0.1, size).astype("float32")) for size in sizes]

        @jax.jit
        def network(w: Any, x: Any) -> Any:
            return jax.nn.softmax(jax.nn.relu(x @ w[0] + w[1]) @ w[2] + w[3])

        x = row()
        return {"jitted function": lambda: np.asarray(network(flat, x))}
    jax.config.update("jax_enable_x64", True)
    weights, x, y = parameters()
    device = [jnp.asarray(w) for w in weights], jnp.asarray(x), jnp.asarray(y)

    def loss(w: Any, x: Any, y: Any) -> Any:
        return jnp.mean(jnp.square(jnp.tanh(x @ w[0] + w[1]) @ w[2] + w[3] - y))

    both = jax.jit(jax.value_and_grad(loss))
    return {"jitted value_and_grad": lambda: jax.block_until_ready(both(*device))}


def torch_calls(task: str) -> dict[str, Call]:
    import torch

    compiled = "compiled" in sys.argv[1]
    if task == PREDICT:
        network: Any = torch.nn.Sequential(
            torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10), torch.nn.Softmax(-1)
        )
        network = torch.compile(network) if compiled else network
        x = row()

        def predict() -> Any:
            with torch.inference_mode():
                return network(torch.from_numpy(x)).numpy()

        return {"network, inference_mode": predict}
    weights, rows, wanted = parameters()
    w = [torch.tensor(part, requires_grad=True) for part in weights]
    inputs, targets = torch.from_numpy(rows), torch.from_numpy(wanted)

    def forward() -> Any:
        hidden = torch.tanh(torch.addmm(w[1], inputs, w[0]))
        return torch.mean(torch.square(torch.addmm(w[3], hidden, w[2]) - targets))

    loss = torch.compile(forward) if compiled else forward

    def both() -> Any:
        value = loss()
        return value.detach(), torch.autograd.grad(value, w)

    return {"loss, autograd.grad": both}


MAKERS = {
    "flintglass": flintglass_calls,
    "flintglass, NumPy engine": flintglass_calls,
    "Keras on JAX": keras_calls,
    "Keras on TensorFlow": keras_calls,
    "PyTorch eager": torch_calls,
    "PyTorch compiled": torch_calls,
    "JAX, one jitted scan": jax_calls,
}


def best(call: Call) -> float:
    """Microseconds of one call: the best of some windows."""
    call()
    start = time.perf_counter()
    call()
    count = max(1, int(SECONDS / max(time.perf_counter() - start, 1e-6)))
    found = []
    for _ in range(WINDOWS):
        start = time.perf_counter()
        for _ in range(count):
            call()
        found.append((time.perf_counter() - start) / count)
    return min(found) * 1e6


def main() -> None:
    os.environ["KERAS_BACKEND"] = BACKENDS.get(sys.argv[1], "")
    print(json.dumps(versions(CONTESTANTS[sys.argv[1]][2])), flush=True)
    made: dict[str, dict[str, Call]] = {}
    for line in sys.stdin:
        task = json.loads(line)
        if task not in made:
            made[task] = MAKERS[sys.argv[1]](task)
        print(json.dumps({way: best(call) for way, call in made[task].items()}), flush=True)


if __name__ == "__main__":
    main()

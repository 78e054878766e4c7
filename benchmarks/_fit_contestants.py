"""One contestant of fit_step.py, run in its own interpreter: reads a job and epochs, writes how long ``fit`` took.

It needs NumPy and the contestant's own packages, nothing of flintglass otherwise. A line of standard input is a JSON
list [job, epochs], the job by its name in JOBS or by its fields; the answer is a line of JSON: the seconds of the fit,
the seconds of building it before (0 where it was built), and the most memory that the process has held. The first line
written says versions, and how long the import took.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module, metadata
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Job:
    """A network and its batch; ``classes`` says that the last width is that of a softmax."""

    widths: tuple[int, ...]
    batch: int
    steps: int  # an epoch
    classes: bool = False
    activation: str = "relu"

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """float32 rows and targets (or int64 labels), the same for every contestant."""
        draw = np.random.RandomState(7)
        rows = self.batch * self.steps
        x = draw.standard_normal((rows, self.widths[0])).astype("float32")
        scores = x @ draw.standard_normal((self.widths[0], self.widths[-1])).astype("float32")
        return (x, scores.argmax(1)) if self.classes else (x, np.square(scores) / self.widths[0])


JOBS = {
    "1-4-1": Job((1, 4, 1), 10, 100),
    "64-64-64-1": Job((64, 64, 64, 1), 64, 100),
    "784-128-10": Job((784, 128, 10), 32, 100, classes=True),
    "784-512-512-10": Job((784, 512, 512, 10), 128, 50, classes=True),
    "2048-2048-2048-10": Job((2048, 2048, 2048, 10), 256, 5, classes=True),
    "4-32-16-4 tanh": Job((4, 32, 16, 4), 10_000, 1, activation="tanh"),
}

Fit = Callable[[int], Any]  # epochs -> trained


def keras(job: Job, x: np.ndarray, y: np.ndarray, package: Any) -> Fit:
    """The Keras script, for whichever package answers it."""
    layers = [package.layers.Input((job.widths[0],))]
    layers += [package.layers.Dense(width, activation=job.activation) for width in job.widths[1:-1]]
    layers += [package.layers.Dense(job.widths[-1], activation="softmax" if job.classes else None)]
    model = package.Sequential(layers)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy" if job.classes else "mse")
    return lambda epochs: model.fit(x, y, batch_size=job.batch, epochs=epochs, verbose=0)


def flintglass_numpy(job: Job, x: np.ndarray, y: np.ndarray) -> Fit:
    return flintglass_on("numpy", job, x, y)


def flintglass_native(job: Job, x: np.ndarray, y: np.ndarray) -> Fit:
    return flintglass_on("native", job, x, y)


def flintglass_on(engine: str, job: Job, x: np.ndarray, y: np.ndarray) -> Fit:
    import flintglass
    from flintglass import config

    config.set_engine(engine)
    return keras(job, x, y, flintglass)


def keras_itself(job: Job, x: np.ndarray, y: np.ndarray) -> Fit:
    """Keras, on the backend that main chose."""
    import keras as package

    return keras(job, x, y, package)


def scikit_learn(job: Job, x: np.ndarray, y: np.ndarray) -> Fit:
    import warnings

    from sklearn import neural_network

    warnings.simplefilter("ignore")  # "maximum iterations reached" is what is asked for
    kind = neural_network.MLPClassifier if job.classes else neural_network.MLPRegressor
    targets = y if job.classes or y.shape[1] > 1 else y.reshape(-1)

    def fit(epochs: int) -> Any:
        return kind(
            hidden_layer_sizes=job.widths[1:-1],
            activation=job.activation,
            batch_size=job.batch,
            alpha=0.0,
            max_iter=epochs,
            n_iter_no_change=epochs + 1,
        ).fit(x, targets)

    return fit


def pytorch(job: Job, x: np.ndarray, y: np.ndarray, compiled: bool = False) -> Fit:
    """The usual loop; rows are gathered by a permutation, which is faster than a DataLoader here."""
    import torch
    from torch import nn

    parts: list[Any] = []
    for before, after in zip(job.widths[:-1], job.widths[1:], strict=True):
        parts += [nn.Linear(before, after), nn.Tanh() if job.activation == "tanh" else nn.ReLU()]
    network = nn.Sequential(*parts[:-1])
    loss_of = nn.CrossEntropyLoss() if job.classes else nn.MSELoss()
    optimizer = torch.optim.Adam(network.parameters(), fused=compiled)
    rows, targets = torch.from_numpy(x), torch.from_numpy(y)

    def loss_on(inputs: Any, wanted: Any) -> Any:
        return loss_of(network(inputs), wanted)

    forward = torch.compile(loss_on) if compiled else loss_on

    def fit(epochs: int) -> Any:
        for _ in range(epochs):
            order = torch.randperm(len(rows))
            for start in range(0, len(rows), job.batch):
                chosen = order[start : start + job.batch]
                optimizer.zero_grad()
                loss = forward(rows[chosen], targets[chosen])
                loss.backward()
                optimizer.step()
        return loss.item()

    return fit


def pytorch_compiled(job: Job, x: np.ndarray, y: np.ndarray) -> Fit:
    """The same with the network and its loss compiled, and the optimizer in one fused kernel."""
    return pytorch(job, x, y, compiled=True)


def jax_scan(job: Job, x: np.ndarray, y: np.ndarray) -> Fit:
    """The whole fit as one jitted program: what an expert writes who gives up Keras.

    The parameters lie in one flat array, so that Adam is a few operations; the inner scan is unrolled.
    """
    import jax
    from jax import lax
    from jax import numpy as jnp

    shapes = [shape for pair in zip(job.widths[:-1], job.widths[1:], strict=True) for shape in (pair, pair[1:])]
    sizes = [int(np.prod(shape)) for shape in shapes]
    ends = np.cumsum([0, *sizes])
    draw = np.random.RandomState(1)
    start = [draw.uniform(-1, 1, s) * np.sqrt(6 / sum(s)) if len(s) == 2 else np.zeros(s) for s in shapes]
    activation = jnp.tanh if job.activation == "tanh" else jax.nn.relu

    def loss_of(flat: Any, inputs: Any, wanted: Any) -> Any:
        parts = [flat[a:b].reshape(s) for a, b, s in zip(ends[:-1], ends[1:], shapes, strict=True)]
        for kernel, bias in zip(parts[:-2:2], parts[1:-2:2], strict=True):
            inputs = activation(inputs @ kernel + bias)
        found = inputs @ parts[-2] + parts[-1]
        if not job.classes:
            return jnp.mean(jnp.square(found - wanted))
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(found), wanted[:, None], 1))

    gradient = jax.grad(loss_of)
    rows, targets = jnp.asarray(x), jnp.asarray(y)

    def step(state: Any, chosen: Any) -> Any:
        flat, m, v, count = state
        d = gradient(flat, rows[chosen], targets[chosen])
        count = count + 1
        m, v = m + 0.1 * (d - m), v + 0.001 * (d * d - v)
        rate = 0.001 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        return (flat - rate * m / (jnp.sqrt(v) + 1e-7), m, v, count), None

    @jax.jit
    def run(state: Any, key: Any, epochs: Any) -> Any:
        def epoch(number: Any, state: Any) -> Any:
            order = jax.random.permutation(jax.random.fold_in(key, number), len(x))
            return lax.scan(step, state, order.reshape(-1, job.batch), unroll=min(10, job.steps))[0]

        return lax.fori_loop(0, epochs, epoch, state)

    flat = jnp.concatenate([jnp.asarray(part, "float32").reshape(-1) for part in start])
    state = (flat, jnp.zeros_like(flat), jnp.zeros_like(flat), jnp.float32(0))
    return lambda epochs: jax.block_until_ready(run(state, jax.random.key(0), epochs))


# contestant -> what trains a job, the module that it imports, the packages whose versions count
CONTESTANTS: dict[str, tuple[Callable[[Job, np.ndarray, np.ndarray], Fit], str, tuple[str, ...]]] = {
    # The package loads its modules when they are used: that falls to the first step, not to the import.
    "flintglass": (flintglass_native, "flintglass", ("flintglass", "numpy")),
    "flintglass, NumPy engine": (flintglass_numpy, "flintglass", ("flintglass", "numpy")),
    "Keras on JAX": (keras_itself, "keras", ("keras", "jax")),
    "Keras on TensorFlow": (keras_itself, "keras", ("keras", "tensorflow", "tensorflow-cpu")),
    "scikit-learn MLP": (scikit_learn, "sklearn.neural_network", ("scikit-learn", "numpy")),
    "PyTorch eager": (pytorch, "torch", ("torch",)),
    "PyTorch compiled": (pytorch_compiled, "torch", ("torch",)),
    "JAX, one jitted scan": (jax_scan, "jax", ("jax",)),
}
BACKENDS = {"Keras on JAX": "jax", "Keras on TensorFlow": "tensorflow"}


def versions(packages: tuple[str, ...]) -> str:
    """The versions of those that are installed."""
    found = []
    for name in packages:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return ", ".join(found)


def main() -> None:
    make, module, packages = CONTESTANTS[sys.argv[1]]
    os.environ["KERAS_BACKEND"] = BACKENDS.get(sys.argv[1], "")
    print(json.dumps(versions(packages)), flush=True)
    start = time.perf_counter()
    import_module(module)
    importing = time.perf_counter() - start
    fits: dict[str, Fit] = {}
    for line in sys.stdin:
        asked, epochs = json.loads(line)
        name, built = json.dumps(asked), 0.0
        if name not in fits:
            job = JOBS[asked] if isinstance(asked, str) else Job(**asked)
            data = job.data()
            if not isinstance(asked, str):
                fits.clear()  # a series of sizes: the one before is not asked for again
            start = time.perf_counter()
            fits[name] = make(job, *data)
            built = time.perf_counter() - start
        start = time.perf_counter()
        fits[name](epochs)
        seconds = time.perf_counter() - start
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kilobytes on Linux
        answer = {"seconds": seconds, "building": built, "importing": importing, "MiB": memory}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

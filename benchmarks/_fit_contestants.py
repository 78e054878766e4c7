"""One contestant of fit_step.py, run in its own interpreter: reads a job and epochs, writes how long ``fit`` took.

It needs NumPy and the contestant's own packages, nothing of flintglass otherwise. A line of standard input is a JSON
list [job, epochs]; the answer is a line of JSON: seconds. The first line written says versions and flags.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np

STEPS_PER_EPOCH = 100


@dataclass(frozen=True)
class Job:
    """A network and its batch; ``classes`` says that the last width is that of a softmax."""

    widths: tuple[int, ...]
    batch: int
    classes: bool = False

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """float32 rows and targets (or int64 labels), the same for every contestant."""
        draw = np.random.RandomState(7)
        rows = self.batch * STEPS_PER_EPOCH
        x = draw.standard_normal((rows, self.widths[0])).astype("float32")
        scores = x @ draw.standard_normal((self.widths[0], self.widths[-1])).astype("float32")
        return (x, scores.argmax(1)) if self.classes else (x, np.square(scores) / self.widths[0])


JOBS = {
    "1-4-1": Job((1, 4, 1), 10),
    "64-64-64-1": Job((64, 64, 64, 1), 64),
    "784-128-10": Job((784, 128, 10), 32, classes=True),
}

Fit = Callable[[int], Any]  # epochs -> trained


def keras(job: Job, x: np.ndarray, y: np.ndarray, package: Any) -> Fit:
    """The Keras script, for whichever package answers it."""
    layers = [package.layers.Input((job.widths[0],))]
    layers += [package.layers.Dense(width, activation="relu") for width in job.widths[1:-1]]
    layers += [package.layers.Dense(job.widths[-1], activation="softmax" if job.classes else None)]
    model = package.Sequential(layers)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy" if job.classes else "mse")
    return lambda epochs: model.fit(x, y, batch_size=job.batch, epochs=epochs, verbose=0)


def flintglass_numpy(job: Job, x: np.ndarray, y: np.ndarray) -> Fit:
    import flintglass
    from flintglass import config

    config.set_engine("numpy")
    return keras(job, x, y, flintglass)


def keras_jax(job: Job, x: np.ndarray, y: np.ndarray) -> Fit:
    os.environ["KERAS_BACKEND"] = "jax"
    import keras as package

    return keras(job, x, y, package)


def keras_tensorflow(job: Job, x: np.ndarray, y: np.ndarray) -> Fit:
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras as package

    return keras(job, x, y, package)


def scikit_learn(job: Job, x: np.ndarray, y: np.ndarray) -> Fit:
    import warnings

    from sklearn import neural_network

    warnings.simplefilter("ignore")  # "maximum iterations reached" is what is asked for
    kind = neural_network.MLPClassifier if job.classes else neural_network.MLPRegressor
    targets = y if job.classes else y.reshape(-1)

    def fit(epochs: int) -> Any:
        return kind(
            hidden_layer_sizes=job.widths[1:-1],
            batch_size=job.batch,
            alpha=0.0,
            max_iter=epochs,
            n_iter_no_change=epochs + 1,
        ).fit(x, targets)

    return fit


def pytorch(job: Job, x: np.ndarray, y: np.ndarray) -> Fit:
    """The usual loop; rows are gathered by a permutation, which is faster than a DataLoader here."""
    import torch
    from torch import nn

    parts: list[Any] = []
    for before, after in zip(job.widths[:-1], job.widths[1:], strict=True):
        parts += [nn.Linear(before, after), nn.ReLU()]
    network = nn.Sequential(*parts[:-1])
    loss_of = nn.CrossEntropyLoss() if job.classes else nn.MSELoss()
    optimizer = torch.optim.Adam(network.parameters())
    rows, targets = torch.from_numpy(x), torch.from_numpy(y)

    def fit(epochs: int) -> Any:
        for _ in range(epochs):
            order = torch.randperm(len(rows))
            for start in range(0, len(rows), job.batch):
                chosen = order[start : start + job.batch]
                optimizer.zero_grad()
                loss = loss_of(network(rows[chosen]), targets[chosen])
                loss.backward()
                optimizer.step()
        return loss.item()

    return fit


# contestant -> what trains a job, the packages whose versions count
CONTESTANTS: dict[str, tuple[Callable[[Job, np.ndarray, np.ndarray], Fit], tuple[str, ...]]] = {
    "flintglass, NumPy engine": (flintglass_numpy, ("flintglass", "numpy")),
    "Keras on JAX": (keras_jax, ("keras", "jax")),
    "Keras on TensorFlow": (keras_tensorflow, ("keras", "tensorflow", "tensorflow-cpu")),
    "scikit-learn MLP": (scikit_learn, ("scikit-learn", "numpy")),
    "PyTorch eager": (pytorch, ("torch",)),
}


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
    make, packages = CONTESTANTS[sys.argv[1]]
    print(json.dumps(versions(packages)), flush=True)
    fits: dict[str, Fit] = {}
    for line in sys.stdin:
        name, epochs = json.loads(line)
        if name not in fits:
            fits[name] = make(JOBS[name], *JOBS[name].data())
        start = time.perf_counter()
        fits[name](epochs)
        print(json.dumps(time.perf_counter() - start), flush=True)


if __name__ == "__main__":
    main()

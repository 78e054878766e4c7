"""What the contracts of losses, metrics and optimizers share: names of a registry, data, formulas of rows."""

from __future__ import annotations

from typing import Any

import numpy as np

ROWS, CLASSES = 12, 4
Array = np.ndarray


def of_kind(package: Any, base: type) -> list[str]:
    """The public names of a package's registry that are classes of this kind, the base left out."""
    found = {name: getattr(package, name) for name in package.__all__}
    return sorted(n for n, x in found.items() if isinstance(x, type) and issubclass(x, base) and x is not base)


# -- data


def numbers(generator: Any) -> tuple[Array, Array]:
    return generator.normal(size=(ROWS, CLASSES)) * 2, generator.normal(size=(ROWS, CLASSES))


def chances(generator: Any) -> tuple[Array, Array]:
    """Yes or no, and the probabilities that were predicted."""
    return generator.integers(0, 2, (ROWS, CLASSES)) * 1.0, generator.uniform(0.1, 0.9, (ROWS, CLASSES))


def odds(generator: Any) -> tuple[Array, Array]:
    """Yes or no, and the log odds that were predicted."""
    return generator.integers(0, 2, (ROWS, CLASSES)) * 1.0, generator.normal(size=(ROWS, CLASSES))


def one_hot(generator: Any) -> tuple[Array, Array]:
    labels, shares = labelled(generator)
    return np.eye(CLASSES)[labels], shares


def labelled(generator: Any) -> tuple[Array, Array]:
    return generator.integers(0, CLASSES, ROWS), generator.uniform(0.1, 0.9, (ROWS, CLASSES))


def positive(generator: Any) -> tuple[Array, Array]:
    """Numbers above 0, and predictions of them."""
    return generator.uniform(0.2, 3.0, (ROWS, CLASSES)), generator.uniform(0.2, 3.0, (ROWS, CLASSES))


def signs(generator: Any) -> tuple[Array, Array]:
    """-1 and 1, and predictions none of which lies at the edge of the margin."""
    y, p = numbers(generator)
    return np.sign(y), p


def shared(generator: Any) -> tuple[Array, Array]:
    """Rows that add up to 1, and predicted ones."""
    y, p = positive(generator)
    return share(y), share(p)


def directions(generator: Any) -> tuple[Array, Array]:
    """Classes, and embeddings of length 1."""
    _, p = numbers(generator)
    return np.arange(ROWS) % 3, p / np.linalg.norm(p, axis=-1, keepdims=True)


def whole(generator: Any) -> tuple[Array, Array]:
    return generator.integers(0, 3, (ROWS, 1)), generator.integers(0, 3, (ROWS, 1))


# -- formulas, one value a row


def share(p: Array) -> Array:
    return p / p.sum(-1, keepdims=True)


def log_softmax(z: Array) -> Array:
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def at_label(y: Array, values: Array) -> Array:
    return values[np.arange(len(y)), y]


def huber(y: Array, p: Array, delta: float) -> Array:
    size = np.abs(y - p)
    return np.where(size <= delta, size**2 / 2, delta * size - delta**2 / 2).mean(-1)


def surprise(y: Array, p: Array) -> Array:
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(-1)


def focal(y: Array, p: Array, gamma: float) -> Array:
    """The surprise of each yes or no, less where the truth was expected."""
    truth = np.where(y > 0.5, p, 1 - p)
    return -((1 - truth) ** gamma) * np.log(truth)


def cosine(y: Array, p: Array) -> Array:
    return (y * p).sum(-1) / np.linalg.norm(y, axis=-1) / np.linalg.norm(p, axis=-1)


def circle(y: Array, p: Array, gamma: float, margin: float) -> Array:
    """The loss of each row, by its definition: a sum over all pairs of a row of its class and one of another."""
    result = np.empty(len(p))
    for row in range(len(p)):
        mates = [i for i in range(len(p)) if y[i] == y[row] and i != row]
        others = [i for i in range(len(p)) if y[i] != y[row]]
        alike, unlike = p[mates] @ p[row], p[others] @ p[row]
        pull = -gamma * np.maximum(1 + margin - alike, 0) * (alike - (1 - margin))
        push = gamma * np.maximum(unlike + margin, 0) * (unlike - margin)
        result[row] = np.log1p(np.exp(pull[:, None] + push[None, :]).sum())
    return result


def lead_missed(y: Array, p: Array) -> Array:
    """How far the right class misses a lead of 1 over the best of the others."""
    right = (y * p).sum(-1)
    return np.maximum(1 + np.where(y > 0, 0, p).max(-1) - right, 0)

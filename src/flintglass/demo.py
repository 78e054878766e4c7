"""The demo: y = x squared from seed to picture, then real digits; less than a minute in all."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from flintglass import glass, layers, models, optimizers, samples, utils
from flintglass.glass.plots import units_as_svg

RULE = "=" * 78


def run(picture: str = "flintglass-demo.png") -> None:
    """Train both networks, print what runs and why, and write the picture to this path."""
    started = time.perf_counter()
    square(picture)
    digits()
    print(f"\n{RULE}\nAll of this took {time.perf_counter() - started:.1f} s.")


def square(picture: str) -> None:
    """A network of four hidden units learns y = x**2 from 201 points in -10..10."""
    _heading("A network of 13 numbers learns y = x squared")
    utils.set_random_seed(7)
    x = np.linspace(-10, 10, 201)
    y = x**2
    model = models.Sequential(
        [layers.Input((1,)), layers.Dense(4, activation="relu", name="hidden"), layers.Dense(1, name="line")],
        name="square",
    )
    model.compile(optimizer=optimizers.Adam(learning_rate=0.01), loss="mse")
    first_step = model.explain_step(x[:10], y[:10])
    model.fit(x, y, epochs=1000, batch_size=10, verbose=1)

    _heading("What ran: the program of one training step")
    print(model.program("train"))

    _heading("What it learned")
    print(f"{'x':>8} {'x squared':>12} {'predicted':>12}")
    shown = np.array([-9.0, -6.0, -3.0, 0.0, 3.0, 6.0, 9.0])
    for number, predicted in zip(shown, model.predict(shown, verbose=0)[:, 0], strict=True):
        print(f"{number:8.1f} {number**2:12.2f} {predicted:12.2f}")
    far = model.predict(np.array([100.0]), verbose=0)[0, 0]
    print(
        f"{100.0:8.1f} {10000.0:12.2f} {far:12.2f}   <- far outside -10..10: beyond its data the network goes on\n"
        "                                        in a straight line. Scale your inputs, and do not extrapolate."
    )

    _heading("Why, for x = 3: every unit with its numbers")
    print(model.explain(np.array([3.0])))

    _heading("How it began: the first training step, explained")
    print(first_step)
    _picture(model, x, y, picture)


def _picture(model: models.Model, x: np.ndarray, y: np.ndarray, path: str) -> None:
    low, high = -5, 110
    try:
        import matplotlib
    except ImportError:
        path = str(Path(path).with_suffix(".svg"))
        Path(path).write_text(units_as_svg(model, x, y, low=low, high=high), encoding="utf-8")
    else:
        matplotlib.use("Agg")
        axes = glass.plot_units(model, x, y)
        axes.set_ylim(low, high)
        axes.figure.savefig(path, dpi=120)
    print(f"\nThe picture of the data, the fit and each hidden unit's line: {path}")


def digits() -> None:
    """Scanned digits: 1,797 images of 8 by 8 points, a quarter of them held out."""
    _heading("Real data: 1,797 scanned digits")
    utils.set_random_seed(7)
    images, labels = samples.digits()
    order = np.random.permutation(len(labels))
    x, y = images[order] / 16.0, labels[order]
    held_out = len(x) // 4
    model = models.Sequential(
        [layers.Input((64,)), layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")],
        name="digits",
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[held_out:], y[held_out:], epochs=40, batch_size=32, verbose=2)
    accuracy = model.evaluate(x[:held_out], y[:held_out], verbose=0)[1]
    counts = np.bincount(y[held_out:])
    baseline = float(np.mean(y[:held_out] == counts.argmax()))
    print(f"Accuracy on {held_out} held-out images: {accuracy:.3f}")
    print(f"Baseline (always the most frequent digit): {baseline:.3f}")


def _heading(text: str) -> None:
    print(f"\n{RULE}\n{text}\n{RULE}")

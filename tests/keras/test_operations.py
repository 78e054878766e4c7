"""The rarer operations: the same values as Keras's, for arrays with and without nan, of whole and other numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.keras.sides import SIDES, fresh, one_in

from flintglass import ops

pytestmark = pytest.mark.keras

DRAW = np.random.default_rng(5)
X = DRAW.normal(size=(3, 4, 5)).astype("float32")
Y = DRAW.normal(size=(3, 4, 5)).astype("float32")
HOLES = np.where(DRAW.uniform(size=X.shape) < 0.3, np.nan, X).astype("float32")
NOTHING = np.where(np.arange(5) == 2, np.nan, HOLES).astype("float32")
WHOLE = DRAW.integers(-9, 9, size=(4, 5)).astype("int32")
VECTORS = DRAW.normal(size=(2, 6, 3)).astype("float32")
EDGES = np.array([-np.inf, -2.0, -0.0, 0.0, 1.5, np.inf, np.nan], "float32")

CASES: dict[str, list[Callable[[Any], Any]]] = {
    "array_split": [lambda o: o.array_split(X, 3, axis=2), lambda o: o.array_split(WHOLE, 4)],
    "cbrt": [lambda o: o.cbrt(X), lambda o: o.cbrt(WHOLE)],
    "cross": [lambda o: o.cross(VECTORS[0], VECTORS[1]), lambda o: o.cross(X, Y, axis=0)],
    "deg2rad": [lambda o: o.deg2rad(X * 100)],
    "diagflat": [lambda o: o.diagflat(X[0, :2], -1)],
    "diff": [lambda o: o.diff(X), lambda o: o.diff(WHOLE, 2, 0)],
    "dstack": [lambda o: o.dstack([X, Y]), lambda o: o.dstack([X[0, 0], Y[0, 0]]), lambda o: o.dstack([X[0], Y[0]])],
    "empty_like": [lambda o: o.shape(o.empty_like(X))],
    "erfc": [lambda o: o.erfc(X)],
    "fliplr": [lambda o: o.fliplr(X)],
    "flipud": [lambda o: o.flipud(X)],
    "fmax": [lambda o: o.fmax(HOLES, Y), lambda o: o.fmax(X, HOLES)],
    "fmin": [lambda o: o.fmin(HOLES, NOTHING)],
    "heaviside": [lambda o: o.heaviside(EDGES, 0.5)],
    "hsplit": [lambda o: o.hsplit(X, 2), lambda o: o.hsplit(EDGES, [3])],
    "isneginf": [lambda o: o.isneginf(EDGES)],
    "isposinf": [lambda o: o.isposinf(EDGES)],
    "kron": [lambda o: o.kron(X[0], Y[1]), lambda o: o.kron(X[0, 0], Y[1])],
    "layer_normalization": [
        lambda o: o.layer_normalization(X, epsilon=1e-3),
        lambda o: o.layer_normalization(X, Y[0, 0], X[0, 0]),
    ],
    "logaddexp2": [lambda o: o.logaddexp2(X, Y)],
    "logspace": [lambda o: o.logspace(0.0, 2.0, 5), lambda o: o.logspace(1, 3, 4, endpoint=False, base=2)],
    "median": [lambda o: o.median(X), lambda o: o.median(X, axis=(0, 2), keepdims=True), lambda o: o.median(HOLES, 1)],
    "nanmax": [lambda o: o.nanmax(HOLES), lambda o: o.nanmax(NOTHING, axis=(0, 1))],
    "nanmean": [lambda o: o.nanmean(HOLES, axis=1), lambda o: o.nanmean(NOTHING, axis=(0, 1), keepdims=True)],
    "nanmin": [lambda o: o.nanmin(HOLES, axis=-1), lambda o: o.nanmin(WHOLE)],
    "nanprod": [lambda o: o.nanprod(HOLES, axis=1)],
    "nanstd": [lambda o: o.nanstd(HOLES, axis=1)],
    "nansum": [lambda o: o.nansum(HOLES, axis=1, keepdims=True), lambda o: o.nansum(WHOLE)],
    "nanvar": [lambda o: o.nanvar(HOLES)],
    "ptp": [lambda o: o.ptp(X, axis=1), lambda o: o.ptp(WHOLE)],
    "quantile": [
        lambda o: o.quantile(X, 0.3, axis=1),
        lambda o: o.quantile(X, [0.0, 0.25, 1.0], axis=(0, 2), keepdims=True),
        *(lambda o, m=method: o.quantile(X, [0.1, 0.5, 0.77], method=m) for method in ("lower", "higher", "midpoint")),
        lambda o: o.quantile(X, 0.31, axis=-1, method="nearest"),
    ],
    "rad2deg": [lambda o: o.rad2deg(X)],
    "rms_normalization": [lambda o: o.rms_normalization(X), lambda o: o.rms_normalization(X, Y[0, 0], epsilon=1e-2)],
    "rot90": [*(lambda o, k=k: o.rot90(X, k) for k in (1, 2, -1)), lambda o: o.rot90(X, 1, (2, 1))],
    "sinc": [lambda o: o.sinc(X), lambda o: o.sinc(np.zeros(2, "float32"))],
    "trapezoid": [
        lambda o: o.trapezoid(X, dx=0.5, axis=1),
        lambda o: o.trapezoid(X, x=np.arange(4.0, dtype="float32") ** 2, axis=1),
        lambda o: o.trapezoid(X, x=Y),
    ],
    "vsplit": [lambda o: o.vsplit(X, 3)],
}


def flat(value: Any) -> list[np.ndarray]:
    return [np.asarray(item) for item in value] if isinstance(value, (list, tuple)) else [np.asarray(value)]


def test_every_rarer_operation_is_compared() -> None:
    rooms = ("flintglass.ops.further", "flintglass.ops.statistics")
    assert set(CASES) == {name for name, place in ops.TABLE.items() if place in rooms}


@pytest.mark.parametrize("name", one_in(3, CASES))
@pytest.mark.filterwarnings("ignore")
def test_a_rarer_operation_has_the_values_of_keras(name: str) -> None:
    with fresh():
        for case in CASES[name]:
            kept, made = (flat(case(side.ops)) for side in SIDES)
            for theirs, mine in zip(kept, made, strict=True):
                assert (mine.shape, mine.dtype) == (theirs.shape, theirs.dtype)
                np.testing.assert_allclose(mine, theirs, rtol=2e-5, atol=1e-6)

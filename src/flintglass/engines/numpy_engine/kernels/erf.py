"""Kernels of the error function and its inverse, which NumPy does not have.

erf(x) / x is a polynomial in x**2 for |x| <= 1; beyond, erf(x) = 1 - e**(-x**2) q(t), where q is a polynomial
in t = (|x| - 3) / (|x| + 3). Both are Chebyshev series of the functions, interpolated with 40 digits. Their
error in float64 is below 2 units in the last place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from flintglass.engines.numpy_engine.kernels.table import Array, Thunk, kernel

# erf(x) / x over s = 2 x**2 - 1 in [-1, 1]
NEAR = (
    0.975476939382654096,
    -0.142261205103713642,
    0.0100355821875997956,
    -0.000576876469976748477,
    0.000027419931252196061,
    -1.10431755073445076e-6,
    3.84887554203450369e-8,
    -1.1808582533875467e-9,
    3.23342158260509096e-11,
    -7.99101594700454876e-13,
    1.79907251139614556e-14,
    -3.71863548781869264e-16,
    7.10359900371425297e-18,
)
# e**(x**2) erfc(x) over x in [1, 6], where t is in [-1/2, 1/3] and s = (12 t + 1) / 5 in [-1, 1]
FAR = (
    0.233768221880925469,
    -0.164101962784234079,
    0.026097812602892759,
    -0.00328111853149978315,
    0.000313463890652485053,
    -0.0000204605677084600592,
    5.77698770018260207e-7,
    3.77264461743661093e-8,
    -4.11566201732381918e-9,
    -2.040121545843181e-11,
    2.07083936961860374e-11,
    -2.38438494340406573e-13,
    -1.15161525073366929e-13,
    1.47628369585034968e-15,
    7.37801308404497359e-16,
    2.75020410772944469e-19,
    -5.09317288054798611e-18,
)
CENTRE = 3.0
FARTHEST = 6.0  # erf is 1 to the last digit from 5.93 on
ENOUGH = {"float32": (8, 9), "float64": (len(NEAR), len(FAR))}


class _Erf:
    """erf and erfc of one array, with the scratch arrays that they need."""

    def __init__(self, x: Array, dtype: np.dtype[Any]) -> None:
        near, far = ENOUGH[dtype.name]
        self.near = np.polynomial.chebyshev.cheb2poly(NEAR[:near]).astype(dtype)
        self.far = np.polynomial.chebyshev.cheb2poly(FAR[:far]).astype(dtype)
        self.x = x
        self.size, self.variable, self.series, self.tail = (np.empty(x.shape, dtype) for _ in range(4))
        self.is_far = np.empty(x.shape, "bool")

    def complement(self) -> Array:
        """erfc(|x|), good where |x| is from 1 to 6: what is below counts as 1, what is above as 6."""
        size, t, tail = self.size, self.variable, self.tail
        np.absolute(self.x, size)
        np.clip(size, 1.0, FARTHEST, out=size)
        np.add(size, CENTRE, tail)
        np.subtract(size, CENTRE, t)
        np.divide(t, tail, t)
        np.multiply(t, 12.0 / 5.0, t)
        np.add(t, 1.0 / 5.0, t)
        _horner(self.far, t, tail)
        np.square(size, size)
        np.negative(size, size)
        np.exp(size, size)
        return np.multiply(tail, size, tail)

    def value(self) -> Array:
        """erf(x)."""
        tail, size, s, series = self.complement(), self.size, self.variable, self.series
        np.subtract(1.0, tail, tail)
        np.copysign(tail, self.x, tail)
        np.absolute(self.x, size)
        np.greater(size, 1.0, self.is_far)
        np.minimum(size, 1.0, out=size)
        np.square(size, s)
        np.multiply(s, 2.0, s)
        np.subtract(s, 1.0, s)
        _horner(self.near, s, series)
        np.multiply(series, self.x, series)
        np.copyto(series, tail, where=self.is_far)
        return series


def _horner(coefficients: Array, variable: Array, out: Array) -> None:
    """The polynomial of ascending coefficients, into ``out``."""
    out[...] = coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        np.multiply(out, variable, out)
        np.add(out, coefficient, out)


def _working(out: Array) -> np.dtype[Any]:
    """The dtype to compute in: half precision is computed in single."""
    return np.dtype("float32") if out.dtype == "float16" else out.dtype


@kernel
def erf(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Mapping[str, Any]) -> Thunk:
    """The series near 0 and the tail, both computed everywhere and then chosen."""
    (x,), (out,) = inputs, outputs
    parts = _Erf(x, _working(out))
    return lambda: out.__setitem__(..., parts.value())


@kernel
def erf_inverse(inputs: Sequence[Array], outputs: Sequence[Array], attributes: Mapping[str, Any]) -> Thunk:
    """Winitzki's estimate (2008), good to 0.2 %, and two steps of Halley's method, in double precision."""
    (x,), (out,) = inputs, outputs
    y = np.empty(x.shape, "float64")
    parts = _Erf(y, y.dtype)

    def run() -> None:
        target = x.astype("float64")
        y[...] = _estimate(target)
        ends = np.isinf(y)
        for _ in range(2):
            step = _residual(parts, target) * np.exp(np.square(y)) * (math.sqrt(math.pi) / 2.0)
            np.subtract(y, step / (1.0 + y * step), out=y, where=~ends)
        out[...] = y

    return run


def _estimate(x: Array) -> Array:
    a = 0.147
    logarithm = np.log((1.0 - x) * (1.0 + x))
    half = 2.0 / (math.pi * a) + logarithm / 2.0
    return np.copysign(np.sqrt(np.sqrt(np.square(half) - logarithm / a) - half), x)


def _residual(parts: _Erf, target: Array) -> Array:
    """erf(y) - target, without cancellation where both are near 1 or -1."""
    y = parts.x
    near = parts.value() - target
    far = np.copysign(1.0, y) * ((1.0 - np.absolute(target)) - parts.complement())
    return np.where(np.absolute(y) > 1.0, far, near)

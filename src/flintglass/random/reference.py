"""From random bits to numbers, in NumPy: the definitions that every engine's kernels are held to.

Each function takes outputs of Philox as uint32, in order, and gives what TensorFlow's CPU kernels give for
them: uniforms in every bit, normals to 1.5e-6 in float32 (logarithm and sine differ in the last bits).
"""

from __future__ import annotations

import numpy as np

SMALLEST_UNIFORM = 1e-7  # under the logarithm
TRUNCATION = 2.0  # standard deviations
# A truncated normal has one region of the stream for each group of results, and rejects within it.
# A group is as many results as normals come from one block: 4 in float32, 2 in float64.
TRUNCATED_GROUP = {"float32": 4, "float64": 2}
TRUNCATED_STRIDE = {"float32": 256, "float64": 128}  # in counter values: 256 words for each result


def words_for(count: int, dtype: str) -> int:
    """How many outputs `count` uniforms or normals use; normals come in pairs."""
    return {"float32": count + count % 2, "float64": 2 * (count + count % 2)}[dtype]


def unit_uniform(bits: np.ndarray, dtype: str = "float32") -> np.ndarray:
    """Uniform in [0, 1): bits as a mantissa under the exponent of 1.0, minus 1.

    float32 uses the low 23 bits of an output; float64 two outputs, the low 20 bits of the first as the
    upper part of the mantissa. `bits` has one entry a number in float32, two in float64.
    """
    if dtype == "float32":
        mantissa = (bits & np.uint32(0x7FFFFF)) | np.uint32(0x3F800000)
        return mantissa.view(np.float32) - np.float32(1)
    high, low = bits[..., 0::2].astype(np.uint64), bits[..., 1::2].astype(np.uint64)
    mantissa = (high & np.uint64(0xFFFFF)) << np.uint64(32) | low | np.uint64(0x3FF0000000000000)
    return mantissa.view(np.float64) - 1.0


def uniform(bits: np.ndarray, low: float, high: float, dtype: str = "float32") -> np.ndarray:
    """Uniform in [low, high): u * (high - low) + low, every operation rounded to `dtype`."""
    low, high = np.dtype(dtype).type(low), np.dtype(dtype).type(high)
    return unit_uniform(bits, dtype) * (high - low) + low


def unit_normal(bits: np.ndarray, dtype: str = "float32") -> np.ndarray:
    """Normals of mean 0 and deviation 1, by Box and Muller's method on consecutive pairs of uniforms."""
    scalar = np.dtype(dtype).type
    u = unit_uniform(bits, dtype)
    radius = np.sqrt(scalar(-2) * np.log(np.maximum(u[..., 0::2], scalar(SMALLEST_UNIFORM))))
    angle = (2.0 * np.pi * u[..., 1::2].astype(np.float64)).astype(dtype)
    return np.stack([np.sin(angle) * radius, np.cos(angle) * radius], axis=-1).reshape(u.shape)


def normal(bits: np.ndarray, mean: float, stddev: float, dtype: str = "float32") -> np.ndarray:
    """Normals: z * stddev + mean, every operation rounded to `dtype`."""
    scalar = np.dtype(dtype).type
    return unit_normal(bits, dtype) * scalar(stddev) + scalar(mean)


def unit_truncated_normal(rows: np.ndarray, dtype: str = "float32") -> np.ndarray:
    """Normals within 2 standard deviations: the first of each row that lie there, in order; flat.

    Row i holds outputs of region i, which starts `TRUNCATED_STRIDE * i` counter values after the stream's
    start. Raises ValueError where a row runs out: with 32 words a row that happens less than once in 10**20.
    """
    group = TRUNCATED_GROUP[dtype]
    z = unit_normal(rows, dtype)
    kept = np.abs(z) < TRUNCATION
    rank = np.cumsum(kept, axis=-1)
    if rows.shape[0] and rank[:, -1].min() < group:
        raise ValueError(f"{rows.shape[-1]} random words are too few for a group of {group} truncated normals.")
    return z[kept & (rank <= group)]


def truncated_normal(rows: np.ndarray, mean: float, stddev: float, dtype: str = "float32") -> np.ndarray:
    """Truncated normals: z * stddev + mean, every operation rounded to `dtype`."""
    scalar = np.dtype(dtype).type
    return unit_truncated_normal(rows, dtype) * scalar(stddev) + scalar(mean)

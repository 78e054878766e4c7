"""Uniform and normal numbers and integers of any shape, made of primitives from a stream of random bits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flintglass.ops.shapes import concatenate, cut, reshape, shape_of
from flintglass.program import Dimension, Literal, Shape, Size
from flintglass.program.size import divide as exact_quotient
from flintglass.random.reference import SMALLEST_UNIFORM, TRUNCATED_GROUP, TRUNCATED_STRIDE, TRUNCATION
from flintglass.random.seed_generator import SeedGenerator, global_seed_generator
from flintglass.random.streams import KERAS_SEED_PERIOD, SCRAMBLE_KEY, Stream, keras3_stream
from flintglass.tracing.blocks import call, each
from flintglass.tracing.promotion import standard_dtype
from flintglass.tracing.tensor import Tensor, apply, cast, convert

# While it is drawn, a truncated normal takes 450 bytes (8 GB for a kernel of 4096 by 4096) and a normal 80: so many are
# drawn at a time where they are wanted at once. A multiple of every group, and of the numbers of a block.
_PIECE = 2**16


def state_of(stream: Stream) -> Tensor:
    """The state of ``random_bits`` at the start of a stream: the key, then the counter."""
    key, counter = stream
    return convert(np.array([*key, *counter], "uint32"))


def start(seed: Any) -> Tensor:
    """The state of ``random_bits`` for a seed: a whole number, a SeedGenerator, a pair, or None."""
    if seed is None:
        pair = global_seed_generator().next(ordered=False)
    elif isinstance(seed, (int, np.integer)) and not isinstance(seed, bool):
        return state_of(keras3_stream(int(seed)))
    elif isinstance(seed, SeedGenerator) or hasattr(seed, "next"):
        pair = seed.next()
    else:
        if isinstance(seed, (str, bool, float)):
            raise ValueError(f"a seed is a whole number, a SeedGenerator or None, not {seed!r}")
        pair = convert(seed)
    if pair.trace is None and not hasattr(pair, "storage") and not pair.is_placeholder:
        first, second = pair.array.tolist()
        return state_of(keras3_stream((first, second)))
    return call(_scrambled, cast(pair, "int64"), name="stream_of_seed")


def _scrambled(pair: Tensor) -> Tensor:
    """``keras3_stream`` in primitives: one block of random bits, whose counter is the pair, is the state."""
    reduced = cast(pair % KERAS_SEED_PERIOD, "uint32")
    zero = apply("broadcast", Literal(0, "uint32"), shape=(1,))
    keys = [apply("broadcast", Literal(word, "uint32"), shape=(1,)) for word in SCRAMBLE_KEY]
    counter = [cut(reduced, 0, 0, 1), zero, cut(reduced, 0, 1, 2), zero]
    words, _ = apply("random_bits", concatenate([*keys, *counter]), shape=(4,))
    return concatenate([cut(words, 0, 0, 2), zero, zero, cut(words, 0, 2, 4)])


def bits(state: Tensor, shape: Shape) -> Tensor:
    """Random words of this shape from a state."""
    return apply("random_bits", state, shape=shape)[0]


# -- uniforms


def unit_uniform_float32(word: Tensor) -> Tensor:
    """Uniform in [0, 1): 23 bits as the mantissa of a number from 1 up to 2, less 1."""
    mantissa = (word & 0x7FFFFF) | 0x3F800000
    return apply("bitcast", mantissa, dtype="float32") - 1.0


def unit_uniform_float64(high: Tensor, low: Tensor) -> Tensor:
    """Uniform in [0, 1): 20 bits of one word and the 32 of the next as a mantissa."""
    upper = apply("cast", high, dtype="uint64") & 0xFFFFF
    upper = apply("shift_left", upper, Literal(32, "uint64"))
    mantissa = upper | apply("cast", low, dtype="uint64") | 0x3FF0000000000000
    return apply("bitcast", mantissa, dtype="float64") - 1.0


def _uniform_float32(word: Tensor, low: Tensor, width: Tensor) -> Tensor:
    return unit_uniform_float32(word) * width + low


def _uniform_float64(high_word: Tensor, low_word: Tensor, low: Tensor, width: Tensor) -> Tensor:
    return unit_uniform_float64(high_word, low_word) * width + low


def draw_uniform(state: Tensor, shape: Shape, low: float, high: float, dtype: str) -> Tensor:
    """Uniform numbers in [low, high): u * (high - low) + low, every operation rounded to the dtype."""
    if dtype == "float16":
        return cast(draw_uniform(state, shape, low, high, "float32"), dtype)
    scalar = np.dtype(dtype).type
    bounds = Literal(float(low), dtype), Literal(scalar(high) - scalar(low), dtype)
    if dtype == "float32":
        return each(_uniform_float32, bits(state, shape), *bounds, name="uniform")
    return each(_uniform_float64, *apart(bits(state, (*shape, 2))), *bounds, name="uniform")


def apart(words: Tensor) -> list[Tensor]:
    """The elements of the last axis, apart."""
    last = words.ndim - 1
    shape = words.spec.shape[:last]
    return [reshape(cut(words, last, i, i + 1), shape) for i in range(words.spec.shape[last])]


# -- normals


def _normal_pair_float32(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    return _normal_pair(unit_uniform_float32(first), unit_uniform_float32(second))


def normal_pair_float64(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
    return _normal_pair(unit_uniform_float64(a, b), unit_uniform_float64(c, d))


def _normal_pair(u: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    """Two independent normals from two uniforms, by Box and Muller's method."""
    radius = apply("sqrt", apply("log", apply("maximum", u, Literal(SMALLEST_UNIFORM, u.dtype))) * -2.0)
    angle = cast(cast(w, "float64") * (2.0 * math.pi), w.dtype)
    return apply("sin", angle) * radius, apply("cos", angle) * radius


def _unit_normals(words: Tensor, dtype: str) -> Tensor:
    """Normals from words whose last axis holds those of one pair: (..., 2)."""
    makers: dict[str, Any] = {"float32": _normal_pair_float32, "float64": normal_pair_float64}
    pair = each(makers[dtype], *apart(words), name="normal_pair")
    columns = [apply("reshape", z, shape=(*z.spec.shape, 1)) for z in pair]
    return concatenate(columns, columns[0].ndim - 1)


def draw_normal(state: Tensor, shape: Shape, mean: float, stddev: float, dtype: str) -> Tensor:
    """Normal numbers: z * stddev + mean, every operation rounded to the dtype."""
    if dtype == "float16":
        return cast(draw_normal(state, shape, mean, stddev, "float32"), dtype)
    return _scaled(reshape(_in_pieces(_normals, state, _count(shape), dtype), shape), mean, stddev)


def _normals(state: Tensor, count: Dimension, dtype: str) -> tuple[Tensor, Tensor]:
    """So many unit normals, and the state after them."""
    # Of a named size nobody knows whether it is even: twice as many are drawn, and the first ones kept.
    half = exact_quotient(count, 2) if isinstance(count, Size) else (count + 1) // 2
    pairs = count if half is None else half
    words, after = apply("random_bits", state, shape=(pairs, 4 if dtype == "float64" else 2))
    z = reshape(_unit_normals(words, dtype), (2 * pairs,))
    return z if count == 2 * pairs else cut(z, 0, 0, count), after


def _in_pieces(draw: Any, state: Tensor, count: Dimension, dtype: str) -> Tensor:
    """What ``draw`` gives for so many; piece by piece, with the same bits, where the numbers are wanted at once."""
    if state.trace is not None or state.is_placeholder or not isinstance(count, int) or count <= _PIECE:
        return draw(state, count, dtype)[0]
    numbers = np.empty(count, dtype)
    for begin in range(0, count, _PIECE):
        part, state = draw(state, min(_PIECE, count - begin), dtype)
        numbers[begin : begin + _PIECE] = part.array
    return convert(numbers)


def _count(shape: Shape) -> Dimension:
    total: Dimension = 1
    for extent in shape:
        total = total * extent
    return total


def _scaled(z: Tensor, mean: float, stddev: float) -> Tensor:
    z = z * float(stddev)
    return z + float(mean)


def draw_truncated_normal(state: Tensor, shape: Shape, mean: float, stddev: float, dtype: str) -> Tensor:
    """Normals within 2 standard deviations of the mean; those beyond are drawn again.

    Each group of results has a region of the stream for itself, and takes from it the first that lie
    within. So many are looked at that a group runs out less than once in 10**14; then one beyond stays.
    """
    if dtype == "float16":
        return cast(draw_truncated_normal(state, shape, mean, stddev, "float32"), dtype)
    return _scaled(reshape(_in_pieces(_truncated, state, _count(shape), dtype), shape), mean, stddev)


def _truncated(state: Tensor, count: Dimension, dtype: str) -> tuple[Tensor, Tensor]:
    """So many truncated unit normals, and the state after them."""
    group = TRUNCATED_GROUP[dtype]
    words = 2 if dtype == "float32" else 4
    groups = count if isinstance(count, Size) else -(-count // group)
    region = (groups, 8, words)
    stride = TRUNCATED_STRIDE[dtype]
    rows, after = apply("random_bits", state, shape=region, stride=stride)
    z = reshape(_unit_normals(rows, dtype), (groups, 16))
    kept = apply("absolute", z) < TRUNCATION
    rank = apply("cumulative_sum", cast(kept, "int32"), axis=1)
    places = [apply("sum", cast(rank <= number, "int32"), axis=(1,), keepdims=True) for number in range(group)]
    chosen = apply("minimum", concatenate(places, 1), Literal(15, "int32"))
    flat = reshape(apply("gather", z, chosen, axis=1, batch=1), (groups * group,))
    return flat if groups * group == count else cut(flat, 0, 0, count), after


# -- by Keras's names


def uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Uniform numbers in [minval, maxval)."""
    wanted = float_dtype("uniform", dtype)
    if not (isinstance(minval, (int, float)) and isinstance(maxval, (int, float))):
        lowest = cast(minval, wanted)
        unit = draw_uniform(start(seed), shape_of(shape), 0.0, 1.0, wanted)
        return unit * (cast(maxval, wanted) - lowest) + lowest
    # Through float32 even for float64, as Keras on TensorFlow does: docs/random.md.
    low, high = (float(np.float32(bound)) for bound in (minval, maxval))
    return draw_uniform(start(seed), shape_of(shape), low, high, wanted)


def normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Normal numbers of this mean and standard deviation."""
    return draw_normal(start(seed), shape_of(shape), mean, stddev, float_dtype("normal", dtype))


def truncated_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Normal numbers, those beyond 2 standard deviations drawn again."""
    return draw_truncated_normal(start(seed), shape_of(shape), mean, stddev, float_dtype("truncated_normal", dtype))


def float_dtype(place: str, dtype: Any) -> str:
    wanted = standard_dtype(dtype)
    if not wanted.startswith("float"):
        raise ValueError(f"{place} draws floating-point numbers, not {wanted}; randint draws whole numbers")
    return wanted


def randint(shape: Any, minval: int, maxval: int, dtype: Any = "int32", seed: Any = None) -> Tensor:
    """Whole numbers from minval up to maxval, which is left out: minval + bits mod (maxval - minval)."""
    wanted, extents = standard_dtype(dtype), shape_of(shape)
    if maxval <= minval:
        raise ValueError(f"randint: maxval must lie above minval, but {maxval} does not lie above {minval}")
    if wanted.startswith("float"):
        raise ValueError(f"randint draws whole numbers, not {wanted}; uniform draws floating-point numbers")
    width = int(maxval) - int(minval)
    if wanted in ("int64", "uint64"):
        low, high = apart(bits(start(seed), (*extents, 2)))
        words = apply("shift_left", cast(high, "uint64"), Literal(32, "uint64")) | cast(low, "uint64")
        return cast(apply("remainder", words, Literal(width, "uint64")), wanted) + int(minval)
    words = bits(start(seed), extents)
    return cast(cast(apply("remainder", words, Literal(width, "uint32")), "int64") + int(minval), wanted)

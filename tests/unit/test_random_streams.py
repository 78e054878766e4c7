"""The random streams give what TensorFlow 2.21 and Keras 3.15 give. Their values are stored here, as bits."""

from __future__ import annotations

import math
import random
import zlib

import numpy as np
import pytest

from flintglass.engines.numpy_engine.philox import advance, philox_bits, philox_rows
from flintglass.random import reference
from flintglass.random.streams import Streams, default_seed, following_pair, keras3_stream, stateless_stream

NORMAL_TOLERANCE = 1.5e-6
FULL = 0xFFFFFFFF

# fmt: off
# Made by Keras 3.15 on TensorFlow 2.21: (class, shape, seed): float32 bits, all other arguments left out.
INITIALIZER_VALUES = {
    ("RandomUniform", (3, 4), 7): (
        0x3cca682e, 0x3c8d0cce, 0xbd35222d, 0x3c6c4764, 0xbd30006a, 0x3c89c0a2, 0xbb8eb730, 0x3cf23962,
        0x3bee5550, 0x3c90f2c6, 0x3c70554c, 0xbb337560,
    ),
    ("RandomNormal", (3, 4), 7): (
        0xbd0a1212, 0xbc92eba4, 0xbdc0781b, 0xbd96d303, 0xbdcd70bd, 0xbd682080, 0xbd760097, 0x3c913c47,
        0xbd41d692, 0xbcbf9e4b, 0x3c02f3d2, 0xbd3c65a7,
    ),
    ("TruncatedNormal", (3, 4), 7): (
        0xbd0a1212, 0xbc92eba4, 0xbdc0781b, 0xbd96d303, 0xbd1487b3, 0x3d1bb8a7, 0xbb471ea2, 0xbdcc0f40,
        0xbb96f8e1, 0x3c9f8a77, 0x3d0714e0, 0x3c8709a3,
    ),
    ("GlorotUniform", (3, 4), 7): (
        0x3eea3d94, 0x3ea33bd0, 0xbf519f0d, 0x3e88b848, 0xbf4baeaa, 0x3e9f6ae0, 0xbda52948, 0x3f0c28f4,
        0x3e09e898, 0x3ea7bec0, 0x3e8b10d8, 0xbd4faed0,
    ),
    ("GlorotNormal", (3, 4), 7): (
        0xbed1c0e7, 0xbe5f32b4, 0xbf923281, 0xbf6520ec, 0xbee1a4b2, 0x3eec916d, 0xbd173fb8, 0xbf9b004f,
        0xbd655a73, 0x3e725ee4, 0x3ecd3670, 0x3e4d255e,
    ),
    ("HeUniform", (3, 4), 7): (
        0x3f32e776, 0x3ef957f0, 0xbfa019d5, 0x3ed0d7d0, 0xbf9b909e, 0x3ef383a4, 0xbdfc49b0, 0x3f56190e,
        0x3e52a8a8, 0x3f001e10, 0x3ed46d30, 0xbd9e9ed0,
    ),
    ("HeNormal", (3, 4), 7): (
        0xbf2033af, 0xbeaa7868, 0xbfdf51ed, 0xbfaefff7, 0xbf2c5684, 0x3f34ae8e, 0xbd670959, 0xbfecc4ac,
        0xbdaf2be7, 0x3eb91d18, 0x3f1cbbd7, 0x3e9caecd,
    ),
    ("LecunUniform", (3, 4), 7): (
        0x3efd0238, 0x3eb05000, 0xbf626ab8, 0x3e93aca0, 0xbf5c0084, 0x3eac30c8, 0xbdb26500, 0x3f1763dc,
        0x3e14f550, 0x3eb52f78, 0x3e963550, 0xbd6052c0,
    ),
    ("LecunNormal", (3, 4), 7): (
        0xbee28f48, 0xbe7114db, 0xbf9de93e, 0xbf777cb7, 0xbef3b900, 0x3eff85d1, 0xbd235e14, 0xbfa76ba2,
        0xbd77badb, 0x3e82e527, 0x3edda7ae, 0x3e5d953d,
    ),
    ("VarianceScaling", (3, 4), 7): (
        0xbee28f48, 0xbe7114db, 0xbf9de93e, 0xbf777cb7, 0xbef3b900, 0x3eff85d1, 0xbd235e14, 0xbfa76ba2,
        0xbd77badb, 0x3e82e527, 0x3edda7ae, 0x3e5d953d,
    ),
    ("GlorotUniform", (5,), 7): (
        0x3ec3facc, 0x3e889234, 0xbf2f61bb, 0x3e64c6ac, 0xbf2a69af,
    ),
    ("HeNormal", (5,), 7): (
        0xbef82f08, 0xbe840bb7, 0xbfacfba3, 0xbf878de7, 0xbf057e0e,
    ),
    ("GlorotUniform", (2, 3, 2), 7): (
        0x3ec3facc, 0x3e889234, 0xbf2f61bb, 0x3e64c6ac, 0xbf2a69af, 0x3e8560d4, 0xbd8a2f10, 0x3eea8854,
        0x3de6c3e0, 0x3e8c587c, 0x3e68b3a0, 0xbd2dc290,
    ),
    ("LecunNormal", (2, 3, 2), 7): (
        0xbea033af, 0xbe2a7868, 0xbf5f51ed, 0xbf2efff7, 0xbeac5684, 0x3eb4ae8e, 0xbce70959, 0xbf6cc4ac,
        0xbd2f2be7, 0x3e391d18, 0x3e9cbbd7, 0x3e1caecd,
    ),
}

# (scale, mode, distribution, shape, seed): bits
VARIANCE_SCALING_VALUES = {
    (0.3, "fan_in", "uniform", (2, 3), 7): (
        0x3ea9b92e, 0x3e6c8c4c, 0xbf17e293, 0x3e46203c, 0xbf1394f4, 0x3e670494,
    ),
    (0.3, "fan_in", "truncated_normal", (2, 3), 7): (
        0xbe97fb1a, 0xbe21b8ec, 0xbf53dc27, 0xbf2604fa, 0xbea37e7f, 0x3eab68ec,
    ),
    (0.3, "fan_in", "untruncated_normal", (2, 3), 7): (
        0xbe85afaf, 0xbe0e4151, 0xbf3a5b83, 0xbf1208f3, 0xbf46eab3, 0xbee0c187,
    ),
    (0.3, "fan_out", "uniform", (2, 3), 7): (
        0x3e8a941c, 0x3e412404, 0xbef806fb, 0x3e21c4e4, 0xbef10009, 0x3e3ca014,
    ),
    (0.3, "fan_out", "truncated_normal", (2, 3), 7): (
        0xbe782f08, 0xbe040bb7, 0xbf2cfba3, 0xbf078de7, 0xbe857e0e, 0x3e8bf4a0,
    ),
    (0.3, "fan_out", "untruncated_normal", (2, 3), 7): (
        0xbe5a4f0b, 0xbde84d3a, 0xbf182905, 0xbeee795e, 0xbf226a36, 0xbeb78331,
    ),
    (0.3, "fan_avg", "uniform", (2, 3), 7): (
        0x3e97ce22, 0x3e539334, 0xbf07d9a2, 0x3e31358c, 0xbf040050, 0x3e4ea0f0,
    ),
    (0.3, "fan_avg", "truncated_normal", (2, 3), 7): (
        0xbe87ef91, 0xbe10a61c, 0xbf3d7e4a, 0xbf147e07, 0xbe923bcd, 0x3e99504a,
    ),
    (0.3, "fan_avg", "untruncated_normal", (2, 3), 7): (
        0xbe6f2530, 0xbdfe7945, 0xbf26aee5, 0xbf029e1d, 0xbf31eaa5, 0xbec90720,
    ),
}
# fmt: on


@pytest.fixture(autouse=True)
def _python_and_numpy_seeds_restored():
    python_state, numpy_state = random.getstate(), np.random.get_state()
    yield
    random.setstate(python_state)
    np.random.set_state(numpy_state)


def numbers(bits, dtype="float32"):
    return np.array(bits, {"float32": np.uint32, "float64": np.uint64}[dtype]).view(dtype)


def draw(stream, kind, shape, first, second, dtype="float32"):
    count = math.prod(shape)
    if kind == "truncated_normal":
        group = reference.TRUNCATED_GROUP[dtype]
        rows = philox_rows(*stream, -(-count // group), reference.TRUNCATED_STRIDE[dtype], 8)
        return reference.truncated_normal(rows, first, second, dtype)[:count].reshape(shape)
    bits = philox_bits(*stream, reference.words_for(count, dtype))
    return getattr(reference, kind)(bits, first, second, dtype)[:count].reshape(shape)


def scaled(stream, shape, scale, mode, distribution):
    """VarianceScaling by its recipe in docs/random.md."""
    rest = math.prod(shape[:-2])
    fan_in, fan_out = (shape[0], shape[0]) if len(shape) == 1 else (shape[-2] * rest, shape[-1] * rest)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[mode]
    variance = scale / max(1.0, fan)
    if distribution == "uniform":
        limit = math.sqrt(3.0 * variance)
        return draw(stream, "uniform", shape, -limit, limit)
    if distribution == "truncated_normal":
        return draw(stream, "truncated_normal", shape, 0.0, math.sqrt(variance) / 0.87962566103423978)
    return draw(stream, "normal", shape, 0.0, math.sqrt(variance))


INITIALIZERS = {
    "RandomUniform": lambda stream, shape: draw(stream, "uniform", shape, -0.05, 0.05),
    "RandomNormal": lambda stream, shape: draw(stream, "normal", shape, 0.0, 0.05),
    "TruncatedNormal": lambda stream, shape: draw(stream, "truncated_normal", shape, 0.0, 0.05),
    "VarianceScaling": lambda stream, shape: scaled(stream, shape, 1.0, "fan_in", "truncated_normal"),
    "GlorotUniform": lambda stream, shape: scaled(stream, shape, 1.0, "fan_avg", "uniform"),
    "GlorotNormal": lambda stream, shape: scaled(stream, shape, 1.0, "fan_avg", "truncated_normal"),
    "HeUniform": lambda stream, shape: scaled(stream, shape, 2.0, "fan_in", "uniform"),
    "HeNormal": lambda stream, shape: scaled(stream, shape, 2.0, "fan_in", "truncated_normal"),
    "LecunUniform": lambda stream, shape: scaled(stream, shape, 1.0, "fan_in", "uniform"),
    "LecunNormal": lambda stream, shape: scaled(stream, shape, 1.0, "fan_in", "truncated_normal"),
}


def assert_equal_as_promised(got, expected, is_uniform):
    if is_uniform:
        np.testing.assert_array_equal(got.reshape(-1).view(np.uint32), expected.view(np.uint32))
    else:
        np.testing.assert_allclose(got.reshape(-1), expected, rtol=0, atol=NORMAL_TOLERANCE)


def checksum(array):
    return zlib.crc32(np.ascontiguousarray(array).tobytes())


@pytest.mark.parametrize(
    ("key", "counter", "expected"),
    [
        ((0, 0), (0, 0, 0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((FULL, FULL), (FULL, FULL, FULL, FULL), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0xA4093822, 0x299F31D0),
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_known_answers_of_random123(key, counter, expected):
    assert tuple(philox_bits(key, counter, 4).tolist()) == expected


@pytest.mark.parametrize(
    ("counter", "following"),
    [
        ((FULL, 0, 0, 0), (0, 1, 0, 0)),
        ((FULL, FULL, 0, 0), (0, 0, 1, 0)),
        ((FULL, FULL, FULL, 7), (0, 0, 0, 8)),
        ((FULL, FULL, FULL, FULL), (0, 0, 0, 0)),
    ],
)
def test_the_counter_carries_through_all_128_bits(counter, following):
    assert advance(counter, 4) == following
    np.testing.assert_array_equal(philox_bits((1, 2), counter, 8)[4:], philox_bits((1, 2), following, 4))


def test_a_shorter_draw_is_the_start_of_a_longer_one_and_a_block_begun_is_used_up():
    longer = philox_bits((1, 2), (3, 4, 5, 6), 11)
    np.testing.assert_array_equal(philox_bits((1, 2), (3, 4, 5, 6), 5), longer[:5])
    assert philox_bits((1, 2), (3, 4, 5, 6), 0).shape == (0,)
    assert advance((3, 4, 5, 6), 0) == (3, 4, 5, 6)
    assert advance((3, 4, 5, 6), 5) == (5, 4, 5, 6)


def test_rows_start_one_stride_apart():
    rows = philox_rows((1, 2), (FULL - 3, 4, 5, 6), 3, 256, 2)
    for row, start in zip(rows, [(FULL - 3, 4, 5, 6), (252, 5, 5, 6), (508, 5, 5, 6)], strict=True):
        np.testing.assert_array_equal(row, philox_bits((1, 2), start, 8))


def test_the_scramble_of_seed_pairs_is_one_philox_block():
    (k0, k1), (c0, c1, c2, c3) = stateless_stream(313, 5)
    assert (k0, k1, c2, c3) == tuple(philox_bits((0x3EC8F720, 0x02461E29), (313, 0, 5, 0), 4).tolist())
    assert (c0, c1) == (0, 0)


def test_set_seed_313_gives_the_kernel_of_the_tutorial():
    streams = Streams()
    streams.set_seed(313)
    kernel = INITIALIZERS["GlorotUniform"](streams.next_stream(), (2, 5))
    assert_equal_as_promised(
        kernel,
        numbers(
            [0x3D53F2E0, 0x3F453A32, 0xBC9DB700, 0xBF33C866, 0x3EBE15E4]
            + [0xBEACA1FE, 0x3D4239A0, 0xBE811A54, 0x3F3B59E8, 0xBE81A1DA]
        ),
        is_uniform=True,
    )


def test_set_random_seed_313_gives_the_kernels_of_keras_3():
    streams = Streams()
    streams.set_random_seed(313)
    expected = [
        [0xBDE784B0, 0xBD6BEB30, 0xBF191BCC, 0x3E928BE0, 0x3F485EFA]
        + [0x3F095B20, 0xBF52BF45, 0xBF2186C6, 0x3F1A316C, 0xBF3CD56C],
        [0xBE518848, 0xBEC98156, 0x3E61CAF0, 0x3F2BF52C, 0xBF393FBC]
        + [0xBE957DD0, 0xBF1E26B1, 0x3E88982C, 0xBF101B62, 0x3E3FAFB8],
    ]
    for bits in expected:
        kernel = INITIALIZERS["GlorotUniform"](streams.next_stream(), (2, 5))
        assert_equal_as_promised(kernel, numbers(bits), is_uniform=True)


def test_set_random_seed_seeds_python_and_numpy_and_asks_for_an_integer():
    Streams().set_random_seed(313)
    drawn = random.random(), np.random.rand()
    random.seed(313)
    np.random.seed(313)
    assert drawn == (random.random(), np.random.rand())
    with pytest.raises(ValueError, match="Expected `seed` argument to be an integer"):
        Streams().set_random_seed("313")


def test_the_last_seed_call_decides_the_rule():
    streams = Streams()
    random.seed(5)
    assert streams.next_stream() == keras3_stream(random.Random(5).randint(1, 10**9))
    streams.set_seed(313)
    first = streams.next_stream()
    assert first[0] == (313, 0)
    streams.set_random_seed(5)
    assert streams.next_stream() == keras3_stream(random.Random(5).randint(1, 10**9))
    streams.set_seed(313)
    assert streams.next_stream() == first
    assert streams.next_stream() != first


def test_an_initializer_with_its_own_seed_gives_the_same_numbers_under_both_rules():
    streams = Streams()
    before = streams.next_stream(7)
    streams.set_seed(313)
    assert streams.next_stream(7) == streams.next_stream(7) == before == keras3_stream((7, 0))
    unseeded = streams.next_stream()
    streams.set_seed(313)
    assert streams.next_stream() == unseeded, "an explicit seed takes none of the global one's"


def test_operations_after_set_seed_follow_tensorflow():
    streams = Streams()
    streams.set_seed(313)
    for bits in (
        [0x3F072772, 0x3F6A83D2, 0x3EFAAD30],
        [0x3F4450D0, 0x3F72D49E, 0x3F206248],
        [0x3F786ACA, 0x3E890334, 0x3F7B1C00],
    ):
        assert_equal_as_promised(draw(streams.next_stream(), "uniform", (3,), 0.0, 1.0), numbers(bits), True)
    assert checksum(draw(streams.next_stream(), "uniform", (300, 101), 0.0, 1.0)) == 0xB665F7EE


def test_an_operation_with_its_own_seed_goes_on_in_its_stream_until_the_global_seed_is_set():
    streams = Streams()
    streams.set_seed(313)
    expected = ([0x3E40ED40, 0x3DEE9240, 0x3E754518], [0x3EFDCC7C, 0x3E99B598, 0x3F479198])
    for bits in expected + expected:
        if bits is expected[0]:
            streams.set_seed(313)
        stream = streams.next_operation_stream(5, "uniform", outputs=3)
        assert_equal_as_promised(draw(stream, "uniform", (3,), 0.0, 1.0), numbers(bits), True)


@pytest.mark.parametrize(
    ("global_seed", "own_seed", "bits"),
    [
        (0, 0, [0x3CA1D980, 0x3BE6C200, 0x3E426DD8]),
        (None, 5, [0x3EC6D0BC, 0x3F29E71E, 0x3E448440]),
        (-9, None, [0x3F4180F4, 0x3E83B1D8, 0x3F7DACF8]),
    ],
)
def test_unusual_seeds_of_operations_follow_tensorflow(global_seed, own_seed, bits):
    streams = Streams()
    streams.set_seed(global_seed)
    stream = streams.next_operation_stream(own_seed)
    assert_equal_as_promised(draw(stream, "uniform", (3,), 0.0, 1.0), numbers(bits), True)


def test_without_any_seed_operations_differ_from_call_to_call_and_process_to_process():
    streams = Streams()
    drawn = [owner.next_operation_stream() for owner in (streams, streams, Streams())]
    assert len(set(drawn)) == 3


@pytest.mark.parametrize(
    ("seed", "bits"),
    [(2**40, [0x3F5F84A0, 0x3F17EB0E, 0x3E019BD0]), (-3, [0x3EABE414, 0x3F3C593C, 0x3F69A158])],
)
def test_large_and_negative_seeds_are_folded_as_keras_folds_them(seed, bits):
    assert_equal_as_promised(draw(keras3_stream(seed), "uniform", (3,), 0.0, 1.0), numbers(bits), True)


def test_stateless_pairs_of_64_bits_are_not_folded():
    bits = [0x3EA70708, 0x3E0C5F18, 0x3DBF64B0, 0x3C1BDA80]
    values = draw(stateless_stream(-3, 2**40), "uniform", (4,), 0.0, 1.0)
    assert_equal_as_promised(values, numbers(bits), is_uniform=True)


def test_a_seed_generator_counts_and_the_global_one_hops():
    pair = (99, 0)
    for bits in ([0x3EA417DC, 0x3F723588, 0x3EC47DA0], [0x3F44F5A8, 0x3EA69090, 0x3EAFA54C]):
        assert_equal_as_promised(draw(keras3_stream(pair), "uniform", (3,), 0.0, 1.0), numbers(bits), True)
        pair = following_pair(pair)
    Streams().set_random_seed(44)
    pair = (default_seed(), 0)
    for bits in (
        [0x3E6445A8, 0x3E85896C, 0x3D773560],
        [0x3D2C8E00, 0x3E99BDF4, 0x3DC53990],
        [0x3E926630, 0x3F17E77C, 0x3EDD1EDC],
    ):
        assert_equal_as_promised(draw(keras3_stream(pair), "uniform", (3,), 0.0, 1.0), numbers(bits), True)
        pair = following_pair(pair, ordered=False)


def test_float64_uniforms_are_equal_in_every_bit():
    values = draw(stateless_stream(7, 0), "uniform", (300, 101), 0.0, 1.0, "float64")
    expected = [0x3FEF408E1BAC1400, 0x3FDD954A1349D650, 0x3FE1FFBEBEAB0C32]
    assert values.reshape(-1)[:3].view(np.uint64).tolist() == expected
    assert checksum(values) == 0x913C77CC


def test_the_end_of_a_large_normal_draw_is_tensorflows():
    values = draw(stateless_stream(7, 0), "normal", (300, 101), 0.0, 1.0).reshape(-1)
    expected = numbers([0x3E3DF9B0, 0xBF8260B7, 0xBF67836A, 0xBE83635A, 0x3EBED786])
    assert_equal_as_promised(values[-5:], expected, is_uniform=False)


def test_the_end_of_a_large_truncated_normal_draw_is_tensorflows_under_both_rules():
    streams = Streams()
    streams.set_seed(313)
    for stream, bits in (
        (streams.next_stream(), [0x3F61AD5C, 0x3F93B99E, 0xBF667B11, 0xBE8C5FCA, 0xBF2BFEB6]),
        (stateless_stream(7, 0), [0xBF13925A, 0xBD3F177D, 0x3CB8E428, 0x3FA9DEFA, 0x3F8E8D6D]),
    ):
        values = draw(stream, "truncated_normal", (300, 101), 0.0, 1.0).reshape(-1)
        assert_equal_as_promised(values[-5:], numbers(bits), is_uniform=False)
        assert np.abs(values).max() < 2.0
    bits = [0x3FC34C22C801853A, 0x3FFFEFD62332DB28, 0x3FED0397838F5A3B, 0xBFE05F4C8CD982FE]
    bits += [0xBFDB70DE2840F447, 0x3FE47426A467E180, 0x3FB657691BA500AB]
    values = draw(streams.next_stream(), "truncated_normal", (7,), 0.0, 1.0, "float64")
    np.testing.assert_allclose(values, numbers(bits, "float64"), rtol=0, atol=1e-15)


def test_a_truncated_normal_that_runs_out_of_bits_says_so():
    beyond = np.zeros((1, 4), np.uint32)  # uniforms of 0 give 0 and 5.7, two times
    with pytest.raises(ValueError, match="too few"):
        reference.unit_truncated_normal(beyond)


@pytest.mark.parametrize(("name", "shape", "seed"), INITIALIZER_VALUES)
def test_the_recipes_of_initializers_give_the_values_of_keras(name, shape, seed):
    values = INITIALIZERS[name](keras3_stream(seed), shape)
    assert_equal_as_promised(values, numbers(INITIALIZER_VALUES[name, shape, seed]), "Uniform" in name)


@pytest.mark.parametrize(("scale", "mode", "distribution", "shape", "seed"), VARIANCE_SCALING_VALUES)
def test_every_mode_and_distribution_of_variance_scaling_gives_the_values_of_keras(
    scale, mode, distribution, shape, seed
):
    values = scaled(keras3_stream(seed), shape, scale, mode, distribution)
    expected = numbers(VARIANCE_SCALING_VALUES[scale, mode, distribution, shape, seed])
    assert_equal_as_promised(values, expected, distribution == "uniform")


def test_a_large_glorot_kernel_is_equal_in_every_bit():
    assert checksum(INITIALIZERS["GlorotUniform"](keras3_stream(7), (300, 101))) == 0xF5A13E52

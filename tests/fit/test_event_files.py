"""Event files: framing, checksums and messages, against vectors of others and a reader of the tests' own."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.fit.event_reading import Damaged, checksum, fields, records, tensor, values_of

from flintglass.callbacks import event_files, event_summaries
from flintglass.callbacks.event_files import EventFile, crc32c, masked, number_field, record
from flintglass.callbacks.folders import UnusableFolder

# The first two records of a file that TensorFlow 2.21 wrote.
OF_TENSORFLOW = bytes.fromhex(
    "3e00000000000000d9d240e709000080416dc0da411a0d627261696e2e4576656e743a3252240a2274656e736f72666c6f772e636f72"
    "652e7574696c2e6576656e74735f777269746572265d7d563600000000000000"
    "4f578cef09c5c9ee416dc0da412a2b0a290a0e65706f63685f6163637572616379420a0801120022046666263f4a0b0a090a0773"
    "63616c61727315019e47"
)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(reversed(range(32))), 0x113FDB5C),
    ],
)
def test_checksums_are_those_of_the_standard(data: bytes, expected: int) -> None:
    assert crc32c(data) == expected


def test_records_are_tensorflows_to_the_byte() -> None:
    head, event = records(OF_TENSORFLOW)
    assert record(head) + record(event) == OF_TENSORFLOW
    summary = event_summaries.scalar("epoch_accuracy", 0.65)
    assert fields(fields(event)[5][0])[1] == [summary]


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_every_record_comes_back(contents: list[bytes]) -> None:
    assert records(b"".join(map(record, contents))) == contents


@given(st.binary(max_size=300))
def test_checksums_are_what_long_division_leaves(data: bytes) -> None:
    assert masked(crc32c(data)) == checksum(data)


@given(st.binary(min_size=1, max_size=60), st.data())
def test_a_flipped_bit_is_noticed(content: bytes, data: Any) -> None:
    framed = bytearray(record(content))
    position = data.draw(st.integers(0, len(framed) - 1))
    framed[position] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Damaged):
        records(bytes(framed))


@given(st.integers(1, 2**29 - 1), st.integers(0, 2**64 - 1))
def test_numbers_of_fields_come_back(field: int, number: int) -> None:
    assert fields(number_field(field, number)) == {field: [number]}


@given(st.text(max_size=40), st.floats(width=32))
def test_numbers_and_tags_come_back(tag: str, value: float) -> None:
    parts = fields(event_summaries.scalar(tag, value))
    assert parts[1] == [tag.encode()]
    np.testing.assert_equal(tensor(parts[8][0]), value)


def test_what_is_too_large_for_float32_is_infinite() -> None:
    assert tensor(fields(event_summaries.scalar("loss", -1e300))[8][0]) == -np.inf


@given(st.lists(st.floats(), max_size=50))
@example([0.0, 5e-324])
@example([0.0, 2e-322, 1e-322])
@example([-1e307, 1e307, 1.5e308])
def test_histograms_count_every_finite_value_once(values: list[float]) -> None:
    rows = event_summaries.buckets(np.array(values, "float64"))
    usable = [value for value in values if abs(value) <= 1e307]
    assert rows.shape == (30, 3)
    assert rows[:, 2].sum() == len(usable)
    if usable:
        assert (rows[0, 0], rows[-1, 1]) == (min(usable), max(usable))
        assert np.all(rows[:, 0] <= rows[:, 1])
        assert np.array_equal(rows[1:, 0], rows[:-1, 1])


def test_histograms_are_numpys() -> None:
    values = np.random.default_rng(3).normal(size=(40, 7)).astype("float32")
    counts, edges = np.histogram(values.astype("float64"), 30)
    rows = event_summaries.buckets(values)
    np.testing.assert_array_equal(rows[:, 2], counts)
    np.testing.assert_allclose(np.append(rows[:, 0], rows[-1, 1]), edges, rtol=1e-12)


def test_equal_values_are_counted_in_the_last_interval_as_tensorflow_does() -> None:
    rows = event_summaries.buckets(np.ones(4, "float32"))
    assert np.array_equal(rows[:, :2], np.ones((30, 2)))
    assert rows[:, 2].tolist() == [0] * 29 + [4]


def shades(picture: bytes) -> list[list[int]]:
    """The bytes of a PNG file of rows without filters, its checksums checked."""
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    position, parts = 8, {}
    while position < len(picture):
        size, kind = struct.unpack(">I4s", picture[position : position + 8])
        parts[kind] = picture[position + 8 : position + 8 + size]
        (sum_of_part,) = struct.unpack(">I", picture[position + 8 + size : position + 12 + size])
        assert sum_of_part == zlib.crc32(kind + parts[kind])
        position += 12 + size
    width, height, *settings = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    assert (settings, parts[b"IEND"]) == ([8, 0, 0, 0, 0], b"")
    rows = np.frombuffer(zlib.decompress(parts[b"IDAT"]), "uint8").reshape(height, width + 1)
    assert not rows[:, 0].any()
    return [[int(level) for level in row] for row in rows[:, 1:]]


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        # What TensorFlow makes of the same numbers: 255.5 times, cut off.
        ([[0.82095, 0.5, 1.1], [0.0, -1.0, 0.0189]], [[[209, 127, 255], [0, 0, 4]]]),
        ([[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]], [[[0, 127, 255], [255, 127, 0]]]),  # on its longer side
        ([0.0, 1.0], [[[0], [255]]]),
        ([[0.0], [1.0]], [[[0], [255]]]),
        ([[[0.0, 1.0]], [[1.0, 0.0]]], [[[0, 255], [255, 0]]]),
        ([float("nan"), float("inf"), -float("inf")], [[[0], [255], [0]]]),
        ([1.0], []),
        (1.0, []),
        (np.zeros((2, 2, 2, 2)).tolist(), []),
        (np.zeros((0, 3)).tolist(), []),
    ],
)
def test_weights_become_pictures(weight: Any, expected: Any) -> None:
    pictures = event_summaries.pictures_of(np.array(weight, "float32"))
    assert [shades(event_summaries.png(picture)) for picture in pictures] == expected
    if pictures:
        width, height, *files = tensor(fields(event_summaries.images("w/image", pictures))[8][0])
        assert (int(width), int(height)) == (len(expected[0][0]), len(expected[0]))
        assert [shades(file) for file in files] == expected


def test_of_three_axes_the_last_one_counts_pictures_three_at_most() -> None:
    weight = np.arange(40).reshape(2, 4, 5) / 40
    pictures = event_summaries.pictures_of(weight)
    assert len(pictures) == 3
    assert shades(event_summaries.png(pictures[1])) == np.floor(weight[..., 1] * 255.5).astype(int).tolist()


def test_files_of_a_process_have_names_of_their_own(tmp_path: Path) -> None:
    files = [EventFile(str(tmp_path), "Here") for _ in range(3)]
    assert len({file.path for file in files}) == 3
    assert not list(tmp_path.iterdir())  # nothing was written


def test_a_file_grows_by_whole_records(tmp_path: Path) -> None:
    file = EventFile(str(tmp_path / "new" / "folder"), "Here")
    for step in range(3):
        file.add(event_summaries.scalar("loss", step / 2), step)
        file.flush()
        file.flush()
        assert [(found.step, found.value) for found in values_of(file.path)] == [(i, i / 2) for i in range(step + 1)]


def test_records_wait_no_longer_than_a_second_for_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = EventFile(str(tmp_path), "Here")
    file.add(event_summaries.scalar("loss", 1.0), 0)
    assert not Path(file.path).exists()
    monkeypatch.setattr(event_files, "PATIENCE", 0.0)
    file.add(event_summaries.scalar("loss", 2.0), 1)
    assert len(values_of(file.path)) == 2


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    file = EventFile(str(tmp_path / "taken" / "train"), "Here")
    file.add(event_summaries.scalar("loss", 1.0), 0)
    with pytest.raises(UnusableFolder, match=r"Here cannot keep files in .*taken is a file, not a folder"):
        file.flush()


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    file = EventFile(str(tmp_path), "Here")
    Path(file.path).mkdir()
    file.add(event_summaries.scalar("loss", 1.0), 0)
    with pytest.raises(UnusableFolder, match=r"Here cannot write .*tfevents.*: Is a directory"):
        file.flush()

"""What event files hold: a number, a histogram, pictures or a text under a tag, as protocol buffers.

Each function gives a message of the kind Summary.Value: a tag, a tensor, and which of TensorBoard's pages shows it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from flintglass.callbacks.event_files import bytes_field, number_field

FLOAT, DOUBLE, TEXT = 1, 2, 7  # protocol buffers' numbers of the types of a tensor
BUCKETS = 30
MOST_IMAGES = 3  # of one weight, as in Keras
LARGEST = 1e307  # what is beyond has no width that could be divided


def scalar(tag: str, value: float) -> bytes:
    """A number, as float32."""
    with np.errstate(over="ignore"):
        content = np.float32(value).astype("<f4").tobytes()
    return _value(tag, "scalars", _tensor(FLOAT, (), content))


def text(tag: str, words: str) -> bytes:
    """A text, which is shown as Markdown."""
    return _value(tag, "text", _texts((), [words.encode("utf-8")]))


def layers(tag: str, document: str) -> bytes:
    """A model's layers as Keras's JSON, which is drawn as a graph."""
    return _value(tag, "graph_keras_model", _texts((), [document.encode("utf-8")]), b"1")


def histogram(tag: str, values: np.ndarray) -> bytes:
    """How often the values lie where: 30 intervals of the same width, as rows (from, to, how many)."""
    rows = buckets(values)
    return _value(tag, "histograms", _tensor(DOUBLE, rows.shape, rows.astype("<f8").tobytes()))


def images(tag: str, pictures: Sequence[np.ndarray]) -> bytes:
    """Pictures of the same size, arrays (rows, columns) of bytes: 0 is black, 255 white."""
    height, width = pictures[0].shape
    parts = [str(width).encode(), str(height).encode(), *map(png, pictures)]
    return _value(tag, "images", _texts((len(parts),), parts))


def usable(values: np.ndarray) -> np.ndarray:
    """Those values, as float64, that lie somewhere: neither infinite nor nan."""
    flat = np.asarray(values, "float64").ravel()
    with np.errstate(invalid="ignore"):
        return np.asarray(flat[np.abs(flat) <= LARGEST])


def buckets(values: np.ndarray) -> np.ndarray:
    """Rows (from, to, how many) of a histogram of the values that are finite, float64 [30, 3].

    Of values that are all the same, every interval is that point, and the last one has them all; of no values, all
    is 0.
    """
    found = usable(values)
    rows = np.zeros((BUCKETS, 3))
    if not found.size:
        return rows
    low, high = found.min(), found.max()
    width = (high - low) / BUCKETS
    if width == 0:
        rows[:, :2] = low
        rows[-1, 1:] = high, found.size
        return rows
    edges = np.linspace(low, high, BUCKETS + 1)
    rows[:, 0], rows[:, 1] = edges[:-1], edges[1:]
    positions = np.minimum(((found - low) / width).astype("int64"), BUCKETS - 1)
    rows[:, 2] = np.bincount(positions, minlength=BUCKETS)
    return rows


def pictures_of(weight: np.ndarray) -> list[np.ndarray]:
    """A weight as pictures of bytes: 0 is black, 1 and more white. None of one number, nor of more than three axes.

    Axes of size 1 count for nothing. A vector is a column; a matrix lies on its longer side; of three axes, the last
    numbers pictures of the others.
    """
    array = np.squeeze(np.asarray(weight, "float64"))
    if array.ndim not in (1, 2, 3) or not array.size:
        return []
    if array.ndim == 1:
        array = array[:, np.newaxis]
    elif array.ndim == 2 and array.shape[0] > array.shape[1]:
        array = array.T
    shades = np.clip(np.nan_to_num(array, nan=0.0), 0.0, 1.0) * 255.5
    levels = np.minimum(shades, 255.0).astype("uint8")
    return [levels] if levels.ndim == 2 else [levels[..., i] for i in range(min(levels.shape[2], MOST_IMAGES))]


def png(levels: np.ndarray) -> bytes:
    """A PNG file of bytes (rows, columns), in shades of grey."""
    height, width = levels.shape
    rows = np.concatenate([np.zeros((height, 1), "uint8"), levels], axis=1)  # a row begins with its filter: none
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows.tobytes())),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


def _value(tag: str, page: str, tensor: bytes, content: bytes = b"") -> bytes:
    plugin = bytes_field(1, page.encode()) + (bytes_field(2, content) if content else b"")
    return bytes_field(1, tag.encode("utf-8")) + bytes_field(8, tensor) + bytes_field(9, bytes_field(1, plugin))


def _tensor(kind: int, shape: Iterable[Any], content: bytes) -> bytes:
    return number_field(1, kind) + bytes_field(2, _shape(shape)) + bytes_field(4, content)


def _texts(shape: Iterable[Any], parts: Iterable[bytes]) -> bytes:
    head = number_field(1, TEXT) + bytes_field(2, _shape(shape))
    return head + b"".join(bytes_field(8, part) for part in parts)


def _shape(sizes: Iterable[Any]) -> bytes:
    return b"".join(bytes_field(2, number_field(1, int(size))) for size in sizes)

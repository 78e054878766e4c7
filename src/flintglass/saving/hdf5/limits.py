"""How much of an HDF5 file's structure is followed: every bound of the reader, with its reason.

A file of real Keras for 1,000 layers with Adam's moments has 9,000 objects, 50,000 messages and 3 MB of structure, and
is read in 0.4 to 0.9 s. Such a file passes; the worst file stays within 2 seconds and 200 MB.
"""

from typing import NamedTuple


class Bound(NamedTuple):
    """The most of one thing in a file, and what one of it costs in microseconds (one core at 2.5 GHz)."""

    most: int
    cost: float


COUNTED = {
    "groups and datasets": Bound(16_000, 25),
    "members of groups": Bound(16_000, 4),
    "messages": Bound(300_000, 1.5),  # 8 to 20 an object in files of libhdf5
    "attributes": Bound(50_000, 14),
    "texts in attributes": Bound(200_000, 1.5),
    "nodes of trees": Bound(40_000, 9),
    "records of trees": Bound(50_000, 1.5),
    "chunks": Bound(65_536, 0.5),  # and 20 us each when they are read
    "pieces of global heaps": Bound(200_000, 1),
    "bytes of global heaps": Bound(18 << 20, 0),  # they are kept until the tree is read
    "bytes of attributes": Bound(16 << 20, 0),
    "bytes of text in attributes": Bound(16 << 20, 0.002),  # in memory up to four times that
    "bytes of names": Bound(2 << 20, 0),
    "bytes of structure": Bound(48 << 20, 0.001),  # headers, trees and heaps, each read once
    "bytes under a checksum": Bound(5 << 20, 0.22),
    "bytes of fill values": Bound(16 << 20, 0),  # of datasets whose numbers are not all in the file
}
WORK = 1_500_000  # microseconds in all, by the costs above: each bound alone is below or near it, their sum is not

DEPTH = 64  # groups inside groups: Keras nests three for each model inside a model
NAME_BYTES = 1024  # one name of a member or an attribute, in UTF-8
TEXT_BYTES = 16 << 20  # one text, or one dataset of texts
TEXTS = 200_000  # in one dataset: 60 bytes and 1.5 us each
BLOCK_BYTES = TEXT_BYTES + (64 << 10)  # one piece of structure: a global heap holds one long text and its frame
RANK = 32  # libhdf5's own bound
TREE_LEVELS = 16  # of a B-tree: at two children a node, 65,536 leaves
FILLED_BYTES = 1 << 20  # one dataset whose numbers are not in the file, only its fill value
CHUNK_BYTES = 16 << 20  # a chunk larger than its dataset, as one that may grow has
# All compressed datasets of a file together. Trained weights shrink to 0.9 of their size, zeros a thousandfold; what is
# read is there two or three times, as arrays of the file and as variables.
INFLATED_BYTES = 64 << 20
INFLATED_RATIO = 4  # beyond that, times the bytes that are stored
INFLATION = 1032  # deflate's greatest ratio: what a chunk can hold for each byte that is stored

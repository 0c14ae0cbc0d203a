"""The cost of real input and output in virtual time.

Costs depend on counts and uncompressed bytes alone, so that neither the machine of a run nor a version of zstd changes a
history. The numbers are those of a modest disk and one busy core; even a small backup takes about a second, so that a
crash can strike in the middle of it. All durations are in µs.
"""

from cluster.time_units import MILLISECOND

LOOK = 1 * MILLISECOND
"""Cost of listing a folder and opening a file."""
START = 100 * MILLISECOND
FINISH = 100 * MILLISECOND
SLICE = 250 * MILLISECOND
SLICE_ITEMS = 1_000
"""How many documents and tombstones one slice of a backup holds."""
LEAST_SLICES = 2
ITEM = 20
BYTES_PER_MICROSECOND = 50
"""Rate of writing a backup, compression included: 50 MB/s."""
READ_BYTES_PER_MICROSECOND = 200
"""Rate of reading a backup: decompressing is faster than compressing."""

SCRIPT = 100 * MILLISECOND
"""Cost of running a settings script of the operator, however long it really takes."""
UPLOAD_START = 200 * MILLISECOND
"""Cost of connecting to a cloud, logging in and beginning a file."""
UPLOAD_FINISH = 200 * MILLISECOND
UPLOAD_BYTES_PER_MICROSECOND = 10
"""Rate of an upload over a modest line: 10 MB/s of the file's content before compression."""
UPLOAD_SLICE = 150 * MILLISECOND

INDEX_SLICE_ITEMS = 1_000
INDEX_SLICE = 10 * MILLISECOND
INDEX_ITEM = 100
"""Cost of parsing a document and mapping its fields, which is more than that of writing it."""
SNAPSHOT_PAGES = 4
"""How many times larger a raw store is than its contents."""


def index(items: int) -> int:
    """Cost of indexing a slice of `items` changes."""
    return INDEX_SLICE + items * INDEX_ITEM


def slices(items: int) -> int:
    """The number of slices in which a backup of `items` documents and tombstones is written."""
    return max(LEAST_SLICES, -(-items // SLICE_ITEMS))


def write_slice(items: int, size: int) -> int:
    """Cost of writing one slice of a backup of `items` items and `size` bytes in all."""
    return SLICE + (items * ITEM + size // BYTES_PER_MICROSECOND) // slices(items)


def read_back(size: int) -> int:
    """Cost of reading a file of `size` bytes again and verifying its seal."""
    return START + size // READ_BYTES_PER_MICROSECOND


def upload_slice(items: int, size: int) -> int:
    """Cost of sending one slice of a backup of `items` items and `size` bytes to a cloud, in as many `slices`."""
    return UPLOAD_SLICE + size // UPLOAD_BYTES_PER_MICROSECOND // slices(items)


def download(size: int) -> int:
    """Cost of reading a file of `size` bytes from a cloud and verifying its seal."""
    return UPLOAD_START + size // UPLOAD_BYTES_PER_MICROSECOND


def restore(items: int, size: int) -> int:
    """Cost of restoring a chain of `items` items and `size` bytes into a new copy."""
    return START + items * ITEM + size // BYTES_PER_MICROSECOND


def restore_snapshot(size: int) -> int:
    """Cost of restoring a snapshot of `size` bytes: the raw store is copied without looking at its items."""
    return START + SNAPSHOT_PAGES * size // READ_BYTES_PER_MICROSECOND

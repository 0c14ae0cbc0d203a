"""What real input and output costs in virtual time. Made of counts and uncompressed bytes alone, so that neither the
machine a run happens on nor a version of zstd changes a history.

The numbers are those of a modest disk and one busy core; even a small backup takes a visible second, so that a crash
can strike in the middle of it. Durations are µs. Never here: what is done meanwhile.
"""

from cluster.time_units import MILLISECOND

LOOK = 1 * MILLISECOND
"""To list a folder and open a file."""
START = 100 * MILLISECOND
FINISH = 100 * MILLISECOND
SLICE = 250 * MILLISECOND
SLICE_ITEMS = 1_000
"""A backup is written in slices of so many documents and tombstones."""
LEAST_SLICES = 2
ITEM = 20
BYTES_PER_MICROSECOND = 50
"""50 MB/s, compression and all."""
READ_BYTES_PER_MICROSECOND = 200
"""Decompressing is faster."""

SCRIPT = 100 * MILLISECOND
"""To run a program of the operator's, however long it really takes."""
UPLOAD_START = 200 * MILLISECOND
"""To reach a cloud, say who asks, and begin a file."""
UPLOAD_FINISH = 200 * MILLISECOND
UPLOAD_BYTES_PER_MICROSECOND = 10
"""10 MB/s, of what a file holds before it is compressed: a modest line."""
UPLOAD_SLICE = 150 * MILLISECOND

INDEX_SLICE_ITEMS = 1_000
INDEX_SLICE = 10 * MILLISECOND
INDEX_ITEM = 100
"""To parse a document and map its fields: more than to write it."""
SNAPSHOT_PAGES = 4
"""A raw store is so many times as large as what is in it."""


def index(items: int) -> int:
    """To bring an index on by so many changes."""
    return INDEX_SLICE + items * INDEX_ITEM


def slices(items: int) -> int:
    """In how many slices so many documents and tombstones are written."""
    return max(LEAST_SLICES, -(-items // SLICE_ITEMS))


def write_slice(items: int, size: int) -> int:
    """To write one of the slices of a backup of so many items and bytes."""
    return SLICE + (items * ITEM + size // BYTES_PER_MICROSECOND) // slices(items)


def read_back(size: int) -> int:
    """To read a file again and verify its seal."""
    return START + size // READ_BYTES_PER_MICROSECOND


def upload_slice(items: int, size: int) -> int:
    """To send one of the slices of such a backup to a cloud; there are as many as it is written in."""
    return UPLOAD_SLICE + size // UPLOAD_BYTES_PER_MICROSECOND // slices(items)


def download(size: int) -> int:
    """To have a file back from a cloud and verify its seal."""
    return UPLOAD_START + size // UPLOAD_BYTES_PER_MICROSECOND


def restore(items: int, size: int) -> int:
    """To read a chain of so many items and bytes into a new copy."""
    return START + items * ITEM + size // BYTES_PER_MICROSECOND


def restore_snapshot(size: int) -> int:
    """To put a raw store of so many bytes in its place: no item of it is looked at."""
    return START + SNAPSHOT_PAGES * size // READ_BYTES_PER_MICROSECOND

"""What real input and output costs in virtual time. Made of counts and uncompressed bytes alone, so that neither the
machine a run happens on nor a version of zstd changes a history.

The numbers are those of a modest disk and one busy core; even a small backup takes a visible second, so that a crash
can strike in the middle of it. Durations are µs. Never here: what is done meanwhile.
"""

from cluster.instant import MILLISECOND

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


def restore(items: int, size: int) -> int:
    """To read a chain of so many items and bytes into a new copy."""
    return START + items * ITEM + size // BYTES_PER_MICROSECOND


def restore_snapshot(size: int) -> int:
    """To put a raw store of so many bytes in its place: no item of it is looked at."""
    return START + SNAPSHOT_PAGES * size // READ_BYTES_PER_MICROSECOND

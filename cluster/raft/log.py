"""The log: a value with shared storage, so that appending is O(1) and old states stay valid. No rule of Raft is here.

Several views look into one list. The view that reaches the list's end extends it in place; a view that ends earlier
shares what is there if it would write the same, and copies only when it would write something else (a true fork).
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from cluster.raft.messages import Entry


def term_of(entry: Entry) -> int:
    """The entry's term."""
    return entry.term


class Log:
    """Entries 1..`last_index`. Never changed: what looks like a change is a new view."""

    __slots__ = ("_entries", "last_index", "last_term")

    last_index: int
    """Index of the last entry, 0 if there is none."""
    last_term: int
    """Term of the last entry, 0 if there is none."""

    def __init__(self, entries: list[Entry], last_index: int) -> None:
        """A view of the first `last_index` of `entries`, which must only ever grow. Others want `Log.of`."""
        self._entries = entries
        self.last_index = last_index
        self.last_term = entries[last_index - 1].term if last_index else 0

    @classmethod
    def of(cls, entries: Iterable[Entry] = ()) -> "Log":
        """A log of these entries with storage of its own."""
        own = list(entries)
        return cls(own, len(own))

    def term_at(self, index: int) -> int:
        """The term of entry `index`; 0 for index 0. IndexError outside."""
        if 0 < index <= self.last_index:
            return self._entries[index - 1].term
        if index == 0:
            return 0
        raise self._outside(index)

    def entry(self, index: int) -> Entry:
        """Entry `index`, counted from 1. IndexError outside."""
        if 0 < index <= self.last_index:
            return self._entries[index - 1]
        raise self._outside(index)

    def slice(self, first: int, last: int) -> tuple[Entry, ...]:
        """Entries `first`..`last`, both included; empty if `last < first`. IndexError if it reaches outside."""
        if first > last:
            return ()
        if first < 1:
            raise self._outside(first)
        if last > self.last_index:
            raise self._outside(last)
        if first == last:
            return (self._entries[last - 1],)
        return tuple(self._entries[first - 1 : last])

    def extended(self, entries: Sequence[Entry]) -> "Log":
        """The log with these entries after its last. O(added) for the newest view; O(all) only for a true fork."""
        shared, length = self._entries, self.last_index
        if len(shared) == length:
            shared.extend(entries)
            return Log(shared, length + len(entries))
        already = min(len(shared) - length, len(entries))
        if all(shared[length + offset] == entries[offset] for offset in range(already)):
            shared.extend(entries[already:])
            return Log(shared, length + len(entries))
        return Log([*shared[:length], *entries], length + len(entries))

    def cut(self, after: int) -> "Log":
        """The log up to entry `after`. O(1). IndexError if `after` is outside 0..`last_index`."""
        if not 0 <= after <= self.last_index:
            raise self._outside(after)
        return Log(self._entries, after)

    def find_conflict(self, index: int, term: int) -> int:
        """The largest index at or below `index` whose term is at or below `term`. O(log n): terms never fall.

        An `index` beyond the log comes back as it is: nothing is known of it.
        """
        if index > self.last_index:
            return index
        return bisect_right(self._entries, term, 0, index, key=term_of)

    def __len__(self) -> int:
        return self.last_index

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Log):
            return NotImplemented
        if self.last_index != other.last_index:
            return False
        if self._entries is other._entries:
            return True
        return self._entries[: self.last_index] == other._entries[: other.last_index]

    def __hash__(self) -> int:
        """Of the length and the last entry: O(1), and by Log Matching (§5.3) as good as of all."""
        return hash((self.last_index, self._entries[self.last_index - 1] if self.last_index else None))

    def __repr__(self) -> str:
        return f"Log.of({self._entries[: self.last_index]!r})"

    def _outside(self, index: int) -> IndexError:
        return IndexError(f"no entry {index} in a log that ends at {self.last_index}: ask for 1..{self.last_index}")

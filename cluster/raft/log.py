"""The log: a value with shared storage, so that appending is O(1) and old states stay valid.

Several views look into one list. The view that reaches the list's end extends it in place; a view that ends earlier
shares what is there if it would write the same, and copies only when it would write something else (a true fork). A log
may have lost its beginning to a snapshot (§7); it then still knows the term of the last entry it lost.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from cluster.raft.messages import Entry


def term_of(entry: Entry) -> int:
    """The entry's term."""
    return entry.term


class Log:
    """Entries `base + 1`..`last_index`. A log never changes; each operation returns another view."""

    __slots__ = ("_ends", "_entries", "base", "base_term", "last_index", "last_term")

    base: int
    """Index of the last entry that was compacted away, 0 if none was."""
    base_term: int
    """Term of entry `base`, 0 if `base` is 0."""
    last_index: int
    """Index of the last entry, `base` if there is none."""
    last_term: int
    """Term of the last entry, `base_term` if there is none."""

    def __init__(self, entries: list[Entry], ends: list[int], last_index: int, base: int, base_term: int) -> None:
        """A view of the first `last_index - base` of `entries`, a list that must only grow. Callers elsewhere use `Log.of`.

        `ends[0]` is where the first entry begins and `ends[n]` where the n-th ends, counted in bytes of commands.
        """
        self._entries = entries
        self._ends = ends
        self.base = base
        self.base_term = base_term
        self.last_index = last_index
        self.last_term = entries[last_index - base - 1].term if last_index > base else base_term

    @classmethod
    def of(cls, entries: Iterable[Entry] = (), base: int = 0, base_term: int = 0) -> "Log":
        """A log of these entries after entry `base`, with storage of its own."""
        own = list(entries)
        return cls(own, _ends_of(0, own), base + len(own), base, base_term)

    def term_at(self, index: int) -> int:
        """The term of entry `index`; `base` and 0 are allowed too. IndexError outside."""
        base = self.base
        if base < index <= self.last_index:
            return self._entries[index - base - 1].term
        if index == base:
            return self.base_term
        raise self._outside(index)

    def holds(self, index: int, term: int) -> bool:
        """Whether the log holds entry `index` with that term. False if the entry is compacted away or does not exist yet."""
        return self.base <= index <= self.last_index and self.term_at(index) == term

    def entry(self, index: int) -> Entry:
        """Entry `index`, counted from 1. IndexError outside."""
        if self.base < index <= self.last_index:
            return self._entries[index - self.base - 1]
        raise self._outside(index)

    def slice(self, first: int, last: int) -> tuple[Entry, ...]:
        """Entries `first`..`last`, both included; empty if `last < first`. IndexError if a bound lies outside."""
        if first > last:
            return ()
        base = self.base
        if first <= base:
            raise self._outside(first)
        if last > self.last_index:
            raise self._outside(last)
        if first == last:
            return (self._entries[last - base - 1],)
        return tuple(self._entries[first - base - 1 : last - base])

    def size(self, after: int, upto: int) -> int:
        """Bytes of the commands of entries `after + 1`..`upto`. O(1). Neither may lie outside `base`..`last_index`."""
        ends, base = self._ends, self.base
        return ends[upto - base] - ends[after - base]

    def within(self, after: int, upto: int, limit: int) -> int:
        """The last index to send: entries `after + 1`..result have at most `limit` bytes of commands.

        The result is at least `after + 1` and at most `upto`. O(1) if everything fits, else O(log n).
        """
        ends, base = self._ends, self.base
        allowed = ends[after - base] + limit
        if ends[upto - base] <= allowed:
            return upto
        return max(after + 1, base + bisect_right(ends, allowed) - 1)

    def extended(self, entries: Sequence[Entry]) -> "Log":
        """The log with these entries after its last. O(added) for the newest view; O(all) only for a true fork."""
        shared, length = self._entries, self.last_index - self.base
        last = self.last_index + len(entries)
        if len(shared) == length:
            shared.extend(entries)
            ends = self._ends
            for entry in entries:
                ends.append(ends[-1] + len(entry.command))
            return Log(shared, ends, last, self.base, self.base_term)
        already = min(len(shared) - length, len(entries))
        if all(shared[length + offset] == entries[offset] for offset in range(already)):
            shared.extend(entries[already:])
            self._ends.extend(_ends_of(self._ends[-1], entries[already:])[1:])
            return Log(shared, self._ends, last, self.base, self.base_term)
        own = [*shared[:length], *entries]
        return Log(own, _ends_of(self._ends[0], own), last, self.base, self.base_term)

    def cut(self, after: int) -> "Log":
        """The log up to entry `after`. O(1). IndexError if `after` is outside `base`..`last_index`."""
        if not self.base <= after <= self.last_index:
            raise self._outside(after)
        return Log(self._entries, self._ends, after, self.base, self.base_term)

    def compacted(self, upto: int) -> "Log":
        """The log without its entries up to `upto`, in storage of its own. O(entries left). IndexError if `upto` is outside."""
        if upto == self.base:
            return self
        term, kept = self.term_at(upto), upto - self.base
        length = self.last_index - self.base
        return Log(self._entries[kept:length], self._ends[kept : length + 1], self.last_index, upto, term)

    def find_conflict(self, index: int, term: int) -> int:
        """The largest index at or below `index` whose term is at or below `term`. O(log n), since terms never fall.

        An `index` outside the log is returned unchanged. If even the term at `base` is above `term`, the result is
        `base - 1`.
        """
        base = self.base
        if index > self.last_index or index < base:
            return index
        found = bisect_right(self._entries, term, 0, index - base, key=term_of)
        return base + found if self.base_term <= term else base - 1

    def __len__(self) -> int:
        """The number of entries that it still holds."""
        return self.last_index - self.base

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Log):
            return NotImplemented
        if (self.last_index, self.base, self.base_term) != (other.last_index, other.base, other.base_term):
            return False
        if self._entries is other._entries:
            return True
        return self._entries[: len(self)] == other._entries[: len(other)]

    def __hash__(self) -> int:
        """A hash of the length and the last entry. O(1), and by Log Matching (§5.3) it tells logs apart as well as a hash of all."""
        return hash((self.last_index, self._entries[len(self) - 1] if len(self) else self.base_term))

    def __repr__(self) -> str:
        boundary = f", base={self.base}, base_term={self.base_term}" if self.base else ""
        return f"Log.of({self._entries[: len(self)]!r}{boundary})"

    def _outside(self, index: int) -> IndexError:
        if 0 <= index <= self.base and self.base:
            return IndexError(
                f"entry {index} is compacted away: this log begins after entry {self.base}, ask for later ones or send the snapshot"
            )
        return IndexError(
            f"no entry {index} in a log that ends at {self.last_index}: ask for {self.base + 1}..{self.last_index}"
        )


def _ends_of(before: int, entries: Sequence[Entry]) -> list[int]:
    """Where each entry ends, in bytes of commands; the first element is `before`, where the first entry begins."""
    ends = [before]
    for entry in entries:
        ends.append(ends[-1] + len(entry.command))
    return ends

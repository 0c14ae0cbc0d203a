"""Which revisions of its documents one copy keeps: the newest, as many as the policies ask for, in whatever order they came.

The policies are in revisions.py; the revisions themselves are items of the `Store` (documents.py).
"""

from bisect import bisect
from collections.abc import Iterator, Mapping

from backup.database.items import Item, Revision
from backup.database.revisions import Policies

Rank = tuple[int, str]
"""`last_modified` and vector of a revision. Of two revisions of one instant, the one of higher vector is the newer."""


def slot_of(key: str, revision: Revision) -> str:
    """The slot of a revision among the items. It holds a NUL, which no document id does, so that no document has it."""
    return _slot(key, revision.change_vector.text())


class KeptRevisions:
    """The revisions of one copy by the key of their document. It reads the copy's items and changes none."""

    def __init__(self, items: Mapping[str, Item]) -> None:
        """`items`: slot to item, all of the copy."""
        self._items = items
        self._ranks: dict[str, list[Rank]] = {}
        """Key of each document to the ranks of its revisions, the lowest first."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of all documents that have revisions."""
        return tuple(self._ranks)

    def slots(self, key: str) -> Iterator[str]:
        """The slots of the revisions of a document, the oldest first."""
        return (_slot(key, vector) for _, vector in self._ranks.get(key, ()))

    def has_room(self, key: str, revision: Revision, policies: Policies) -> bool:
        """Whether the revision would be kept: not if as many newer ones are here as the policies keep."""
        ranks = self._ranks.get(key, [])
        place = bisect(ranks, _rank(revision))
        newest = revision if place == len(ranks) else self._items[_slot(key, ranks[-1][1])]
        limit = policies.limit(newest.collection)
        return limit is None or place >= len(ranks) + 1 - limit

    def add(self, key: str, revision: Revision) -> None:
        """Count a revision that was added to the items."""
        ranks, rank = self._ranks.setdefault(key, []), _rank(revision)
        ranks.insert(bisect(ranks, rank), rank)

    def surplus(self, key: str, policies: Policies) -> list[str]:
        """Stop counting the revisions of a document beyond what the policies keep. Returns their slots, the oldest first."""
        ranks = self._ranks[key]
        newest = self._items[_slot(key, ranks[-1][1])]
        limit = policies.limit(newest.collection)
        count = 0 if limit is None else max(0, len(ranks) - limit)
        return self._drop(key, ranks[:count], ranks[count:])

    def up_to(self, etag: int) -> list[str]:
        """Stop counting the revisions whose etag is `etag` or lower. Returns their slots."""
        gone: list[str] = []
        for key, ranks in list(self._ranks.items()):
            rest = [rank for rank in ranks if self._items[_slot(key, rank[1])].etag > etag]
            gone += self._drop(key, [rank for rank in ranks if rank not in rest], rest)
        return gone

    def _drop(self, key: str, gone: list[Rank], rest: list[Rank]) -> list[str]:
        if rest:
            self._ranks[key] = rest
        else:
            del self._ranks[key]
        return [_slot(key, vector) for _, vector in gone]


def _rank(revision: Revision) -> Rank:
    return revision.last_modified, revision.change_vector.text()


def _slot(key: str, vector: str) -> str:
    return f"{key}\0{vector}"

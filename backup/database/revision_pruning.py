"""Which revisions of its documents one copy keeps: the newest, as many as the policies ask for, whatever order they came in.

Never here: the policies (revisions.py), and the revisions themselves, which are items among others (documents.py).
"""

from bisect import bisect
from collections.abc import Iterator, Mapping

from backup.database.items import Item, Revision
from backup.database.revisions import Policies

Rank = tuple[int, str]
"""When a revision was written, and its vector: of two of one instant every copy takes the same for the newer."""


def slot_of(key: str, revision: Revision) -> str:
    """Where a revision stands among the items: ids are printable, so that no document stands there."""
    return _slot(key, revision.change_vector.text())


class KeptRevisions:
    """The revisions of one copy, by the key of their document. It reads the items and changes none."""

    def __init__(self, items: Mapping[str, Item]) -> None:
        """`items`: all of the copy, by slot."""
        self._items = items
        self._ranks: dict[str, list[Rank]] = {}
        """Key of a document to the rank of each of its revisions, the lowest first."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Of every document that has revisions."""
        return tuple(self._ranks)

    def slots(self, key: str) -> Iterator[str]:
        """Where the revisions of a document stand, the oldest first."""
        return (_slot(key, vector) for _, vector in self._ranks.get(key, ()))

    def has_room(self, key: str, revision: Revision, policies: Policies) -> bool:
        """Whether it would be kept: not if it is older than so many that are."""
        ranks = self._ranks.get(key, [])
        place = bisect(ranks, _rank(revision))
        newest = revision if place == len(ranks) else self._items[_slot(key, ranks[-1][1])]
        limit = policies.limit(newest.collection)
        return limit is None or place >= len(ranks) + 1 - limit

    def add(self, key: str, revision: Revision) -> None:
        """Count one that stands among the items now."""
        ranks, rank = self._ranks.setdefault(key, []), _rank(revision)
        ranks.insert(bisect(ranks, rank), rank)

    def surplus(self, key: str, policies: Policies) -> list[str]:
        """Count no longer what is too much of a document under these policies; where that stands, the oldest first."""
        ranks = self._ranks[key]
        newest = self._items[_slot(key, ranks[-1][1])]
        limit = policies.limit(newest.collection)
        count = 0 if limit is None else max(0, len(ranks) - limit)
        return self._drop(key, ranks[:count], ranks[count:])

    def up_to(self, etag: int) -> list[str]:
        """Count no longer what was kept at that etag or before; where that stands."""
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

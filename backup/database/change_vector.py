"""Change vectors: which writes of which copies of a database a version has seen (rule 19.2). Values and their algebra.

Conflicts are resolved in conflicts.py.
"""

import re
from collections.abc import Iterable, Mapping
from enum import Enum

from cluster.value import value

ENTRY = re.compile(r"([A-Za-z?]{1,4}):(\d+)-([A-Za-z0-9+/=_-]+)")


class Relation(Enum):
    """The result of comparing one change vector with another."""

    EQUAL = "equal"
    NEWER = "newer"
    OLDER = "older"
    CONFLICT = "conflict"


@value
class ChangeVector:
    """For each copy of a database (node tag and database id) the etag up to which its writes are seen."""

    entries: tuple[tuple[str, str, int], ...] = ()
    """(node tag, database id, etag), sorted; each copy stands once; etags are above 0. `of` and `parse` ensure this."""

    @staticmethod
    def of(etags: Mapping[tuple[str, str], int]) -> "ChangeVector":
        """The vector of `etags`: (node tag, database id) to etag. Etags of 0 say nothing and are left out."""
        return ChangeVector(tuple((*copy, etags[copy]) for copy in sorted(etags) if etags[copy] > 0))

    @staticmethod
    def parse(text: str) -> "ChangeVector":
        """The vector of a text form. Raises ValueError if the text has another form or names a copy twice."""
        only = ENTRY.fullmatch(text)
        if only is not None:  # a fast path: nearly all vectors have one entry
            etag = int(only[2])
            return ChangeVector(((only[1], only[3], etag),) if etag else ())
        etags: dict[tuple[str, str], int] = {}
        for part in text.split(", ") if text else ():
            entry = ENTRY.fullmatch(part)
            if entry is None:
                raise ValueError(f"{text!r} is no change vector: {part!r} should look like 'A:12-databaseid'")
            copy = (entry[1], entry[3])
            if copy in etags:
                raise ValueError(f"{text!r} is no change vector: {entry[1]}-{entry[3]} stands in it twice")
            etags[copy] = int(entry[2])
        return ChangeVector.of(etags)

    def text(self) -> str:
        """The text form: `A:12-databaseid, B:3-otherid`; empty for an empty vector."""
        return ", ".join([f"{tag}:{etag}-{database_id}" for tag, database_id, etag in self.entries])

    def etags(self) -> dict[tuple[str, str], int]:
        """The entries as a mapping from (node tag, database id) to etag."""
        return {(tag, database_id): etag for tag, database_id, etag in self.entries}

    def with_etag(self, node: str, database_id: str, etag: int) -> "ChangeVector":
        """The vector of the version that replaces this one, written at `etag` of the copy of `node`."""
        if not self.entries:
            return ChangeVector(((node, database_id, etag),))
        return ChangeVector.of({**self.etags(), (node, database_id): etag})

    def compare(self, other: "ChangeVector") -> Relation:
        """Compare with `other` (rule 19.2): NEWER if this vector has seen all that `other` has seen, and more."""
        if self.entries == other.entries:
            return Relation.EQUAL
        mine, theirs = self.etags(), other.etags()
        ahead = any(etag > theirs.get(copy, 0) for copy, etag in mine.items())
        behind = any(etag > mine.get(copy, 0) for copy, etag in theirs.items())
        if ahead and behind:
            return Relation.CONFLICT
        return Relation.NEWER if ahead else Relation.OLDER

    def distance(self, other: "ChangeVector") -> int:
        """How many changes this vector has seen that `other` has not."""
        theirs = other.etags()
        return sum(max(0, etag - theirs.get((tag, database_id), 0)) for tag, database_id, etag in self.entries)


def merge(vectors: Iterable[ChangeVector]) -> ChangeVector:
    """The smallest vector that has seen all that any of them has."""
    etags: dict[tuple[str, str], int] = {}
    for vector in vectors:
        absorb(etags, vector)
    return ChangeVector.of(etags)


def absorb(etags: dict[tuple[str, str], int], vector: ChangeVector) -> None:
    """Merge `vector` into `etags`, a mapping from (node tag, database id) to etag, in place."""
    for tag, database_id, etag in vector.entries:
        if etag > etags.get((tag, database_id), 0):
            etags[tag, database_id] = etag

"""The data that a node has built for one index definition: a row for each document it maps, and sums of groups of rows.

Sums are exact fractions, so that they depend on no order and can be subtracted exactly. The indexer of the node decides
when the data is brought up to date and where it is kept.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from backup.database import fingerprint, journal
from backup.database.agreed_values import IndexDefinition
from backup.database.items import Document, Item, Revision, key_of, text_of
from cluster.value import value


@value
class IndexHeader:
    """The index and the copy of the database to which the data belongs."""

    definition: IndexDefinition
    copy: str
    """Database id of the copy whose etags `IndexData.etag` counts."""
    defined: int
    """Log index at which the index was known to be defined. A node that has applied less may not know of it yet."""


class ReduceGroup:
    """Count and sums of the documents that have one value in the field `IndexDefinition.group_by`."""

    __slots__ = ("count", "sums")

    def __init__(self, width: int) -> None:
        self.count = 0
        self.sums = [Fraction()] * width


class IndexData:
    """The data of one index of one copy."""

    def __init__(self, header: IndexHeader) -> None:
        """Data in which nothing is indexed yet."""
        self.header = header
        self.etag = 0
        """Etag up to which the changes of the copy are indexed."""
        self.fingerprint_sum = 0
        """The sum of the fingerprints of all rows, modulo 2**128."""
        self.bytes = 0
        """Approximate size of the rows."""
        self._rows: dict[str, str] = {}
        """Key of each document to the values of its mapped fields, as a JSON list."""
        self._groups: dict[str, ReduceGroup] = {}

    def __len__(self) -> int:
        """How many documents are indexed."""
        return len(self._rows)

    @property
    def definition(self) -> IndexDefinition:
        """The definition by which the data is built."""
        return self.header.definition

    def take(self, changes: Sequence[Item]) -> bytes:
        """Index the next changes of the copy. Returns the journal frame of this."""
        definition = self.definition
        wanted = definition.collection.lower()
        rows: list[tuple[str, str | None]] = []
        for item in changes:
            if isinstance(item, Revision):
                continue
            key = key_of(item.id)
            if isinstance(item, Document) and item.collection.lower() == wanted:
                data = item.data
                rows.append((key, text_of([data.get(field) for field in definition.fields])))
            elif key in self._rows:
                rows.append((key, None))
        etag = changes[-1].etag if changes else self.etag
        self._learn(etag, rows)
        return journal.frame(("X", etag, tuple(rows)))

    def reach(self, etag: int) -> bytes:
        """Raise `etag` without indexing, as nothing up to it is to be indexed. Returns the journal frame of this."""
        self.etag = etag
        return journal.frame(("X", etag, ()))

    def _learn(self, etag: int, rows: Iterable[tuple[str, str | None]]) -> None:
        for key, row in rows:
            before = self._rows.pop(key, None)
            if before is not None:
                self._count(key, before, -1)
            if row is not None:
                self._rows[key] = row
                self._count(key, row, 1)
        self.etag = etag

    def _count(self, key: str, row: str, sign: int) -> None:
        self.fingerprint_sum = (self.fingerprint_sum + sign * fingerprint.of_texts(key, row)) & fingerprint.MASK
        self.bytes += sign * (50 + len(key) + len(row))
        definition = self.definition
        if not definition.group_by:
            return
        fields = dict(zip(definition.fields, json.loads(row), strict=True))
        value_of_group = text_of(fields[definition.group_by])
        group = self._groups.setdefault(value_of_group, ReduceGroup(len(definition.sums)))
        group.count += sign
        for place, field in enumerate(definition.sums):
            number = fields[field]
            if isinstance(number, int | float) and not isinstance(number, bool):
                group.sums[place] += sign * Fraction(number)
        if not group.count:
            del self._groups[value_of_group]

    # ---- reading

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows that a query reads: one for each document, sorted by key, or one for each group, sorted by value."""
        definition = self.definition
        if not definition.group_by:
            for key in sorted(self._rows):
                yield {"id": key, **dict(zip(definition.fields, json.loads(self._rows[key]), strict=True))}
            return
        for value_of_group in sorted(self._groups):
            group = self._groups[value_of_group]
            sums = {field: _plain(total) for field, total in zip(definition.sums, group.sums, strict=True)}
            yield {definition.group_by: json.loads(value_of_group), "Count": group.count, **sums}

    # ---- journal

    def frames(self) -> Iterator[bytes]:
        """All data as journal frames, to be read by `recover`."""
        header, definition = self.header, self.definition
        yield journal.frame((
            "H", definition.name, definition.collection, definition.fields, definition.group_by, definition.sums,
            header.copy, header.defined,
        ))  # fmt: skip
        keys = list(self._rows)
        for start in range(0, len(keys), 1_000):
            yield journal.frame(("X", 0, tuple((key, self._rows[key]) for key in keys[start : start + 1_000])))
        yield journal.frame(("X", self.etag, ()))

    @classmethod
    def recover(cls, contents: Iterable[bytes]) -> "IndexData":
        """The data that the frames describe; a torn last frame is ignored. Raises `DamagedJournal` without a header."""
        data: IndexData | None = None
        for fields in journal.frames_in(contents):
            match fields:
                case journal.TornFrame():
                    break
                case ("H", name, collection, mapped, group_by, sums, copy, defined):
                    data = cls(IndexHeader(IndexDefinition(name, collection, mapped, group_by, sums), copy, defined))
                case ("X", etag, rows) if data is not None:
                    data._learn(max(etag, data.etag), rows)
                case _:
                    break
        if data is None:
            raise journal.DamagedJournal("the file of an index says nothing: the index is built anew")
        return data

    def of_copy(self, copy: str, defined: int) -> "IndexData":
        """Assign the data to another copy, which must have the same changes under the same etags. Returns itself."""
        self.header = IndexHeader(self.definition, copy, defined)
        return self


def _plain(total: Fraction) -> int | float:
    return int(total) if total.denominator == 1 else float(total)

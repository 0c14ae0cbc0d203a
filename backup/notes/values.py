"""Notes about changes of the agreed values of a database: identities, compare-exchange values, indexes, policies.

Every node writes them when it applies an entry.
"""

from typing import ClassVar

from backup.notes.words import DETAIL
from cluster.trace import Agreed
from cluster.value import value


@value
class IdentityMoved(Agreed):
    """Numbers of an identity were given out, or its number was set."""

    weight: ClassVar[int] = DETAIL

    database: str
    key: str
    number: int
    """The last number given out."""

    def text(self) -> str:
        return f"records: {self.key} of {self.database} has come to {self.number}"


@value
class CompareExchangeChanged(Agreed):
    """A compare-exchange value was written or deleted. A failed request changes nothing and has no note."""

    weight: ClassVar[int] = DETAIL

    database: str
    key: str
    deleted: bool

    def text(self) -> str:
        return f"records: value {self.key} of {self.database} is {'gone' if self.deleted else 'set'}"


@value
class ValueTombstonesCleaned(Agreed):
    """Tombstones of compare-exchange values that no backup needs any more were removed (rule 18.6)."""

    weight: ClassVar[int] = DETAIL

    database: str
    up_to: int
    """Log index up to which deletions are forgotten."""
    count: int
    """How many tombstones were removed."""

    def text(self) -> str:
        noun = "deletion" if self.count == 1 else "deletions"
        return f"records: {self.count} {noun} of compare-exchange values of {self.database} are forgotten"


@value
class IndexDefined(Agreed):
    """An index was created or replaced."""

    database: str
    name: str

    def text(self) -> str:
        return f"records: index {self.name} of {self.database} is defined"


@value
class IndexRemoved(Agreed):
    """An index was removed."""

    database: str
    name: str

    def text(self) -> str:
        return f"records: index {self.name} of {self.database} is gone"


@value
class RevisionsConfigured(Agreed):
    """The revision policies of a database were replaced."""

    database: str
    collections: tuple[str, ...]
    """The collections that keep revisions; an empty name means all others."""

    def text(self) -> str:
        named = ", ".join(name or "all others" for name in self.collections)
        return f"records: {self.database} keeps revisions of {named or 'nothing'}"


@value
class ValuesRestored(Agreed):
    """The agreed values of a backup were put into the restored database."""

    database: str
    identities: int
    exchanged: int
    indexes: int

    def text(self) -> str:
        return (
            f"records: {self.database} has back what its backup held by agreement: {self.identities} identities, "
            f"{self.exchanged} compare-exchange values, indexes: {self.indexes}"
        )

"""Two versions of one document: which of them stays, and whether the other is kept as a revision (rules 19.2, 19.3).

Versions arrive in replication.py; revision_pruning.py decides how many revisions are kept.
"""

from typing import Any

from backup.database.change_vector import Relation
from backup.database.items import Document, Item, Revision, rank


def takes_over(incoming: Item, held: Item) -> bool:
    """Whether an incoming version replaces the held one: if it is newer, or wins a conflict (rules 19.2, 19.3)."""
    match incoming.change_vector.compare(held.change_vector):
        case Relation.NEWER:
            return True
        case Relation.CONFLICT:
            return rank(incoming) > rank(held)
        case _:
            return False


def are_in_conflict(incoming: Item, held: Item) -> bool:
    """Whether neither version was made of the other."""
    return incoming.change_vector.compare(held.change_vector) is Relation.CONFLICT


def lost(incoming: Item, held: Item, loser: Item, etag: int) -> Revision | None:
    """The loser of a conflict as a revision with that etag.

    None if the versions do not conflict, if both have the same contents, or if the loser is a deletion.
    """
    if not isinstance(loser, Document) or not are_in_conflict(incoming, held):
        return None
    if isinstance(incoming, Document) and isinstance(held, Document) and _says(incoming) == _says(held):
        return None
    return Revision(
        loser.id, loser.collection, loser.body, loser.change_vector, etag, loser.last_modified, loser.attachments
    )


def _says(document: Document) -> tuple[Any, ...]:
    return document.collection, document.body, document.attachments

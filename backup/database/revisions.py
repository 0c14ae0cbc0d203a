"""Revision policies: how many revisions of its documents a database keeps, for each collection. Agreed through the log."""

from cluster.value import value

CONFLICTS_KEPT = 1_024
"""How many revisions of a document are kept without a policy. Only versions that lost a conflict become revisions then."""


@value
class RevisionPolicy:
    """How many revisions are kept of the documents of one collection."""

    collection: str
    """Name of the collection; empty for every collection that has no policy of its own."""
    minimum_to_keep: int | None = None
    """How many of the newest revisions of each document are kept; None for all."""
    disabled: bool = False
    """Whether writes of this collection make no revisions."""


@value
class Policies:
    """All revision policies of a database."""

    index: int = 0
    """Log index of the entry that set them."""
    policies: tuple[RevisionPolicy, ...] = ()
    """Sorted by collection in lower case; each collection at most once."""

    def of(self, collection: str) -> RevisionPolicy | None:
        """The policy of a collection, named in upper or lower case; None if its writes make no revisions."""
        if not self.policies:
            return None
        wanted = collection.lower()
        found = None
        for policy in self.policies:
            if policy.collection.lower() == wanted:
                found = policy
                break
            if not policy.collection:
                found = policy
        return None if found is None or found.disabled else found

    def limit(self, collection: str) -> int | None:
        """How many revisions of one document of that collection are kept at most; None for all."""
        policy = self.of(collection)
        return CONFLICTS_KEPT if policy is None else policy.minimum_to_keep

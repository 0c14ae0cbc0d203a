"""Which revisions of its documents a database keeps: a policy for each collection, agreed through the log. Values only.

Never here: where revisions are kept.
"""

from cluster.value import value

CONFLICTS_KEPT = 1_024
"""How many revisions of a document are kept where no policy asks for any: only what lost a conflict becomes one."""


@value
class RevisionPolicy:
    """What is kept of the documents of one collection."""

    collection: str
    """Empty: every collection that has no policy of its own."""
    minimum_to_keep: int | None = None
    """So many of the newest revisions of a document stay; None: all."""
    disabled: bool = False


@value
class Policies:
    """All policies of a database."""

    index: int = 0
    """Log index of the entry that set them."""
    policies: tuple[RevisionPolicy, ...] = ()
    """Sorted by collection, each once."""

    def of(self, collection: str) -> RevisionPolicy | None:
        """The policy of a collection, in any case; None if its writes make no revisions."""
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
        """How many revisions of one document of that collection are kept at most; None: all."""
        policy = self.of(collection)
        return CONFLICTS_KEPT if policy is None else policy.minimum_to_keep

"""What those parts of a node need that bring something to its Raft: what Raft believes, and the door by which events enter.

`cluster.node` is the driver; proposals and administrative requests see no more of it than this.
"""

from typing import Protocol

from cluster.raft.messages import Request
from cluster.raft.state import Event, Raft


class RaftDriver(Protocol):
    """The driver of one node's Raft."""

    raft: Raft
    """What the node believes now."""

    @property
    def leader(self) -> str | None:
        """The leader as this node sees it (rule 3.37)."""
        ...  # the node knows it

    @property
    def passive(self) -> bool:
        """Whether it knows of no cluster that it belongs to (rule 3.36)."""
        ...  # the node knows it

    @property
    def applied(self) -> int:
        """Index of the last entry that this node has applied."""
        ...  # the node knows it

    def has_applied(self, request: Request) -> bool:
        """Whether the answer of this command is among the sessions: it must not be proposed again."""
        ...  # the node knows it

    def handle(self, event: Event) -> None:
        """Step Raft by the event and do what it asks for, before this call returns."""
        ...  # the node does it

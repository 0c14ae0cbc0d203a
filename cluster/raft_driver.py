"""The interface between a node's Raft and the modules that bring events to it.

`cluster.node` implements it; proposals and administrative requests know no more of the node than this.
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
        ...  # `Node` implements it

    @property
    def passive(self) -> bool:
        """Whether the node knows of no cluster that it belongs to (rule 3.36)."""
        ...  # `Node` implements it

    @property
    def applied(self) -> int:
        """Index of the last entry that this node has applied."""
        ...  # `Node` implements it

    def has_applied(self, request: Request) -> bool:
        """Whether this command has been applied: it must not be proposed again."""
        ...  # `Node` implements it

    def handle(self, event: Event) -> None:
        """Step Raft by the event and do all its effects before returning."""
        ...  # `Node` implements it

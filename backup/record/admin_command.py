"""What an administrative act is: one class that a client asks a node for, and that the log carries once the node has let it in."""

from typing import Generic, TypeVar

import attrs

from cluster.member import ClientRequest
from cluster.value import value

A_co = TypeVar("A_co", covariant=True)


@value
class AdminCommand(ClientRequest[A_co], Generic[A_co]):
    """An `AdminCommand[int]` is answered by an int. Whoever asks fills in the fields of its class.

    The node that proposes it fills in these two (rule 24.1). They are not in its `repr`, which is what was asked.
    """

    at: int = attrs.field(default=0, kw_only=True, repr=False)
    """Wall µs of the proposer."""
    term: int = attrs.field(default=0, kw_only=True, repr=False)
    """Term of the proposer."""

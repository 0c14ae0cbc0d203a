"""The base class of administrative commands: a client sends one to a node, which admits it and proposes it to the log."""

from typing import Generic, TypeVar

import attrs

from cluster.member import ClientRequest
from cluster.value import value

A_co = TypeVar("A_co", covariant=True)


@value
class AdminCommand(ClientRequest[A_co], Generic[A_co]):
    """A command of a client; an `AdminCommand[int]` is answered by an int.

    The client fills in the fields of the subclass. The node that proposes the command fills in the two below (rule
    24.1). The `repr` shows only what the client asked for.
    """

    at: int = attrs.field(default=0, kw_only=True, repr=False)
    """Wall µs of the proposing node."""
    term: int = attrs.field(default=0, kw_only=True, repr=False)
    """Term of the proposing node."""

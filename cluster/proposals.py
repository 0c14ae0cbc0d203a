"""A command on its way to the log: who asked, where it was sent, and whether it may already be there. No I/O, no time.

A proposal is sent again under the same request, to whoever leads, until its node has applied it or its time is over.
What is answered at the end is *definite* (`NoLeader`: no leader ever had it) or *indefinite* (`OutcomeUnknown`).
"""

from typing import Any

from cluster.raft.messages import Request
from cluster.value import value


@value
class Forward:
    """A follower asks the leader to take a command (rule 3.38)."""

    request: Request
    command: bytes


@value
class Decline:
    """Not taken: whoever was asked does not lead."""

    request: Request


PROPOSAL_WORDS = (Forward, Decline)


class Pending:
    """One command that its proposer still waits for."""

    __slots__ = ("asked", "command", "data", "deadline", "declined", "leader_asked", "request", "waiter")

    def __init__(self, request: Request, command: str, data: bytes, waiter: Any, deadline: int) -> None:
        self.request = request
        self.command = command
        self.data = data
        self.waiter = waiter
        self.deadline = deadline
        """Monotonic µs at which its time is over."""
        self.asked = 0
        """How often a leader was asked."""
        self.declined = 0
        self.leader_asked: tuple[str, int] | None = None
        """The leader last asked and its term."""

    @property
    def may_have_happened(self) -> bool:
        """Whether somebody was asked who has not declined."""
        return self.asked > self.declined

    @property
    def label(self) -> str:
        """The request's name in a trace."""
        return f"{self.request.client}/{self.request.serial}"


class Sessions:
    """Which requests are applied, with their answers: part of the replicated state, so that a retry is applied once.

    The same on every node at the same applied index (dissertation 6.3).
    """

    __slots__ = ("_answers",)

    def __init__(self) -> None:
        self._answers: dict[str, dict[int, tuple[int, Any]]] = {}

    def answer(self, request: Request) -> tuple[int, Any] | None:
        """Index and answer of a request that was applied before; None if it is new."""
        answers = self._answers.get(request.client)
        return None if answers is None else answers.get(request.serial)

    def remember(self, request: Request, index: int, answer: Any) -> None:
        """The request was applied at `index`; forget what its client needs no more."""
        answers = self._answers.setdefault(request.client, {})
        answers[request.serial] = (index, answer)
        while (oldest := next(iter(answers))) < request.floor:  # in the order of their application; others go later
            del answers[oldest]

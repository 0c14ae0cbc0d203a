"""A command on its way to the log: who asked, where it was sent, and whether it may already be there. No I/O, no time.

A proposal is sent again under the same request, to whoever leads, until its node has applied it or its time is over.
What is answered at the end is *definite* (`NoLeader`: no leader ever had it) or *indefinite* (`OutcomeUnknown`).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from cluster.raft.messages import Request
from cluster.value import value


@value
class Forward:
    """A follower asks the leader to take a command (rule 3.38)."""

    request: Request
    command: bytes
    attempt: int
    """Counts how often this request was brought to a leader, from 1: a repeat on the wire is no attempt of its own."""
    term: int
    """The asker's term, in which it holds the other for the leader."""


@value
class Decline:
    """Not taken, and never will be by this attempt: whoever was asked does not lead."""

    request: Request
    attempt: int


@value
class TooMuch:
    """Not taken, and never will be by this attempt: the leader has too much that is not committed yet."""

    request: Request
    attempt: int
    waiting: int
    """Bytes of commands."""
    limit: int


PROPOSAL_WORDS = (Forward, Decline, TooMuch)


class Pending:
    """One command that its proposer still waits for."""

    __slots__ = ("_open", "asked", "command", "data", "deadline", "leader_asked", "request", "waiter", "within")

    def __init__(self, request: Request, command: str, data: bytes, waiter: Any, within: int, deadline: int) -> None:
        self.request = request
        self.command = command
        self.data = data
        self.waiter = waiter
        self.within = within
        """How long it may take, in µs."""
        self.deadline = deadline
        """Monotonic µs at which its time is over."""
        self.asked = 0
        """How often a leader was asked: the number of the last attempt."""
        self.leader_asked: tuple[str, int] | None = None
        """The leader last asked and its term."""
        self._open: dict[int, None] = {}

    def attempt(self) -> int:
        """A leader is asked: the attempt's number."""
        self.asked += 1
        self._open[self.asked] = None
        return self.asked

    def declined(self, attempt: int) -> None:
        """That attempt came to nothing."""
        self._open.pop(attempt, None)

    @property
    def may_have_happened(self) -> bool:
        """Whether somebody was asked who has not declined."""
        return bool(self._open)

    @property
    def label(self) -> str:
        """The request's name in a trace."""
        return f"{self.request.client}/{self.request.serial}"


class Decided:
    """Which attempts of others this life of a node has taken or declined: each is decided once, whatever the wire repeats.

    Else a copy could be taken after another was declined, or the reverse, and a definite answer would be a lie.
    """

    __slots__ = ("_attempts", "_floors")

    def __init__(self) -> None:
        self._attempts: dict[str, dict[tuple[int, int], None]] = {}
        self._floors: dict[str, int] = {}

    def first(self, request: Request, attempt: int) -> bool:
        """Whether this is the first copy of that attempt, and its client still waits."""
        client = request.client
        attempts, floor = self._attempts.setdefault(client, {}), self._floors.get(client, 0)
        if request.serial < floor or (request.serial, attempt) in attempts:
            return False
        if request.floor > floor:
            self._floors[client] = request.floor
            for old in [old for old in attempts if old[0] < request.floor]:
                del attempts[old]
        attempts[request.serial, attempt] = None
        return True


class Sessions:
    """Which requests are applied, with their answers: part of the replicated state, so that a retry is applied once.

    The same on every node at the same applied index (dissertation 6.3).
    """

    __slots__ = ("_answers", "_floors")

    def __init__(self) -> None:
        self._answers: dict[str, dict[int, tuple[int, Any]]] = {}
        self._floors: dict[str, int] = {}

    def answer(self, request: Request) -> tuple[int, Any] | None:
        """Index and answer of a request that was applied before; None if it is new.

        Below its client's floor nobody waits any more: a late copy counts as applied, with no answer.
        """
        answers = self._answers.get(request.client)
        if answers is None:
            return None
        found = answers.get(request.serial)
        return (0, None) if found is None and request.serial < self._floors[request.client] else found

    def remember(self, request: Request, index: int, answer: Any) -> None:
        """The request was applied at `index`; forget what its client needs no more."""
        client, floor = request.client, request.floor
        answers = self._answers.get(client)
        if answers is None:
            answers, self._floors[client] = self._answers.setdefault(client, {}), 0
        answers[request.serial] = (index, answer)
        if floor > self._floors[client]:
            self._floors[client] = floor
            while (oldest := next(iter(answers))) < floor:  # in the order of their application; others go later
                del answers[oldest]

    # -- for a snapshot

    def by_client(self) -> Iterable[tuple[str, Mapping[int, tuple[int, Any]]]]:
        """Each client and its answers by serial, in the order of their application."""
        return self._answers.items()

    def floor(self, client: str) -> int:
        """Below this serial nobody waits."""
        return self._floors[client]

    def restore(self, client: str, floor: int, answers: Mapping[int, tuple[int, Any]]) -> None:
        """Put back what `by_client` and `floor` gave."""
        self._answers[client], self._floors[client] = dict(answers), floor

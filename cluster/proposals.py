"""Proposals: commands under way to the log, with their attempts, and the sessions that make a retry harmless.

A command is sent again under the same request, to the present leader, until its node has applied it or its time is
over. If it fails, the error is *definite* (`NoLeader`: no leader ever took it) or *indefinite* (`OutcomeUnknown`).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from cluster.raft.messages import Request
from cluster.value import value


@value
class Forward:
    """A node asks the leader to take a command (rule 3.38)."""

    request: Request
    command: bytes
    attempt: int
    """The number of the attempt for this request, from 1. A copy made by the network has the same number."""
    term: int
    """The term of the asking node, in which it holds the other for the leader."""


@value
class Decline:
    """The command was not taken by this attempt and never will be: the node that was asked does not lead."""

    request: Request
    attempt: int


@value
class TooMuch:
    """The command was not taken by this attempt and never will be: too much waits to be committed on the leader."""

    request: Request
    attempt: int
    waiting: int
    """Bytes of commands that wait to be committed."""
    limit: int


PROPOSAL_WORDS = (Forward, Decline, TooMuch)


class PendingProposal:
    """One command that its proposer waits for."""

    __slots__ = ("_open", "asked", "command", "data", "deadline", "leader_asked", "request", "waiter", "within")

    def __init__(self, request: Request, command: str, data: bytes, waiter: Any, within: int, deadline: int) -> None:
        self.request = request
        self.command = command
        self.data = data
        self.waiter = waiter
        self.within = within
        """The time that it may take, in µs."""
        self.deadline = deadline
        """Monotonic µs at which its time is over."""
        self.asked = 0
        """How many attempts were made: the number of the last one."""
        self.leader_asked: tuple[str, int] | None = None
        """The leader asked last, and its term; None if the next one is to be asked in any case."""
        self._open: dict[int, None] = {}

    def attempt(self) -> int:
        """Count another attempt; return its number."""
        self.asked += 1
        self._open[self.asked] = None
        return self.asked

    def declined(self, attempt: int) -> None:
        """That attempt was declined."""
        self._open.pop(attempt, None)

    @property
    def may_have_happened(self) -> bool:
        """Whether some attempt was not declined."""
        return bool(self._open)

    @property
    def label(self) -> str:
        """The request's name in a trace."""
        return f"{self.request.client}/{self.request.serial}"


class Decided:
    """Which attempts of other nodes this incarnation has taken or declined. Each is decided once.

    Otherwise one copy could be taken after another was declined, or the reverse, and a definite error would be wrong.
    """

    __slots__ = ("_attempts", "_floors")

    def __init__(self) -> None:
        self._attempts: dict[str, dict[tuple[int, int], None]] = {}
        self._floors: dict[str, int] = {}

    def first(self, request: Request, attempt: int) -> bool:
        """Whether this is the first copy of that attempt, and its client still waits for the answer."""
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

    Sessions are equal on all nodes at the same applied index (dissertation, 6.3).
    """

    __slots__ = ("_answers", "_floors")

    def __init__(self) -> None:
        self._answers: dict[str, dict[int, tuple[int, Any]]] = {}
        self._floors: dict[str, int] = {}

    def answer(self, request: Request) -> tuple[int, Any] | None:
        """Index and answer of a request that was applied before; None if it was not.

        A request below its client's floor counts as applied, with no answer: nobody waits for it.
        """
        answers = self._answers.get(request.client)
        if answers is None:
            return None
        found = answers.get(request.serial)
        return (0, None) if found is None and request.serial < self._floors[request.client] else found

    def remember(self, request: Request, index: int, answer: Any) -> None:
        """Record that the request was applied at `index`, and drop the answers that its client no longer needs."""
        client, floor = request.client, request.floor
        answers = self._answers.get(client)
        if answers is None:
            answers, self._floors[client] = self._answers.setdefault(client, {}), 0
        answers[request.serial] = (index, answer)
        if floor > self._floors[client]:
            self._floors[client] = floor
            while (oldest := next(iter(answers))) < floor:  # in the order of application, not of serials
                del answers[oldest]

    # -- for a snapshot

    def by_client(self) -> Iterable[tuple[str, Mapping[int, tuple[int, Any]]]]:
        """Each client and its answers by serial, in the order in which they were applied."""
        return self._answers.items()

    def floor(self, client: str) -> int:
        """The client's floor: nobody waits for a lower serial."""
        return self._floors[client]

    def restore(self, client: str, floor: int, answers: Mapping[int, tuple[int, Any]]) -> None:
        """Restore one client from what `by_client` and `floor` returned."""
        self._answers[client], self._floors[client] = dict(answers), floor

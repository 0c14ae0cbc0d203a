"""Proposals: commands under way to the log, with their attempts, and the sessions that make a retry harmless.

A command is sent again under the same request, to the present leader, until its node has applied it or its time is
over. If it fails, the error is *definite* (`NoLeader`: no leader ever took it) or *indefinite* (`OutcomeUnknown`).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from cluster.raft.messages import Request
from cluster.trace import HappenedAfterAll
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


REMEMBERED = 256
"""How many requests that were given up are remembered, to see that they do not happen."""
PROPOSAL_WORDS = (Forward, Decline, TooMuch)


@value
class SessionOver:
    """In place of the answer to a command whose session has ended: the reason, in a sentence."""

    why: str


def label(request: Request) -> str:
    """A request's name in a trace."""
    return f"{request.client}/{request.serial}"


def life_of(client: str) -> tuple[str, int]:
    """Name and incarnation of a client: `("B", 2)` of `B#2`, and of `B#2?`, which asks for other things than commands.

    A name without a number is of incarnation 0.
    """
    name, _, number = client.removesuffix("?").rpartition("#")
    return (name, int(number)) if name and number.isdecimal() else (client, 0)


class Lives:
    """The latest incarnation of each node that was heard of. A node lives one life at a time, so every earlier one is over."""

    __slots__ = ("_latest",)

    def __init__(self) -> None:
        self._latest: dict[str, str] = {}
        """By node: its latest client."""

    def later(self, client: str) -> str | None:
        """The client of a later incarnation of the same node; None if there was none."""
        name, life = life_of(client)
        latest = self._latest.get(name, client)
        return latest if life_of(latest)[1] > life else None

    def begin(self, client: str) -> str | None:
        """Note a client that was not known; return the one of the same node whose life is over by that, if any."""
        name, _ = life_of(client)
        before, self._latest[name] = self._latest.get(name), client
        return before


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


class GivenUp:
    """The newest requests that this incarnation has given up for good, by what was asked: none of them may happen later."""

    __slots__ = ("_what",)

    def __init__(self) -> None:
        self._what: dict[Request, str] = {}

    def __bool__(self) -> bool:
        return bool(self._what)

    def add(self, request: Request, what: str) -> None:
        """The program was told that this did not happen and will not."""
        self._what[request] = what
        if len(self._what) > REMEMBERED:
            del self._what[next(iter(self._what))]

    def happened(self, request: Request, index: int) -> tuple[HappenedAfterAll, ...]:
        """This happened at entry `index`: what to note of it, nothing unless it was given up."""
        what = self._what.pop(request, None)
        return () if what is None else (HappenedAfterAll(label(request), what, index),)


class Decided:
    """Which attempts of other nodes this incarnation has taken or declined. Each is decided once.

    Otherwise one copy could be taken after another was declined, or the reverse, and a definite error would be wrong.
    It holds one client a node, the latest.
    """

    __slots__ = ("_attempts", "_began_in", "_floors", "_lives", "may_decline")

    def __init__(self, life: int, began_in: int) -> None:
        """`life`: the number of this incarnation; `began_in`: the term in which it began, by its disk."""
        self.may_decline = life == 1 or began_in > 0
        """Whether it knows which attempts went to an earlier incarnation. With a new disk it does not, and stays silent."""
        self._began_in = began_in
        self._attempts: dict[str, dict[tuple[int, int], None]] = {}
        self._floors: dict[str, int] = {}
        self._lives = Lives()

    def first(self, request: Request, attempt: int, term: int) -> bool:
        """Whether this is the first copy of that attempt, made in `term`, and its client still waits for the answer.

        An attempt made in a term before this incarnation went to an earlier one, which may have taken it: it is none.
        """
        client = request.client
        if term <= self._began_in:
            return False
        if client not in self._attempts:
            if self._lives.later(client) is not None:
                return False
            over = self._lives.begin(client)
            if over is not None:
                self._attempts.pop(over, None)
                self._floors.pop(over, None)
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

    Sessions are equal on all nodes at the same applied index (dissertation, 6.3). A session ends with the first applied
    command of a later incarnation of its node, so that there is one for each node that ever proposed.
    """

    __slots__ = ("_answers", "_floors", "_lives")

    def __init__(self) -> None:
        self._answers: dict[str, dict[int, tuple[int, Any]]] = {}
        self._floors: dict[str, int] = {}
        self._lives = Lives()

    def answer(self, request: Request) -> tuple[int, Any] | None:
        """Index and answer of a request that must not be applied; None if it may be.

        One that was applied has its answer. One below its client's floor counts as applied, with no answer: nobody waits
        for it. One whose session has ended is refused by name, with `SessionOver`.
        """
        answers = self._answers.get(request.client)
        if answers is None:
            later = self._lives.later(request.client)
            return None if later is None else (0, SessionOver(ended_text(request, later)))
        found = answers.get(request.serial)
        return (0, None) if found is None and request.serial < self._floors[request.client] else found

    def remember(self, request: Request, index: int, answer: Any) -> None:
        """Record that the request was applied at `index`, and drop the answers that its client no longer needs."""
        client, floor = request.client, request.floor
        answers = self._answers.get(client)
        if answers is None:
            self.begin(client)
            answers, self._floors[client] = self._answers.setdefault(client, {}), 0
        answers[request.serial] = (index, answer)
        if floor > self._floors[client]:
            self._floors[client] = floor
            while (oldest := next(iter(answers))) < floor:  # in the order of application, not of serials
                del answers[oldest]

    def begin(self, client: str) -> None:
        """Begin a session; it ends the one of the node's incarnation before."""
        over = self._lives.begin(client)
        if over is not None:
            self._answers.pop(over, None)
            self._floors.pop(over, None)

    # -- for a snapshot

    def by_client(self) -> Iterable[tuple[str, Mapping[int, tuple[int, Any]]]]:
        """Each client and its answers by serial, in the order in which they were applied."""
        return self._answers.items()

    def floor(self, client: str) -> int:
        """The client's floor: nobody waits for a lower serial."""
        return self._floors[client]

    def restore(self, client: str, floor: int, answers: Mapping[int, tuple[int, Any]]) -> None:
        """Restore one client from what `by_client` and `floor` returned."""
        self.begin(client)
        self._answers[client], self._floors[client] = dict(answers), floor


def ended_text(request: Request, later: str) -> str:
    """Why a command is refused whose session has ended: the error's text."""
    return (
        f"command {request.serial} of {request.client} is not applied now, and nobody knows any more whether it was before: "
        f"that session ended when {later} sent its first command; look, and ask again through {later}"
    )

"""Arrows: the messages of consensus paired with their sending, and the meaning of each as far as the trace shows it.

A trace notes a message where it is delivered, with the time at which it was sent, so nothing has to be guessed. A repeated
message without news is not in a trace. Messages between an application's programs (replication, health reports) are left out.
"""

from collections.abc import Iterable, Iterator

from cluster.trace import BecameCandidate, Delivered, Happened, Lost, Voted
from scenarios.drawing.picture import Arrow

KINDS: dict[str, str] = {
    "question": "asks for a vote",
    "trial": "asks what the answer would be",
    "vote": "a vote",
    "answer": "answers the trial",
    "refusal": "no vote",
    "entries": "entries of the log",
    "beat": "heartbeat with news",
    "accepted": "answers the leader",
    "snapshot": "part of a snapshot",
    "heir": "stand at once",
    "confirm": "do I still lead? and the answer",
    "wish": "a command or a wish, on its way to the leader and back",
}
"""The meanings that an arrow may have, in the order of the legend."""
SAID = {
    "AppendReply": "accepted",
    "InstallSnapshot": "snapshot",
    "SnapshotReply": "accepted",
    "TimeoutNow": "heir",
    "Confirm": "confirm",
    "Confirmed": "confirm",
    "Forward": "wish",
    "Decline": "wish",
    "TooMuch": "wish",
    "HandOver": "wish",
    "Read": "wish",
    "Wish": "wish",
    "Granted": "wish",
    "Denied": "wish",
}
"""The meaning of each message that follows from its class alone."""


def arrows(events: Iterable[Happened], names: Iterable[str], start: int, until: int) -> tuple[Arrow, ...]:
    """The messages between these nodes that were sent within the window, and delivered or lost within it."""
    among = frozenset(names)
    return tuple(
        arrow
        for arrow in _all(events)
        if arrow.sender in among and arrow.receiver in among and start <= arrow.sent and arrow.t <= until
    )


def _all(events: Iterable[Happened]) -> Iterator[Arrow]:
    stood: dict[str, list[tuple[int, BecameCandidate]]] = {}
    """For each node, the time and note of each of its candidacies, the newest last."""
    questions: dict[int, BecameCandidate | None] = {}
    """For each vote request, by the event of its delivery, its sender's candidacy."""
    voted: set[tuple[str, int, str]] = set()
    """The votes given: voter, term and candidate."""
    for event in events:
        note = event.note
        match note:
            case BecameCandidate():
                stood.setdefault(event.node, []).append((event.t, note))
            case Voted(term, candidate):
                voted.add((event.node, term, candidate))
                if candidate == event.node:  # a node that is a candidate repeatedly is noted the first time only
                    stood.setdefault(event.node, []).append((event.t, BecameCandidate(term, False)))
            case Delivered(message="RequestVote") | Lost(message="RequestVote"):
                questions[event.seq] = candidacy = _candidacy(stood.get(note.peer, []), note.sent)
                yield _arrow("trial" if candidacy is None or candidacy.trial else "question", event, note)
            case Delivered(message="VoteReply") | Lost(message="VoteReply"):
                # a repeated vote request may have left no note
                candidacy = questions.get(event.cause) or _candidacy(stood.get(event.node, []), note.sent)
                if candidacy is None or candidacy.trial:
                    kind = "answer"
                else:
                    kind = "vote" if (note.peer, candidacy.term, event.node) in voted else "refusal"
                yield _arrow(kind, event, note)
            case Delivered(message="AppendEntries") | Lost(message="AppendEntries"):
                yield _arrow("beat" if "~" in note.number else "entries", event, note)
            case Delivered() | Lost() if note.message in SAID:
                yield _arrow(SAID[note.message], event, note)
            case _:
                pass


def _candidacy(stood: list[tuple[int, BecameCandidate]], t: int) -> BecameCandidate | None:
    """The candidacy of a node at that time; None if it had none yet."""
    return next((note for since, note in reversed(stood) if since <= t), None)


def _arrow(kind: str, event: Happened, note: Delivered | Lost) -> Arrow:
    why = note.why if isinstance(note, Lost) else ""
    return Arrow(kind, note.message, note.number, note.peer, event.node, note.sent, event.t, why)

"""The promises of consensus, watched in every run. They read the trace and know no rule of Raft's by which it was made.

`Logs` is the one model they share: what each node's log holds, told by what was written, recovered and committed.
"""

from bisect import bisect_left
from collections.abc import Callable
from typing import ClassVar

from cluster.checks import Watcher
from cluster.trace import (
    Answered,
    BecameCandidate,
    BecameFollower,
    BecameLeader,
    Committed,
    Crashed,
    Delivered,
    Happened,
    Note,
    Recovered,
    Voted,
    Wrote,
)

Sees = dict[type[Note], Callable[[Happened], None]]
Content = tuple[int, int]
"""An entry as the trace tells it: term and digest."""


class Logs(Watcher):
    """The model, and the promise of *log matching* that keeps it small enough to be checked entry by entry."""

    promise = "log matching"
    says = "two logs that hold an entry of the same index and term agree on everything up to it (§5.3)"

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.held: dict[str, list[Content]] = {name: [] for name in names}
        """Each node's log; that of a node that is down as it was last."""
        self.commit = dict.fromkeys(names, 0)
        self.term = dict.fromkeys(names, 0)
        self.leads = dict.fromkeys(names, 0)
        """The term a node leads, 0 if it does not."""
        self.committed: list[Content] = []
        """What any node committed first, by index from 1."""
        self.committed_in: list[int] = []
        """The term in which each was committed."""
        self._known: dict[tuple[int, int], tuple[int, int]] = {}

    def sees(self) -> Sees:
        return {
            Wrote: self.wrote,
            Recovered: self.recovered,
            Delivered: self.delivered,
            BecameLeader: self.became_leader,
            BecameFollower: self.became_other,
            BecameCandidate: self.became_other,
            Crashed: self.became_other,
        }

    def holds(self, node: str, index: int, content: Content) -> bool:
        """Whether the node's log has this entry there."""
        held = self.held[node]
        return 0 < index <= len(held) and held[index - 1] == content

    def wrote(self, event: Happened) -> None:
        note = event.note
        assert isinstance(note, Wrote)
        held = self.held[event.node]
        if note.after > len(held):
            raise self.broken(f"{event.node} writes after entry {note.after} and holds only {len(held)} entries")
        del held[note.after :]
        self._extend(event.node, note.terms, note.digests, "writes")

    def recovered(self, event: Happened) -> None:
        note = event.note
        assert isinstance(note, Recovered)
        self.held[event.node] = []
        self._extend(event.node, note.terms, note.digests, "reads")
        self.commit[event.node] = note.commit
        self.term[event.node] = note.term

    def _extend(self, node: str, terms: tuple[int, ...], digests: tuple[int, ...], does: str) -> None:
        held = self.held[node]
        index, previous = len(held), held[-1][0] if held else 0
        for content in zip(terms, digests, strict=True):
            index += 1
            term, digest = content
            value = (previous, digest)
            if self._known.setdefault((index, term), value) != value:
                raise self.broken(f"{node} {does} another entry {index} of term {term} than was written before")
            held.append(content)
            previous = term

    def delivered(self, event: Happened) -> None:
        self.term[event.node] = event.note.term  # type: ignore[attr-defined]  # only Delivered comes here

    def became_leader(self, event: Happened) -> None:
        note = event.note
        assert isinstance(note, BecameLeader)
        self.leads[event.node] = self.term[event.node] = note.term

    def became_other(self, event: Happened) -> None:
        note = event.note
        self.leads[event.node] = 0
        if isinstance(note, BecameFollower) or (isinstance(note, BecameCandidate) and not note.trial):
            self.term[event.node] = note.term


class ElectionSafety(Watcher):
    promise = "election safety"
    says = "at most one leader in a term (§5.2)"

    def __init__(self) -> None:
        self.leaders: dict[int, str] = {}

    def sees(self) -> Sees:
        return {BecameLeader: self.see}

    def see(self, event: Happened) -> None:
        note = event.note
        assert isinstance(note, BecameLeader)
        first = self.leaders.setdefault(note.term, event.node)
        if first != event.node:
            raise self.broken(f"{first} and {event.node} both lead term {note.term}")


class OneVote(Watcher):
    promise = "one vote a term"
    says = "a node gives at most one vote in a term, whatever it forgets (§5.2)"

    def __init__(self) -> None:
        self.votes: dict[tuple[str, int], str] = {}

    def sees(self) -> Sees:
        return {Voted: self.see}

    def see(self, event: Happened) -> None:
        note = event.note
        assert isinstance(note, Voted)
        first = self.votes.setdefault((event.node, note.term), note.candidate)
        if first != note.candidate:
            raise self.broken(f"{event.node} votes for {first} and for {note.candidate} in term {note.term}")


class OnLogs(Watcher):
    """A watcher that reads the model. It is told after the model."""

    promise: ClassVar[str]
    says: ClassVar[str]

    def __init__(self, logs: Logs) -> None:
        self.logs = logs


class LeaderAppendOnly(OnLogs):
    promise = "leader append-only"
    says = "a leader never overwrites or cuts its own log (§5.3)"

    def sees(self) -> Sees:
        return {Wrote: self.see}

    def see(self, event: Happened) -> None:
        note = event.note
        assert isinstance(note, Wrote)
        if note.truncated > 0 and self.logs.leads[event.node]:
            raise self.broken(
                f"{event.node} leads term {self.logs.leads[event.node]} and cuts {note.truncated} of its own entries"
            )


class LeaderCompleteness(OnLogs):
    promise = "leader completeness"
    says = "a leader holds every entry committed in an earlier term (§5.4)"

    def sees(self) -> Sees:
        return {BecameLeader: self.see}

    def see(self, event: Happened) -> None:
        note = event.note
        assert isinstance(note, BecameLeader)
        last = bisect_left(self.logs.committed_in, note.term)
        if last and not self.logs.holds(event.node, last, self.logs.committed[last - 1]):
            raise self.broken(f"{event.node} leads term {note.term} without the committed entry {last}")


class StateMachineSafety(OnLogs):
    promise = "state machine safety"
    says = "no two nodes apply different entries at an index (§5.4.3)"

    def sees(self) -> Sees:
        return {Committed: self.see, Recovered: self.recovered}

    def recovered(self, event: Happened) -> None:
        """A node applies again what it knows to be committed."""
        note, logs = event.note, self.logs
        assert isinstance(note, Recovered)
        count = min(note.commit, len(logs.committed))
        held, committed = logs.held[event.node][:count], logs.committed[:count]
        if held != committed:
            index = 1 + next((at for at, one in enumerate(held) if one != committed[at]), len(held))
            raise self.broken(f"{event.node} applies another entry {index} after its restart than was applied before")

    def see(self, event: Happened) -> None:
        note, logs = event.note, self.logs
        assert isinstance(note, Committed)
        held, committed = logs.held[event.node], logs.committed
        if note.index > len(held):
            raise self.broken(f"{event.node} commits up to {note.index} and holds only {len(held)} entries")
        for index in range(logs.commit[event.node], note.index):
            if index == len(committed):
                committed.append(held[index])
                logs.committed_in.append(note.term)
            elif committed[index] != held[index]:
                raise self.broken(f"{event.node} applies another entry {index + 1} than was applied before")
        logs.commit[event.node] = note.index


class OwnTerm(OnLogs):
    promise = "own term"
    says = "a leader commits only onto an entry of its own term (§5.4.2)"

    def sees(self) -> Sees:
        return {Committed: self.see}

    def see(self, event: Happened) -> None:
        note, logs = event.note, self.logs
        assert isinstance(note, Committed)
        leads = logs.leads[event.node]
        if not leads:
            return
        held = logs.held[event.node]
        if note.index <= len(held) and held[note.index - 1][0] != leads:
            raise self.broken(
                f"{event.node} leads term {leads} and commits up to entry {note.index}, which is of term {held[note.index - 1][0]}"
            )


class TrueMatch(OnLogs):
    promise = "true match"
    says = "what a leader believes of a follower's log is true while the follower is in its term"

    def sees(self) -> Sees:
        return {Delivered: self.see}

    def see(self, event: Happened) -> None:
        note = event.note
        assert isinstance(note, Delivered)
        match = note.match
        if match <= 0:
            return
        peer, logs = note.peer, self.logs
        if logs.term[peer] != note.term:
            return
        held = logs.held[event.node]
        if match <= len(held) and not logs.holds(peer, match, held[match - 1]):
            raise self.broken(f"{event.node} believes that {peer} holds its entry {match}, and {peer} does not")


class Durability(OnLogs):
    promise = "durability"
    says = "what was acknowledged is on a majority, whatever crashes"

    def __init__(self, logs: Logs) -> None:
        super().__init__(logs)
        self.acknowledged = 0

    def sees(self) -> Sees:
        return {Answered: self.answered, Recovered: self.check}

    def answered(self, event: Happened) -> None:
        note = event.note
        assert isinstance(note, Answered)
        if note.outcome == "applied":
            self.acknowledged = max(self.acknowledged, note.index)

    def check(self, event: Happened) -> None:
        index = self.acknowledged
        if not index or index > len(self.logs.committed):
            return
        content = self.logs.committed[index - 1]
        holders = [name for name in self.logs.names if self.logs.holds(name, index, content)]
        if len(holders) * 2 <= len(self.logs.names):
            where = ", ".join(holders) or "no node"
            raise self.broken(f"entry {index} was acknowledged, and after {event.node}'s restart only {where} has it")


def consensus_watchers(names: tuple[str, ...]) -> list[Watcher]:
    """A fresh watcher for each promise of consensus, in the order in which they must be told."""
    logs = Logs(names)
    return [
        logs,
        ElectionSafety(),
        OneVote(),
        LeaderAppendOnly(logs),
        LeaderCompleteness(logs),
        OwnTerm(logs),
        StateMachineSafety(logs),
        TrueMatch(logs),
        Durability(logs),
    ]

"""The promises of consensus, checked in every run from the trace alone, without the rules of Raft.

`logs` holds the model of the logs that these share, `snapshots` and `membership` the promises of their subjects.
"""

from bisect import bisect_left

from cluster.checks import Sees, Watcher, on
from cluster.checks.disks import NeverBack, SoundDisks
from cluster.checks.logs import Logs, OnLogs
from cluster.checks.membership import Durability, Members, MembersInForce, OneChange, SnapshotMembers
from cluster.checks.snapshots import EqualSnapshots, EqualStates, StateOrder
from cluster.trace import (
    BecameLeader,
    Committed,
    Delivered,
    Happened,
    HappenedAfterAll,
    Recovered,
    Voted,
    Wrote,
)


class ElectionSafety(Watcher):
    promise = "election safety"
    says = "at most one leader in a term (§5.2)"

    def __init__(self) -> None:
        self.leaders: dict[int, str] = {}

    def sees(self) -> Sees:
        return [on(BecameLeader, self.see)]

    def see(self, event: Happened[BecameLeader]) -> None:
        note = event.note
        first = self.leaders.setdefault(note.term, event.node)
        if first != event.node:
            raise self.broken(f"{first} and {event.node} both lead term {note.term}")


class OneVote(Watcher):
    promise = "one vote a term"
    says = "a node gives at most one vote in a term, whatever it forgets (§5.2)"

    def __init__(self) -> None:
        self.votes: dict[tuple[str, int], str] = {}

    def sees(self) -> Sees:
        return [on(Voted, self.see), on(Recovered, self.recovered)]

    def see(self, event: Happened[Voted]) -> None:
        note = event.note
        self._once(event.node, note.term, note.candidate)

    def recovered(self, event: Happened[Recovered]) -> None:
        """A restarted node goes by the vote that its disk holds."""
        note = event.note
        if note.vote:
            self._once(event.node, note.term, note.vote)

    def _once(self, node: str, term: int, candidate: str) -> None:
        first = self.votes.setdefault((node, term), candidate)
        if first != candidate:
            raise self.broken(f"{node} votes for {first} and for {candidate} in term {term}")


class LeaderAppendOnly(OnLogs):
    promise = "leader append-only"
    says = "a leader never overwrites or cuts its own log (§5.3)"

    def sees(self) -> Sees:
        return [on(Wrote, self.see)]

    def see(self, event: Happened[Wrote]) -> None:
        note = event.note
        if note.truncated > 0 and self.logs.leads[event.node]:
            raise self.broken(
                f"{event.node} leads term {self.logs.leads[event.node]} and cuts {note.truncated} of its own entries"
            )


class LeaderCompleteness(OnLogs):
    promise = "leader completeness"
    says = "a leader holds every entry committed in an earlier term (§5.4)"

    def sees(self) -> Sees:
        return [on(BecameLeader, self.see)]

    def see(self, event: Happened[BecameLeader]) -> None:
        note = event.note
        logs = self.logs
        earlier = bisect_left(logs.committed_in, note.term)
        last = logs.committed.base + earlier
        if earlier and not logs.holds(event.node, last, logs.committed.at(last)):
            raise self.broken(f"{event.node} leads term {note.term} without the committed entry {last}")


class StateMachineSafety(OnLogs):
    promise = "state machine safety"
    says = "no two nodes apply different entries at an index (§5.4.3)"

    def sees(self) -> Sees:
        return [on(Committed, self.see), on(Recovered, self.recovered)]

    def recovered(self, event: Happened[Recovered]) -> None:
        """A restarted node applies again what it knows to be committed."""
        note, logs = event.note, self.logs
        held, committed = logs.held[event.node], logs.committed
        first, last = max(held.base, committed.base) + 1, min(note.commit, committed.last)
        read, known = (one.contents[first - one.base - 1 : last - one.base] for one in (held, committed))
        if last >= first and read != known:
            index = first + next((at for at, one in enumerate(read) if one != known[at]), len(read))
            raise self.broken(f"{event.node} applies another entry {index} after its restart than was applied before")

    def see(self, event: Happened[Committed]) -> None:
        note, logs, node = event.note, self.logs, event.node
        held, committed, upto = logs.held[node], logs.committed, note.index
        if upto > held.last:
            raise self.broken(f"{node} commits up to {upto} and holds only {held.last} entries")
        first, base = logs.commit[node] + 1, committed.base
        if first <= base or first <= held.base:
            first = max(base, held.base) + 1
        for index in range(first, upto + 1):
            content = held.contents[index - held.base - 1]
            if index > committed.last:
                committed.add(content)
                logs.committed_in.append(note.term)
            elif committed.contents[index - base - 1] != content:
                raise self.broken(f"{node} applies another entry {index} than was applied before")
        logs.commit[node] = upto


class OwnTerm(OnLogs):
    promise = "own term"
    says = "a leader commits only onto an entry of its own term (§5.4.2)"

    def sees(self) -> Sees:
        return [on(Committed, self.see)]

    def see(self, event: Happened[Committed]) -> None:
        note, logs = event.note, self.logs
        leads = logs.leads[event.node]
        if not leads:
            return
        held = logs.held[event.node]
        if held.base < note.index <= held.last and held.at(note.index)[0] != leads:
            raise self.broken(
                f"{event.node} leads term {leads} and commits up to entry {note.index}, which is of term {held.at(note.index)[0]}"
            )


class TrueMatch(OnLogs):
    promise = "true match"
    says = "what a leader believes of a follower's log is true while the follower is in its term"

    def sees(self) -> Sees:
        return [on(Delivered, self.see)]

    def see(self, event: Happened[Delivered]) -> None:
        note, logs = event.note, self.logs
        terms, match, term = logs.term, note.match, note.term
        terms[event.node] = term
        if match <= 0 or terms[note.peer] != term:
            return
        peer, held = note.peer, logs.held[event.node]  # what the leader has compacted away is not compared
        if held.base < match <= held.last and not logs.holds(peer, match, held.contents[match - held.base - 1]):
            raise self.broken(f"{event.node} believes that {peer} holds its entry {match}, and {peer} does not")


class DefiniteAnswers(Watcher):
    promise = "definite answers"
    says = "what a program was told not to have happened does not happen later (3.38)"

    def sees(self) -> Sees:
        return [on(HappenedAfterAll, self.see)]

    def see(self, event: Happened[HappenedAfterAll]) -> None:
        note = event.note
        raise self.broken(
            f"{event.node} gave up {note.what} for good ({note.request}), and it happened at entry {note.index}"
        )


def consensus_watchers(names: tuple[str, ...]) -> list[Watcher]:
    """A fresh watcher for each promise of consensus, in the order in which they need the events. `names`: the founders."""
    logs = Logs(names)
    members, snapshots = Members(names, logs), SnapshotMembers(names, logs)
    return [
        logs,
        ElectionSafety(),
        OneVote(),
        LeaderAppendOnly(logs),
        LeaderCompleteness(logs),
        OwnTerm(logs),
        StateMachineSafety(logs),
        TrueMatch(logs),
        Durability(members),
        StateOrder(logs),
        EqualSnapshots(logs),
        EqualStates(),
        OneChange(members),
        snapshots,
        MembersInForce(members, snapshots, names),
        members,
        NeverBack(),
        DefiniteAnswers(),
        SoundDisks(),
    ]

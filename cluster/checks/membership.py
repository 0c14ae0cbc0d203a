"""The promises of membership changes, checked from the trace alone, and the majorities that count at each moment.

`Members` is the model they share: the configuration in force on each node.
"""

from collections.abc import Container

import attrs

from cluster.checks import Sees, Watcher, on
from cluster.checks.logs import Content, Logs, OnLogs
from cluster.trace import (
    Answered,
    Committed,
    ConfigurationChanged,
    Crashed,
    Ended,
    Happened,
    PutOutside,
    Recovered,
    RecoveredSnapshot,
    SnapshotInstalled,
    Wrote,
)
from cluster.value import value

Voters = tuple[tuple[str, ...], tuple[str, ...]]
"""The voters and, while joint, the outgoing voters."""


@value
class InForce:
    """The voters that a node goes by, and the entry that says so: another log may hold another entry at that index."""

    index: int
    """0 for the founders'."""
    entry: Content | None
    """None for the founders', and for those that a snapshot names."""
    voters: Voters


def decides(voters: Voters, names: Container[str]) -> bool:
    """Whether these nodes hold a majority of the voters, of both sets while joint."""
    return all(2 * sum(name in names for name in half) > len(half) for half in voters if half)


class Members(Watcher):
    """The model of all configurations, and the promise of *overlapping majorities*, which prevents two leaders."""

    promise = "overlapping majorities"
    says = "of the configurations that follow one another, no two majorities miss each other (dissertation, 4.1, 4.3)"

    def __init__(self, names: tuple[str, ...], logs: Logs) -> None:
        self.logs = logs
        founders = InForce(0, None, (tuple(sorted(names)), ()))
        self._begun = dict.fromkeys(names, founders)
        self.in_force: dict[str, InForce] = dict(self._begun)
        """By node: the last configuration in its log."""
        self.sure = founders
        """The last configuration that is known to be committed."""
        self._tried: set[InForce] = set()
        """The configurations that were in some log without being committed."""
        self._settled: set[InForce] = set()
        """Those of them that were later seen committed."""

    def sees(self) -> Sees:
        return [on(Recovered, self.recovered), on(Committed, self.committed), on(ConfigurationChanged, self.see)]

    def committed(self, event: Happened[Committed]) -> None:
        """The configuration in force is committed if the log still holds its entry; another may be in its place."""
        said = self.in_force.get(event.node)
        if said is not None and self.sure.index < said.index <= event.note.index:
            held = self.logs.held[event.node]
            if held.base < said.index <= held.last and held.at(said.index) == said.entry:
                self._settle(said)

    def recovered(self, event: Happened) -> None:
        """A restarted node may have lost the end of its log; its next note says which configuration is in force."""
        self.in_force.pop(event.node, None)
        if event.node in self._begun:
            self.in_force[event.node] = self._begun[event.node]

    def see(self, event: Happened[ConfigurationChanged]) -> None:
        note, logs, node = event.note, self.logs, event.node
        before, held = self.in_force.get(node), logs.held[node]
        entry = held.at(note.index) if held.base < note.index <= held.last else None
        self.in_force[node] = said = InForce(note.index, entry, (note.voters, note.outgoing))
        if note.index > logs.committed.last:
            self._tried.add(said)
        if note.index <= logs.commit[node]:
            self._settle(said)
        if before is not None and logs.leads[node] and not overlap(before.voters, said.voters):
            raise self.broken(
                f"{node} goes from {text(before.voters)} to {text(said.voters)}: their majorities need not meet"
            )

    def has_vote(self, node: str) -> bool:
        """Whether the configuration that the node goes by gives it a vote."""
        said = self.in_force.get(node)
        return said is not None and any(node in half for half in said.voters)

    def counting(self) -> list[Voters]:
        """The voters that count: of the last committed configuration, and of every later one in some log."""
        sure = self.sure
        return [sure.voters, *[said.voters for said in self.in_force.values() if said.index > sure.index]]

    def took_one_back(self) -> bool:
        """Whether some configuration was in a log, was never committed, and is no longer the last one of any log."""
        return not self._tried <= self._settled.union(self.in_force.values())

    def _settle(self, said: InForce) -> None:
        self._settled.add(said)
        if said.index > self.sure.index:
            self.sure = said


def overlap(old: Voters, new: Voters) -> bool:
    """Whether every old majority and every new one have a node in common."""
    if old == new:
        return True
    if not old[1] and not new[1]:
        return len({*old[0]} ^ {*new[0]}) <= 1
    if not old[1]:
        return new[1] == old[0]  # into a joint configuration
    return not new[1] and new[0] == old[0]  # out of it


def text(voters: Voters) -> str:
    """Voters as text: `A B` or `A B and A C`."""
    now = " ".join(voters[0]) or "nobody"
    return f"{' '.join(voters[1])} and {now}" if voters[1] else now


class OneChange(Watcher):
    promise = "one change at a time"
    says = "a leader changes the members only when the last change, and an entry of its own term, is committed (Ongaro 2015)"

    def __init__(self, members: Members) -> None:
        self.logs = members.logs
        self.since: dict[str, int] = {}
        """By node: index of the configuration in force."""

    def sees(self) -> Sees:
        return [on(Recovered, self.recovered), on(ConfigurationChanged, self.see)]

    def recovered(self, event: Happened) -> None:
        self.since.pop(event.node, None)

    def see(self, event: Happened[ConfigurationChanged]) -> None:
        note, logs = event.note, self.logs
        node, leads = event.node, logs.leads[event.node]
        before, self.since[node] = self.since.get(node, 0), note.index
        if not leads:
            return
        commit = logs.commit[node]
        if commit < before:
            raise self.broken(
                f"{node} changes the members at {note.index}, and its change at {before} is not committed"
            )
        held = logs.held[node]
        if not commit or (held.at(commit)[0] if held.base < commit <= held.last else held.base_term) != leads:
            raise self.broken(f"{node} changes the members with nothing of its own term {leads} committed")


class SnapshotMembers(OnLogs):
    promise = "members of a snapshot"
    says = "a snapshot names the members as of its last entry, not who was to be one later (§7; dissertation, 5.1)"

    def __init__(self, names: tuple[str, ...], logs: Logs) -> None:
        super().__init__(logs)
        self.said: dict[int, dict[Content, ConfigurationChanged]] = {}
        """By index and entry: the configurations that are in logs and not committed yet."""
        self.settled = [ConfigurationChanged(0, tuple(sorted(names)), (), (), ())]
        """The committed configurations, in order."""
        self.snapshot: dict[str, int] = {}

    def sees(self) -> Sees:
        return [
            on(RecoveredSnapshot, self.has),
            on(SnapshotInstalled, self.has),
            on(Committed, self.committed),
            on(ConfigurationChanged, self.see),
        ]

    def has(self, event: Happened[RecoveredSnapshot | SnapshotInstalled]) -> None:
        self.snapshot[event.node] = event.note.index

    def committed(self, event: Happened[Committed]) -> None:
        if not self.said:  # the usual case
            return
        for index in [index for index in sorted(self.said) if index <= event.note.index]:
            content = self.logs.agreed(index)
            said = self.said.pop(index)
            if content in said:
                self.settled.append(said[content])

    def see(self, event: Happened[ConfigurationChanged]) -> None:
        note, node = event.note, event.node
        held = self.logs.held[node]
        if held.base < note.index <= held.last and note.index > self.logs.committed.last:
            self.said.setdefault(note.index, {})[held.at(note.index)] = note
        if not note.index or note.index != self.snapshot.get(node):
            return
        last = next(each for each in reversed(self.settled) if each.index <= note.index)
        if attrs.evolve(note, index=last.index) != last:
            raise self.broken(f"{node} {note.text()}, by its snapshot; the log {last.text()}")


class MembersInForce(OnLogs):
    promise = "members in force"
    says = "a node goes by members that its log names, or by those of the snapshot that it installed (§7; dissertation, 4.1, 5.1)"

    def __init__(self, members: Members, snapshots: SnapshotMembers, names: tuple[str, ...]) -> None:
        super().__init__(members.logs)
        self._members = members
        self._snapshots = snapshots
        founders = ConfigurationChanged(0, tuple(sorted(names)), (), (), ())
        self._goes_by = dict.fromkeys(names, founders)
        self._begun = dict(self._goes_by)
        self._installed: dict[str, int] = {}
        """By node that has just installed a snapshot: its index."""
        self._commit: dict[str, int] = {}
        """By node: the last commit that it told of in this life."""

    def sees(self) -> Sees:
        return [
            on(SnapshotInstalled, self.installed),
            on(ConfigurationChanged, self.changed),
            on(PutOutside, self.gone),
            on(Crashed, self.gone),
            on(Recovered, self.recovered),
            on(Committed, self.committed),
            on(Wrote, self.judge),
        ]

    def installed(self, event: Happened[SnapshotInstalled]) -> None:
        self.judge(event)
        self._installed[event.node] = event.note.index

    def changed(self, event: Happened[ConfigurationChanged]) -> None:
        self._goes_by[event.node] = event.note
        if event.note.index >= self._installed.get(event.node, 0):
            self.judge(event)

    def gone(self, event: Happened) -> None:
        """What the node went by counts no more, and it is said again when it does."""
        self._installed.pop(event.node, None)
        self._goes_by.pop(event.node, None)

    def recovered(self, event: Happened) -> None:
        self._commit.pop(event.node, None)
        if event.node in self._begun:
            self._goes_by[event.node] = self._begun[event.node]

    def committed(self, event: Happened[Committed]) -> None:
        self.judge(event)
        self._compare(event.node)
        self._commit[event.node] = event.note.index  # the members that the same step put in force are told behind it

    def _compare(self, node: str) -> None:
        """Raise Violation if another entry than the one that named the node's members is committed in its place."""
        said, held = self._members.in_force.get(node), self.logs.held[node]
        if said is None or said.entry is None or not held.base < said.index <= self._commit.get(node, 0):
            return
        if said.index > held.last or held.at(said.index) != said.entry:
            raise self.broken(
                f"{node} has committed up to {self._commit[node]} and goes by voters {text(said.voters)}, as an entry "
                f"{said.index} says that its log no longer holds"
            )

    def judge(self, event: Happened) -> None:
        """Raise Violation if the node has done something else since it installed a snapshot, and goes by other members."""
        if not self._installed:  # as nearly always
            return
        index = self._installed.pop(event.node, None)
        if index is None:
            return
        settled = [each for each in self._snapshots.settled if each.index <= index]
        goes_by = self._goes_by.get(event.node)
        if goes_by is None or attrs.evolve(goes_by, index=settled[-1].index) != settled[-1]:
            says = goes_by.text() if goes_by is not None else "goes by nobody"
            raise self.broken(
                f"{event.node} has installed a snapshot up to {index}, and {says}; the log {settled[-1].text()}"
            )


class Durability(Watcher):
    promise = "durability"
    says = "what was acknowledged is on a majority, at each restart and at the end"

    def __init__(self, members: Members) -> None:
        self.logs, self.members = members.logs, members
        self.acknowledged = 0

    def sees(self) -> Sees:
        return [on(Answered, self.answered), on(Recovered, self.check), on(Ended, self.check)]

    def answered(self, event: Happened[Answered]) -> None:
        note = event.note
        if note.outcome == "applied":
            self.acknowledged = max(self.acknowledged, note.index)

    def check(self, event: Happened) -> None:
        index = self.acknowledged
        content = self.logs.agreed(index)
        if content is None:  # not committed yet, or covered by a snapshot on every node
            return
        holders = [name for name in list(self.logs.held) if self.logs.holds(name, index, content)]
        if not self._is_kept(holders):
            where = ", ".join(holders) or "no node"
            when = f"after {event.node}'s restart" if event.node else "at the end"
            raise self.broken(f"entry {index} was acknowledged, and {when} only {where} has it")

    def _is_kept(self, holders: list[str]) -> bool:
        """Whether these nodes are a majority or, if a change was taken back, whether every majority contains one of them.

        The second condition is weaker where the number of voters is even. It is all that may be left of what five
        voters committed once the entry that added the fifth is overwritten: two of the four have it, and every leader
        needs one of them.
        """
        counting = self.members.counting()
        if any(decides(voters, holders) for voters in counting):
            return True
        others = [name for name in self.logs.held if name not in holders]
        return self.members.took_one_back() and not any(decides(voters, others) for voters in counting)

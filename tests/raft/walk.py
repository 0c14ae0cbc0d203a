"""A tiny network of Rafts for random walks: any order, loss, repeat, crash; every promise is checked after every step.

Each node has a clock of its own, moved only by its own timer, so that any timer may fire at any step. A walk that
compacts takes a snapshot after every few entries; what it holds is a digest of all that was applied before.
"""

from collections import deque
from collections.abc import Sequence
from itertools import combinations, pairwise, product
from random import Random
from zlib import crc32

from cluster.raft.configuration import NOBODY, Configuration
from cluster.raft.configuration_change import Alteration, Change, MemberPlace, Way
from cluster.raft.log import Log
from cluster.raft.messages import Entry, Message, Reconfiguration, Request, Snapshot, VoteReply
from cluster.raft.state import (
    Apply,
    ChangeProposed,
    Effect,
    Event,
    Leader,
    Moment,
    Proposed,
    Raft,
    Readable,
    ReadAsked,
    Received,
    Restore,
    Save,
    SaveSnapshot,
    Send,
    Snapshotted,
    Stored,
    TimedOut,
    TransferAsked,
)
from cluster.raft.step import begin, step
from cluster.raft.timing import Timing
from cluster.time_units import FOREVER


def agree(one: Log, other: Log, upto: int) -> bool:
    """Whether two logs hold the same entries up to `upto`, as far as both still have them."""
    first = max(one.base, other.base) + 1
    return one.slice(first, upto) == other.slice(first, upto)


def content_of(state: int) -> bytes:
    """A snapshot of several parts, if a part is small."""
    return f"the state {state:010}".encode()


class Walk:
    """Nodes, their disks, what is on the way, and what was promised."""

    def __init__(self, size: int, timing: Timing, seed: int, spare: int = 0, every: int = 0) -> None:
        """`spare` nodes more than found the cluster: then the configuration changes, leaders hand over, clients read.

        `every`: after so many entries each node takes a snapshot; 0: never.
        """
        self.random = Random(seed)
        self.fast_disks = self.random.random() < 0.5
        """Whether every Save is durable at once: such walks get further, the others are crueller."""
        self.founders = "ABCDEFG"[:size]
        self.names = "ABCDEFG"[: size + spare]
        self.reads: dict[Request, int] = {}
        """Each read, and the highest index that was committed anywhere when it was asked."""
        self.timing = timing
        self.flying: list[tuple[str, str, Message]] = []
        self.clocks = dict.fromkeys(self.names, 0)
        self.disks: dict[str, tuple[int, str | None, Log]] = dict.fromkeys(self.names, (0, None, Log.of()))
        self.saving: dict[str, deque[Save | SaveSnapshot]] = {name: deque() for name in self.names}
        self.every = every
        self.snapshots: dict[str, Snapshot | None] = dict.fromkeys(self.names)
        """What each disk holds."""
        self.state = dict.fromkeys(self.names, 0)
        """A digest of everything that the node has applied."""
        self.states = {0: 0}
        """The same by index, whoever came there first."""
        self.installs = 0
        self.applied = dict.fromkeys(self.names, 0)
        self.serial = 0
        self.leaders: dict[int, str] = {}
        self.votes: dict[tuple[str, int], str] = {}
        self.entries: dict[tuple[int, int], tuple[Entry, int]] = {}
        self.committed: dict[int, tuple[Entry, int]] = {}
        self.nodes = {name: self.begun(name) for name in self.names}

    def begun(self, name: str) -> Raft:
        """The node as it reads its disk."""
        term, vote, log = self.disks[name]
        snapshot = self.snapshots[name]
        founded = Configuration.of(self.founders) if name in self.founders else NOBODY
        raft = begin(name, founded, self.timing, term, vote, log, self.moment(name), snapshot=snapshot)
        self.applied[name], self.state[name] = 0, 0
        if snapshot is not None:
            self.restore(name, snapshot)
        return raft

    def moment(self, name: str) -> Moment:
        return Moment(self.clocks[name], self.random.random())

    # -- what may happen

    def stroll(self, actions: int) -> None:
        """That many random actions."""
        for _ in range(actions):
            while self.fast_disks and any(self.saving.values()):
                self.store(next(name for name in self.names if self.saving[name]))
            if len(self.names) > len(self.founders) and self.random.random() < 0.08:
                self.administer()
            dice = self.random.random()
            busy = [name for name in self.names if self.saving[name]]
            if dice < 0.5 and self.flying:
                self.deliver(self.random.randrange(len(self.flying)), again=self.random.random() < 0.1)
            elif dice < 0.75 and busy:
                self.store(self.random.choice(busy))
            elif dice < 0.85:
                self.propose()
            elif dice < 0.93:
                self.expire(self.random.choice(self.names))
            elif dice < 0.98 and self.flying:
                self.flying.pop(self.random.randrange(len(self.flying)))
            elif 0.98 <= dice < 0.99 and self.every:
                self.snapshot(self.random.choice(self.names))
            elif dice >= 0.99:
                self.crash(self.random.choice(self.names))

    def deliver(self, position: int, again: bool = False) -> None:
        """A message arrives, and may arrive once more."""
        sender, to, message = self.flying[position] if again else self.flying.pop(position)
        self.handle(to, Received(sender, message))

    def expire(self, name: str) -> None:
        """The timer fires: twice if the appointment was an early one."""
        for _ in range(2):
            raft = self.nodes[name]
            if raft.wake_at < FOREVER:
                self.clocks[name] = max(self.clocks[name], raft.wake_at)
                self.handle(name, TimedOut())
                if self.nodes[name].role is not raft.role:
                    return

    def propose(self) -> None:
        """Somebody who believes it leads takes a command."""
        leaders = [name for name in self.names if isinstance(self.nodes[name].role, Leader)]
        if leaders:
            self.serial += 1
            self.handle(self.random.choice(leaders), Proposed(((Request("x", self.serial, 1), b""),)))

    def administer(self) -> None:
        """Somebody who believes it leads is asked for a change, to hand over, or to read."""
        leaders = [name for name in self.names if isinstance(self.nodes[name].role, Leader)]
        if not leaders:
            return
        self.serial += 1
        name, request = self.random.choice(leaders), Request("y", self.serial, 1)
        match self.random.randrange(4):
            case 0:
                self.handle(name, TransferAsked(request, self.random.choice(self.names)))
            case 1:
                self.reads[request] = max(self.committed, default=0)
                self.handle(name, ReadAsked(request))
            case _:
                count = self.random.choice((1, 1, 2, 3))
                wanted = [
                    Alteration(self.random.choice(self.names), self.random.choice(tuple(MemberPlace)))
                    for _ in range(count)
                ]
                way = self.random.choice((Way.Shortest, Way.Shortest, Way.Joint, Way.Held, Way.Leave))
                self.handle(name, ChangeProposed(request, Change(tuple(wanted), way)))

    def store(self, name: str) -> None:
        """The oldest Save of the node is durable."""
        save = self.saving[name].popleft()
        _, _, log = self.disks[name]
        if isinstance(save, SaveSnapshot):
            log, self.snapshots[name] = save.log, save.snapshot
        elif save.after >= 0:
            log = log.cut(save.after).extended(save.entries)
        self.disks[name] = (save.term, save.vote, log)
        if save.vote is not None:
            given = self.votes.setdefault((name, save.term), save.vote)
            assert given == save.vote, f"one vote a term: {name} gave {given} and {save.vote} theirs in {save.term}"
        self.release(name, save.then)
        self.handle(name, Stored(save.term, save.vote, log.last_index, save.number))

    def crash(self, name: str) -> None:
        """All that is not durable is lost; it starts again at once."""
        self.saving[name].clear()
        self.nodes[name] = self.begun(name)

    def snapshot(self, name: str) -> None:
        """The node takes a snapshot of what it has applied, if there is anything new in it."""
        raft, index = self.nodes[name], self.applied[name]
        last = raft.snapshot.index if raft.snapshot is not None else 0
        if index > last:
            content = content_of(self.state[name])
            self.handle(name, Snapshotted(Snapshot.of(index, raft.log.term_at(index), raft.configuration, content)))

    def restore(self, name: str, snapshot: Snapshot) -> None:
        """The state is the snapshot's now, and must be what others had at that index."""
        assert snapshot.content == content_of(self.states[snapshot.index]), f"{name} restores another {snapshot.index}"
        self.applied[name], self.state[name] = snapshot.index, self.states[snapshot.index]

    def release(self, name: str, sends: tuple[Send, ...]) -> None:
        for send in sends:
            if isinstance(send.message, VoteReply) and send.message.granted and not send.message.trial:
                given = self.votes.get((name, send.message.asked))
                assert given == send.to, f"vote before durable: {name} to {send.to}, its disk says {given}"
            self.flying.append((name, send.to, send.message))

    def handle(self, name: str, event: Event) -> None:
        """One step, then every promise."""
        before = self.nodes[name]
        after, effects = step(before, event, self.moment(name))
        self.nodes[name] = after
        assert sum(isinstance(effect, Save | SaveSnapshot) for effect in effects) <= 1
        self.saw(name, effects)
        for effect in effects:
            match effect:
                case Send():
                    self.release(name, (effect,))
                case Save() | SaveSnapshot():
                    self.saving[name].append(effect)
                case Restore(snapshot):
                    assert snapshot.index > self.applied[name], f"{name} goes back to {snapshot.index}"
                    self.installs += 1
                    self.restore(name, snapshot)
                case Apply():
                    self.check_applied(name, effect)
                case Readable(requests, index):
                    for request in requests:
                        assert index >= self.reads[request], f"{name} reads at {index}, {self.reads[request]} was known"
        self.check(before, after)
        if self.every and self.applied[name] - (after.snapshot.index if after.snapshot else 0) >= self.every:
            self.snapshot(name)

    def saw(self, name: str, effects: Sequence[Effect]) -> None:
        """For who wants to look at effects too."""

    # -- what must hold

    def check_applied(self, name: str, apply: Apply) -> None:
        assert apply.first == self.applied[name] + 1, f"{name} applies {apply.first} after {self.applied[name]}"
        for index, entry in enumerate(apply.entries, apply.first):
            known, _ = self.committed.setdefault(index, (entry, self.nodes[name].term))
            assert known == entry, f"state machine safety: two commands at {index}"
            self.state[name] = crc32(repr(entry).encode(), self.state[name])
            assert self.states.setdefault(index, self.state[name]) == self.state[name], f"another state at {index}"
        self.applied[name] += len(apply.entries)

    def check(self, before: Raft, after: Raft) -> None:
        name = after.name
        assert after.term >= before.term, "terms never fall"
        assert before.commit <= after.commit <= after.log.last_index, "commit never falls and stays within the log"
        assert after.commit == self.applied[name], "what is committed is applied"
        durable = self.disks[name][2]
        held = after.durable.last
        self.check_configuration(before, after)
        assert held <= durable.last_index, "it knows only what is durable"
        assert agree(after.log, durable, held), "what it knows to be durable is its log"
        snapshot = after.snapshot.index if after.snapshot is not None else 0
        assert after.log.base <= snapshot <= after.commit, "compacted <= snapshot <= applied"
        if after.log is not before.log:
            self.check_log(after.log)
        if isinstance(after.role, Leader):
            self.check_leader(before, after)

    def check_configuration(self, before: Raft, after: Raft) -> None:
        if after.configuration is before.configuration and after.log is before.log:
            return
        log, snapshot = after.log, after.snapshot
        said = [Configuration.of(self.founders if after.name in self.founders else ())]
        if snapshot is not None:
            said = [snapshot.configuration]
        entries = log.slice((snapshot.index if snapshot is not None else 0) + 1, log.last_index)
        said += [entry.configuration for entry in entries if isinstance(entry, Reconfiguration)]
        if after.configuration != NOBODY:
            assert after.configuration == said[-1], "what the log says last is in force"
        for old, new in pairwise(said[1:] if not said[0].voters else said):
            assert overlapping(old, new), f"two majorities of {old} and {new} may have nobody in common"

    def check_log(self, log: Log) -> None:
        for index in range(log.base + 1, log.last_index + 1):
            entry = log.entry(index)
            seen = (entry, log.term_at(index - 1))
            known = self.entries.setdefault((index, entry.term), seen)
            assert known == seen, f"log matching: entry {index} of term {entry.term} differs"

    def check_leader(self, before: Raft, after: Raft) -> None:
        name, role = after.name, after.role
        assert isinstance(role, Leader)
        known = self.leaders.setdefault(after.term, name)
        assert known == name, f"election safety: {known} and {name} lead term {after.term}"
        if not isinstance(before.role, Leader):
            for index, (entry, term) in self.committed.items():
                if term < after.term and index > after.log.base:
                    assert index <= after.log.last_index, f"leader completeness: {name} lacks {index}"
                    assert after.log.entry(index) == entry, f"leader completeness: {name} has another {index}"
            assert agree(before.log, after.log, before.log.last_index), "a leader only appends"
        else:
            assert agree(before.log, after.log, before.log.last_index), "a leader only appends"
            if after.commit > before.commit:
                assert after.log.term_at(after.commit) == after.term, "only the own term is committed by counting"
                durable = {
                    name: log.last_index >= after.commit and agree(log, after.log, after.commit)
                    for name, (_, _, log) in self.disks.items()
                }
                holders = [name for name, held in durable.items() if held]
                halves = [half for half in (after.configuration.voters, after.configuration.outgoing) if half]
                for half in halves:
                    held = sum(voter in holders for voter in half)
                    assert 2 * held > len(half), f"committed {after.commit} on {held} of {len(half)} disks"
        for peer, progress in role.peers:
            assert progress.next > progress.match, "next is beyond match"
            term, _, log = self.disks[peer]
            if term <= after.term and progress.match:
                assert progress.match <= log.last_index, f"{name} believes {peer} holds {progress.match}"
                assert agree(log, after.log, progress.match), f"{name} believes wrongly of {peer}"

    # -- calm

    def calm(self, timers: int = 300) -> None:
        """From here on nothing is lost and one clock rules: somebody must lead, and commit what it has, everywhere."""
        offsets = dict(self.clocks)
        now, last = 0, 0
        for _ in range(timers):
            self.settle()
            if self.agreed():
                if last:
                    return
                last = 1
                self.propose()
                continue
            waking = {name: self.nodes[name].wake_at - offsets[name] for name in self.names}
            name = min(self.names, key=lambda each: waking[each])
            now = max(now, waking[name])
            for each in self.names:
                self.clocks[each] = offsets[each] + now
            self.handle(name, TimedOut())
        states = [(raft.role, raft.commit, raft.log.last_index) for raft in self.nodes.values()]
        raise AssertionError(f"no progress in {timers} timers: {states}")

    def settle(self) -> None:
        while True:
            busy = [name for name in self.names if self.saving[name]]
            if busy:
                self.store(busy[0])
            elif self.flying:
                self.deliver(0)
            else:
                return

    def agreed(self) -> bool:
        """One leader, ready; every member's log is as its own, all committed."""
        leaders = [raft for raft in self.nodes.values() if isinstance(raft.role, Leader) and raft.role.ready]
        if len(leaders) != 1:
            return False
        members = leaders[0].configuration.members
        return leaders[0].name in members and all(
            agree(raft.log, leaders[0].log, raft.commit)
            and raft.commit == leaders[0].commit == raft.log.last_index
            and raft.term == leaders[0].term
            for raft in self.nodes.values()
            if raft.name in members
        )


def overlapping(old: Configuration, new: Configuration) -> bool:
    """Whether every majority of the one has a voter in common with every majority of the other, by trying them all."""
    return all(set(one) & set(other) for one in minimal(old) for other in minimal(new))


def minimal(configuration: Configuration) -> list[tuple[str, ...]]:
    """The smallest sets that decide; while joint, every pair of a majority of each half."""
    halves = [half for half in (configuration.voters, configuration.outgoing) if half]
    ways = [list(combinations(half, len(half) // 2 + 1)) for half in halves]
    return [tuple(name for part in parts for name in part) for parts in product(*ways)]

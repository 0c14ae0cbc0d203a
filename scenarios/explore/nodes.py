"""One node at a time: what becomes of it, its disk and its mail by one action. Each is worked out once and remembered.

Millions of states are made of few different nodes, and `step` is pure: so a step of one node is taken once, whatever
the rest of the cluster looks like, and every other time it is looked up. The step is `cluster.raft.step.step`, the
disk is the simulator's, written and read by `cluster.storage`. Nothing here knows a state of the whole cluster.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

import attrs

from cluster import trace
from cluster.node import ROLES, terms_and_digests
from cluster.raft import step as law
from cluster.raft.configuration import Configuration
from cluster.raft.log import Log
from cluster.raft.messages import Entry, Message, Request, RequestVote
from cluster.raft.state import (
    Apply,
    Candidate,
    Event,
    Follower,
    Leader,
    Moment,
    Proposed,
    Raft,
    Received,
    Save,
    Send,
    Stored,
    TimedOut,
)
from cluster.sim.disk import Disk, DiskModel
from cluster.storage import Recovered, Storage
from cluster.value import value
from scenarios.explore.bounds import Bounds
from scenarios.explore.identity import Bag, Kept, Lanes, Name, Renaming, encoded, know, normal_form
from scenarios.explore.promises import NEVER_BACK, OWN_ASSERTION, Broken, Face, after_step, second_vote

LATE = 1 << 40
"""µs: later than any timer and any standing."""


@value
class Paper:
    """What a node's disk holds."""

    term: int
    vote: str | None
    log: Log
    commit: int


@value
class Write:
    """A `Save` on its way to the disk. The first one that is not said yet has number 1, the next one 2."""

    term: int
    vote: str | None
    after: int
    entries: tuple[Entry, ...]
    then: tuple[Send, ...]
    last: int
    """Last index of the log as of the Save."""
    commit: int
    said: bool
    """It was called durable before it is. No sound storage does that."""


know(Paper, term=Kept, vote=Name, log=Kept, commit=Kept)
know(Write, term=Kept, vote=Name, after=Kept, entries=Kept, then=Bag, last=Kept, commit=Kept, said=Kept)


class Cell:
    """A node as a part of states: what it believes, what it writes, what its disk holds, what was seen of it."""

    __slots__ = (
        "deliveries",
        "disk",
        "entries",
        "face",
        "face_number",
        "kept",
        "leads",
        "led",
        "own",
        "proposals",
        "raft",
        "total",
        "voted",
        "writes",
    )

    def __init__(
        self,
        raft: Raft,
        writes: tuple[Write, ...],
        disk: Paper,
        led: tuple[int, ...],
        voted: tuple[int, str] | None,
    ) -> None:
        self.raft = raft
        self.writes = writes
        self.disk = disk
        self.led = led
        """Every term it has led."""
        self.voted = voted
        """Term and candidate of the last vote that was called durable."""
        self.leads = isinstance(raft.role, Leader)
        self.entries = raft.log.slice(1, raft.log.last_index)
        self.kept = disk.log.slice(1, disk.log.last_index)
        peers = raft.role.peers if isinstance(raft.role, Leader) else ()
        matches = tuple([(peer, progress.match) for peer, progress in peers])
        self.face = Face(raft.name, raft.term, led, self.entries, matches)
        self.face_number = 0
        self.total = 0
        """Its lanes."""
        self.own: tuple[tuple[str, Move], ...] | None = None
        """What may happen to it without mail: the kind of it, and what comes of it."""
        self.proposals: dict[int, Move] = {}
        self.deliveries: dict[int, tuple[Move, ...]] = {}

    def content(self, names: Renaming) -> Any:
        """What counts of it under a renaming."""
        voted = None if self.voted is None else (self.voted[0], names[self.voted[1]])
        return (
            encoded(self.raft, names),
            encoded(self.writes, names),
            encoded(self.disk, names),
            self.led,
            voted,
        )


class Mail:
    """A message on its way, as a part of states."""

    __slots__ = ("message", "number", "sender", "to", "total")

    def __init__(self, sender: int, to: int, message: Message, number: int, total: int) -> None:
        self.sender = sender
        """Its place among the nodes."""
        self.to = to
        self.message = message
        self.number = number
        """In the order in which they first occurred."""
        self.total = total
        """Its lanes."""


Applied = tuple[int, tuple[Entry, ...], int, bool]
"""First index, entries, the node's term, and whether it only says again after a restart what it knew."""


class Move:
    """What one action makes of one node."""

    __slots__ = (
        "after",
        "applied",
        "broken",
        "crowned",
        "delta",
        "disked",
        "faced",
        "idle",
        "sent",
    )

    def __init__(self, before: Cell, after: Cell, sent: tuple[Mail, ...], applied: tuple[Applied, ...]) -> None:
        self.after = after
        self.sent = tuple(sorted([mail.number for mail in sent]))
        self.applied = applied
        self.broken: Broken | None = None
        self.delta = after.total - before.total + sum(mail.total for mail in sent)
        """What it adds to the lanes of the state; a message taken is not subtracted yet."""
        self.faced = after.face_number != before.face_number
        self.disked = after.kept != before.kept
        self.crowned = after.leads and (not before.leads or after.raft.term != before.raft.term)
        self.idle = after is before and not sent
        """Not made: it leads beyond the bounds, or it changes nothing.

        Whatever can follow a move that changes nothing can follow without it, and the message stays where it is.
        """


class Nodes:
    """All the nodes, mails and moves that a search has met."""

    def __init__(self, bounds: Bounds) -> None:
        self.told: Callable[[trace.Note], None] | None = None
        """Who hears what happens in a node, in the words of a trace. Nobody, while millions of states are searched."""
        self.bounds = bounds
        self.names = tuple(bounds.names)
        self.lanes = Lanes(self.names)
        self.timing = bounds.timing
        self.configuration = Configuration.of(self.names)
        self.early = says_early()
        """Whether the storage calls durable what a crash would lose."""
        self.mails: list[Mail] = []
        self.steps = 0
        """How often the law was stepped."""
        self._cells: dict[Any, Cell] = {}
        self._faces: dict[Face, int] = {}
        self._mail: dict[tuple[int, int, Message], Mail] = {}
        self._recovered: dict[Paper, Recovered] = {}
        self._place = {name: place for place, name in enumerate(self.names)}
        self._identity: Renaming = self.lanes.renamings[0]

    @property
    def count(self) -> int:
        """How many different nodes there were."""
        return len(self._cells)

    def begun(self, name: str) -> Cell:
        """A node with an empty disk."""
        disk = Paper(0, None, Log.of(), 0)
        raft = law.begin(name, self.configuration, self.timing, 0, None, disk.log, Moment(0, 0.0))
        return self._cell(normal_form(raft), (), disk, (), None)

    # ---- what may happen to a node ----

    def own(self, cell: Cell) -> tuple[tuple[str, "Move"], ...]:
        """What may happen to a node without mail, within the bounds: `expire`, `unheard`, `beat`, `sync`, `crash`."""
        if cell.own is None:
            moves = []
            if cell.writes:
                moves.append(("sync", self.sync(cell)))
            if cell.leads:
                moves.append(("beat", self.expire(cell, 2 * self.timing.heartbeat)))
                if self.timing.check_quorum and cell.raft.term < self.bounds.terms:  # it asks for the next one at once
                    moves.append(("unheard", self.expire(cell, LATE)))
            elif cell.raft.term < self.bounds.terms:
                fired = self.expire(cell, LATE)
                moves.append(("beat" if fired.after is cell else "expire", fired))  # it only asks the same again
            if self.bounds.crashes:
                moves += [("crash", self.crash(cell, commit)) for commit in self.known_commits(cell)]
            cell.own = tuple([(kind, move) for kind, move in moves if not move.idle])
        return cell.own

    def propose(self, cell: Cell, serial: int) -> "Move":
        """A leader gets the command of that number."""
        move = cell.proposals.get(serial)
        if move is None:
            event = Proposed(((Request("x", serial, 1), b""),))
            move = cell.proposals[serial] = self._moved(cell, lambda work: work.step(event, 0))
        return move

    def deliver(self, cell: Cell, mail: Mail) -> tuple["Move", ...]:
        """What may come of a message: one thing, or two where it matters whether a leader was heard of late."""
        moves = cell.deliveries.get(mail.number)
        if moves is None:
            moments = [0]
            if isinstance(mail.message, RequestVote) and mail.message.trial:
                moments.append(LATE)
            found: list[Move] = []
            for now in moments:
                move = self.take(cell, mail, now)
                if not found or (move.after, move.sent) != (found[0].after, found[0].sent):
                    found.append(move)
            moves = cell.deliveries[mail.number] = tuple(found)
        return moves

    def stay(self, cell: Cell) -> "Move":
        """Nothing becomes of the node."""
        return Move(cell, cell, (), ())

    def take(self, cell: Cell, mail: Mail, now: int) -> "Move":
        """A message arrives `now` µs after the last sign of a leader."""
        event = Received(self.names[mail.sender], mail.message)
        return self._moved(cell, lambda work: work.step(event, now))

    def expire(self, cell: Cell, now: int) -> "Move":
        """The timer fires, `now` µs after whatever it counts from."""
        return self._moved(cell, lambda work: work.step(TimedOut(), now))

    def sync(self, cell: Cell) -> "Move":
        """The oldest write becomes durable."""
        return self._moved(cell, lambda work: work.sync())

    def crash(self, cell: Cell, commit: int) -> "Move":
        """It starts again from its disk, which knows the log to be committed up to `commit`."""
        return self._moved(cell, lambda work: work.crash(commit))

    def known_commits(self, cell: Cell) -> tuple[int, ...]:
        """What its disk may know to be committed: what came with the last write, or all that it holds and committed."""
        disk, raft = cell.disk, cell.raft
        most = min(raft.commit, disk.log.last_index)
        if most > disk.commit and disk.log.slice(1, most) == raft.log.slice(1, most):
            return disk.commit, most
        return (disk.commit,)

    def _moved(self, cell: Cell, act: Callable[["Work"], None]) -> Move:
        work = Work(self, cell)
        try:
            act(work)
        except (AssertionError, IndexError, ValueError) as error:
            work.broken = work.broken or Broken(OWN_ASSERTION, f"{cell.raft.name}: {error}")
        after = self._cell(work.raft, tuple(work.writes), work.disk, work.led, work.voted)
        move = Move(cell, after, tuple(work.sent), tuple(work.applied))
        move.broken = work.broken
        move.idle = not work.broken and (move.idle or after.raft.term > self.bounds.terms)
        return move

    # ---- each part once ----

    def _cell(
        self,
        raft: Raft,
        writes: tuple[Write, ...],
        disk: Paper,
        led: tuple[int, ...],
        voted: tuple[int, str] | None,
    ) -> Cell:
        if voted is not None and voted[0] < disk.term:
            voted = None  # the terms on a disk never fall: that vote is never asked for again
        new = Cell(raft, writes, disk, led, voted)
        key = new.content(self._identity)
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = new
            new.total = self.lanes.of(new.content)
            new.face_number = self._faces.setdefault(new.face, len(self._faces))
        return cell

    def mail(self, sender: str, send: Send) -> Mail:
        """The message on its way."""
        key = (self._place[sender], self._place[send.to], send.message)
        mail = self._mail.get(key)
        if mail is None:
            name = self.names

            def content(names: Renaming) -> Any:
                return "mail", names[name[key[0]]], names[name[key[1]]], encoded(send.message, names)

            mail = self._mail[key] = Mail(*key, len(self.mails), self.lanes.of(content))
            self.mails.append(mail)
        return mail

    def recovered(self, disk: Paper) -> Recovered:
        """What the storage reads from a disk with this on it."""
        found = self._recovered.get(disk)
        if found is None:
            found = self._recovered[disk] = read_again(disk)
        return found


class Work:
    """A node while an action lasts: several steps of the law if a disk is instant."""

    def __init__(self, nodes: Nodes, cell: Cell) -> None:
        self.nodes = nodes
        self.raft = cell.raft
        self.writes = list(cell.writes)
        self.disk = cell.disk
        self.led = cell.led
        self.voted = cell.voted
        self.sent: list[Mail] = []
        self.applied: list[Applied] = []
        self.broken: Broken | None = None
        self._told = nodes.told

    def step(self, event: Event, now: int) -> None:
        """Step the law, do what it asks for, and what an instant disk or a storage that lies adds at once."""
        self._step(event, now)
        while self.nodes.bounds.instant_disk and self.writes:
            self._sync()
        while self.nodes.early and any(not write.said for write in self.writes):
            at = next(at for at, write in enumerate(self.writes) if not write.said)
            write = self.writes[at]
            self.writes[at] = attrs.evolve(write, said=True, then=(), last=0)
            self._say(write)

    def sync(self) -> None:
        """The oldest write becomes durable."""
        self._sync()
        while self.nodes.bounds.instant_disk and self.writes:
            self._sync()

    def crash(self, commit: int) -> None:
        """Lose what is not durable, and read the disk."""
        nodes, name = self.nodes, self.raft.name
        disk = self.disk = attrs.evolve(self.disk, commit=commit)
        found = nodes.recovered(disk)
        self.writes = []
        raft = law.begin(
            name, nodes.configuration, nodes.timing, found.term, found.vote, found.log, Moment(0, 0.0), found.commit
        )
        self.raft = normal_form(raft)
        terms, digests = terms_and_digests(found.log.slice(1, found.log.last_index))
        self._note(trace.Crashed())
        self._note(
            trace.Recovered(found.term, found.vote or "", found.log.last_index, found.commit, terms, digests, torn=0)
        )
        if found.commit:
            self.applied.append((1, found.log.slice(1, found.commit), found.term, True))

    # ---- the law ----

    def _step(self, event: Event, now: int) -> None:
        before, nodes = self.raft, self.nodes
        nodes.steps += 1
        after, effects = law.step(before, event, Moment(now, 0.0))
        after = self.raft = normal_form(after)
        self.broken = self.broken or after_step(before, after)
        if isinstance(after.role, Leader) and after.term not in self.led:
            self.led = (*self.led, after.term)
        if self._told is not None:
            self._note_role(before, after)
        for effect in effects:
            match effect:
                case Send():
                    self._send(effect)
                case Save():
                    self._save(effect, before)
                case Apply(first, entries):
                    self.applied.append((first, entries, after.term, False))
                    self._note(trace.Committed(first + len(entries) - 1, after.term))

    def _send(self, send: Send) -> None:
        self.sent.append(self.nodes.mail(self.raft.name, Send(send.to, normal_form(send.message))))

    def _save(self, save: Save, before: Raft) -> None:
        raft = self.raft
        if save.after >= 0:
            terms, digests = terms_and_digests(save.entries)
            self._note(trace.Wrote(save.after, terms, digests, before.log.last_index - save.after))
        then = tuple([Send(send.to, normal_form(send.message)) for send in save.then])
        last = raft.log.last_index
        self.writes.append(Write(save.term, save.vote, save.after, save.entries, then, last, raft.commit, False))

    # ---- the disk ----

    def _sync(self) -> None:
        write, disk = self.writes.pop(0), self.disk
        if write.after >= 0 or (write.term, write.vote) != (disk.term, disk.vote):  # else no frame was written
            if write.term < disk.term:
                text = f"the disk of {self.raft.name} goes back from term {disk.term} to {write.term}"
                self.broken = self.broken or Broken(NEVER_BACK, text)
            log = disk.log.cut(write.after).extended(write.entries) if write.after >= 0 else disk.log
            self.disk = Paper(write.term, write.vote, log, max(disk.commit, write.commit))
        if not write.said:
            self._say(write)

    def _say(self, write: Write) -> None:
        """The write is called durable: what waited for it leaves, and the law hears of it."""
        name = self.raft.name
        if write.vote is not None and self.voted != (write.term, write.vote):
            self._note(trace.Voted(write.term, write.vote))
            self.broken = self.broken or second_vote(name, self.voted, write.term, write.vote)
            self.voted = (write.term, write.vote)
        for send in write.then:
            self._send(send)
        self._step(Stored(write.term, write.vote, write.last, 1), 0)
        raft = self.raft
        cuts = tuple([(number - 1, after) for number, after in raft.durable.cuts])
        self.raft = attrs.evolve(raft, saves=raft.saves - 1, durable=attrs.evolve(raft.durable, cuts=cuts))

    # ---- what it tells, if anybody listens ----

    def _note(self, note: trace.Note) -> None:
        if self._told is not None:
            self._told(note)

    def _note_role(self, before: Raft, after: Raft) -> None:
        """As the shell of a node notes it."""
        was, now, same = before.role, after.role, before.term == after.term
        match now:
            case Leader():
                if not (same and isinstance(was, Leader)):
                    votes = 1 + (len(was.granted) if isinstance(was, Candidate) else 0)
                    last = before.log.last_index
                    self._note(trace.BecameLeader(after.term, votes, last, before.log.term_at(last)))
            case Candidate(trial=trial, asked=asked):
                if not (isinstance(was, Candidate) and (was.trial, was.asked) == (trial, asked)):
                    self._note(trace.BecameCandidate(asked, trial))
            case Follower(leader=leader):
                if not (same and isinstance(was, Follower) and was.leader == leader):
                    self._note(trace.BecameFollower(after.term, leader or "", ROLES[type(was)]))


# ---- the storage, asked ----


class Bench:
    """The simulator's disk of one machine, and its agenda: what is due is done when asked for."""

    def __init__(self) -> None:
        self.due: list[tuple[int, int, Callable[[], None]]] = []
        """When, the how manieth, what."""
        self._now = self._count = 0
        self.disk = Disk("A", DiskModel(), 0, self._later)

    def _later(self, delay: int, do: Callable[[], None]) -> None:
        self._count += 1
        heappush(self.due, (self._now + delay, self._count, do))

    def opened(self) -> tuple[Storage, Recovered]:
        """The storage of a new incarnation."""
        return Storage.open(self.disk.view(), _refused)

    def run(self) -> None:
        """Do all that is due."""
        while self.due:
            self.run_next()

    def run_next(self) -> None:
        """Do what is due first."""
        self._now, _, do = heappop(self.due)
        do()


class _NoLuck:
    """Dice that always fall on the first side: a crash loses all that is not durable."""

    def below(self, _: int) -> int:
        return 0


def _refused(error: OSError) -> None:
    raise AssertionError("a disk without misfortunes refused a write") from error


def says_early() -> bool:
    """Whether the storage calls a save done that a crash at that moment would lose."""
    bench = Bench()
    storage, _ = bench.opened()
    bench.run()
    said: list[bool] = []
    storage.save(Save(1, "A", -1, (), ()), lambda: said.append(True))
    while bench.due and not said:
        bench.run_next()
    bench.disk.crash(_NoLuck())  # type: ignore[arg-type]  # no more is asked of dice by a crash that loses all
    return bench.opened()[1].term != 1


def read_again(disk: Paper) -> Recovered:
    """Write what a disk holds by the storage, and let a new incarnation read it."""
    bench = Bench()
    storage, _ = bench.opened()
    entries = disk.log.slice(1, disk.log.last_index)
    storage.save(Save(disk.term, disk.vote, 0, entries, ()), lambda: None, disk.commit)
    bench.run()
    return bench.opened()[1]

"""A second, dumb search of the same states: whole states written out, nothing remembered, no renaming, no saving.

It shares `step` with the first one and nothing else: which fields count is written here once more. No test is here.
"""

from collections.abc import Iterable, Iterator
from itertools import permutations
from typing import Any, NamedTuple

import attrs

from cluster.raft.configuration import NOBODY, Configuration
from cluster.raft.configuration_change import Alteration, Change, MemberPlace
from cluster.raft.log import Log
from cluster.raft.messages import Entry, Request, RequestVote, VoteReply
from cluster.raft.state import (
    Apply,
    Candidate,
    ChangeProposed,
    Event,
    Follower,
    Leader,
    Moment,
    Proposed,
    Raft,
    Readable,
    ReadAsked,
    Reading,
    Received,
    Save,
    Send,
    Stored,
    TimedOut,
)
from cluster.raft.step import begin, step
from cluster.raft.timing import Timing
from cluster.time_units import FOREVER

PAPER = Timing(ticking=False, trial=False, check_quorum=False)


class Who(NamedTuple):
    """A node's name in a key."""

    name: str | None


def spelled(thing: Any) -> Any:
    """A value as it stands in a key: all its fields, and nodes where a configuration names them."""
    match thing:
        case Configuration():
            names = (thing.voters, thing.outgoing, thing.learners, thing.learners_next, thing.promotable)
            return (*[bag(map(Who, each)) for each in names], thing.auto_leave)
        case tuple():
            return tuple([spelled(each) for each in thing])
        case _ if attrs.has(type(thing)):
            return type(thing).__name__, *[spelled(getattr(thing, field.name)) for field in attrs.fields(type(thing))]
        case _:
            return thing


class Bag(NamedTuple):
    """Things in a key of which the order means nothing."""

    things: tuple[Any, ...]


def bag(things: Iterable[Any]) -> Bag:
    return Bag(tuple(sorted(things, key=repr)))


class Machine:
    """A node with its disk, copied for every action."""

    def __init__(self, name: str, founders: str) -> None:
        self.founded = Configuration.of(founders) if name in founders else NOBODY
        self.term = self.commit = 0
        self.vote: str | None = None
        self.entries: tuple[Entry, ...] = ()
        self.raft = begin(name, self.founded, PAPER, 0, None, Log.of(), Moment(0, 0.0))
        self.writes: list[tuple[Save, int, int]] = []
        self.led: tuple[int, ...] = ()

    def copy(self) -> "Machine":
        other = Machine.__new__(Machine)
        other.__dict__.update(self.__dict__, writes=list(self.writes))
        return other

    def key(self) -> Any:
        """All that counts."""
        raft, role, durable = self.raft, self.raft.role, self.raft.durable
        match role:
            case Follower(leader=leader):
                seen: Any = ("follower", Who(leader))
            case Candidate():
                votes = [bag(map(Who, who)) for who in (role.granted, role.refused)]
                seen = ("candidate", role.asked, role.forced, *votes, raft.wake_at == FOREVER)
            case Leader():
                peers = [(Who(peer), at.match, at.next, at.probing, at.inflight) for peer, at in role.peers]
                seen = ("leader", bag(peers), role.stored, role.ready, role.leases, reading_key(role.reading))
        first = raft.saves - len(self.writes)
        cuts = tuple([(number - first, after) for number, after in durable.cuts])
        writes = tuple(
            [
                (
                    save.term,
                    Who(save.vote),
                    save.after,
                    spelled(save.entries),
                    bag(map(mail_key, save.then)),
                    last,
                    commit,
                )
                for save, last, commit in self.writes
            ]
        )
        kept = (self.term, Who(self.vote), spelled(self.entries), self.commit)
        known = (durable.term, Who(durable.vote), durable.last, cuts)
        log = spelled(raft.log.slice(1, raft.log.last_index))
        who, vote = Who(raft.name), Who(raft.vote)
        members = spelled((raft.configuration, raft.configured))
        return who, raft.term, vote, log, members, raft.commit, seen, known, writes, kept, self.led


def reading_key(reading: Reading) -> Any:
    """Reads under way."""
    return reading.round, reading.index, spelled((reading.asked, reading.waiting)), bag(map(Who, reading.confirmed))


def mail_key(send: Send) -> Any:
    """A message without its number on a grid, but for whether it is chatter."""
    message = send.message
    if isinstance(message, RequestVote | VoteReply):
        message = attrs.evolve(message, beat=0)
    return Who(send.to), spelled(message)


class World:
    """A whole state."""

    def __init__(self, names: str, outside: int = 0) -> None:
        founders = names[: len(names) - outside]
        self.machines = {name: Machine(name, founders) for name in names}
        self.flight: list[tuple[str, str, Any]] = []
        self.sealed: tuple[Any, ...] = ()
        self.asked: tuple[tuple[int, int], ...] = ()
        self.spent = {
            "proposals": 0,
            "crashes": 0,
            "drops": 0,
            "duplicates": 0,
            "beats": 0,
            "changes": 0,
            "reads": 0,
        }

    def copy(self) -> "World":
        other = World.__new__(World)
        other.machines, other.flight = dict(self.machines), list(self.flight)
        other.sealed, other.asked, other.spent = self.sealed, self.asked, dict(self.spent)
        return other

    def nodes_key(self) -> Any:
        return bag([machine.key() for machine in self.machines.values()])

    def key(self) -> Any:
        flight = bag([(Who(sender), *mail_key(Send(to, message))) for sender, to, message in self.flight])
        return self.nodes_key(), flight, spelled(self.sealed), self.asked, tuple(self.spent.values())

    # ---- one action ----

    def at(self, name: str) -> tuple["World", Machine]:
        """A copy, and in it a copy of a node that may be changed."""
        world = self.copy()
        machine = world.machines[name] = self.machines[name].copy()
        return world, machine

    def step(self, machine: Machine, event: Event, now: int, instant: bool) -> None:
        before = machine.raft
        raft, effects = step(before, event, Moment(now, 0.0))
        machine.raft = calm(raft)
        if isinstance(raft.role, Leader) and raft.term not in machine.led:
            machine.led = (*machine.led, raft.term)
        for effect in effects:
            match effect:
                case Send():
                    self.flight.append((raft.name, effect.to, effect.message))
                case Save():
                    machine.writes.append((effect, raft.log.last_index, raft.commit))
                case Apply(first, entries):
                    for index, entry in enumerate(entries, first):
                        if index > len(self.sealed):
                            self.sealed = (*self.sealed, (entry, raft.term))
                case Readable(requests):
                    done = [request.serial for request in requests]
                    self.asked = tuple([each for each in self.asked if each[0] not in done])
        while instant and machine.writes:
            self.sync(machine)

    def sync(self, machine: Machine) -> None:
        save, last, commit = machine.writes.pop(0)
        if save.after >= 0 or (save.term, save.vote) != (machine.term, machine.vote):
            if save.after >= 0:
                machine.entries = (*machine.entries[: save.after], *save.entries)
            machine.term, machine.vote, machine.commit = save.term, save.vote, max(machine.commit, commit)
        self.flight += [(machine.raft.name, send.to, send.message) for send in save.then]
        self.step(machine, Stored(save.term, save.vote, last, save.number), 0, False)

    def crash(self, machine: Machine, commit: int) -> None:
        machine.commit = commit
        name, founded, log = machine.raft.name, machine.founded, Log.of(machine.entries)
        machine.raft = calm(begin(name, founded, PAPER, machine.term, machine.vote, log, Moment(0, 0.0), commit))
        machine.writes = []


def calm(raft: Raft) -> Raft:
    """With all clocks set back."""
    role = raft.role
    match role:
        case Follower():
            role = attrs.evolve(role, heard_at=0)
        case Candidate():
            role = attrs.evolve(role, rounds=0)
        case Leader():
            peers = tuple((peer, attrs.evolve(at, answered_at=0, head_beat=0)) for peer, at in role.peers)
            reading = attrs.evolve(role.reading, sent_at=0, lease_from=None)
            role = attrs.evolve(role, peers=peers, beats_from=0, beat=0, reading=reading)
    wake_at = FOREVER if raft.wake_at == FOREVER else 0
    return attrs.evolve(raft, role=role, timeout=1, ticks_from=0, draws=1, wake_at=wake_at)


def successors(world: World, limits: dict[str, int], terms: int, instant: bool) -> Iterator[World]:
    """Whatever may happen next, all of it."""

    def left(what: str) -> bool:
        return world.spent[what] < limits.get(what, 0)

    for name, machine in world.machines.items():
        leads = isinstance(machine.raft.role, Leader)
        if leads and left("beats"):
            after, node = world.at(name)
            after.spent["beats"] += 1
            after.step(node, TimedOut(), 2 * PAPER.heartbeat, instant)
            yield after
        if not leads and machine.raft.term < terms:
            after, node = world.at(name)
            after.step(node, TimedOut(), 10**9, instant)
            yield after
        if machine.writes:
            after, node = world.at(name)
            after.sync(node)
            yield after
        if leads and left("proposals"):
            after, node = world.at(name)
            after.spent["proposals"] += 1
            after.step(node, Proposed(((Request("x", after.spent["proposals"], 1), b""),)), 0, instant)
            yield after
        if leads and left("changes"):
            for wish in wishes(machine.raft.configuration.members, tuple(world.machines)):
                after, node = world.at(name)
                after.spent["changes"] += 1
                before = node.raft
                after.step(node, ChangeProposed(Request("c", after.spent["changes"], 1), wish), 0, instant)
                if node.raft != before:
                    yield after
        if leads and left("reads"):
            after, node = world.at(name)
            after.spent["reads"] += 1
            after.asked = (*after.asked, (after.spent["reads"], len(after.sealed)))
            if isinstance(machine.raft.role, Leader) and machine.raft.role.ready:
                after.step(node, ReadAsked(Request("r", after.spent["reads"], 1)), 0, instant)
                yield after
        if left("crashes"):
            log = machine.raft.log
            held = min(machine.raft.commit, len(machine.entries))
            for commit in sorted({machine.commit, held}):
                if commit >= machine.commit and machine.entries[:commit] == log.slice(1, commit):
                    after, node = world.at(name)
                    after.spent["crashes"] += 1
                    after.crash(node, commit)
                    yield after
    for place, (sender, to, message) in enumerate(world.flight):
        for kind in ("deliver", "duplicates", "drops"):
            if kind != "deliver" and not left(kind):
                continue
            after, node = world.at(to)
            if kind != "deliver":
                after.spent[kind] += 1
            if kind != "duplicates":
                del after.flight[place]
            if kind != "drops":
                after.step(node, Received(sender, message), 0, instant)
            if node.raft.term <= terms:  # one that is told to stand does not ask what the bounds are
                yield after


def wishes(members: tuple[str, ...], names: tuple[str, ...]) -> list[Change]:
    """One member leaves, or one outside comes."""
    places = [(name, MemberPlace.Nowhere if name in members else MemberPlace.Voter) for name in names]
    return [Change((Alteration(*each),)) for each in places]


def useless(before: World, after: World) -> bool:
    """Nothing became of any node, and no message is new: only a drop is meant to be so."""
    if before.spent["drops"] != after.spent["drops"] or before.nodes_key() != after.nodes_key():
        return False
    left = list(before.flight)
    for mail in after.flight:
        if mail not in left:
            return False
        left.remove(mail)
    return True


def plain_search(
    names: str,
    limits: dict[str, int],
    terms: int,
    instant: bool = False,
    saving: bool = True,
    deepest: int = 99,
    outside: int = 0,
) -> tuple[set[Any], set[Any], int]:
    """Keys of all states, keys of their nodes alone, and the greatest depth."""
    first = World(names, outside)
    keys, nodes = {first.key()}, {first.nodes_key()}
    rim, depth = [first], 0
    while True:
        grown = []
        for world in rim:
            for after in successors(world, limits, terms, instant):
                if saving and useless(world, after):
                    continue
                key = after.key()
                if key not in keys:
                    keys.add(key)
                    nodes.add(after.nodes_key())
                    grown.append(after)
        if not grown or depth + 1 == deepest:
            return keys, nodes, depth + bool(grown)
        rim, depth = grown, depth + 1


# ---- renaming ----


def renamed(key: Any, to: dict[str | None, str | None]) -> Any:
    """The key of the renamed state."""
    match key:
        case Who(name):
            return Who(to[name])
        case Bag(things):
            return bag([renamed(thing, to) for thing in things])
        case tuple():
            return tuple([renamed(thing, to) for thing in key])
        case _:
            return key


def orbits(keys: set[Any], names: str) -> int:
    """How many there are if a state and all its renamings are one."""
    orders = list(permutations(names))
    return len(
        {
            min(repr(renamed(key, {None: None, **dict(zip(names, order, strict=True))})) for order in orders)
            for key in keys
        }
    )

"""World: seed, hosts, wires, history, and the verbs of a story.

Imperatives act at once (`world.crash("A")`), past participles wait until it is so (`await world.elected()`), plain
nouns look (`world["A"].leader`). Waiting for time is `trio.sleep`; there is no second vocabulary for it.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import attrs
import trio

from cluster import trace
from cluster.checks import Watcher
from cluster.checks.consensus import consensus_watchers
from cluster.instant import SECOND, clock_text
from cluster.member import Application, OutcomeUnknown
from cluster.node import Node, terms_and_digests
from cluster.proposals import PROPOSAL_WORDS
from cluster.raft.state import Timing
from cluster.sim import faults as steps
from cluster.sim.clock import LOOK, SERVE, STEP, STORED, WAKE, Clock, Parked
from cluster.sim.dice import Dice, seed_of
from cluster.sim.disk import Disk, DiskModel
from cluster.sim.history import History
from cluster.sim.host import Clocks
from cluster.sim.machine import Machine
from cluster.sim.network import Network, Packet, Wire
from cluster.sim.quiet import Quiet
from cluster.sim.timeline import explain
from cluster.storage import Storage
from cluster.trace import Happened, Note
from cluster.wire import RAFT_WORDS, Codec

T = TypeVar("T")

STORY = 63
"""Index of the story among the nodes, for the order of an instant; so a world has at most 63 nodes."""
PATIENCE = 120.0
"""How many virtual seconds a past participle waits if the story does not say."""


class Misuse(ValueError):
    """The story asked for something that cannot be: an unknown node, a restart before the start. Names value and remedy."""


class GaveUp(AssertionError):
    """What a past participle waited for did not happen in time, or can never happen."""


class OutOfBudget(Exception):
    """The run used up what it was given of events: no verdict."""


class Slot:
    """A machine's place in the world: what outlives an incarnation."""

    def __init__(self, name: str, index: int, disk: Disk) -> None:
        self.name, self.index, self.disk = name, index, disk
        self.clocks = Clocks()
        self.incarnation = 0
        self.counter = 0
        self.booting = False
        """It comes up as the next thing, unless it crashes before."""
        self.paused = False
        self.asks: dict[Parked, str] = {}
        """Clients that wait for an answer, and what they asked."""
        self.backlog: list[tuple[Callable[[Any], None], Any]] = []
        self.node: Node | None = None
        self.machine: Machine | None = None

    def count(self) -> int:
        """A fresh number for an entry of this node."""
        self.counter += 1
        return self.counter


class NodeView:
    """What a story may look at: `world["A"]`."""

    def __init__(self, slot: Slot, clock: Clock) -> None:
        self._slot = slot
        self._clock = clock

    def __repr__(self) -> str:
        return f"<node {self.name}: {self.role}, term {self.term}, commit {self.commit}>"

    @property
    def name(self) -> str:
        """The node's tag."""
        return self._slot.name

    @property
    def up(self) -> bool:
        """Whether it runs."""
        return self._slot.node is not None

    @property
    def role(self) -> str:
        """`leader`, `candidate`, `follower`, or `down`."""
        return type(self._slot.node.raft.role).__name__.lower() if self._slot.node else "down"

    @property
    def leader(self) -> str | None:
        """Whom it holds for the leader; None if nobody, or if it is down."""
        return self._slot.node.leader if self._slot.node else None

    @property
    def term(self) -> int:
        """Its current term; 0 if it is down."""
        return self._slot.node.raft.term if self._slot.node else 0

    @property
    def commit(self) -> int:
        """Its commit index; 0 if it is down."""
        return self._slot.node.raft.commit if self._slot.node else 0

    @property
    def applied(self) -> int:
        """Index of the last entry in `state`."""
        return self._slot.node.applied if self._slot.node else 0

    @property
    def state(self) -> Any:
        """The replicated state as applied there. AttributeError-free: None if the node is down."""
        return self._slot.node.state if self._slot.node else None

    @property
    def application(self) -> Any:
        """The application object of the running incarnation; None if it is down."""
        return self._slot.node.application if self._slot.node else None

    @property
    def wall(self) -> int:
        """What its wall clock reads, in µs."""
        return self._slot.clocks.wall(self._clock.now)


class World:
    """A universe with one seed. Stories get one; tests make one with `async with World(...)` under its own clock."""

    def __init__(
        self,
        seed: int = 1,
        *,
        clock: Clock | None = None,
        names: Iterable[str] = (),
        timing: Timing | None = None,
        wire: Wire | None = None,
        disk: DiskModel | None = None,
        skipping: bool = True,
        places: Mapping[str, str] | None = None,
        options: Mapping[str, Any] | None = None,
        budget: int = 20_000_000,
    ) -> None:
        self.seed = seed
        self.clock = clock or Clock()
        self.history = History(self.clock)
        self.timing = timing or Timing()
        self.wire = wire or Wire()
        self.disk_model = disk or DiskModel()
        self.skipping = skipping
        self.places = dict(places or {})
        """Folders and the like given to the run, by name; nothing a digest may depend on."""
        self.options = dict(options or {})
        """What the run was told, by name, for whoever builds applications: `rules`, `data`."""
        self.budget = budget
        """How many entries of the agenda the run may do."""
        self.slots: dict[str, Slot] = {}
        self.watchers: list[Watcher] = []
        self.network: Network
        self.codec: Codec | None = None
        self.marks: dict[str, bool] = {}
        """What the story wants to see sometimes, and whether it did."""
        self.failure: BaseException | None = None
        self.scope = trio.CancelScope()
        self.stop_asked: Callable[[], bool] = lambda: False
        self._quiet = Quiet(self)
        self._factory: Callable[[], Application] | None = None
        self._nursery: trio.Nursery | None = None
        self._steps = 0
        self._mended = 0
        self._names = tuple(names)
        self._hands: Any = None
        self.history.on_violation = self._failed
        clock_of = self.clock
        clock_of.on_failure = self._failed
        clock_of.on_pass = self._each_pass
        clock_of.on_deadline = self._nothing_led_to_it
        clock_of.on_deadlock = self._deadlock
        clock_of.on_quiet = self._quiet.skip

    # -- life

    @asynccontextmanager
    async def life(self) -> AsyncIterator[None]:
        """From the first instant to the last. What broke the world is left in `failure`."""
        if self.clock.over:
            raise Misuse("this clock has had its world: give each World a Clock of its own")
        async with trio.open_nursery() as self._nursery:
            try:
                yield
            finally:
                self.clock.over = True
                for slot in self.slots.values():
                    self._unplug(slot)
                self._nursery.cancel_scope.cancel()

    async def __aenter__(self) -> "World":
        """For tests that run trio themselves, with this world's clock. Misuse if they run it with another."""
        if trio.lowlevel.current_clock() is not self.clock:
            raise Misuse("trio runs with another clock than this world: give the same one to trio.run and to World")
        self._hands = self._by_hand()
        await self._hands.__aenter__()
        return self

    async def __aexit__(self, *failure: Any) -> Any:
        """Raise what broke the world, alone and with the last lines of the timeline; else what the test raised."""
        return await self._hands.__aexit__(*failure)

    @asynccontextmanager
    async def _by_hand(self) -> AsyncIterator[None]:
        raised: BaseException | None = None
        async with self.life():
            with self.scope:
                try:
                    yield
                except trio.Cancelled:
                    raise
                except BaseException as error:  # raised again below, where no nursery wraps it in a group
                    raised = error
        if self.failure is None and raised is None:
            self.finish()
        failure = self.failure or raised
        if failure is not None:
            explain(failure, self.seed, self.history, self.names)
            raise failure

    def _failed(self, failure: BaseException) -> None:
        if self.failure is None:
            self.failure = failure
        self.clock.over = True
        self.scope.cancel()

    def _nothing_led_to_it(self) -> None:
        self.history.cause = 0  # else a step after a sleep would seem to follow from whatever happened to come last

    def _each_pass(self) -> None:
        if self.stop_asked():
            self._failed(KeyboardInterrupt())
        elif self.clock.pops > self.budget:
            self._failed(OutOfBudget(f"the run did {self.budget:,} entries of its agenda and was not finished"))

    def _deadlock(self) -> None:
        self._failed(
            GaveUp(f"nothing can ever happen any more at {clock_text(self.clock.now)}, and the story still waits")
        )

    def program_failed(self, node: str, error: Exception) -> None:
        """A program of a node ended with an exception."""
        if error is self.failure:
            return  # a promise was broken while the program acted: that is told already
        self.history.add(node, trace.Failed(f"{type(error).__name__}: {error}"))
        error.add_note(f"in a program of node {node} at {clock_text(self.clock.now)}")
        self._failed(error)

    def disk_failed(self, slot: Slot, error: OSError) -> None:
        """A node's log could not be written: the node stops."""
        self.history.add(slot.name, trace.Failed(str(error)))
        self.clock.at(self.clock.now, STEP, slot.index, slot.count(), self._stop, (slot, slot.machine))

    def _stop(self, what: tuple[Slot, Machine | None]) -> None:
        slot, machine = what
        if slot.machine is machine:
            self._crash(slot)

    # -- imperatives

    def start(self, nodes: Iterable[str], application: Callable[[], Application] | None = None) -> None:
        """Bring up nodes with this factory of applications; a restart builds a new one. Names are 1 to 4 capital letters."""
        if application is None:
            from cluster.sim.nothing import Nothing  # the smallest application: a cluster that only elects

            application = Nothing
        if self.slots:
            raise Misuse(f"the world has started with {', '.join(self.slots)}: start once, then crash and restart")
        names = tuple(nodes)
        for name in names:
            if not (name.isascii() and name.isalpha() and name.isupper() and len(name) <= 4) or name == "RAFT":
                raise Misuse(f"{name!r} is no node tag: take 1 to 4 capital letters, not RAFT (rule 1.7)")
        if not names or len(set(names)) < len(names) or len(names) > STORY:
            raise Misuse(f"{list(names)} are no nodes: name between 1 and {STORY}, each once")
        self._factory = application
        self._prepare(names, application())
        self.do(steps.Start(names))

    def _prepare(self, names: tuple[str, ...], sample: Application) -> None:
        words = (*RAFT_WORDS, *PROPOSAL_WORDS, *sample.words)
        self.codec = Codec(words)
        self.network = Network(self.clock, names, self.seed, self.wire)
        self.network.land, self.network.lost = self._land, self._lost
        for word in words:
            if "beat" in getattr(word, "__annotations__", {}):
                self.network.declare_chatter(word.__name__)
        for index, name in enumerate(names):
            disk = Disk(name, self.disk_model, seed_of(self.seed, "disk", name), self._later(index))
            self.slots[name] = Slot(name, index, disk)
        self._by_index = tuple(self.slots.values())
        self.watchers = [*consensus_watchers(names), *sample.watchers(self.places)]
        for watcher in self.watchers:
            self.history.watch(watcher)
        self._quiet.prepare()

    def _later(self, index: int) -> Callable[[int, Callable[[], None]], None]:
        clock, numbers = self.clock, count()

        def end(act: Callable[[], None]) -> None:
            slot = self._by_index[index]
            if slot.paused:  # the drive has done its work, and the machine does not hear of it
                slot.backlog.append((end, act))
            else:
                act()

        def later(delay: int, act: Callable[[], None]) -> None:
            clock.stirred = clock.now
            clock.at(clock.now + delay, STORED, index, next(numbers), end, act)

        return later

    def do(self, step: steps.Step) -> None:
        """Apply one verb: the only door through which a story changes the world. Every step is recorded."""
        if not self.slots:
            raise Misuse(f"there are no nodes for {step!r} yet: start some first")
        self._check(step)
        cause = self.history.cause
        self.history.cause = self.history.add("", trace.Stepped(repr(step), step.says()))
        try:
            self._apply(step)
        finally:
            self.history.cause = cause

    def _check(self, step: steps.Step, open_node: bool = False) -> None:
        """Misuse if the step speaks of what there is not. A fault that waits for its event may leave its node open."""
        if isinstance(step, steps.When):
            self._check(step.fault, open_node=True)
        names = [getattr(step, field, None) for field in ("one", "other", "src", "dst", "node")]
        if isinstance(step, steps.Split):
            names = [name for group in step.groups for name in group]
        if (open_node or isinstance(step, steps.When)) and names[-1] == "":
            names.pop()
        for name in names:
            if name is not None and name not in self.slots:
                raise Misuse(f"there is no node {name!r}; nodes are {', '.join(self.slots)}")
        match step:
            case (
                steps.Cut(one, other) | steps.CutOneWay(one, other) | steps.Hold(one, other) | steps.Release(one, other)
            ):
                if one == other:
                    raise Misuse(f"there is no link from {one} to itself: name two nodes")

    def _apply(self, step: steps.Step) -> None:
        match step:
            case steps.Start(nodes):
                for name in nodes:
                    self._boot(self.slots[name])
            case steps.Crash(node):
                self._crash(self.slots[node])
            case steps.Restart(node):
                self._crash(self.slots[node])
                self._boot(self.slots[node])
            case steps.Pause(node):
                self.slots[node].paused = self.slots[node].node is not None or self.slots[node].booting
            case steps.Resume(node):
                self._resume(self.slots[node])
            case steps.Cut(one, other):
                self.network.links[one, other].cut = True
                self.network.links[other, one].cut = True
            case steps.CutOneWay(src, dst):
                self.network.links[src, dst].cut = True
            case steps.Split(groups):
                self._split(groups)
            case steps.Heal():
                for link in self.network.links.values():
                    link.cut = False
            case steps.Hold(src, dst):
                self.network.hold(src, dst)
            case steps.Release(src, dst):
                self.network.release(src, dst)
            case steps.Rewire():
                self._rewire(step)
            case steps.JumpClock(node, by):
                self.slots[node].clocks.jump(by)
                self._clocks_changed(self.slots[node])
            case steps.Drift(node, parts_per_million):
                self.slots[node].clocks.set_rate(self.clock.now, parts_per_million)
                self._clocks_changed(self.slots[node])
            case steps.Zone(node, zone):
                self.slots[node].clocks.set_zone(zone)
                self._clocks_changed(self.slots[node])
            case steps.SlowDisk(node, factor):
                self.slots[node].disk.slowness = factor
            case steps.FullDisk(node, full):
                self.slots[node].disk.full = full
            case steps.Mend():
                self._mend()
            case steps.When():
                self._strike(step)
            case steps.Ask():
                pass  # `ask` itself carries it to the node, because it waits for the answer

    def _boot(self, slot: Slot) -> None:
        slot.booting = True
        entry = (slot, self.history.cause)
        self.clock.at(self.clock.now, STEP, slot.index, slot.count(), self._on_boot, entry)

    def _on_boot(self, what: tuple[Slot, int]) -> None:
        slot, cause = what
        if slot.node is not None or not slot.booting or self._factory is None or self.codec is None:
            return
        if slot.paused:
            slot.backlog.append((self._on_boot, what))
            return
        slot.booting = False
        slot.incarnation += 1
        files = slot.disk.view()
        machine = slot.machine = Machine(self, slot, files)
        self.history.cause = machine.note(trace.Started(slot.incarnation), cause)
        storage, found = Storage.open(files, machine.disk_failed)
        terms, digests = terms_and_digests(found.log.slice(1, found.log.last_index))
        machine.note(
            trace.Recovered(
                found.term, found.vote or "", found.log.last_index, found.commit, terms, digests, found.torn_bytes
            )
        )
        voters = tuple(sorted(self.slots))
        slot.node = Node(machine, self._factory(), self.codec, self.timing, voters, storage, found)
        assert self._nursery is not None
        self._nursery.start_soon(slot.node.live)
        self.clock.made_runnable()

    def _unplug(self, slot: Slot) -> None:
        """A crash is two lines, in this order: unplug, then cancel."""
        if slot.node is None or slot.machine is None:
            return
        slot.machine.unplug()
        slot.node.cancel_scope.cancel()
        slot.node, slot.machine = None, None
        for parked, asked in list(slot.asks.items()):
            text = f"node {slot.name} crashed before it answered {asked}: look before you ask again"
            self._answer(slot, parked, False, OutcomeUnknown(text))

    def _crash(self, slot: Slot) -> None:
        slot.booting, slot.paused = False, False
        slot.backlog.clear()
        if slot.node is None:
            return
        self.history.cause = self.history.add(slot.name, trace.Crashed())
        self._unplug(slot)
        slot.disk.crash(Dice(self.seed, ("crash", slot.name, slot.incarnation)))

    def _resume(self, slot: Slot) -> None:
        slot.paused = False
        backlog, slot.backlog = slot.backlog, []
        for act, arg in backlog:
            self.clock.at(self.clock.now, WAKE, slot.index, slot.count(), act, arg)

    def _split(self, groups: tuple[tuple[str, ...], ...]) -> None:
        place = {name: number for number, group in enumerate(groups) for name in group}
        for (a, b), link in self.network.links.items():
            if a in place and b in place and place[a] != place[b]:
                link.cut = True

    def _rewire(self, step: steps.Rewire) -> None:
        old = self.network.wire
        given = {field.name: getattr(step, field.name) for field in attrs.fields(steps.Rewire)}
        wire = attrs.evolve(old, **{name: new for name, new in given.items() if new is not None})
        self.network.wire = wire
        for link in self.network.links.values():
            link.rewire(wire)

    def _clocks_changed(self, slot: Slot) -> None:
        if slot.machine is not None and slot.node is not None:
            slot.machine.clocks_changed()
            slot.node.clocks_changed()

    def _mend(self) -> None:
        self._mended += 1  # disarms every fault that waits for its event
        for slot in self.slots.values():
            slot.disk.slowness, slot.disk.full = 1.0, False  # first: what is released may be written at once
        self.network.wire = self.wire
        for (a, b), link in self.network.links.items():
            link.cut = False
            link.rewire(self.wire)
            self.network.release(a, b)
        for slot in self.slots.values():
            slot.clocks.set_rate(self.clock.now, 0)
            self._clocks_changed(slot)
            if slot.paused:
                self._resume(slot)
            if slot.node is None:
                self._boot(slot)

    def _strike(self, when: steps.When) -> None:
        left, armed_before = when.count, self._mended

        def see(event: Happened) -> None:
            nonlocal left
            if (
                left
                and armed_before == self._mended
                and type(event.note).__name__ == when.kind
                and event.node
                and when.node in ("", event.node)
            ):
                left -= 1
                if not left:
                    self.clock.at(
                        self.clock.now, STEP, STORY, self._count(), self._struck, (when.fault, event, armed_before)
                    )

        self.history.followers.append(see)

    def _struck(self, what: tuple[Any, Happened, int]) -> None:
        fault, event, armed_before = what
        if armed_before != self._mended:
            return
        if getattr(fault, "node", None) == "":
            fault = type(fault)(event.node, *[getattr(fault, name) for name in fault.__match_args__[1:]])
        self.history.cause = event.seq
        self.do(fault)

    def _count(self) -> int:
        self._steps += 1
        return self._steps

    # verbs, one line each

    def crash(self, node: str) -> None:
        """The node loses its memory and what its disk had not synced."""
        self.do(steps.Crash(node))

    def restart(self, node: str) -> None:
        """The node comes up again from its disk; if it runs, it crashes first."""
        self.do(steps.Restart(node))

    def pause(self, node: str) -> None:
        """The node stands still; its clocks go on."""
        self.do(steps.Pause(node))

    def resume(self, node: str) -> None:
        """A paused node goes on."""
        self.do(steps.Resume(node))

    def cut(self, one: str, other: str) -> None:
        """Nothing passes between the two nodes."""
        self.do(steps.Cut(one, other))

    def cut_one_way(self, src: str, dst: str) -> None:
        """Nothing passes from `src` to `dst`."""
        self.do(steps.CutOneWay(src, dst))

    def split(self, *groups: Iterable[str]) -> None:
        """Nodes of different groups cannot talk: `world.split("AB", "CDE")`."""
        self.do(steps.Split(tuple(tuple(group) for group in groups)))

    def isolate(self, node: str) -> None:
        """The node can talk to nobody."""
        self.split((node,), tuple(name for name in self.slots if name != node))

    def heal(self) -> None:
        """Every cut ends."""
        self.do(steps.Heal())

    def hold(self, src: str, dst: str) -> None:
        """What arrives from `src` at `dst` waits."""
        self.do(steps.Hold(src, dst))

    def release(self, src: str, dst: str) -> None:
        """What was held lands now."""
        self.do(steps.Release(src, dst))

    def rewire(self, **wire: Any) -> None:
        """All links behave like this from now on: see `Rewire` for names and units."""
        self.do(steps.Rewire(**wire))

    def jump_clock(self, node: str, by: int) -> None:
        """Set a wall clock forward or back by µs."""
        self.do(steps.JumpClock(node, by))

    def drift(self, node: str, parts_per_million: int) -> None:
        """Let a node's clocks gain or lose."""
        self.do(steps.Drift(node, parts_per_million))

    def zone(self, node: str, zone: str) -> None:
        """Put a node into an IANA time zone."""
        self.do(steps.Zone(node, zone))

    def slow_disk(self, node: str, factor: float) -> None:
        """Everything a node's disk does takes so many times as long."""
        self.do(steps.SlowDisk(node, factor))

    def full_disk(self, node: str, full: bool = True) -> None:
        """A node's disk takes no more writes."""
        self.do(steps.FullDisk(node, full))

    def mend(self) -> None:
        """The sky clears: everything works again, and every node is up."""
        self.do(steps.Mend())

    def when(self, kind: type[Note], fault: steps.Fault, node: str = "", count: int = 1) -> None:
        """Strike where it hurts: at the `count`-th such event from now. A fault with node "" strikes the event's node."""
        self.do(steps.When(kind.__name__, fault, node, count))

    async def suffer(self, weather: steps.Weather) -> None:
        """Let it happen: each gust after its time; returns when the last one has struck."""
        for gust in weather:
            if gust.after:
                await trio.sleep(gust.after / SECOND)
            self.do(gust.fault)

    async def ask(self, node: str, request: Any) -> Any:
        """Let a client ask a node's application; return or raise what it answers. OutcomeUnknown if it crashes meanwhile."""
        self.do(steps.Ask(node, request))
        slot = self.slots[node]
        if slot.node is None or slot.machine is None:
            raise Misuse(f"node {node} is down and cannot be asked: restart it, or ask one of {self._up()}")
        parked, served, machine = Parked(), slot.node, slot.machine
        cause = len(self.history)
        slot.asks[parked] = repr(request)

        async def serve() -> None:
            machine.cause = cause
            try:
                answer = await served.application.serve(request)
            except Exception as error:  # the client's answer, whatever it is
                self._answer(slot, parked, False, error)
            else:
                self._answer(slot, parked, True, answer)

        served.spawn(serve)
        ok, answer = await parked.wait()
        if not ok:
            raise answer
        return answer

    def _answer(self, slot: Slot, parked: Parked, ok: bool, answer: Any) -> None:
        """Let a client have its answer, once: a crash may have been quicker."""
        if slot.asks.pop(parked, None) is not None:
            entry = (parked, (ok, answer))
            self.clock.at(self.clock.now, SERVE, STORY, self._count(), lambda what: self.clock.fire(*what), entry)

    def _up(self) -> str:
        return ", ".join(name for name, slot in self.slots.items() if slot.node is not None) or "nobody"

    # -- past participles

    async def until(self, true: Callable[[], T], within: float = PATIENCE, what: str = "that") -> T:
        """Wait until something is so (truthy) and return it; it is looked at after every instant with an event.

        GaveUp after `within` virtual seconds.
        """
        found = true()
        if found:
            return found
        parked = Parked()
        asked_at = -1

        def look(event: Happened) -> None:
            nonlocal asked_at
            if asked_at != self.clock.now:  # once an instant, when all that belongs to it has been done
                asked_at = self.clock.now
                self.clock.at(asked_at, LOOK, STORY, self._count(), judge, None)

        def judge(_: None) -> None:
            nonlocal found, asked_at
            asked_at = -1
            if not found:
                found = true()
                if found:
                    self.clock.fire(parked)

        self.history.followers.append(look)
        try:
            with trio.move_on_after(within):
                await parked.wait()
        finally:
            self.history.followers.remove(look)
        if not found:
            raise GaveUp(f"waited {within:g} s for {what}, in vain")
        return found

    async def elected(self, within: float = PATIENCE, other_than: str | None = None) -> str:
        """Wait until a majority follows one live leader that is ready; return its name."""

        def leader() -> str | None:
            for name, slot in self.slots.items():
                if name == other_than or slot.node is None or not slot.node.leading:
                    continue
                following = sum(1 for other in self.slots.values() if other.node and other.node.leader == name)
                if following * 2 > len(self.slots):
                    return name
            return None

        found = await self.until(leader, within, f"a leader other than {other_than}" if other_than else "a leader")
        assert found is not None
        return found

    async def seen(self, kind: type[Note], node: str = "", within: float = PATIENCE, **fields: Any) -> Happened:
        """Wait for the next event of a kind (at that node, with those fields); return it."""
        found: list[Happened] = []  # grows while it is waited for

        def look(event: Happened) -> None:
            if (
                isinstance(event.note, kind)
                and node in ("", event.node)
                and all(getattr(event.note, name) == wanted for name, wanted in fields.items())
            ):
                found.append(event)

        self.history.followers.append(look)
        try:
            await self.until(lambda: bool(found), within, f"{kind.__name__}{f' at {node}' if node else ''}")
        finally:
            self.history.followers.remove(look)
        return found[0]

    async def settled(self, within: float = PATIENCE) -> None:
        """Wait until every live node follows one leader and has applied all it has."""

        def calm() -> bool:
            nodes = [slot.node for slot in self.slots.values() if slot.node is not None]
            if any(slot.booting for slot in self.slots.values()):
                return False
            if not nodes or len({node.leader for node in nodes}) != 1 or nodes[0].leader is None:
                return False
            return len({(node.applied, node.raft.log.last_index) for node in nodes}) == 1 and all(
                node.applied == node.raft.log.last_index for node in nodes
            )

        await self.until(calm, within, "a settled cluster")

    # -- nouns

    def __getitem__(self, node: str) -> NodeView:
        if node not in self.slots:
            raise Misuse(f"there is no node {node!r}; nodes are {', '.join(self.slots) or 'none: start some first'}")
        return NodeView(self.slots[node], self.clock)

    @property
    def names(self) -> tuple[str, ...]:
        """Every node's tag, in the order of the start."""
        return tuple(self.slots)

    @property
    def now(self) -> float:
        """True time in seconds since the start of the world."""
        return self.clock.now / SECOND

    def folder(self, name: str) -> Path | None:
        """A folder given to the run by name; None if there is none."""
        return Path(self.places[name]) if name in self.places else None

    def say(self, text: str) -> None:
        """Let the story's voice be heard in the timeline."""
        self.history.add("", trace.Said(text))

    def sometimes(self, name: str, true: bool = True) -> None:
        """Something the story wants to see in some moment of some run. Never seen: the verdict is *inconclusive*."""
        self.marks[name] = self.marks.get(name, False) or true

    @contextmanager
    def expecting(self, *errors: type[BaseException]) -> Iterator[None]:
        """What stands below must raise one of these; a story's way to say "this is refused"."""
        try:
            yield
        except errors:
            return
        raise AssertionError(f"expected {' or '.join(error.__name__ for error in errors)}, and nothing was raised")

    # -- the wires' two ends

    def _land(self, index: int, packet: Packet) -> None:
        slot = self._by_index[index]
        if slot.node is None:
            self._lost(packet, "down")
        elif slot.paused:
            if packet.beat:  # of chatter only the newest of a kind is of any use to whoever wakes up
                slot.backlog = [
                    (act, late)
                    for act, late in slot.backlog
                    if not (
                        isinstance(late, Packet) and late.beat and late.link is packet.link and late.kind == packet.kind
                    )
                ]
            slot.backlog.append((lambda late: self._land(index, late), packet))
        else:
            slot.node.deliver(packet)

    def _lost(self, packet: Packet, why: str) -> None:
        if not packet.beat:
            receiver = self._by_index[packet.link.dst].name
            self.history.add(
                receiver, trace.Lost(packet.kind, packet.label, packet.sender, packet.sent, why), packet.cause
            )

    def finish(self) -> None:
        """The story is over: let every watcher say what only the end can tell. Raises the first Violation."""
        for watcher in self.watchers:
            watcher.finish()

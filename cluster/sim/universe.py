"""The universe under a world: it applies steps, starts and stops nodes, and delivers messages.

`Universe.do` is the only way in which a story changes anything. `world` has the verbs that make the steps.
"""

import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import partial
from itertools import count
from types import FrameType
from typing import Any, Self, get_args

import trio

from cluster import steps, trace
from cluster.admin_requests import ASKING_WORDS
from cluster.checks import Undecided, Violation, Watcher
from cluster.checks.consensus import consensus_watchers
from cluster.checks.liveness import Progress
from cluster.checks.membership import Members
from cluster.member import Application, NoLeader, OutcomeUnknown, Overloaded, Refused
from cluster.node import Node
from cluster.proposals import PROPOSAL_WORDS
from cluster.raft.configuration import NOBODY, Configuration
from cluster.raft.state import Leader
from cluster.raft.timing import Timing
from cluster.sim import fences, settings
from cluster.sim.administration import wish_of
from cluster.sim.armed_faults import ArmedFaults
from cluster.sim.clock import LOOK, NODES, SERVE, STEP, STORED, WAKE, Clock, Parked, key_of
from cluster.sim.dice import Dice, seed_of
from cluster.sim.disk import Disk, DiskModel
from cluster.sim.errors import Deadlock, Misuse, NodeIsDown, OutOfBudget, Standstill
from cluster.sim.faults import Faults
from cluster.sim.history import History
from cluster.sim.machine import Machine
from cluster.sim.machine_slot import Slot
from cluster.sim.network import Network, Packet, Wire
from cluster.sim.quiet import Quiet
from cluster.sim.roles import NODE_FIELDS, Roles
from cluster.sim.timeline import explain
from cluster.sim.trio_scheduler import ready_tasks, settle_scheduler
from cluster.sim.waiting import place_lines, waiting_lines
from cluster.snapshot_codec import IMAGE_WORDS
from cluster.storage import Storage, StorageDamaged, StorageTooNew
from cluster.time_units import DAY, FIRST, LAST, as_datetime, clock_text
from cluster.trace import Happened
from cluster.trace_notes import terms_and_digests
from cluster.wire import RAFT_WORDS, Codec, classes_within, codec_of

STORY = NODES - 1
"""Index of the story among the nodes, in the order of an instant; so a world has at most 255 nodes."""
FAIR_LOSS = 0.1
"""The chance of a loss on the links of a world up to which an election comes in time."""
STEPS_AN_INSTANT = 100_000
"""How many entries of the agenda, and how many verbs of the story, one instant may hold."""


class Universe:
    """A universe with one seed. Stories get one; tests make one with `async with World(...)` under its own clock."""

    def __init__(
        self,
        seed: int = 1,
        *,
        clock: Clock | None = None,
        names: Iterable[str] = (),
        timing: Timing | Mapping[str, Any] | None = None,
        wire: Wire | Mapping[str, Any] | None = None,
        disk: DiskModel | Mapping[str, Any] | None = None,
        skipping: bool = True,
        places: Mapping[str, str] | None = None,
        options: Mapping[str, Any] | None = None,
        budget: int = 20_000_000,
        years: float = 1_000,
        keep_going: bool = False,
    ) -> None:
        """`wire`, `disk` and `timing` may be mappings, with durations in seconds: `wire={"latency": 0.08, "loss": 0.01}`.

        `keep_going`: whether the run goes on when a promise is broken.
        """
        self.seed = seed
        self._luck = seed
        """The seed of what is left to luck from now on: the world's, unless that was changed."""
        self.clock = clock or Clock()
        self.history = History(self.clock)
        self.timing = settings.made(Timing, "timing", timing)
        self.wire = settings.made(Wire, "wire", wire)
        self.disk_model = settings.made(DiskModel, "disk", disk)
        self.skipping = skipping
        self.places = dict(places or {})
        """Folders and the like given to the run, by name. No digest depends on them."""
        self.options = dict(options or {})
        """Options of the run, by name, for the code that builds applications: `rules`, `data`."""
        self.budget = budget
        """How many entries of the agenda the run may do."""
        self.years = years
        """How much virtual time it may take; no story goes on after the year 9989."""
        self.slots: dict[str, Slot] = {}
        self.roles = Roles()
        """What stands for a node's name where a story gives one: `leader`, `followers`, and what an application adds."""
        self.roles.add("leader", lambda name: self._leader(), "await world.elected()")
        self.roles.add("followers", lambda name: self._followers(), "await world.elected()")
        self.watchers: list[Watcher] = []
        self.asked_to_watch: tuple[Watcher, ...] = ()
        """Those that the story brought (`World.watch`)."""
        self.network: Network
        self.codec: Codec | None = None
        self.marks: dict[str, bool] = {}
        """The marks of `World.sometimes`, and whether each was seen."""
        self.failure: BaseException | None = None
        self.besides: tuple[BaseException, ...] = ()
        """What else went wrong at the same time, in other tasks of the story."""
        self.scope = trio.CancelScope()
        self.stop_asked: Callable[[], bool] = lambda: False
        self._factory: Callable[[], Application] | None = None
        self._sample: Application | None = None
        """An application that never runs, asked for what all nodes share."""
        self._nursery: trio.Nursery | None = None
        self._steps = 0
        self._armed = ArmedFaults(self.history, self._soon, self.do)
        self._effects: dict[type[steps.Step], Callable[[Any], None]] = {}
        """The method that applies each class of step. Empty until the world has machines."""
        self._names = tuple(names)
        self._hands: Any = None
        self.history.on_failure = self._failed
        self.history.keeps_going = keep_going
        clock_of = self.clock
        clock_of.on_failure = self._failed
        clock_of.on_pass = self._each_pass
        clock_of.on_deadline = self._nothing_led_to_it
        clock_of.on_deadlock = self._deadlock
        clock_of.on_last = self._past_the_last
        clock_of.on_standstill = self._standstill
        clock_of.ends = min(LAST, round(years * 365.25 * DAY))
        self._instant = self._instant_began = self._verbs_at = self._verbs = 0

    # -- life

    @asynccontextmanager
    async def life(self) -> AsyncIterator[None]:
        """The life of the world, from the first instant to the last. `failure` holds what broke it."""
        if self.clock.over:
            raise Misuse("this clock has had its world: give each World a Clock of its own")
        async with trio.open_nursery() as self._nursery:
            try:
                with fences.held(self._failed):
                    yield
            finally:
                self.clock.over = True
                for slot in self.slots.values():
                    self._unplug(slot)
                self._nursery.cancel_scope.cancel()

    async def __aenter__(self) -> Self:
        """Begin the world in a test that runs trio itself with this world's clock. Misuse if it runs with another."""
        if trio.lowlevel.current_clock() is not self.clock:
            raise Misuse("trio runs with another clock than this world: give the same one to trio.run and to World")
        settle_scheduler(0)
        self._hands = self._by_hand()
        await self._hands.__aenter__()
        return self

    async def __aexit__(self, *failure: Any) -> Any:
        """Raise what broke the world, as one exception with the last lines of the timeline; else what the test raised."""
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
        self.history.cause = 0  # else a step after a sleep would name the last event as its cause

    def _each_pass(self) -> None:
        if self.stop_asked():
            self._failed(KeyboardInterrupt())
        elif self.clock.pops > self.budget:
            self._failed(OutOfBudget(f"the run did {self.budget:,} entries of its agenda and was not finished"))
        elif self.clock.now != self._instant:
            self._instant, self._instant_began = self.clock.now, self.clock.pops
        elif self.clock.pops - self._instant_began > STEPS_AN_INSTANT:
            self._stand_still(f"{STEPS_AN_INSTANT:,} things happened", waiting_lines())

    def _stand_still(self, much: str, lines: list[str]) -> None:
        text = f"time stands still at {clock_text(self.clock.now)}: {much} in that one instant; let the loop wait for something"
        self._failed(Standstill("\n".join([f"{text}{':' if lines else ''}", *lines])))

    def _standstill(self, looking: FrameType | None) -> None:
        if looking is None:
            self._stand_still("tasks ran on and on", waiting_lines(ready_tasks()))
        else:
            self._stand_still("the time was looked at again and again", place_lines(looking))

    def _deadlock(self) -> None:
        text = f"nothing can ever happen any more at {clock_text(self.clock.now)}, and the story still waits"
        lines = waiting_lines()
        self._failed(Deadlock("\n".join([f"{text}{':' if lines else ''}", *lines])))

    def _past_the_last(self) -> None:
        if self.clock.ends < LAST:
            text = f"the run took {self.years:g} years of virtual time and was not finished"
            self._failed(OutOfBudget(f"{text}: end the story sooner, or give it more `years`"))
            return
        year = as_datetime(LAST).year - 1
        self._failed(Misuse(f"the story goes on after the year {year}, where every story ends: let it sleep for less"))

    def program_failed(self, node: str, error: Exception) -> None:
        """A program of a node ended with an exception, or the application raised one when it was called."""
        if error is self.failure or isinstance(error, Violation):
            return  # a promise was broken while the program acted: that is told already
        self.history.add(node, trace.Failed(f"{type(error).__name__}: {error}"))
        error.add_note(f"on node {node}, at {clock_text(self.clock.now)}")
        self._failed(error)

    def disk_failed(self, slot: Slot, error: OSError) -> None:
        """A node's log could not be written: the node crashes."""
        self.history.add(slot.name, trace.Failed(str(error)))
        self.clock.at(self.clock.now, STEP, slot.index, slot.count(), self._stop, (slot, slot.machine))

    def _stop(self, what: tuple[Slot, Machine | None]) -> None:
        slot, machine = what
        if slot.machine is machine:
            self._crash(slot)

    @property
    def names(self) -> tuple[str, ...]:
        """Every node's tag, in the order of the start."""
        return tuple(self.slots)

    # -- the start of a world

    def _prepare(self, names: tuple[str, ...], sample: Application) -> None:
        if not isinstance(sample, Application):
            raise Misuse(f"{type(sample).__name__} is no application: let it inherit from cluster.member.Application")
        own: Any = sample.words  # of whoever wrote it
        if not isinstance(own, Sequence) or not all(isinstance(word, type) for word in own):
            raise Misuse(
                f"the words of {type(sample).__name__} are {own!r}: let the property `words` give every class that it sends or "
                "stores, as a tuple in a fixed order; () if there is none"
            )
        self._sample = sample
        words = (*RAFT_WORDS, *PROPOSAL_WORDS, *ASKING_WORDS, *IMAGE_WORDS, *own)
        words = (*words, *[held for held in classes_within(type(sample.empty())) if held not in words])
        self.codec = codec_of(words)
        self.network = Network(self.clock, names, self.seed, self.wire)
        self.network.land, self.network.lost = self._land, self._lost
        for word in words:
            if "beat" in getattr(word, "__annotations__", {}):
                self.network.declare_chatter(word.__name__)
        self._found(names, 0)
        self._effects = Faults(self.clock, self.network, self.slots).effects | {
            steps.Start: self._start,
            steps.Crash: lambda step: self._crash(self.slots[step.node]),
            steps.Stop: lambda step: self._halt(self.slots[step.node]),
            steps.Restart: self._restart,
            steps.Pause: self._pause,
            steps.Resume: lambda step: self._resume(self.slots[step.node]),
            steps.RollBack: self._roll_back,
            steps.Wipe: self._wipe,
            steps.Mend: self._mend,
            steps.When: self._armed.arm,
            steps.Ask: self._ask,
            steps.Disturb: self._disturb,
            **dict.fromkeys(get_args(steps.Administration), self._administer),
        }
        made = self._watchers_of(names)
        for watcher in made:
            self.history.watch(watcher)
        self.watchers = [*made, *self.watchers]
        if self.skipping:
            self.clock.on_quiet = Quiet(self.clock, self.history, self.network, self.timing, self.slots).skip

    def _found(self, names: tuple[str, ...], number: int) -> None:
        """Make the machines of a cluster."""
        for name in names:
            slot = self._new_slot(name)
            slot.founded, slot.cluster = Configuration.of(names), number

    def _watchers_of(self, names: tuple[str, ...]) -> list[Watcher]:
        """New watchers of a cluster with these founders, in the order in which they must see events."""
        assert self._sample is not None
        consensus = consensus_watchers(names)
        members = next(each for each in consensus if isinstance(each, Members))
        is_fair = self.wire.loss <= FAIR_LOSS
        progress = Progress(self.timing.election, members, self._is_calm(), is_fair)
        return [*consensus, progress, *self._sample.watchers(self.places)]

    def _prepare_another(self, names: tuple[str, ...]) -> None:
        """Make the machines of a further cluster. From now on the watchers of each see what concerns their own alone."""
        number = 1 + max(slot.cluster for slot in self.slots.values())
        if number == 1:
            self.history.narrow(partial(self._concerns, 0))
        for name in names:
            self.network.add(name)
        self._found(names, number)
        made = self._watchers_of(names)
        self.history.watch_within(made, partial(self._concerns, number))
        self.watchers += made

    def _concerns(self, number: int, event: Happened) -> bool:
        """Whether an event is of that cluster: of one of its nodes, a step that names one, or one that names no node."""
        names: tuple[str, ...] = (event.node,) if event.node else ()
        if not names and isinstance(event.note, trace.Stepped):
            names = steps.nodes_of(event.note.step)
        return not names or any(self.cluster_of(name) == number for name in names)

    @property
    def factory(self) -> Callable[[], Application]:
        """What makes the application of each node; Misuse before the start."""
        if self._factory is None:
            raise Misuse("the world has not started, so that nothing runs on its nodes")
        return self._factory

    @property
    def application_class(self) -> type:
        """The class of the applications on the nodes, once some have started."""
        return type(self._sample)

    def cluster_of(self, node: str) -> int:
        """The number of the cluster of a node; that of the first for a name that is new."""
        return self.slots[node].cluster if node in self.slots else 0

    def nodes_beside(self, node: str) -> tuple[str, ...]:
        """The nodes of the cluster of a node, itself included, in the order of their start."""
        number = self.cluster_of(node)
        return tuple(name for name, slot in self.slots.items() if slot.cluster == number)

    def _leader(self) -> tuple[str, ...]:
        """The leader of the latest term in the first cluster; () if no node leads."""
        running = [(name, node) for name in self.nodes_beside("") if (node := self.slots[name].node) is not None]
        leading = [(node.raft.term, name) for name, node in running if isinstance(node.raft.role, Leader)]
        return (max(leading)[1],) if leading else ()

    def _followers(self) -> tuple[str, ...]:
        """The other nodes of the first cluster that are up."""
        leader = self._leader()
        return tuple(name for name in self.nodes_beside("") if self.slots[name].node is not None and name not in leader)

    def _is_calm(self) -> bool:
        """Whether no link loses, repeats or delays anything, and messages and writes are fast beside an election timeout."""
        wire, disk = self.wire, self.disk_model
        slowest = wire.latency + wire.jitter + disk.write_latency + disk.sync_latency + disk.jitter
        unlucky = wire.loss or wire.duplicate or wire.delay_chance or not wire.ordered
        return not unlucky and slowest * 10 <= self.timing.election

    def _new_slot(self, name: str) -> Slot:
        index = len(self.slots)
        disk = Disk(name, self.disk_model, seed_of(self._luck, "disk", name), self._later(index))
        slot = self.slots[name] = Slot(name, index, disk)
        self._by_index = tuple(self.slots.values())
        return slot

    def _later(self, index: int) -> Callable[[int, Callable[[], None]], None]:
        clock, numbers = self.clock, count()

        def end(act: Callable[[], None]) -> None:
            slot = self._by_index[index]
            if slot.paused:  # the drive has finished, but the paused machine takes no notice
                slot.backlog.append((end, act))
                return
            try:
                act()
            except Exception as error:
                self.program_failed(slot.name, error)
                raise

        key = key_of(STORED, index, 0)

        def later(delay: int, act: Callable[[], None]) -> None:
            clock.stirred = now = clock.now
            clock.put(now + delay, key | next(numbers), end, act)

        return later

    def do(self, step: steps.Step) -> None:
        """Apply one step and record it. A story changes the world in no other way."""
        if not self.slots:
            raise Misuse(f"there are no nodes for {step!r} yet: start some first")
        steps.check(step)
        for each in self.roles.plain(step):
            self._do(each)

    def _do(self, step: steps.Step) -> None:
        self._check(step)
        if self.clock.now != self._verbs_at:
            self._verbs_at, self._verbs = self.clock.now, 0
        self._verbs += 1
        if self._verbs > STEPS_AN_INSTANT:
            self._stand_still(f"{STEPS_AN_INSTANT:,} verbs were called", place_lines(sys._getframe()))
            assert self.failure is not None
            raise self.failure
        cause = self.history.cause
        self.history.cause = self.history.add("", trace.Stepped(step))
        try:
            self._apply(step)
        finally:
            self.history.cause = cause

    def _check(self, step: steps.Step, open_node: bool = False) -> None:
        """Raise Misuse if the step names something that does not exist. `open_node`: the node of a fault may be empty."""
        if isinstance(step, steps.When):
            self._check(step.fault, open_node=True)
        names = [getattr(step, field, None) for field in NODE_FIELDS]
        match step:
            case steps.Split(groups) | steps.Rewire(between=groups):
                names = [name for group in groups for name in group]
                twice = next((name for name in names if names.count(name) > 1), None)
                if twice is not None:
                    verb = type(step).__name__.lower()
                    raise Misuse(f"{verb} names {twice} twice: a node is in one group at most")
            case steps.Reconfigure(voters, watchers):
                names = [*voters, *watchers]
        if isinstance(step, steps.Join) and step.node not in self.slots:
            self.check_tag(step.node)
            names = []
        if (open_node or isinstance(step, steps.When)) and names[-1:] == [""]:
            names.pop()
        for name in names:
            if name is not None and name not in self.slots and not self.roles.is_role(name):
                raise Misuse(f"there is no node {name!r}; nodes are {', '.join(self.slots)}")
        match step:
            case (
                steps.Cut(one, other)
                | steps.CutOneWay(one, other)
                | steps.Hold(one, other)
                | steps.Release(one, other)
                | steps.Corrupt(one, other)
            ):
                if one == other:
                    raise Misuse(f"there is no link from {one} to itself: name two nodes")
            case steps.JumpClock(node, by) if node in self.slots:
                reads = self.slots[node].clocks.wall(self.clock.now) + by
                if not FIRST <= reads < LAST:
                    years = f"{as_datetime(FIRST).year} to {as_datetime(LAST).year - 1}"
                    raise Misuse(
                        f"set by {steps.seconds_text(by)}, the clock of {node} is not in the years {years}: set it by less"
                    )

    def _apply(self, step: steps.Step) -> None:
        self._effects[type(step)](step)

    def _start(self, step: steps.Start) -> None:
        for name in step.nodes:
            self._boot(self.slots[name])

    def _restart(self, step: steps.Restart) -> None:
        self._crash(self.slots[step.node])
        self._boot(self.slots[step.node])

    def _pause(self, step: steps.Pause) -> None:
        slot = self.slots[step.node]
        slot.paused = slot.node is not None or slot.booting

    def _roll_back(self, step: steps.RollBack) -> None:
        self._crash(self.slots[step.node])
        self.slots[step.node].disk.roll_back()

    def _wipe(self, step: steps.Wipe) -> None:
        self._crash(self.slots[step.node])
        self.slots[step.node].disk.wipe()

    def _disturb(self, step: steps.Disturb) -> None:
        """Pass a fault to the application, which alone knows its surroundings; its nodes may be down."""
        assert self._sample is not None
        try:
            notes = self._sample.disturb(step.node, step.trouble)
        except ValueError as error:
            raise Misuse(str(error)) from error
        for note in notes or ():
            self.history.add(step.node, note)

    def _ask(self, step: steps.Ask) -> None:
        """Let the node's application answer. The client waits at the newest of `slot.asks`."""
        slot, request = self.slots[step.node], step.request
        if slot.node is None or slot.machine is None:
            up = ", ".join(name for name, other in self.slots.items() if other.node is not None) or "nobody"
            raise NodeIsDown(f"node {slot.name} is down and cannot be asked: restart it, or ask one of {up}")
        parked, served, machine, cause = Parked(), slot.node, slot.machine, self.history.cause
        slot.asks[parked] = (repr(request), cause)

        async def serve() -> None:
            machine.cause = cause
            try:
                answer = await served.application.serve(request)
            except Exception as error:  # any exception is the client's answer
                self._answer(slot, parked, False, error)
            else:
                self._answer(slot, parked, True, answer)

        served.spawn(serve)

    def change_luck(self, seed: int) -> None:
        """Let links, disks and election timeouts come out as in a world of this seed from now on.

        It is no step, and not recorded: whoever asks what else might have happened plays on with other luck.
        """
        self._luck = seed
        self.network.change_luck(seed)
        for slot in self.slots.values():
            slot.disk.seed = seed_of(seed, "disk", slot.name)
            if slot.machine is not None:
                slot.machine.change_luck(seed)

    # -- steps of an administrator

    def check_tag(self, name: str) -> None:
        """Raise Misuse unless a new node may have this name."""
        if not (name.isascii() and name.isalpha() and name.isupper() and len(name) <= 4) or name == "RAFT":
            raise Misuse(f"{name!r} is no node tag: take 1 to 4 capital letters, not RAFT (rule 1.7)")
        if len(self.slots) >= STORY:
            raise Misuse(f"{name} would be node {STORY + 1}: a world has at most {STORY}")

    def _administer(self, step: steps.Administration) -> None:
        """Let one node, the leader if there is one, bring the request to the leader within an operation timeout."""
        if isinstance(step, steps.Join):
            if step.node not in self.slots:
                self.network.add(step.node)
                self._new_slot(step.node)
            slot = self.slots[step.node]
            if slot.node is None:
                if not slot.disk.view().names():
                    slot.founded = NOBODY  # a node with an empty disk is a new one, whatever its name
                self._boot(slot)
        if isinstance(step, steps.Reconfigure):
            asked = self._spokesman("", self.cluster_of(step.voters[0]))
        else:
            asked = self._spokesman(step.node, self.cluster_of(step.node))
        if asked is None:
            self.history.add("", trace.Said("nobody is up who could be asked"))
            return
        node = asked.node
        assert node is not None
        wish, machine, cause = wish_of(step, node.raft.configuration), asked.machine, self.history.cause

        async def administer() -> None:
            assert machine is not None
            machine.cause = cause
            with suppress(NoLeader, OutcomeUnknown, Refused):  # the trace has it already
                await node.admin_requests.ask(wish, None)

        node.spawn(administer)

    def _spokesman(self, other_than: str, cluster: int) -> Slot | None:
        """The node of a cluster to ask: a live leader of the latest term, else the first live member, `other_than` last."""
        mine = [slot for slot in self.slots.values() if slot.cluster == cluster]
        live = [slot for slot in mine if slot.node is not None and slot.node.members]
        order = sorted(
            live,
            key=lambda slot: (
                -slot.node.raft.term if slot.node and slot.node.leading else 0,
                slot.name == other_than,
                slot.index,
            ),
        )
        return order[0] if order else None

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
        machine = slot.machine = Machine(
            slot,
            files,
            self.clock,
            self.history,
            self.network,
            self.seed,
            on_disk_failure=partial(self.disk_failed, slot),
            on_program_failure=partial(self.program_failed, slot.name),
        )
        machine.change_luck(self._luck)
        self.history.cause = machine.note(trace.Started(slot.incarnation), cause)
        try:
            storage, found = Storage.open(files, machine.disk_failed)
        except (StorageDamaged, StorageTooNew, OSError) as error:  # never repaired: the node stays down and says why
            machine.note(trace.Failed(str(error)))
            machine.unplug()
            slot.machine = None
            return
        log, snapshot = found.log, found.snapshot
        if snapshot is not None:
            machine.note(trace.RecoveredSnapshot(snapshot.index, snapshot.term, log.base, log.base_term))
        terms, digests = terms_and_digests(log.slice(log.base + 1, log.last_index))
        machine.note(
            trace.Recovered(
                found.term, found.vote or "", log.last_index, found.commit, terms, digests, found.torn_bytes
            )
        )
        slot.node = Node(machine, self._factory(), self.codec, self.timing, slot.founded, storage, found)
        assert self._nursery is not None
        self._nursery.start_soon(slot.node.live)
        self.clock.made_runnable()

    def _unplug(self, slot: Slot, how: str = "crashed") -> None:
        """End the incarnation, if there is one: unplug it first, then cancel it."""
        if slot.node is None or slot.machine is None:
            return
        slot.machine.unplug()
        slot.node.cancel_scope.cancel()
        slot.node, slot.machine = None, None
        for parked, (asked, _) in list(slot.asks.items()):
            text = f"node {slot.name} {how} before it answered {asked}: look before you ask again"
            self._answer(slot, parked, False, OutcomeUnknown(text))

    def _crash(self, slot: Slot) -> None:
        self._interrupt(slot)
        if slot.node is None:
            return
        self.history.cause = self.history.add(slot.name, trace.Crashed())
        self._unplug(slot)
        slot.disk.crash(Dice(self._luck, ("crash", slot.name, slot.incarnation)))

    def _halt(self, slot: Slot) -> None:
        """End the incarnation, if there is one, with all that it wrote durable; if its last sync fails, it crashes."""
        self._interrupt(slot)
        if slot.node is None:
            return
        try:
            slot.disk.settle()
        except OSError as error:
            self.history.add(slot.name, trace.Failed(str(error)))
            self._crash(slot)
        else:
            self.history.cause = self.history.add(slot.name, trace.Stopped())
            self._unplug(slot, "stopped")

    def _interrupt(self, slot: Slot) -> None:
        """Forget what the machine was about to do. A node that runs there is left to the caller."""
        slot.booting, slot.paused = False, False
        slot.backlog.clear()

    def _resume(self, slot: Slot) -> None:
        slot.paused = False
        backlog, slot.backlog = slot.backlog, []
        for act, arg in backlog:
            self.clock.at(self.clock.now, WAKE, slot.index, slot.count(), act, arg)

    def _mend(self, step: steps.Mend) -> None:
        self._armed.mend()
        cause = self.history.cause
        assert self._sample is not None
        self._sample.mend()
        for slot in self.slots.values():
            slot.disk.mend()  # first: messages released below may be written at once
            slot.short_of = ()
        self.network.wire = self.wire
        for (a, b), link in self.network.links.items():
            link.cut = False
            link.rewire(self.wire)
            self.network.release(a, b)
        self.history.cause = cause  # the messages released above were causes of their own
        for slot in self.slots.values():
            slot.clocks.thaw(self.clock.now)
            slot.clocks.set_rate(self.clock.now, 0)
            slot.clocks_changed()
            if slot.paused:
                self._resume(slot)
            if slot.node is None:
                self._boot(slot)

    def never_struck(self) -> tuple[str, ...]:
        """The faults that waited for an event in vain, and those that met nothing: sentences without a full stop, with the reason."""
        met_nothing = self._sample.never_struck() if self._sample is not None else ()
        return (*self._armed.never_struck(), *met_nothing)

    def warnings(self) -> tuple[str, ...]:
        """What whoever played should know of the application's surroundings: sentences without a full stop."""
        return tuple(self._sample.warnings()) if self._sample is not None else ()

    def _soon(self, act: Callable[[Any], None], arg: Any) -> None:
        self.clock.at(self.clock.now, STEP, STORY, self._count(), act, arg)

    def look(self, judge: Callable[[Any], None], arg: Any) -> None:
        """Call `judge(arg)` after all events of this instant."""
        self.clock.at(self.clock.now, LOOK, STORY, self._count(), judge, arg)

    def _count(self) -> int:
        self._steps += 1
        return self._steps

    def _answer(self, slot: Slot, parked: Parked, ok: bool, answer: Any) -> None:
        """Give a client its answer, once: a crash may have answered first."""
        asked = slot.asks.pop(parked, None)
        if asked is not None:
            entry = (parked, (ok, answer))
            self.clock.at(self.clock.now, SERVE, STORY, self._count(), lambda what: self.clock.fire(*what), entry)
            if self.history.listeners.get(trace.ClientTold):
                self.history.add(slot.name, trace.ClientTold(asked[1], _outcome(ok, answer), answer))

    # -- arrival and loss of messages

    def _land(self, index: int, packet: Packet) -> None:
        slot = self._by_index[index]
        if slot.node is None:
            self._lost(packet, "down")
        elif slot.paused:
            if packet.beat:  # of each kind of chatter only the newest is of use after a pause
                slot.backlog = [
                    (act, late)
                    for act, late in slot.backlog
                    if not (
                        isinstance(late, Packet) and late.beat and late.link is packet.link and late.kind == packet.kind
                    )
                ]
            slot.backlog.append((lambda late: self._land(index, late), packet))
        else:
            try:
                slot.node.deliver(packet)
            except Exception as error:  # the application handled the message, or applied what was committed by it
                self.program_failed(slot.name, error)
                raise

    def _lost(self, packet: Packet, why: str) -> None:
        if not packet.beat:
            receiver = self._by_index[packet.link.dst].name
            self.history.add(
                receiver, trace.Lost(packet.kind, packet.label, packet.sender, packet.sent, why), packet.cause
            )

    def finish(self) -> None:
        """End the story: each watcher checks what only the end can tell.

        Raises the first Violation of the run, else the first Undecided.
        """
        undecided: Undecided | None = None
        for watcher in self.watchers:
            with self.history.noting_breaks() if self.history.keeps_going else nullcontext():
                try:
                    watcher.finish()
                except Undecided as error:
                    undecided = undecided or error
        if self.history.broken:
            raise self.history.broken[0].failure
        if undecided is not None:
            raise undecided


def _outcome(ok: bool, answer: Any) -> str:
    """What a client knows of its request."""
    if ok or not isinstance(answer, NoLeader | Overloaded | OutcomeUnknown):
        return trace.ClientTold.ANSWERED
    return trace.ClientTold.UNKNOWN if isinstance(answer, OutcomeUnknown) else trace.ClientTold.NEVER

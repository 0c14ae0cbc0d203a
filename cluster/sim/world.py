"""World: the verbs of a story, on a universe with one seed.

Imperatives act at once (`world.crash("A")`), past participles wait until something holds (`await world.elected()`), and
nouns read (`world["A"].leader`). To wait for time, a story calls `trio.sleep`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar, cast, overload

import attrs
import trio

from cluster import steps, trace
from cluster.argument_kinds import shown
from cluster.checks import Watcher
from cluster.member import Application, ClientRequest
from cluster.raft import active_configuration
from cluster.raft.configuration import Configuration
from cluster.raft.quorum import VoteResult
from cluster.raft.timing import Timing
from cluster.sim import settings
from cluster.sim.checked_verbs import checked_verbs
from cluster.sim.clock import Parked
from cluster.sim.disk import DiskModel
from cluster.sim.empty_application import Nothing
from cluster.sim.errors import GaveUp, Misuse, OutOfBudget
from cluster.sim.forgotten_awaits import refuse_coroutine
from cluster.sim.machine_slot import NodeView, Slot, TypedNodeView
from cluster.sim.temporal import OWN, Always, Condition, Eventually, LeadsTo, Temporal
from cluster.sim.universe import STORY, Universe
from cluster.time_units import DAY, SECOND, clock_text
from cluster.trace import Happened, Note
from cluster.written_times import TIME_OF_DAY, Instant, Span, instant, microseconds, seconds

A = TypeVar("A")
T = TypeVar("T")
N = TypeVar("N", bound=Note)
App = TypeVar("App", bound=Application)
App_co = TypeVar("App_co", bound=Application, covariant=True)

_HOUR = re.compile(r"\d+:\d\d")
"""A time of day, or what is meant as one: without a day before it."""
PATIENCE = 120.0
"""How many virtual seconds a past participle waits if the story does not say."""


@checked_verbs
class World(Universe):
    """A universe with one seed. Stories get one; tests make one with `async with World(...)` under its own clock."""

    # -- imperatives

    @overload
    def start(self, nodes: Iterable[str]) -> "Cluster[Nothing]": ...

    @overload
    def start(self, nodes: Iterable[str], application: Callable[[], App]) -> "Cluster[App]": ...

    def start(self, nodes: Iterable[str], application: Callable[[], Any] = Nothing) -> "Cluster[Any]":
        """Start nodes with this factory of applications, which also builds a new one at each restart.

        Names are 1 to 4 capital letters. The result knows the application's type: `cluster = world.start("ABC",
        Register)`.
        """
        if self.slots:
            raise Misuse(f"the world has started with {', '.join(self.slots)}: start once, then crash and restart")
        names = tuple(nodes)
        for name in names:
            self.check_tag(name)
        if not names or len(set(names)) < len(names) or len(names) > STORY:
            raise Misuse(f"{list(names)} are no nodes: name between 1 and {STORY}, each once")
        self._factory = application
        self._prepare(names, application())
        self.do(steps.Start(names))
        return Cluster(self)

    def tune(
        self, timing: Timing | Mapping[str, Any] | None = None, disk: DiskModel | Mapping[str, Any] | None = None
    ) -> None:
        """Choose the timing of the nodes and the model of their disks, before they start; None leaves what the run was given.

        A mapping by name has durations in seconds: `world.tune(timing={"election": 0.15})`.
        """
        if self.slots:
            raise Misuse("the world has started with its timing and its disks: tune it before `world.start`")
        if timing is not None:
            self.timing = settings.made(Timing, "timing", timing)
        if disk is not None:
            self.disk_model = settings.made(DiskModel, "disk", disk)

    def found(self, nodes: Iterable[str]) -> tuple[str, ...]:
        """Found another cluster in the same world, with a leader, a log and promises of its own; return its nodes.

        It runs the same application. Its nodes share wires with all others, so that faults by name make its weather, and
        talk to those of another cluster only as the application does. Nodes that join later join the first cluster.
        """
        if not self.slots:
            raise Misuse("there is no cluster yet: start the first with `world.start`")
        names = tuple(nodes)
        for name in names:
            self.check_tag(name)
        if not names or len(set(names)) < len(names) or set(names) & set(self.slots):
            raise Misuse(
                f"{list(names)} are no nodes of another cluster: name at least one, each once, none of {self.names}"
            )
        if len(names) + len(self.slots) > STORY:
            raise Misuse(f"{len(names)} more nodes are too many: a world has at most {STORY}")
        self._prepare_another(names)
        self.do(steps.Start(names))
        return names

    # the verbs of steps

    def crash(self, node: str) -> None:
        """Crash the node: it loses its memory and every write that its disk had not synced, of which a client may have heard.

        Here and in each verb that acts on a node, a role will do, looked up when the verb acts or the fault strikes: `"leader"`,
        `"followers"` (each of them), and with backups `owner("nightly")`, the responsible node of a task.
        """
        self.do(steps.Crash(node))

    def stop(self, node: str) -> None:
        """Stop the node in order, as a service is stopped: unlike in a crash, its disk syncs what was written. `restart` brings it back.

        Its last sync takes no time; if that is to fail (`fail_sync`), the node crashes instead. A leader hands over to nobody. A backup
        that runs is cut off, without a status (rule 9.12). A paused node ends too: what it had not handled is lost.
        """
        self.do(steps.Stop(node))

    def restart(self, node: str) -> None:
        """Start the node again from its disk; if it is running, it crashes first."""
        self.do(steps.Restart(node))

    def pause(self, node: str) -> None:
        """Pause the node: it does nothing while its clocks go on."""
        self.do(steps.Pause(node))

    def resume(self, node: str) -> None:
        """Resume a paused node."""
        self.do(steps.Resume(node))

    def cut(self, one: str, other: str) -> None:
        """Cut the links between the two nodes, in both directions."""
        self.do(steps.Cut(one, other))

    def cut_one_way(self, src: str, dst: str) -> None:
        """Cut the link from `src` to `dst`."""
        self.do(steps.CutOneWay(src, dst))

    def split(self, *groups: Iterable[str]) -> None:
        """Cut all links between nodes of different groups: `world.split("AB", "CDE")`."""
        if len(groups) < 2:
            raise Misuse(
                f"split: {shown(groups)} parts nobody: name two groups or more, as in `world.split('AB', 'C')`"
            )
        self.do(steps.Split(tuple(map(self.roles.group, groups))))

    def isolate(self, node: str) -> None:
        """Cut all links of the node."""
        node = self._named(node).name
        self.split((node,), tuple(name for name in self.slots if name != node))

    def heal(self) -> None:
        """End every cut."""
        self.do(steps.Heal())

    def hold(self, src: str, dst: str) -> None:
        """Hold what arrives from `src` at `dst` until `release`."""
        self.do(steps.Hold(src, dst))

    def release(self, src: str, dst: str) -> None:
        """Let the messages held from `src` to `dst` land now."""
        self.do(steps.Release(src, dst))

    def corrupt(self, src: str, dst: str) -> None:
        """Damage what is under way from `src` to `dst`: the checksum of the wire notices, and the connection breaks with all of it."""
        self.do(steps.Corrupt(src, dst))

    def rewire(
        self,
        latency: Span | None = None,
        jitter: Span | None = None,
        loss: float | None = None,
        duplicate: float | None = None,
        ordered: bool | None = None,
        delay_chance: float | None = None,
        delay: Span | None = None,
        between: Iterable[Iterable[str]] = (),
    ) -> None:
        """Change the behaviour of all links from now on: durations in seconds, up to 60, chances in [0, 1]; None leaves a value as it is.

        `between`: of the links between these groups alone, both ways: `world.rewire(loss=0.3, between=("A", "BC"))`. A later change of
        all links, or `mend`, ends what is special about some.
        """
        groups = tuple(map(self.roles.group, between))
        self.do(steps.Rewire(latency, jitter, loss, duplicate, ordered, delay_chance, delay, groups))

    def jump_clock(self, node: str, by: Span) -> None:
        """Set a node's wall clock forward by that duration (negative: back)."""
        self.do(steps.JumpClock(node, by))

    def drift(self, node: str, parts_per_million: int) -> None:
        """Let a node's clocks gain that many parts per million (negative: lose)."""
        self.do(steps.Drift(node, parts_per_million))

    def freeze_clock(self, node: str, frozen: bool = True) -> None:
        """Let a node's wall clock stand still, or go on from where it stood."""
        self.do(steps.FreezeClock(node, frozen))

    def zone(self, node: str, zone: str) -> None:
        """Put a node into an IANA time zone."""
        self.do(steps.Zone(node, zone))

    def slow_disk(self, node: str, factor: float) -> None:
        """Make every sync of a node's disk take `factor` times as long."""
        self.do(steps.SlowDisk(node, factor))

    def full_disk(self, node: str, full: bool = True) -> None:
        """Let a node's disk refuse all writes, or accept them again."""
        self.do(steps.FullDisk(node, full))

    def short(self, node: str, of: str, short: bool = True) -> None:
        """Begin or end a node's shortage of `memory`, `dirty memory` or `cpu credits`."""
        self.do(steps.Short(node, of, short))

    def fail_sync(self, node: str) -> None:
        """Let the next sync of a node's disk fail."""
        self.do(steps.FailSync(node))

    def fail_read(self, node: str) -> None:
        """Let the next start of a node fail to read its log."""
        self.do(steps.FailRead(node))

    def flip_bit(self, node: str, file: str, offset: int, bit: int) -> None:
        """Flip one bit of a file on a node's disk."""
        self.do(steps.FlipBit(node, file, offset, bit))

    def misdirect(self, node: str) -> None:
        """Let the next write to the end of a node's log land at its beginning."""
        self.do(steps.Misdirect(node))

    def roll_back(self, node: str) -> None:
        """Crash a node and give its disk what it held when the node last started."""
        self.do(steps.RollBack(node))

    def wipe(self, node: str) -> None:
        """Crash a node and give it an empty disk."""
        self.do(steps.Wipe(node))

    def disturb(self, node: str, trouble: Any) -> None:
        """Pass a fault to the application on a node: it begins, or ends, in the application's own surroundings.

        Of backups: `world.disturb("B", Full("backups"))`, ended by `Well("backups")` or `mend`; the troubles stand below.
        """
        self.do(steps.Disturb(node, trouble))

    def mend(self) -> None:
        """End every fault: heal and reset links, disks, rates and resources, resume paused nodes, start crashed ones."""
        self.do(steps.Mend())

    def join(self, node: str, *, watcher: bool = False) -> None:
        """Add a node to the cluster; a new name gets an empty disk. Wait with `joined`."""
        self.do(steps.Join(node, watcher))

    def remove(self, node: str) -> None:
        """Remove a node from the cluster; the node keeps running outside it. Wait with `left`."""
        self.do(steps.Remove(node))

    def promote(self, node: str) -> None:
        """Make a learner a voter. Wait with `joined`."""
        self.do(steps.Promote(node))

    def demote(self, node: str) -> None:
        """Make a voter a watcher. Wait with `joined(node, watcher=True)`."""
        self.do(steps.Demote(node))

    def reconfigure(self, voters: Iterable[str], watchers: Iterable[str] = ()) -> None:
        """Make exactly these nodes the cluster. Wait with `reconfigured`."""
        groups = [tuple(sorted(self.roles.group(words))) for words in (voters, watchers)]
        self.do(steps.Reconfigure(*groups))

    def transfer(self, node: str) -> None:
        """Ask the leader to hand over to a node. Wait with `led_by`."""
        self.do(steps.Transfer(node))

    def when(self, kind: type[Note] | type[steps.Effect], fault: steps.Fault, node: str = "", count: int = 1) -> None:
        """Apply a fault at the `count`-th event of this kind from now, at `node` if given.

        A fault whose own node is "" strikes the node of the event. `kind` may be an effect that is not durable yet as well:
        `VoteUnsynced`, `SnapshotUnsynced` of `cluster.steps`.
        """
        self.do(steps.When(kind.__name__, fault, node, count))

    async def suffer(self, weather: steps.Weather) -> None:
        """Apply the faults of a weather, each after its time; return when the last one was applied."""
        steps.check_weather(weather)
        for gust in weather:
            if gust.after:
                await trio.sleep(gust.after / SECOND)
            self.do(gust.fault)

    @overload
    async def ask(self, node: str, request: ClientRequest[A]) -> A: ...

    @overload
    async def ask(self, node: str, request: object) -> Any: ...

    async def ask(self, node: str, request: object) -> Any:
        """Ask a node's application as a client; return or raise its answer. OutcomeUnknown if the node crashes meanwhile."""
        node = self.roles.node(node)
        if node in self.slots and self.slots[node].booting:
            await self.until(lambda: not self.slots[node].booting, what=f"node {node} to be up")
        self.do(steps.Ask(node, request))
        ok, answer = await next(reversed(self.slots[node].asks)).wait()
        if not ok:
            raise answer
        return answer

    # -- past participles

    async def until(self, true: Callable[[], T | None], within: Span = PATIENCE, what: str = "that") -> T:
        """Wait until `true()` is truthy and return its value. It is called after every instant that has an event.

        Raises GaveUp after `within`; `what` names the condition in its text.
        """
        within = seconds(within)
        found = true()
        if found:
            return found
        parked = Parked()
        asked_at = -1

        def look(event: Happened) -> None:
            nonlocal asked_at
            if asked_at != self.clock.now:  # once per instant, after all its events
                asked_at = self.clock.now
                self.look(judge, None)

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
        found = found or true()  # the passing of time alone may have made it true
        if not found:
            waited = f"{within / 3_600:g} h" if within >= 3_600 else f"{within:g} s"
            raise GaveUp(f"waited {waited} for {what}, in vain")
        return found

    async def at(self, time: Instant) -> None:
        """Wait until a time of day in UTC by true time, such as `"02:00"`: today's, or tomorrow's if that is over.

        An instant with a day (`"1d 02:00"`, `"2024-01-02 02:00"`, a `datetime`, seconds since the start) is waited for as it is; Misuse
        if it is over.
        """
        until, now = instant(time), self.clock.now
        if isinstance(time, str) and _HOUR.match(time.strip()) and until >= DAY:
            raise Misuse(f"at: {time!r} is no time of day: give one before '24:00', or '{clock_text(until)}'")
        if isinstance(time, str) and TIME_OF_DAY.fullmatch(time.strip()):
            until += max(0, -(-(now - until) // DAY)) * DAY
        if until < now:
            raise Misuse(f"at: {time!r} is over, it is {clock_text(now)}: give a later time")
        await trio.sleep((until - now) / SECOND)

    async def elected(self, within: Span = PATIENCE, other_than: str | None = None, beside: str = "") -> str:
        """Wait until a majority follows one live leader that is ready; return its name.

        `beside`: a node of the cluster that is meant; without it the first cluster.
        """

        if not self.slots:
            raise Misuse("there is nobody to elect: start some nodes first")

        def leader() -> str | None:
            return next(
                (name for name in self.nodes_beside(beside) if name != other_than and self._leading(name)), None
            )

        return await self.until(leader, within, f"a leader other than {other_than}" if other_than else "a leader")

    async def led_by(self, node: str, within: Span = PATIENCE) -> None:
        """Wait until this node leads, has committed an entry of its own term, and a majority follows it."""
        node = self._named(node).name
        await self.until(lambda: self._leading(node), within, f"{node} to lead")

    async def joined(self, node: str, *, watcher: bool = False, within: Span = PATIENCE) -> None:
        """Wait until it is committed that a node is a voter (or a watcher)."""

        def has() -> bool:
            now = self._committed_configuration(node)
            if now is None or now.joint:
                return False
            return node in now.learners and node not in now.promotable if watcher else node in now.voters

        await self.until(has, within, f"{node} to join{' as a watcher' if watcher else ''}")

    async def left(self, node: str, within: Span = PATIENCE) -> None:
        """Wait until it is committed that a node is no member."""

        def gone() -> bool:
            now = self._committed_configuration(node)
            return now is not None and node not in now.members

        await self.until(gone, within, f"{node} to leave")

    async def reconfigured(self, voters: Iterable[str], watchers: Iterable[str] = (), within: Span = PATIENCE) -> None:
        """Wait until it is committed that exactly these nodes are the cluster."""
        wanted = Configuration.of(voters, watchers)
        await self.until(
            lambda: self._committed_configuration((*wanted.voters, "")[0]) == wanted,
            within,
            f"{wanted} to be so",
        )

    def _leading(self, node: str) -> bool:
        slot = self.slots[node]
        if slot.node is None or not slot.node.leading:
            return False
        following = [name for name, other in self.slots.items() if other.node and other.node.leader == node]
        return slot.node.raft.configuration.quorum.result(following, ()) is VoteResult.Won

    def _committed_configuration(self, beside: str) -> Configuration | None:
        """The configuration of the leader of the latest term in the cluster of that node.

        None without such a leader, or while it is not committed.
        """
        mine = [self.slots[name] for name in self.nodes_beside(beside)]
        leading = [slot.node for slot in mine if slot.node is not None and slot.node.leading]
        if not leading:
            return None
        raft = max(leading, key=lambda node: node.raft.term).raft
        return None if active_configuration.unsettled(raft) else raft.configuration

    async def seen(self, kind: type[N], node: str = "", within: Span = PATIENCE, **fields: Any) -> Happened[N]:
        """Wait for the next event of a kind, at that node and with those fields if given; return it: its `t`, its `note`."""
        known = [field.name for field in attrs.fields(kind)]
        unknown = [name for name in fields if name not in known]
        if unknown:
            raise Misuse(f"{kind.__name__} has no field {unknown[0]!r}: its fields are {', '.join(known) or 'none'}")
        found: list[Happened[N]] = []  # grows while the story waits

        def look(event: Happened) -> None:
            if (
                isinstance(event.note, kind)
                and node in ("", event.node)
                and all(getattr(event.note, name) == wanted for name, wanted in fields.items())
            ):
                found.append(cast("Happened[N]", event))

        asked, asked_at = len(self.history.events), self.clock.now
        self.history.followers.append(look)
        try:
            await self.until(lambda: bool(found), within, f"{kind.__name__}{f' at {node}' if node else ''}")
        except GaveUp as error:
            raise GaveUp(f"{error}{self._nearly(kind, node, fields, asked, asked_at)}") from None
        finally:
            self.history.followers.remove(look)
        return found[0]

    def _nearly(self, kind: type[Note], node: str, fields: Mapping[str, Any], asked: int, at: int) -> str:
        """What came closest to what a story waited for: the last one before it asked, or one with another node or other fields."""
        every = self.history.of(kind)
        alike = [
            event
            for event in every
            if node in ("", event.node) and all(getattr(event.note, name) == wanted for name, wanted in fields.items())
        ]
        if alike:  # all of them before it asked
            return f"; the last one was {(at - alike[-1].t) / SECOND:g} s before you asked: ask before what leads to it"
        last = next((event for event in reversed(every) if event.seq > asked), None)
        if last is None:
            return ""
        other = [name for name, wanted in fields.items() if getattr(last.note, name) != wanted]
        seen = [f"{name}={shown(getattr(last.note, name))}" for name in other]
        return f"; there was one at {last.node or 'no node'}{', with ' if seen else ''}{', '.join(seen)}"

    async def settled(self, within: Span = PATIENCE, beside: str = "") -> None:
        """Wait until every live member follows one leader and has applied the leader's whole log.

        Nodes outside the cluster do not count. `beside`: a node of the cluster that is meant; without it the first.
        """

        def calm() -> bool:
            mine = [self.slots[name] for name in self.nodes_beside(beside)]
            now = self._committed_configuration(beside)
            members = self.slots if now is None else now.members
            nodes = [slot.node for slot in mine if slot.node is not None and slot.name in members]
            if any(slot.booting for slot in mine):
                return False
            if not nodes or len({node.leader for node in nodes}) != 1 or nodes[0].leader is None:
                return False
            return len({(node.applied, node.raft.log.last_index) for node in nodes}) == 1 and all(
                node.applied == node.raft.log.last_index for node in nodes
            )

        await self.until(calm, within, "a settled cluster")

    # -- nouns

    def __getitem__(self, node: str) -> NodeView:
        """A node, to look at. Its `state` has no type, since a world holds any application; the result of `start` has one."""
        return NodeView(self._named(node), self.clock)

    def _named(self, node: str) -> Slot:
        refuse_coroutine(node)
        node = self.roles.node(node)
        if node not in self.slots:
            raise Misuse(
                f"there is no node {shown(node)}; nodes are {', '.join(self.slots) or 'none: start some first'}"
            )
        return self.slots[node]

    @property
    def now(self) -> float:
        """True time in seconds since the start of the world."""
        return self.clock.now / SECOND

    def folder(self, name: str) -> Path | None:
        """A folder given to the run by name; None if there is none."""
        return Path(self.places[name]) if name in self.places else None

    def say(self, text: str) -> None:
        """Add a line of the story's own to the timeline."""
        self.history.add("", trace.Said(text))

    def watch(self, *promises: Watcher) -> None:
        """Let these watchers see all that happens from now on, and judge it at the end as well: promises of your own.

        What all nodes of an application promise in any story, the application names itself (`Application.watchers`). Of promises that
        hold on an answer to a client, `cluster.checks.linearizability` has a watcher for any application.
        """
        self.asked_to_watch += promises
        self._watch(*promises)

    def always(self, promise: str, true: Callable[[], Any]) -> None:
        """Promise that `true()` is truthy from now on, after every instant that has an event. `promise` names it in a failure."""
        self._promise(Always(self, promise, true))

    def eventually(self, promise: str, true: Condition, within: Span | None = None, *, by_clock_of: str = "") -> None:
        """Promise that `true()` is truthy once, or that an event of that kind comes, `within` a duration from now.

        Without `within`: before the story ends. If the story ends before the time is over, the run is inconclusive. `by_clock_of`: the
        node whose monotonic clock counts, which may drift, instead of true time.
        """
        node = self._named(by_clock_of).name if by_clock_of else ""
        limit = None if within is None else microseconds(within)
        self._promise(Eventually(self, promise, true, limit, node))

    def leads_to(
        self,
        promise: str,
        cause: Condition,
        effect: Condition,
        within: Span,
        *,
        alike: Iterable[str] = (),
        by_clock_of: str = "",
    ) -> None:
        """Promise that whenever `cause` happens, `effect` follows `within` a duration: each a kind of event, or asked of the world.

        `alike`: fields that both events have and whose values must be equal, `"node"` for their node; one effect is enough for all causes
        before it. `by_clock_of`: the node whose monotonic clock counts instead of true time, `"its own"` for the node of the cause.
        What has time left when the story ends is not judged.
        """
        node = by_clock_of if by_clock_of in ("", OWN) else self._named(by_clock_of).name
        self._promise(LeadsTo(self, promise, cause, effect, microseconds(within), tuple(alike), node))

    def _watch(self, *watchers: Watcher) -> None:
        for watcher in watchers:
            self.watchers.append(watcher)
            self.history.watch(watcher)

    def _promise(self, watcher: Temporal) -> None:
        self._watch(watcher)
        watcher.follow()

    def sometimes(self, name: str, true: bool = True) -> None:
        """Mark something that the story should see at some time in some run; if it never does, the verdict is *inconclusive*."""
        self.marks[name] = self.marks.get(name, False) or true

    @contextmanager
    def expecting(self, *errors: type[BaseException]) -> Iterator[None]:
        """Require that the block raises one of these errors: a story's way to say "this is refused"."""
        meant = " or ".join(error.__name__ for error in errors)
        try:
            yield
        except errors:
            return
        except AssertionError:
            raise
        except Exception as error:
            raise AssertionError(f"expected {meant}, and {type(error).__name__} was raised: {error}") from error
        raise AssertionError(f"expected {meant}, and nothing was raised")


@checked_verbs
class Cluster(Generic[App_co]):
    """A world's nodes, typed by the application that runs on them; `World.start` returns it.

    It has no verbs of its own. `Cluster[Backups](world)` is the same for a world that was started elsewhere.
    """

    def __init__(self, world: World) -> None:
        self.world = world

    def __getitem__(self, node: str) -> "TypedNodeView[App_co]":
        """A node, to look at."""
        return TypedNodeView(self.world._named(node), self.world.clock)

    @overload
    async def ask(self, node: str, request: ClientRequest[A]) -> A: ...

    @overload
    async def ask(self, node: str, request: object) -> Any: ...

    async def ask(self, node: str, request: object) -> Any:
        """Ask a node's application as a client, as `World.ask` does."""
        return await self.world.ask(node, request)


__all__ = ["Cluster", "GaveUp", "Misuse", "NodeView", "OutOfBudget", "TypedNodeView", "World"]

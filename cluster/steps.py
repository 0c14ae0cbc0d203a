"""The steps of a story as data: everything a story does to its world. A `Fault` is a step that damages something.

The `repr` of a step can be pasted into a story. One method, `World.do`, applies every step, so scripts, recordings,
shrinking and pages share these classes. A duration is given in seconds or as a `timedelta`, and kept in µs; chances lie in
[0, 1].
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from itertools import permutations
from typing import Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from cluster.argument_kinds import misfit, problem, shown
from cluster.time_units import SECOND
from cluster.value import value
from cluster.written_times import Microseconds, microseconds, microseconds_or_none

LONGEST = 300
"""The most characters of a wrong step that an error shows."""
SLOWEST = 60 * SECOND
"""No latency, jitter or delay of a message is longer (µs): a number above is one of milliseconds."""
RESOURCES = ("memory", "dirty memory", "cpu credits")
"""The resources that a node may be short of."""


def seconds_text(duration: int) -> str:
    """A duration in µs as text: `2.5 s` for 2_500_000."""
    return f"{duration / SECOND:g} s"


def names_text(nodes: tuple[str, ...]) -> str:
    """Names as text: `A, B and C`."""
    return nodes[0] if len(nodes) == 1 else f"{', '.join(nodes[:-1])} and {nodes[-1]}"


def ordinal_text(count: int) -> str:
    """A position as text: `first`, `2nd`, `11th`."""
    ending = "th" if count // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return "first" if count == 1 else f"{count}{ending}"


@value
class Start:
    """The nodes start for the first time."""

    nodes: tuple[str, ...]

    def says(self) -> str:
        return f"{names_text(self.nodes)} start"


@value
class Crash:
    """The node loses its memory and what its disk had not synced."""

    node: str

    def says(self) -> str:
        return f"crash {self.node}"


@value
class Stop:
    """The node's process ends in order: what it wrote is synced, its programs end, and a leader hands over to nobody."""

    node: str

    def says(self) -> str:
        return f"stop {self.node}"


@value
class Restart:
    """A node that is down starts again from its disk; a running one crashes first."""

    node: str

    def says(self) -> str:
        return f"restart {self.node}"


@value
class Pause:
    """The node does nothing while its clocks go on, as in a long garbage collection or a move of a virtual machine."""

    node: str

    def says(self) -> str:
        return f"pause {self.node}"


@value
class Resume:
    """A paused node resumes; what arrived meanwhile is handled now."""

    node: str

    def says(self) -> str:
        return f"resume {self.node}"


@value
class Cut:
    """Nothing passes between two nodes in either direction, messages under way included."""

    one: str
    other: str

    def says(self) -> str:
        return f"cut {self.one} from {self.other}"


@value
class CutOneWay:
    """Nothing passes from one node to another; the other direction is unaffected."""

    src: str
    dst: str

    def says(self) -> str:
        return f"cut {self.src} to {self.dst}, one way"


@value
class Split:
    """Nodes of different groups cannot exchange messages; a node in no group can reach all others."""

    groups: tuple[tuple[str, ...], ...]

    def says(self) -> str:
        return f"split {' | '.join(''.join(group) for group in self.groups)}"


@value
class Heal:
    """Every cut ends. Held messages stay held."""

    def says(self) -> str:
        return "heal all links"


@value
class Hold:
    """Messages that arrive from one node at another wait for `Release`."""

    src: str
    dst: str

    def says(self) -> str:
        return f"hold what {self.src} sends {self.dst}"


@value
class Release:
    """The held messages land now."""

    src: str
    dst: str

    def says(self) -> str:
        return f"release what {self.src} sent {self.dst}"


@value
class Corrupt:
    """What is under way from one node to another is damaged: the wire's checksum notices, and the connection breaks with all of it."""

    src: str
    dst: str

    def says(self) -> str:
        return f"what {self.src} has under way to {self.dst} is damaged"


@value
class Rewire:
    """All links, or those between groups, behave like this from now on: durations up to 60 s; None leaves a value as it is."""

    latency: int | None = attrs.field(default=None, converter=microseconds_or_none)
    jitter: int | None = attrs.field(default=None, converter=microseconds_or_none)
    loss: float | None = None
    duplicate: float | None = None
    ordered: bool | None = None
    delay_chance: float | None = None
    delay: int | None = attrs.field(default=None, converter=microseconds_or_none)
    between: tuple[tuple[str, ...], ...] = ()
    """Only the links between nodes of different groups, both ways; empty: all links."""

    def says(self) -> str:
        parts = []
        if self.latency is not None:
            parts.append(f"latency {self.latency / 1000:g} ms")
        if self.jitter is not None:
            parts.append(f"jitter {self.jitter / 1000:g} ms")
        if self.loss is not None:
            parts.append(f"loss {self.loss:.1%}")
        if self.duplicate is not None:
            parts.append(f"duplicates {self.duplicate:.1%}")
        if self.ordered is not None:
            parts.append("in order" if self.ordered else "in any order")
        if self.delay_chance is not None:
            parts.append(f"delays {self.delay_chance:.1%}")
        where = f" between {' | '.join(''.join(group) for group in self.between)}" if self.between else ""
        return f"links{where}: {', '.join(parts) or 'unchanged'}"


@value
class JumpClock:
    """The wall clock of a node is set forward (negative: back) by that duration."""

    node: str
    by: int = attrs.field(converter=microseconds)

    def says(self) -> str:
        return f"set {self.node}'s wall clock by {'+' if self.by >= 0 else '-'}{seconds_text(abs(self.by))}"


@value
class Drift:
    """Both clocks of a node gain that many µs per second from now on (negative: lose)."""

    node: str
    parts_per_million: int

    def says(self) -> str:
        return f"{self.node}'s clocks drift by {self.parts_per_million:+} ppm"


@value
class FreezeClock:
    """The wall clock of a node stands still, or goes on from where it stood. Its monotonic clock is unaffected."""

    node: str
    frozen: bool = True

    def says(self) -> str:
        return f"{self.node}'s wall clock stands still" if self.frozen else f"{self.node}'s wall clock goes on"


@value
class Zone:
    """A node is put into an IANA time zone."""

    node: str
    zone: str

    def says(self) -> str:
        return f"{self.node} is in {self.zone}"


@value
class SlowDisk:
    """Every sync of a node's disk takes `factor` times as long."""

    node: str
    factor: float

    def says(self) -> str:
        return (
            f"{self.node}'s disk is {self.factor:g} times slower"
            if self.factor != 1
            else f"{self.node}'s disk is itself again"
        )


@value
class FullDisk:
    """A node's disk refuses all writes, or accepts them again."""

    node: str
    full: bool = True

    def says(self) -> str:
        return f"{self.node}'s disk is full" if self.full else f"{self.node}'s disk has room again"


@value
class Short:
    """A shortage of a resource begins or ends on a node: `memory`, `dirty memory` or `cpu credits`."""

    node: str
    of: str
    short: bool = True

    def says(self) -> str:
        return f"{self.node} is short of {self.of}" if self.short else f"{self.node} has enough {self.of} again"


@value
class FailSync:
    """The next sync of a node's disk fails: what was not durable may never be, so the node stops."""

    node: str

    def says(self) -> str:
        return f"the next sync of {self.node}'s disk fails"


@value
class FailRead:
    """The next start of a node cannot read its log, as a sector of the disk gives an error.

    The node stays down until it is started again.
    """

    node: str

    def says(self) -> str:
        return f"the next start of {self.node} cannot read its disk"


@value
class FlipBit:
    """One bit of a file on a node's disk flips (`raft.log` is the file of the log)."""

    node: str
    file: str
    offset: int
    bit: int

    def says(self) -> str:
        return f"bit {self.bit} of byte {self.offset} of {self.node}'s {self.file} turns"


@value
class Misdirect:
    """The next write to the end of a node's log lands at its beginning instead, and nothing of it where it belongs."""

    node: str

    def says(self) -> str:
        return f"the next write of {self.node}'s disk goes astray"


@value
class RollBack:
    """A node crashes, and its disk holds what it held when the node last started, as after the restore of a virtual machine.

    What it has promised since is forgotten, which Raft by itself does not survive.
    """

    node: str

    def says(self) -> str:
        return f"{self.node} dies and its disk is as it was when it started"


@value
class Wipe:
    """A node crashes and gets a new, empty disk. It has lost its votes, which Raft by itself does not survive."""

    node: str

    def says(self) -> str:
        return f"{self.node} dies and its disk is wiped"


@value
class Disturb:
    """A fault of the application's own surroundings begins or ends on a node. Only the application understands the value."""

    node: str
    trouble: Any

    def says(self) -> str:
        says = getattr(self.trouble, "says", None)
        return str(says(self.node)) if says else f"{self.trouble!r} ails {self.node}"


@value
class Mend:
    """Every fault ends, and every node is up.

    Links are healed and reset, and held messages are released. Disks, clock rates and resources are normal again, faults
    of the application's surroundings end, and waiting `When` steps are dropped. Paused nodes resume, crashed nodes restart.
    """

    def says(self) -> str:
        return "the sky clears"


@value
class Join:
    """A node is to join the cluster; a node that is down starts first, a new one with an empty disk.

    It becomes a voter once it holds the log; as a watcher it never does (rule 1.1).
    """

    node: str
    watcher: bool = False

    def says(self) -> str:
        return f"let {self.node} join{' as a watcher' if self.watcher else ''}"


@value
class Remove:
    """A node is to be removed from the cluster; it keeps running outside it."""

    node: str

    def says(self) -> str:
        return f"remove {self.node}"


@value
class Promote:
    """A learner is to become a voter, once it holds the log."""

    node: str

    def says(self) -> str:
        return f"promote {self.node}"


@value
class Demote:
    """A voter is to become a watcher."""

    node: str

    def says(self) -> str:
        return f"demote {self.node}"


@value
class Reconfigure:
    """The cluster is to have exactly these voters and watchers, by one joint change if more than one voter moves."""

    voters: tuple[str, ...]
    watchers: tuple[str, ...] = ()

    def says(self) -> str:
        watched = f", watched by {names_text(self.watchers)}" if self.watchers else ""
        return f"let {names_text(self.voters)} be the cluster{watched}"


@value
class Transfer:
    """The leader is to hand over to a node."""

    node: str

    def says(self) -> str:
        return f"hand leadership to {self.node}"


@value
class Ask:
    """A client sends a request to a node's application."""

    node: str
    request: Any

    def says(self) -> str:
        asks = getattr(self.request, "says", None)
        return f"a client of {self.node} {asks()}" if asks else f"a client of {self.node} asks {self.request!r}"


class Effect:
    """What begins on a node and is not durable yet. A fault may wait for it as for an event, but no trace has it."""


class VoteUnsynced(Effect):
    """A vote is written, and its sync begins: nobody may be told of it yet (§5.2)."""


class SnapshotUnsynced(Effect):
    """A snapshot is written in the place of the log, and its sync begins."""


EFFECTS = ("VoteUnsynced", "SnapshotUnsynced")
"""What `When` may name as its kind beside the kinds of notes."""


@value
class When:
    """A fault that strikes at the `count`-th event from now whose note is of this kind, at that node if one is named.

    A kind of `EFFECTS` is no event: the fault strikes as the effect begins, before it is durable.
    An empty `node` in the fault means the node of the event.
    """

    kind: str
    fault: "Fault"
    node: str = ""
    count: int = 1

    def says(self) -> str:
        where = f" at {self.node}" if self.node else ""
        fault: Any = self.fault
        if getattr(fault, "node", None) == "":
            fault = attrs.evolve(fault, node="its node")
        return f"at the {ordinal_text(self.count)} {self.kind}{where}: {fault.says()}"


Fault = (
    Crash
    | Stop
    | Restart
    | Pause
    | Resume
    | Cut
    | CutOneWay
    | Split
    | Heal
    | Hold
    | Release
    | Corrupt
    | Rewire
    | JumpClock
    | Drift
    | FreezeClock
    | Zone
    | SlowDisk
    | FullDisk
    | Short
    | FailSync
    | FailRead
    | FlipBit
    | Misdirect
    | RollBack
    | Wipe
    | Disturb
)
Damage = FlipBit | Misdirect | RollBack | Wipe
"""The faults after which a disk holds something else than what was written: nobody knows what its node has forgotten."""
Administration = Join | Remove | Promote | Demote | Reconfigure | Transfer
"""The steps of an administrator. They are no faults, but a gust of weather may hold one."""
Step = Fault | Administration | Start | Mend | Ask | When


_KINDS = frozenset(get_args(Step))


def nodes_of(step: Step) -> tuple[str, ...]:
    """The nodes that a step affects, each once; empty if it affects the whole cluster."""
    match step:
        case Start(nodes):
            return nodes
        case Cut(one, other) | CutOneWay(one, other) | Hold(one, other) | Release(one, other) | Corrupt(one, other):
            return tuple(dict.fromkeys((one, other)))
        case Split(groups) | Rewire(between=groups):
            return tuple(dict.fromkeys(node for group in groups for node in group))
        case Heal() | Mend() | Reconfigure():
            return ()
        case _:
            return (step.node,)


def pairs_between(groups: Iterable[Iterable[str]]) -> Iterator[tuple[str, str]]:
    """The links between nodes of different groups, each as its two ends, in both directions."""
    named = [(name, place) for place, group in enumerate(groups) for name in group]
    return ((one, other) for (one, place), (other, there) in permutations(named, 2) if place != there)


def recorded_text(step: Step) -> str:
    """The text of a step in a recording: its `repr`, with durations in whole µs."""
    if not isinstance(step, Rewire | JumpClock | When):
        return repr(step)
    texts = []
    for field in attrs.fields(type(step)):
        held = getattr(step, field.name)
        if field.name == "between" and not held:
            continue  # a field that older recordings have not
        if isinstance(held, Microseconds):
            text = str(held)
        else:
            text = recorded_text(held) if field.name == "fault" else repr(held)
        texts.append(f"{field.name}={text}")
    return f"{type(step).__name__}({', '.join(texts)})"


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


class Impossible(ValueError):
    """A value of a step is out of its range. The text names the value and what is possible."""


def check(step: Step) -> None:
    """Raise Impossible if it is no step, or if a value of it is of a wrong kind or out of its range."""

    def need(true: bool, what: str) -> None:
        if not true:
            raise Impossible(f"{_given_text(step)}: {what}")

    if type(step) not in _KINDS:
        raise Impossible(problem("the step", step, Step))
    said = "" if isinstance(step, Ask) else misfit(step)  # a request is the application's, which judges it itself
    need(not said, said)
    match step:
        case Drift(_, parts_per_million):
            need(abs(parts_per_million) <= 100_000, "a drift is a whole number of ppm up to 100,000 either way")
        case SlowDisk(_, factor):
            need(0 < factor <= 1e6, "a disk is slower by a factor above 0 and up to a million")
        case Zone(_, zone):
            need(_is_zone(zone), "there is no such IANA time zone: give one such as Europe/Berlin")
        case Reconfigure(voters=voters):
            need(bool(voters), "a cluster has one voter at least")
        case Short(_, of):
            need(of in RESOURCES, f"a node is short of one of {', '.join(RESOURCES)}")
        case Rewire():
            need(len(step.between) != 1, "links are between two groups or more")
            said = link_problem(step)
            need(not said, said)
        case When(count=count, fault=fault):
            need(count >= 1, "it strikes at the first event or a later one: count from 1")
            check(fault)
        case Disturb(trouble=trouble):
            need(attrs.has(type(trouble)), "a trouble is an attrs value, as in `Full('backups')`")
        case Ask(request=request):
            need(attrs.has(type(request)) or is_dataclass(request), "a request is an attrs or a dataclass value")
            if broken := broken_text(request):  # it has no repr: nothing that says it can be written
                raise Impossible(
                    f"{type(request).__name__} for node {step.node} holds {broken!r}, of which half a character (a lone "
                    "surrogate) cannot be written in UTF-8: give whole characters"
                )


def _given_text(step: Any) -> str:
    """A step as it may be written: without the values that nobody gave."""
    kind: Any = type(step)
    given = [(field, getattr(step, field.name)) for field in attrs.fields(kind)]
    texts = [f"{field.name}={shown(each, LONGEST)}" for field, each in given if field.repr and each != field.default]
    text = f"{kind.__name__}({', '.join(texts)})"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def link_problem(link: Any) -> str:
    """Why no link behaves as that `Rewire` or those settings say, with the remedy; empty if one does."""
    chances = (chance_problem(name, getattr(link, name)) for name in ("loss", "duplicate", "delay_chance"))
    delays = (delay_problem(name, getattr(link, name)) for name in ("latency", "jitter", "delay"))
    return next(filter(None, (*chances, *delays)), "")


def chance_problem(name: str, chance: float | None) -> str:
    """Why a number is no chance, with the remedy; empty if it is one, or None."""
    if chance is None or 0 <= chance <= 1:
        return ""
    meant = f"give {chance / 100:g} if {chance:g}% was meant" if 1 < chance <= 100 else "give a number in between"
    return f"{name} is {chance:g}: a chance lies in [0, 1], so {meant}"


def delay_problem(name: str, duration: int | None) -> str:
    """Why nothing on the way takes so long (µs), with the remedy; empty if one does, or for None."""
    if duration is None or 0 <= duration <= SLOWEST:
        return ""
    given = duration / SECOND
    meant = f"; give {given / 1_000:g} if {given:g} ms were meant" if given > 0 else ""
    return f"{name} is {given:g} s: give 0 to {SLOWEST // SECOND} s{meant}"


def broken_text(held: object) -> str:
    """The first text with a lone surrogate in a request, 40 characters of it from there on; empty if there is none."""
    kind: Any = type(held)
    parts: Iterable[object] = ()
    if isinstance(held, str):
        try:
            held.encode()
        except UnicodeEncodeError as error:
            return held[error.start : error.start + 40]
    elif isinstance(held, Mapping):
        parts = held.items()
    elif isinstance(held, tuple | list):
        parts = held
    elif attrs.has(kind):
        parts = (getattr(held, field.name) for field in attrs.fields(kind))
    elif is_dataclass(held):
        parts = (getattr(held, field.name) for field in fields(held))
    return next(filter(None, map(broken_text, parts)), "")


@value
class Gust:
    """One part of a weather: after that duration, the fault."""

    after: int = attrs.field(converter=microseconds)
    fault: Fault | Administration | When


Weather = tuple[Gust, ...]


def check_weather(weather: Weather) -> None:
    """Raise Impossible if a value of a gust is of a wrong kind, or if it comes before the one ahead of it."""
    for gust in weather:
        said = misfit(gust) or ("" if gust.after >= 0 else "`after` is a duration: give 0 s or more")
        if said:
            raise Impossible(f"{shown(gust, LONGEST)}: {said}")

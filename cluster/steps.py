"""Every verb of a story as data. A `Step` is what happened on purpose; a `Fault` is a step that is a misfortune.

The `repr` of a step can be pasted into a story. One function applies them (`World.do`), so that scripts, recordings,
shrinking and pages all rest on the same few classes. Durations are µs, chances in [0, 1].
"""

from dataclasses import is_dataclass
from typing import Any

import attrs

from cluster.time_units import SECOND
from cluster.value import value

RESOURCES = ("memory", "dirty memory", "cpu credits")
"""What a node may be short of."""


def seconds_text(duration: int) -> str:
    """`2.5 s` for 2_500_000."""
    return f"{duration / SECOND:g} s"


def names_text(nodes: tuple[str, ...]) -> str:
    """`A, B and C`."""
    return nodes[0] if len(nodes) == 1 else f"{', '.join(nodes[:-1])} and {nodes[-1]}"


def ordinal_text(count: int) -> str:
    """`first`, `2nd`, `11th`."""
    ending = "th" if count // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return "first" if count == 1 else f"{count}{ending}"


@value
class Start:
    """The nodes come up for the first time."""

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
class Restart:
    """A crashed node comes up again from its disk; a running one crashes first."""

    node: str

    def says(self) -> str:
        return f"restart {self.node}"


@value
class Pause:
    """The node stands still and its clocks go on: a long garbage collection, a moved virtual machine."""

    node: str

    def says(self) -> str:
        return f"pause {self.node}"


@value
class Resume:
    """A paused node goes on; what arrived meanwhile is handled now."""

    node: str

    def says(self) -> str:
        return f"resume {self.node}"


@value
class Cut:
    """Nothing passes between two nodes, in either direction, what is on the way included."""

    one: str
    other: str

    def says(self) -> str:
        return f"cut {self.one} from {self.other}"


@value
class CutOneWay:
    """Nothing passes from one node to another; the other direction stays."""

    src: str
    dst: str

    def says(self) -> str:
        return f"cut {self.src} to {self.dst}, one way"


@value
class Split:
    """Nodes of different groups cannot talk; a node in no group talks to everybody."""

    groups: tuple[tuple[str, ...], ...]

    def says(self) -> str:
        return f"split {' | '.join(''.join(group) for group in self.groups)}"


@value
class Heal:
    """Every cut ends; held messages stay held."""

    def says(self) -> str:
        return "heal all links"


@value
class Hold:
    """What arrives from one node at another waits."""

    src: str
    dst: str

    def says(self) -> str:
        return f"hold what {self.src} sends {self.dst}"


@value
class Release:
    """What was held lands now."""

    src: str
    dst: str

    def says(self) -> str:
        return f"release what {self.src} sent {self.dst}"


@value
class Rewire:
    """All links behave like this from now on; None leaves a value as it is."""

    latency: int | None = None
    jitter: int | None = None
    loss: float | None = None
    duplicate: float | None = None
    ordered: bool | None = None
    delay_chance: float | None = None
    delay: int | None = None

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
        return f"links: {', '.join(parts) or 'unchanged'}"


@value
class JumpClock:
    """The wall clock of a node is set forward or, negative, back."""

    node: str
    by: int

    def says(self) -> str:
        return f"set {self.node}'s wall clock by {'+' if self.by >= 0 else '-'}{seconds_text(abs(self.by))}"


@value
class Drift:
    """Both clocks of a node gain (negative: lose) that many µs a second from now on."""

    node: str
    parts_per_million: int

    def says(self) -> str:
        return f"{self.node}'s clocks drift by {self.parts_per_million:+} ppm"


@value
class Zone:
    """A node lives in an IANA time zone."""

    node: str
    zone: str

    def says(self) -> str:
        return f"{self.node} is in {self.zone}"


@value
class SlowDisk:
    """Everything a node's disk does takes `factor` times as long."""

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
    """A node's disk takes no more writes, or takes them again."""

    node: str
    full: bool = True

    def says(self) -> str:
        return f"{self.node}'s disk is full" if self.full else f"{self.node}'s disk has room again"


@value
class Short:
    """A node is short of a resource, or has enough of it again: `memory`, `dirty memory` or `cpu credits`."""

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
class FlipBit:
    """One bit of a file on a node's disk turns (`raft.log` is the log's)."""

    node: str
    file: str
    offset: int
    bit: int

    def says(self) -> str:
        return f"bit {self.bit} of byte {self.offset} of {self.node}'s {self.file} turns"


@value
class Wipe:
    """A node dies and gets a new, empty disk. It has forgotten its votes: beyond what Raft survives by itself."""

    node: str

    def says(self) -> str:
        return f"{self.node} dies and its disk is wiped"


@value
class Disturb:
    """Something of the application's own surroundings ails a node: a value that the application understands."""

    node: str
    trouble: Any

    def says(self) -> str:
        says = getattr(self.trouble, "says", None)
        return str(says(self.node)) if says else f"{self.trouble!r} ails {self.node}"


@value
class Mend:
    """The sky clears: links heal, behave and release, paused nodes resume, crashed ones restart, disks and rates are themselves,
    and nobody is short of anything."""

    def says(self) -> str:
        return "the sky clears"


@value
class Join:
    """A node joins: one that there was not comes up with an empty disk, and the cluster is asked to take it.

    It becomes a voter once it holds the log; as a watcher it never does (rule 1.1).
    """

    node: str
    watcher: bool = False

    def says(self) -> str:
        return f"let {self.node} join{' as a watcher' if self.watcher else ''}"


@value
class Remove:
    """The cluster is asked to go on without a node, which runs on and lies about."""

    node: str

    def says(self) -> str:
        return f"remove {self.node}"


@value
class Promote:
    """The cluster is asked to make a learner a voter, once it holds the log."""

    node: str

    def says(self) -> str:
        return f"promote {self.node}"


@value
class Demote:
    """The cluster is asked to make a voter a watcher."""

    node: str

    def says(self) -> str:
        return f"demote {self.node}"


@value
class Reconfigure:
    """The cluster is asked to have just these voters and watchers, by one joint change if more than one voter moves."""

    voters: tuple[str, ...]
    watchers: tuple[str, ...] = ()

    def says(self) -> str:
        watched = f", watched by {names_text(self.watchers)}" if self.watchers else ""
        return f"let {names_text(self.voters)} be the cluster{watched}"


@value
class Transfer:
    """The leader is asked to hand over to a node."""

    node: str

    def says(self) -> str:
        return f"hand leadership to {self.node}"


@value
class Ask:
    """A client asks a node's application."""

    node: str
    request: Any

    def says(self) -> str:
        asks = getattr(self.request, "says", None)
        return f"a client of {self.node} {asks()}" if asks else f"a client of {self.node} asks {self.request!r}"


@value
class When:
    """A fault that strikes at an event: the `count`-th time from now that a kind of note is seen (at that node, if named).

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
    | Restart
    | Pause
    | Resume
    | Cut
    | CutOneWay
    | Split
    | Heal
    | Hold
    | Release
    | Rewire
    | JumpClock
    | Drift
    | Zone
    | SlowDisk
    | FullDisk
    | Short
    | FailSync
    | FlipBit
    | Wipe
    | Disturb
)
Administration = Join | Remove | Promote | Demote | Reconfigure | Transfer
"""What an administrator asks of the cluster: no misfortune, but a gust of weather may hold one."""
Step = Fault | Administration | Start | Mend | Ask | When


def nodes_of(step: Step) -> tuple[str, ...]:
    """The nodes that a step befalls, each once; none if it concerns the whole cluster."""
    match step:
        case Start(nodes):
            return nodes
        case Cut(one, other) | CutOneWay(one, other) | Hold(one, other) | Release(one, other):
            return tuple(dict.fromkeys((one, other)))
        case Split(groups):
            return tuple(dict.fromkeys(node for group in groups for node in group))
        case Heal() | Rewire() | Mend() | Reconfigure():
            return ()
        case _:
            return (step.node,)


def _whole(number: object) -> bool:
    """Stories are not type-checked: a float here would make instants that no clock has."""
    return isinstance(number, int)


class Impossible(ValueError):
    """A step asks for what cannot be. The text names the value and what is possible."""


def check(step: Step) -> None:
    """Raise Impossible if a value of the step is out of its range."""

    def need(true: bool, what: str) -> None:
        if not true:
            raise Impossible(f"{step!r}: {what}")

    match step:
        case Drift(_, parts_per_million):
            ppm = parts_per_million
            need(
                _whole(ppm) and abs(ppm) <= 100_000,
                "a drift is a whole number of ppm up to 100,000 either way",
            )
        case JumpClock(_, by):
            need(_whole(by), "a clock is set by a whole number of µs")
        case SlowDisk(_, factor):
            need(0 < factor <= 1e6, "a disk is slower by a factor above 0 and up to a million")
        case Short(_, of):
            need(of in RESOURCES, f"a node is short of one of {', '.join(RESOURCES)}")
        case Rewire():
            for chance in (step.loss, step.duplicate, step.delay_chance):
                need(chance is None or 0 <= chance <= 1, "a chance lies in [0, 1]")
            for duration in (step.latency, step.jitter, step.delay):
                whole = duration is None or (_whole(duration) and duration >= 0)
                need(whole, "a duration is a whole number of µs, 0 or more")
        case When(count=count, fault=fault):
            need(count >= 1, "it strikes at the first event or a later one: count from 1")
            check(fault)
        case Disturb(trouble=trouble):
            need(attrs.has(type(trouble)), "a trouble is an attrs value")
        case Ask(request=request):
            need(attrs.has(type(request)) or is_dataclass(request), "a request is an attrs or a dataclass value")


@value
class Gust:
    """One piece of weather: after `after` µs, this happens."""

    after: int
    fault: Fault | Administration | When


Weather = tuple[Gust, ...]

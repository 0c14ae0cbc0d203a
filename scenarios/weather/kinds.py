"""The kinds of faults that a weather may bring, each drawn by dice of its own: a new kind changes no draw of another.

`KINDS` is what a cluster must survive (the budget). Outside of it is `DAMAGE`, after which a node has to refuse and not to lie; and a
disk that is wiped or rolled back, which costs Raft its promises and is a story's to bring.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cluster import steps
from cluster.sim.dice import Dice
from cluster.value import value

Names = tuple[str, ...]
Drawn = tuple[tuple[float, Any], ...]
"""Steps, each with the seconds to wait before it."""
Draw = Callable[[Dice, Names], Drawn]
"""Draws the steps of a fault on these nodes."""
EFFECTS = ("VoteUnsynced", "VoteUnsynced", "SnapshotUnsynced")
"""What is not durable yet as a strike comes."""
MOMENTS = (
    "Voted",
    "Wrote",
    "BecameLeader",
    "Committed",
    "BecameCandidate",
    "BecameFollower",
    "SnapshotTaken",
    "Delivered",
)
"""The notes at which a strike may come."""


@value
class FaultKind:
    """A kind of fault."""

    name: str
    often: int
    """How often it comes at most in one weather, where it comes at all."""
    draw: Draw
    changes_members: bool = False
    """Whether it changes who belongs to the cluster."""
    damages: bool = False
    """Whether it damages what is on a disk: it comes only to the minority whose disks may be damaged (`Forecast.fragile`)."""


def one_of(dice: Dice, names: Names) -> str:
    """Any of them."""
    return names[dice.below(len(names))]


def two_of(dice: Dice, names: Names) -> tuple[str, str]:
    """Two different ones, if there are two."""
    first = dice.below(len(names))
    return names[first], names[(first + 1 + dice.below(max(1, len(names) - 1))) % len(names)]


def chosen(dice: Dice, *values: Any) -> Any:
    """Any of these values."""
    return values[dice.below(len(values))]


def at_once(step: Any) -> Drawn:
    """One step, without a wait."""
    return ((0.0, step),)


def pair(make: Callable[[str, str], Any]) -> Draw:
    """A step for two nodes; nothing in a cluster of one."""
    return lambda dice, names: at_once(make(*two_of(dice, names))) if len(names) > 1 else ()


def node(make: Callable[[str], Any]) -> Draw:
    """A step for one node."""
    return lambda dice, names: at_once(make(one_of(dice, names)))


def wire(field: str, *values: Any) -> Draw:
    """A change of one property of all links."""
    return lambda dice, _: at_once(steps.Rewire(**{field: chosen(dice, *values)}))


def _split(dice: Dice, names: Names) -> Drawn:
    """Two sides, each of at least one."""
    side = tuple(name for name in names if dice.below(2)) or names[:1]
    rest = tuple(name for name in names if name not in side)
    return at_once(steps.Split((side, rest))) if rest else ()


def _ring(dice: Dice, names: Names) -> Drawn:
    """Each node hears its two neighbours alone."""
    places = range(len(names))
    far = [(a, b) for a in places for b in places if a < b and (b - a) % (len(names) - 1) > 1]
    return tuple((0.0, steps.Cut(names[a], names[b])) for a, b in far)


def _bridge(dice: Dice, names: Names) -> Drawn:
    """Two halves that share one node."""
    middle = one_of(dice, names)
    rest = [name for name in names if name != middle]
    half = len(rest) // 2
    return tuple((0.0, steps.Cut(one, other)) for one in rest[:half] for other in rest[half:])


def _swizzle(dice: Dice, names: Names) -> Drawn:
    """One node after the other is paused, and they go on in another order."""
    some = [name for name in names if dice.below(2)] or [names[0]]
    order = sorted(some, key=lambda _: dice.below(1_000))
    wait = 0.02 + dice.below(200) / 1_000
    return (*((wait, steps.Pause(name)) for name in some), *((wait, steps.Resume(name)) for name in order))


def _flapping(dice: Dice, names: Names) -> Drawn:
    """A node is cut off and back, again and again."""
    if len(names) < 2:
        return ()
    one = one_of(dice, names)
    rest = tuple(name for name in names if name != one)
    wait = 0.05 + dice.below(400) / 1_000
    cut, heal = (wait, steps.Split(((one,), rest))), (wait, steps.Heal())
    return (cut, heal) * (2 + dice.below(3))


def _crash_loop(dice: Dice, names: Names) -> Drawn:
    """A node that goes down again soon after each start."""
    one, wait = one_of(dice, names), 0.02 + dice.below(300) / 1_000
    return ((0.0, steps.Restart(one)), *((wait, steps.Restart(one)) for _ in range(2 + dice.below(4))))


def strike(moments: tuple[str, ...], *faults: Callable[[str], Any]) -> Draw:
    """A fault at an event, or at an effect that is not durable yet: at its node."""
    return lambda dice, _: at_once(
        steps.When(chosen(dice, *moments), chosen(dice, *faults)(""), count=1 + dice.below(5))
    )


def _alone(dice: Dice, names: Names) -> Drawn:
    """One node hears nobody."""
    one = one_of(dice, names)
    rest = tuple(name for name in names if name != one)
    return at_once(steps.Split(((one,), rest))) if rest else ()


def link(**values: tuple[Any, ...]) -> Draw:
    """A change of the properties of the link between two nodes: all others are as they were."""

    def draw(dice: Dice, names: Names) -> Drawn:
        if len(names) < 2:
            return ()
        one, other = two_of(dice, names)
        drawn = {name: chosen(dice, *of) for name, of in values.items()}
        return at_once(steps.Rewire(**drawn, between=((one,), (other,))))

    return draw


def _slews(dice: Dice, names: Names) -> Drawn:
    """A clock is put right as NTP does it: it runs faster or slower by 500 ppm for a while."""
    one, rate = one_of(dice, names), chosen(dice, 500, -500)
    return ((0.0, steps.Drift(one, rate)), (0.5 + dice.below(30) / 10, steps.Drift(one, 0)))


def stands_still(shortest: float, tenths: int) -> Draw:
    """A wall clock stands still for so many seconds at least, and some tenths of them more."""

    def draw(dice: Dice, names: Names) -> Drawn:
        one, more = one_of(dice, names), dice.below(tenths)
        return ((0.0, steps.FreezeClock(one)), (shortest * (1 + more / 10), steps.FreezeClock(one, False)))

    return draw


def _read_fails(dice: Dice, names: Names) -> Drawn:
    """A node that starts again cannot read its log, and then it can."""
    one, wait = one_of(dice, names), (1 + dice.below(20)) / 10
    return ((0.0, steps.FailRead(one)), (0.0, steps.Restart(one)), (wait, steps.Restart(one)))


def _bit_flips(dice: Dice, names: Names) -> Drawn:
    """A bit of the first byte of the log: any frame but the last would do, and which is the last, nobody here knows."""
    one, bit = one_of(dice, names), dice.below(8)
    return ((0.0, steps.FlipBit(one, "raft.log", 0, bit)), (dice.below(20) / 10, steps.Restart(one)))


def _goes_astray(dice: Dice, names: Names) -> Drawn:
    one = one_of(dice, names)
    return ((0.0, steps.Misdirect(one)), (dice.below(20) / 10, steps.Restart(one)))


def _reconfigure(dice: Dice, names: Names) -> Drawn:
    """Other voters and watchers, in one change."""
    voters = tuple(name for name in names if dice.below(3)) or names[:1]
    watchers = tuple(name for name in names if name not in voters and dice.below(2))
    return at_once(steps.Reconfigure(voters, watchers))


MILD_TO_WILD: tuple[FaultKind, ...] = (
    FaultKind("heal", 5, lambda dice, names: at_once(steps.Heal())),
    FaultKind("resume", 4, node(steps.Resume)),
    FaultKind("release", 3, pair(steps.Release)),
    FaultKind("clock slews", 2, _slews),
    FaultKind("clock stands still", 2, stands_still(0.5, 40)),
    FaultKind("clock drifts", 2, lambda dice, names: at_once(steps.Drift(one_of(dice, names), dice.below(401) - 200))),
    FaultKind(
        "slow disk",
        2,
        lambda dice, names: at_once(steps.SlowDisk(one_of(dice, names), chosen(dice, 1.0, 20.0, 200.0))),
    ),
    FaultKind("jitter", 2, wire("jitter", 0, 0.02, 0.06, 0.2)),
    FaultKind("delays", 2, lambda dice, _: at_once(steps.Rewire(delay_chance=chosen(dice, 0.0, 0.05, 0.2), delay=0.4))),
    FaultKind("order", 2, wire("ordered", False, True)),
    FaultKind("duplicates", 2, wire("duplicate", 0.0, 0.1, 0.4)),
    FaultKind("slow link", 2, link(latency=(0.02, 0.08, 0.3))),
    FaultKind("wire of its own", 3, link(loss=(0.0, 0.1, 0.5), duplicate=(0.0, 0.2), ordered=(True, False))),
    FaultKind("transfer", 3, node(steps.Transfer)),
    FaultKind("pause", 3, node(steps.Pause)),
    FaultKind("damaged messages", 4, pair(steps.Corrupt)),
    FaultKind("loss", 2, wire("loss", 0.0, 0.02, 0.1, 0.3)),
    FaultKind("hold", 3, pair(steps.Hold)),
    FaultKind("one way", 3, pair(steps.CutOneWay)),
    FaultKind("cut", 3, pair(steps.Cut)),
    FaultKind("ring", 2, _ring),
    FaultKind("bridge", 2, _bridge),
    FaultKind("alone", 3, _alone),
    FaultKind("split", 4, _split),
    FaultKind("swizzle", 1, _swizzle),
    FaultKind("flapping", 1, _flapping),
    FaultKind("restart", 4, node(steps.Restart)),
    FaultKind("crash", 6, node(steps.Crash)),
    FaultKind("crash loop", 1, _crash_loop),
    FaultKind("strike", 6, strike(MOMENTS, steps.Crash, steps.Restart, steps.Restart, steps.Pause, steps.FailSync)),
    FaultKind("strike unsynced", 4, strike(EFFECTS, steps.Restart, steps.Crash, steps.Pause)),
    FaultKind("read fails", 2, _read_fails),
    FaultKind("sync fails", 2, node(steps.FailSync)),
    FaultKind("full disk", 2, lambda dice, names: at_once(steps.FullDisk(one_of(dice, names), bool(dice.below(2))))),
    FaultKind("promote", 3, node(steps.Promote), changes_members=True),
    FaultKind(
        "join",
        3,
        lambda dice, names: at_once(steps.Join(one_of(dice, names), not dice.below(3))),
        changes_members=True,
    ),
    FaultKind("demote", 2, node(steps.Demote), changes_members=True),
    FaultKind("remove", 2, node(steps.Remove), changes_members=True),
    FaultKind("reconfigure", 2, _reconfigure, changes_members=True),
)
"""Every kind of the budget, the mildest first."""


def by_name(kinds: Iterable[FaultKind]) -> Mapping[str, FaultKind]:
    """The kinds as a registry, sorted."""
    return {each.name: each for each in sorted(kinds, key=lambda kind: kind.name)}


KINDS = by_name(MILD_TO_WILD)
"""What a cluster must survive."""
DAMAGE = by_name(
    (FaultKind("bit flips", 2, _bit_flips, damages=True), FaultKind("write astray", 2, _goes_astray, damages=True))
)
"""What a node must refuse and name when it starts: the others go on, if they are a majority."""
KINDS_AND_DAMAGE = by_name((*(kind for kind in MILD_TO_WILD if not kind.changes_members), *DAMAGE.values()))
"""Both, for a cluster whose members stay: else a damaged node might become one that the cluster needs."""
PER_LINK = frozenset({"slow link", "wire of its own"})
"""The kinds after which one link differs from the others until all is mended: then no quiet time is ever skipped."""

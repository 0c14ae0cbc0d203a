"""The kinds of faults that a weather may bring, each drawn by dice of its own: a new kind changes no draw of another.

Only what a cluster must survive is here (the budget): a wiped disk or a flipped bit costs Raft its promises, and is a story's to bring.
"""

from collections.abc import Callable, Mapping
from typing import Any

from cluster import steps
from cluster.sim.dice import Dice
from cluster.value import value

Names = tuple[str, ...]
Drawn = tuple[tuple[float, Any], ...]
"""Steps, each with the seconds to wait before it."""
Draw = Callable[[Dice, Names], Drawn]
"""Draws the steps of a fault on these nodes."""
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


def _strike(dice: Dice, names: Names) -> Drawn:
    """A fault at an event: at the node of the event."""
    make = chosen(dice, steps.Crash, steps.Restart, steps.Restart, steps.Pause, steps.FailSync)
    return at_once(steps.When(chosen(dice, *MOMENTS), make(""), count=1 + dice.below(5)))


def _reconfigure(dice: Dice, names: Names) -> Drawn:
    """Other voters and watchers, in one change."""
    voters = tuple(name for name in names if dice.below(3)) or names[:1]
    watchers = tuple(name for name in names if name not in voters and dice.below(2))
    return at_once(steps.Reconfigure(voters, watchers))


KINDS: Mapping[str, FaultKind] = {
    each.name: each
    for each in (
        FaultKind("bridge", 2, _bridge),
        FaultKind(
            "clock drifts", 2, lambda dice, names: at_once(steps.Drift(one_of(dice, names), dice.below(401) - 200))
        ),
        FaultKind("crash", 6, node(steps.Crash)),
        FaultKind("crash loop", 1, _crash_loop),
        FaultKind("cut", 3, pair(steps.Cut)),
        FaultKind(
            "delays",
            2,
            lambda dice, _: at_once(steps.Rewire(delay_chance=chosen(dice, 0.0, 0.05, 0.2), delay=0.4)),
        ),
        FaultKind("demote", 2, node(steps.Demote), changes_members=True),
        FaultKind("duplicates", 2, wire("duplicate", 0.0, 0.1, 0.4)),
        FaultKind("flapping", 1, _flapping),
        FaultKind(
            "full disk", 2, lambda dice, names: at_once(steps.FullDisk(one_of(dice, names), bool(dice.below(2))))
        ),
        FaultKind("heal", 5, lambda dice, names: at_once(steps.Heal())),
        FaultKind("hold", 3, pair(steps.Hold)),
        FaultKind("jitter", 2, wire("jitter", 0, 0.02, 0.06, 0.2)),
        FaultKind(
            "join",
            3,
            lambda dice, names: at_once(steps.Join(one_of(dice, names), not dice.below(3))),
            changes_members=True,
        ),
        FaultKind("loss", 2, wire("loss", 0.0, 0.02, 0.1, 0.3)),
        FaultKind("one way", 3, pair(steps.CutOneWay)),
        FaultKind("order", 2, wire("ordered", False, True)),
        FaultKind("pause", 3, node(steps.Pause)),
        FaultKind("promote", 3, node(steps.Promote), changes_members=True),
        FaultKind("reconfigure", 2, _reconfigure, changes_members=True),
        FaultKind("release", 3, pair(steps.Release)),
        FaultKind("remove", 2, node(steps.Remove), changes_members=True),
        FaultKind("restart", 4, node(steps.Restart)),
        FaultKind("resume", 4, node(steps.Resume)),
        FaultKind("ring", 2, _ring),
        FaultKind(
            "slow disk",
            2,
            lambda dice, names: at_once(steps.SlowDisk(one_of(dice, names), chosen(dice, 1.0, 20.0, 200.0))),
        ),
        FaultKind("split", 4, _split),
        FaultKind("strike", 6, _strike),
        FaultKind("swizzle", 1, _swizzle),
        FaultKind("sync fails", 2, node(steps.FailSync)),
        FaultKind("transfer", 3, node(steps.Transfer)),
    )
}
"""Every kind, by name."""

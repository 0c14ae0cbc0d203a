"""Progress, shown histories in which the sky is clear and nothing happens, and ones in which it is not or something does."""

from collections.abc import Callable, Iterable

import pytest
import trio

from cluster.checks import Violation
from cluster.checks.consensus import consensus_watchers
from cluster.checks.liveness import TIMEOUTS, Progress
from cluster.checks.membership import Members
from cluster.sim.network import Wire
from cluster.sim.run import BROKEN, HELD, play
from cluster.sim.world import World
from cluster.steps import (
    Cut,
    CutOneWay,
    Heal,
    Hold,
    Mend,
    Pause,
    Resume,
    Rewire,
    SlowDisk,
    Split,
    Step,
    Wipe,
)
from cluster.time_units import SECOND
from cluster.trace import (
    Answered,
    BecameFollower,
    BecameLeader,
    ConfigurationChanged,
    Crashed,
    Ended,
    Happened,
    Note,
    Proposed,
    Recovered,
    Stepped,
    Wrote,
)
from cluster.written_times import Microseconds
from scenarios.register import Put, Register
from scenarios.zoo import planted

ELECTION = 1 * SECOND // 4
LONG = TIMEOUTS // 4
"""The patience in seconds."""
CLEAR = Stepped(Mend())
TROUBLE = Stepped(Cut("A", "B"))
ASKED = Proposed("A#1/1", "Put")
Line = tuple[float, str, Note]


def verdict(lines: Iterable[Line], names: tuple[str, ...] = (), is_calm: bool = True) -> str:
    """What a fresh watcher says of a history; empty if it holds. Times in seconds; `names`: the founders, if it knows them."""
    others = consensus_watchers(names) if names else []
    members = next((each for each in others if isinstance(each, Members)), None)
    listeners: dict[type[Note], list[Callable[[Happened], None]]] = {}
    for each in (*others, watcher := Progress(ELECTION, members, is_calm)):
        for kind, see in each.sees():
            listeners.setdefault(kind, []).append(see)
    try:
        for seq, (at, node, note) in enumerate(lines, 1):
            for see in listeners.get(type(note), ()):
                see(Happened(seq, int(at * SECOND), node, 0, note))
        watcher.finish()
    except Violation as violation:
        return violation.text if violation.promise == Progress.promise else str(violation)
    return ""


LEADS = BecameLeader(1, 2, 0, 0)
FOLLOWS = BecameFollower(2, "", "leader")

HOLDS: dict[str, list[Line]] = {
    "no clear sky, no promise": [(0, "", TROUBLE), (9 * LONG, "", Ended())],
    "a leader in time": [(1, "", CLEAR), (LONG, "A", LEADS), (9 * LONG, "", Ended())],
    "trouble again in time": [(1, "", CLEAR), (LONG, "", TROUBLE), (9 * LONG, "", Ended())],
    "over in time": [(1, "", CLEAR), (LONG, "", Ended())],
    "the clock starts when the leader is gone": [
        (0, "A", LEADS),
        (1, "", CLEAR),
        (5 * LONG, "A", FOLLOWS),
        (6 * LONG, "", Ended()),
    ],
    "asked under a cloud": [
        (0, "A", LEADS),
        (0, "A", ASKED),
        (1, "", CLEAR),
        (LONG, "A", Answered("A#1/1", "Put", "no leader", 0)),
        (3 * LONG, "", Ended()),
    ],
    "who asked is dead": [
        (0, "B", LEADS),
        (1, "", CLEAR),
        (2, "A", ASKED),
        (3, "A", Crashed()),
        (9 * LONG, "", Ended()),
    ],
}
BREAKS: dict[str, tuple[list[Line], str]] = {
    "nobody leads": ([(1, "", CLEAR), (LONG + 2, "", Ended())], "nobody has led"),
    "the leader is gone": (
        [(0, "A", LEADS), (1, "", CLEAR), (2, "A", Crashed()), (LONG + 3, "", Ended())],
        "nobody has led",
    ),
    "no answer ever": (
        [(0, "B", LEADS), (1, "", CLEAR), (2, "A", ASKED), (2 * LONG + 3, "", Ended())],
        "A has waited",
    ),
    "no leader, it says": (
        [
            (0, "B", LEADS),
            (1, "", CLEAR),
            (LONG + 2, "A", ASKED),
            (LONG + 9, "A", Answered("A#1/1", "Put", "no leader", 0)),
        ],
        "A got no answer to Put (no leader)",
    ),
}


# ---- a majority, while others are down or cut off ----

FIVE = ("A", "B", "C", "D", "E")
UP: list[Line] = [(0, name, Recovered(0, "", 0, 0, (), (), 0)) for name in FIVE]
"""Five nodes that nobody has elected among yet; nothing is mended."""


def wrote_first(name: str) -> list[Line]:
    """This node has come to term 1 and has its first entry."""
    return [(1, name, BecameFollower(1, "", "follower")), (1, name, Wrote(0, (1,), (7,), 0))]


LOGS: list[Line] = [line for name in "AB" for line in wrote_first(name)]
"""Only A and B have an entry."""


def down(*names: str) -> list[Line]:
    return [(2, name, Crashed()) for name in names]


def did(*faults: Step) -> list[Line]:
    return [(2, "", Stepped(fault)) for fault in faults]


END: Line = (LONG + 4, "", Ended())
FEW_HOLD: dict[str, list[Line]] = {
    "two of five are too few": [*UP, *down("C", "D", "E"), END],
    "nobody with the newest log is up": [
        *UP,
        *LOGS,
        (1, "C", BecameFollower(1, "", "follower")),
        (1, "C", Wrote(0, (1,), (7,), 0)),
        *down("A", "B", "C"),
        END,
    ],
    "two of five hear each other": [*UP, *did(Split((("A", "B"), ("C", "D"), ("E",)))), END],
    "one link is cut in one direction": [*UP, *did(CutOneWay("A", "B")), END],
    "a link is held": [*UP, *did(Hold("A", "B")), END],
    "three are paused": [*UP, *did(Pause("A"), Pause("B"), Pause("C")), END],
    "a disk is slow": [*UP, *did(SlowDisk("A", 50.0)), END],
    "a disk was wiped": [*UP, *did(Wipe("A")), END],
    "links lose messages": [*UP, *did(Rewire(loss=0.3)), END],
    "links still delay": [*UP, *did(Rewire(loss=0.3, delay_chance=0.1), Rewire(loss=0.0)), END],
    "not for long enough": [*UP, *down("D", "E"), (LONG, "", Ended())],
    "somebody leads": [*UP, *down("D", "E"), (3, "A", LEADS), END],
    "one that is no member may disturb": [
        *UP,
        *LOGS,
        *[(1.0, name, ConfigurationChanged(1, ("A", "B", "C"), (), (), ())) for name in "ABC"],
        *down("C"),
        END,
    ],
}
FEW_BREAK: dict[str, tuple[list[Line], str]] = {
    "three of five are enough": ([*UP, *down("D", "E"), END], "A, B, C are up and hear each other, and A could"),
    "with the newest log": ([*UP, *LOGS[2:], *down("D", "E"), END], "and B could be elected"),
    "cut off from the others": ([*UP, *did(Split((("A", "B"), ("C", "D", "E")))), END], "C, D, E are up"),
    "healed": ([*UP, *did(Split((("A", "B"), ("C", "D"), ("E",))), Heal()), END], "A, B, C, D, E are up"),
    "resumed": ([*UP, *did(Pause("A"), Pause("B"), Pause("C"), Resume("C")), END], "C, D, E are up"),
    "as fast as ever": ([*UP, *did(SlowDisk("A", 50.0), SlowDisk("A", 1.0)), END], "nobody has led"),
    "links are whole again": (
        [*UP, *did(Rewire(loss=0.3, delay=Microseconds(LONG)), Rewire(loss=0.0)), END],
        "nobody has led",
    ),
    "who asks is owed an answer": (
        [
            *UP,
            *down("D", "E"),
            (3, "A", LEADS),
            (LONG + 4, "B", Proposed("B#1/1", "Put")),
            (LONG + 19, "B", Answered("B#1/1", "Put", "no leader", 0)),
        ],
        "B got no answer to Put (no leader)",
    ),
    "who still waits too": (
        [*UP, *down("D", "E"), (3, "A", LEADS), (4, "B", ASKED), (3 * LONG, "", Ended())],
        "B has waited",
    ),
}


@pytest.mark.parametrize("case", FEW_HOLD)
def test_nothing_is_asked_of_those_who_could_not(case: str) -> None:
    """Too few, too far apart, behind, or in a trouble that the watcher cannot judge."""
    assert verdict(FEW_HOLD[case], FIVE) == ""


@pytest.mark.parametrize("case", FEW_BREAK)
def test_a_majority_that_could_go_on_has_to(case: str) -> None:
    """Nothing is mended, and others may be down for ever."""
    lines, says = FEW_BREAK[case]
    assert says in verdict(lines, FIVE)
    assert verdict(lines, FIVE, is_calm=False) == "", "of links that may lose messages nothing is known"


@pytest.mark.parametrize("case", HOLDS)
def test_where_it_holds(case: str) -> None:
    """No time limit has run out under a clear sky."""
    assert verdict(HOLDS[case]) == ""


@pytest.mark.parametrize("case", BREAKS)
def test_where_it_breaks(case: str) -> None:
    """Nothing happens, and the sentence says what should have."""
    lines, says = BREAKS[case]
    assert says in verdict(lines)


def test_a_cluster_that_never_elects_again_is_caught_by_its_idleness() -> None:
    """No safety is lost: only nothing happens any more."""

    async def story(world: World) -> None:
        world.start("ABC", Register)
        leader = await world.elected()
        world.crash(leader)
        await trio.sleep(2)
        world.mend()
        await trio.sleep(30)
        await world.ask("A", Put("x", 1))

    with planted("never-stands-again"):
        outcome = play(story, 1)
    assert outcome.verdict == BROKEN
    assert getattr(outcome.failure, "promise", "") == Progress.promise


def test_links_that_are_as_bad_as_the_world_has_them_are_no_clear_sky() -> None:
    """With six messages in ten lost from the beginning, a mended cluster may stand for a term ten times in vain."""

    async def story(world: World) -> None:
        world.start("ABC")
        world.mend()
        await trio.sleep(60)

    for seed in range(1, 7):
        outcome = play(story, seed, wire=Wire(loss=0.6))
        assert (outcome.verdict, str(outcome.failure)) == (HELD, "None")

"""Progress, shown histories in which the sky is clear and nothing happens, and ones in which it is not or something does."""

from collections.abc import Iterable

import pytest
import trio

from cluster.checks import Violation
from cluster.checks.liveness import TIMEOUTS, Progress
from cluster.sim.run import BROKEN, play
from cluster.sim.world import World
from cluster.steps import Cut, Mend
from cluster.time_units import SECOND
from cluster.trace import Answered, BecameFollower, BecameLeader, Crashed, Ended, Happened, Note, Proposed, Stepped
from scenarios.register import Put, Register
from scenarios.zoo import planted

ELECTION = 1 * SECOND // 4
LONG = TIMEOUTS // 4
"""The patience in seconds."""
CLEAR = Stepped(Mend())
TROUBLE = Stepped(Cut("A", "B"))
ASKED = Proposed("A#1/1", "Put")
Line = tuple[float, str, Note]


def verdict(lines: Iterable[Line]) -> str:
    """What a fresh watcher says of a history; empty if it holds. Times in seconds."""
    watcher = Progress(ELECTION)
    sees = dict(watcher.sees())
    try:
        for seq, (at, node, note) in enumerate(lines, 1):
            if type(note) in sees:
                sees[type(note)](Happened(seq, int(at * SECOND), node, 0, note))
        watcher.finish()
    except Violation as violation:
        return violation.text
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

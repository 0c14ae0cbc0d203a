"""Boundaries of changes of the configuration (dissertation, chapter 4; rules 3.15, 3.28, 3.35)."""

import attrs
import pytest

from cluster.raft.configuration import Configuration
from cluster.raft.configuration_change import Alteration, Change, MemberPlace
from cluster.raft.messages import Reconfiguration, Request, TimeoutNow
from cluster.raft.progress import Progress
from cluster.raft.state import ChangeProposed, Leader, Raft, Reading, Refuse, Save, Send, Transfer
from cluster.raft.step import step
from cluster.time_units import FOREVER
from tests.raft.vocabulary import (
    START,
    accepted,
    answer,
    ask,
    at,
    following,
    in_force,
    in_role,
    leading,
    node,
    of,
    only,
    progress,
    ready,
    role,
    store,
    take,
    the,
)

LEARNING = Configuration.of("ABC", "D")
AUTO = Configuration(("A", "B"), ("A", "C"), auto_leave=True)
"""Joint; its leader ends it by itself."""


@pytest.mark.parametrize(
    ("leader", "why"),
    [
        (leading(node("1", commit=1)), "A has not committed an entry of its own term 1 yet"),
        (in_force(ready(leading(node("1", commit=0))), LEARNING, 1), "the change at entry 1 is not committed yet"),
        (in_force(ready(leading(node("1", commit=1))), AUTO), "the joint configuration is about to end"),
        (ready(leading(node("1", commit=1)), transfer=Transfer("C", START, False)), "A is handing leadership to C"),
        (in_force(ready(leading(node("1", commit=1))), LEARNING, 1), ""),
    ],
)
def test_what_a_change_waits_for(leader: Raft, why: str) -> None:
    """Dissertation 4.1, Ongaro 2015: the reason reaches whoever asked; at the very entry that settles it none is left."""
    request = Request("r", 1, 1)
    after, effects = step(leader, ChangeProposed(request, Change((Alteration("B", MemberPlace.Nowhere),))), at())
    if why:
        assert (after, effects) == (leader, (Refuse(request, f"B leaves? Not now: {why}"),))
    else:
        assert "B" not in after.configuration.voters


def test_the_first_peer_of_a_lone_leader_is_told_at_the_next_beat() -> None:
    """Rule 3.4: beats stand on the grid of the leader's winning; those that nobody needed are passed over."""
    alone = ready(leading(node("1", voters="A", commit=1)))
    alone = attrs.evolve(alone, wake_at=FOREVER)
    for age, beat in ((0, 0), (99_999, 0), (100_000, 1), (250_000, 2)):
        grown, _ = step(
            alone, ChangeProposed(Request("r", 1, 1), Change((Alteration("B", MemberPlace.Voter),))), at(START + age)
        )
        assert isinstance(grown.role, Leader)
        assert (grown.role.beat, grown.wake_at) == (beat, START + (beat + 1) * 100_000)


def test_a_newcomer_counts_as_heard_when_it_is_added() -> None:
    """Rule 3.27: its silence counts from now on; what was known of the others, and the beat, stays as it is."""
    leader = ready(leading(node("1 1", commit=2)), beat=3)
    now = START + 345_678
    grown, _ = step(
        leader, ChangeProposed(Request("r", 1, 1), Change((Alteration("D", MemberPlace.Watcher),))), at(now)
    )
    assert of(grown, "D") == Progress(0, 3, True, (3,), now, 3)
    assert of(grown, "B") == Progress(2, 4, False, (3,), START, 3)
    assert isinstance(grown.role, Leader)
    assert (grown.role.beat, grown.wake_at) == (3, leader.wake_at)


def test_who_leaves_is_told_until_that_is_committed() -> None:
    """Rule 3.15, dissertation 4.2.2: it stays a peer, in order, up to the answer that commits its removal."""
    leader = ready(leading(node("1", commit=1)))
    leader, effects = step(
        leader, ChangeProposed(Request("r", 1, 1), Change((Alteration("B", MemberPlace.Nowhere),))), at()
    )
    assert isinstance(leader.role, Leader)
    assert [name for name, _ in leader.role.peers] == ["B", "C"]
    _, words = take(leader, "B", ask(2, (2, 1), trial=True))
    assert answer(words).outside is None, "its removal is not committed"
    leader, _ = store(leader, effects)
    leader, _ = take(leader, "C", accepted(1, 2))
    assert leader.commit == 2
    assert isinstance(leader.role, Leader)
    assert [name for name, _ in leader.role.peers] == ["C"]
    _, words = take(leader, "B", ask(2, (2, 1), trial=True))
    assert answer(words).outside == 2
    _, words = take(leader, "C", ask(2, (2, 1), trial=True))
    assert answer(words).outside is None


def test_a_leader_names_the_furthest_voter_when_it_leaves() -> None:
    """Rule 3.28: whose match is highest, of those the one heard last; a learner is further and cannot lead."""
    leader = in_force(ready(leading(node("1 1", commit=1, voters="ABCDE"))), Configuration.of("BCD", "E"), 2)
    heard = {"B": (1, 9), "C": (2, 5), "D": (2, 7), "E": (2, 9)}
    peers = tuple((name, Progress(match, 3, False, (), when, 0)) for name, (match, when) in heard.items())
    leader = in_role(leader, peers=peers)
    for now, heir in ((8, "B"), (6, "D")):
        after, effects = take(leader, "B", accepted(1, 2), now=now)
        assert role(after) == "follower"
        assert only(Send, effects) == [Send(heir, TimeoutNow(1))]


def test_who_asked_is_named_in_the_answer_and_in_the_log() -> None:
    """A change that is refused, for now or for good, and one that is appended, carry the request."""
    request, leaving = Request("r", 1, 1), Change((Alteration("A", MemberPlace.Nowhere),))
    follower = following(node("1"), "B")
    assert step(follower, ChangeProposed(request, leaving), at()) == (follower, (Refuse(request),))
    alone = ready(leading(node("1", voters="A", commit=1)))
    why = "this would leave no voter of A: keep one, or nothing can be decided ever again"
    assert step(alone, ChangeProposed(request, leaving), at()) == (alone, (Refuse(request, why, final=True),))
    _, effects = step(alone, ChangeProposed(request, Change((Alteration("B", MemberPlace.Watcher),))), at())
    assert the(Save, effects).entries == (Reconfiguration(1, request, b"", Configuration.of("A", "B")),)


def test_a_lease_outlives_an_answer_that_settles_nothing() -> None:
    """Dissertation 6.4.1: only another configuration ends it, not one that was committed before and is unfinished."""
    waiting = Configuration(("A", "B", "C"), learners=("D",), promotable=("D",))
    leader = in_force(ready(leading(node("1", commit=1, voters="ABCD"), D=progress(0))), waiting, 1)
    leader = in_role(leader, reading=Reading(lease_from=START))
    after, _ = take(leader, "B", accepted(1, 1, beat=1))
    assert isinstance(after.role, Leader)
    assert after.role.reading.lease_from == START
    assert after.configuration == waiting


def test_a_held_joint_configuration_is_not_left_for_a_newcomer() -> None:
    """Dissertation 4.3: who holds it ends it, although somebody waits to become a voter."""
    held = Configuration(("A", "B"), ("A", "C"), learners=("D",), promotable=("D",))
    leader = in_force(ready(leading(node("1", commit=1, voters="ABCD"))), held, 1)
    after, effects = take(leader, "D", accepted(1, 1, beat=1))
    assert (after.configuration, only(Save, effects)) == (held, [])
